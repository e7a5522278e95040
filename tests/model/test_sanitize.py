"""Whatever a master sends, one printable line comes out, and what was in it can still be seen."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model.sanitize import CAP, clean

PIECES = [
    *("\x1b", "\x1b[31m", "\x1b]52;c;aGk=\x07", "\x9b", "\x9d0;t\x9c", "\x90q\x1b\\"),
    *("\u202e", "\u200b", "\u2028", "a", "[/x]", "\ud800", "\u0301", "\u3164", "\ufe0f", "\u043c"),
]
HOSTILE = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=300),
    st.lists(st.sampled_from([*PIECES, "\t", "\r", "\n", " ", "\U000e0041"]), max_size=60).map("".join),
)


@pytest.mark.invariant("INV-7")
@given(HOSTILE)
def test_nothing_executable_or_hidden_is_left(raw: str | bytes) -> None:
    shown = clean(raw)
    assert shown.isprintable()
    assert "\n" not in shown and "\t" not in shown and "\x1b" not in shown
    for char in shown:
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Me")
    assert not re.search(r"(^|\s)[\u0300-\u036f]|[\u0300-\u036f]{2}", shown)
    shown.encode("utf-8")


@given(HOSTILE, st.integers(0, 80))
def test_the_cap_holds(raw: str | bytes, cap: int) -> None:
    assert len(clean(raw, cap=cap)) <= cap


@given(HOSTILE)
def test_cleaning_twice_changes_nothing(raw: str | bytes) -> None:
    assert clean(clean(raw)) == clean(raw)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.sampled_from(["", "\n", "\r\n"]))
def test_plain_text_is_left_alone(text: str, end: str) -> None:
    assert clean(text + end) == text
    assert clean((text + end).encode()) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b]52;c;aGVsbG8=\x07done", "\\x1b]52;c;aGVsbG8=\\x07done"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("\x9b31m", "\\x9b31m"),
        ("a\tb", "a   b"),
        ("two\nlines\r\n", "two\\nlines"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\u200bx\ufeff", "\\u200bx\\ufeff"),
        ("[/x] [bold]", "[/x] [bold]"),
        ("узел не отвечает", "узел не отвечает"),
        ("и\u0306", "и\u0306"),
        ("e\u0301\u0301\u0301", "e\u0301\\u0301\\u0301"),
        ("\udcff", "\\udcff"),
        ("\u3164", "\\u3164"),
        ("\U000e0041", "\\U000e0041"),
        ("日本", "日本"),
        ("", ""),
    ],
)
def test_what_is_shown(raw: str | bytes, shown: str) -> None:
    assert clean(raw) == shown


def test_a_long_line_is_cut_and_counted() -> None:
    shown = clean(b"x" * 60_000)
    assert len(shown) == CAP
    mark = re.fullmatch(r"(x+)… \((\d+) more\)", shown)
    assert mark and len(mark[1]) + int(mark[2]) == 60_000


def test_a_line_of_the_cap_is_whole() -> None:
    assert clean("y" * CAP) == "y" * CAP


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("ETCD_ROOT_PASSWORD=hunter2 rest", "ETCD_ROOT_PASSWORD=*** rest"),
        (
            '"environment-variable":"ETCD_ROOT_PASSWORD=hunter2"}',
            '"environment-variable":"ETCD_ROOT_PASSWORD=***"}',
        ),
        ('{"password":"hunter2","user":"root"}', '{"password":"***","user":"root"}'),
        ("client_secret = 'a b' x", "client_secret = '***' x"),
        ("passphrase: hunter2", "passphrase: ***"),
        ("sudo: a password is required", "sudo: a password is required"),
        ("ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd", "ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb\n-----END OPENSSH PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----***-----END OPENSSH PRIVATE KEY-----",
        ),
    ],
)
def test_what_names_itself_a_secret_is_masked(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_no_line_makes_it_slow() -> None:
    """A search that goes back over what it read would take an hour here, and the test's own limit ends it."""
    clean("passwd" * 100_000)
    clean("secret_" * 100_000)


def test_a_coloured_name_hides_no_password() -> None:
    assert clean("\x1b[36mpassword\x1b[0m=hunter2hunter") == "password=***"
    assert clean(b"\x1b[1mETCD_ROOT_PASSWORD\x1b[0m=\x1b[31mpl4nted\x1b[0m\n") == "ETCD_ROOT_PASSWORD=***"
