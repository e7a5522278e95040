"""The filter: what passes, what is refused in words, and that no expression takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model.entries import Entry, Level
from novatui.present.filter import BadFilter, parsed
from novatui.present.linear import STATES_MAX, BadPattern, Linear

LEVELS = [Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR, Level.FATAL]


def entry(text: str, level: Level = Level.INFO, **fields: str) -> Entry:
    return Entry(node="m1", at_ms=0, level=level, text=text, fields=tuple(fields.items()))


def passes(typed: str, one: Entry) -> bool:
    found = parsed(typed)
    assert found is not None
    return found.passes(one)


@pytest.mark.parametrize(
    ("typed", "text", "expected"),
    [
        ("raft", "Raft began", True),
        ("Raft", "raft began", False),
        ("took=112", "apply request", True),
        ("no such", "apply request", False),
        ("re:^apply .*took=\\d+ms$", "apply request", True),
        ("re:^request", "apply request", False),
        ("re:(?i)APPLY", "apply request", True),
        ("re:(?i)^[^a]", "Apply request", False),
        ("re:(?i)^[^a]", "request", True),
    ],
)
def test_text_is_looked_for_in_the_whole_row(typed: str, text: str, expected: bool) -> None:
    assert passes(typed, entry(text, took="112ms")) is expected


@pytest.mark.parametrize("least", LEVELS)
def test_a_level_means_that_and_worse_and_gaps_always_pass(least: Level) -> None:
    found = parsed(f"level:{least}")
    assert found is not None
    assert [one for one in LEVELS if found.passes(entry("x", one))] == LEVELS[LEVELS.index(least) :]
    assert found.passes(entry("lines are missing", Level.GAP))


def test_level_and_text_both_must_hold() -> None:
    assert passes("level:warn slow", entry("slow", Level.WARN))
    assert not passes("level:warn slow", entry("slow", Level.INFO))
    assert not passes("level:warn re:slow", entry("fast", Level.WARN))


def test_nothing_typed_is_no_filter() -> None:
    assert parsed("") is None and parsed("   ") is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("re:(", "missing ), unterminated subpattern at position 0"),
        ("re:*", "nothing to repeat"),
        ("re:(a)\\1", "back-references"),
        ("re:(?=a)", "look-around"),
        ("re:((a{99}){99}){99}", "too large"),
        ("re:" + "a" * 300, "longer than 200"),
        ("level:loud", "level:loud: there are debug, info, warn, error, fatal"),
    ],
)
def test_what_is_wrong_says_so(typed: str, said: str) -> None:
    with pytest.raises(BadFilter, match=re.escape(said)):
        parsed(typed)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)x$", "(?:a?){40}a{40}$", "(\\w+\\s?)*$%"]
)
def test_what_hangs_python_takes_no_time(pattern: str) -> None:
    found = Linear(pattern)
    began = time.process_time()
    for _ in range(3):
        found.search("a" * 1_999 + "!")
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("pattern", ["(){4294967294}", "((){4294967294}){4294967294}a"])
def test_what_takes_nothing_is_repeated_once(pattern: str) -> None:
    assert Linear(pattern).search("a")


def test_states_are_bounded() -> None:
    found = Linear("(a|b)*a(a|b){12}c")
    line = "".join("ab"[n * n % 7 % 2 ^ n // 3 % 2] for n in range(50_000))
    assert not found.search(line)
    assert len(found._known) <= STATES_MAX


ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "A",
        ".",
        "[ab]",
        "[^a]",
        "[a-c]",
        "\\d",
        "\\w",
        "\\s",
        "\\S",
        "^",
        "$",
        "\\b",
        "\\B",
        " ",
        "1",
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.text("abA1 _", min_size=1, max_size=12), st.booleans())
def test_it_finds_what_python_finds(pattern: str, text: str, small: bool) -> None:
    """Not in an empty line: what Python says of ``\\B`` there is not the same in all its versions."""
    pattern = f"(?i){pattern}" if small else pattern
    assert Linear(pattern).search(text) == (re.search(pattern, text) is not None)


@given(st.text(max_size=30))
def test_anything_typed_is_a_filter_or_is_refused(typed: str) -> None:
    try:
        Linear(typed).search("some line")
    except BadPattern as exc:
        assert str(exc)
