"""Strip, status list, evidence, footer, frame, help, words by hand, gettext."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from novatui.present import i18n
from novatui.present.byhand import by_hand
from novatui.present.evidence import evidence_rows
from novatui.present.footer import keys_line
from novatui.present.frame import boxed
from novatui.present.keys import keys_page
from novatui.present.rows import Role, row, text_of, width_of
from novatui.present.strip import cells, short_name, status_list, strip_rows
from tests.tui import screen_cases as cases

DOWN = cases.cluster(cases.node(1), cases.dead(2), cases.node(3))
KEYS = [(f"id{n}", f"{n}", f"name{n}", "") for n in range(9)]


def test_short_names() -> None:
    assert short_name("nova-master-2", ["nova-master-1", "nova-master-2"]) == "m2"
    assert short_name("alpha", ["alpha", "beta"]) == "alpha"
    assert short_name("a1", ["a1", "b1"]) == "a1"


@pytest.mark.parametrize("width", [12, 30, 60, 80, 120])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_the_strip_shows_every_master(width: int, count: int) -> None:
    lines = cells(cases.healthy_cluster(count), cases.NOW, width)
    pieces = [text_of(piece) for line in lines for piece in line]
    assert len(pieces) == count and all("●" in piece or "★" in piece for piece in pieces)
    assert all(sum(width_of(piece) + 3 for piece in line) <= width for line in lines)
    assert len(lines) == 1 or width < 60


@pytest.mark.parametrize(("count", "rows"), [(3, 1), (4, 1), (5, 2), (7, 2)])
def test_no_word_of_what_is_wrong_is_left_out_at_80(count: int, rows: int) -> None:
    broken = cases.cluster(*(cases.dead(n, count) for n in range(1, count + 1)))
    lines = cells(broken, cases.NOW, 80)
    assert len(lines) == rows and all(
        "✖" in text_of(p) and "restarting" in text_of(p) for q in lines for p in q
    )


def test_the_strip_marks_the_chosen_one_and_who_has_a_pane() -> None:
    lines = cells(cases.healthy_cluster(7), cases.NOW, 80)
    (line,), places = strip_rows(lines, 5, (1, 2, 5))
    text = text_of(line)
    assert text.split() == ["‹1●m1›", "‹2●m2›", "3★m3", "4●m4", "[5●m5]", "6●m6", "7●m7"]
    assert [text[start:stop].strip(" [‹›]")[0] for _y, start, stop in places] == list("1234567")


def test_the_list_names_every_master_before_any_reason() -> None:
    lost = cases.cluster(*(cases.lost(n) for n in range(1, 8)))
    for height, reasons in ((5, 0), (7, 0), (9, 2), (20, 7)):
        rows = [text_of(line) for line in status_list(lost, cases.NOW, 40, height)]
        assert sum("lost" in line for line in rows) == 7 and len(rows) == 7 + reasons
        assert all(len(line) <= 40 and "…" not in line for line in rows if "lost" in line)


def test_the_list_for_tiny_terminals_has_reasons() -> None:
    rows = [
        text_of(line).rstrip()
        for line in status_list(cases.cluster(cases.node(1), cases.lost(2)), cases.NOW, 60)
    ]
    assert rows[0].startswith(" 1 ● nova-master-1  follower")
    assert rows[1].startswith(" 2 ✖ nova-master-2  lost") and "does not answer" in rows[2]


def test_evidence_is_complete_and_in_its_width() -> None:
    rows = evidence_rows(DOWN, cases.diagnosis_of(DOWN), cases.NOW, 40)
    text = " ".join(text_of(line).strip() for line in rows)
    assert all(width_of(line) <= 40 for line in rows)
    for words in (
        "DEGRADED",
        "recover-member nova-master-2",
        "exit 2",
        "nova-master-2 unit 12:36:58",
        "replace this member",
    ):
        assert words in text


def test_evidence_names_why_a_master_cannot_be_asked() -> None:
    snapshot = cases.cluster(cases.refused(1))
    text = " ".join(
        text_of(line).strip() for line in evidence_rows(snapshot, cases.diagnosis_of(snapshot), cases.NOW, 60)
    )
    assert "ssh-keygen -R" in text


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120])
def test_the_footer_drops_but_never_cuts(width: int) -> None:
    line, spans = keys_line(KEYS, width)
    text = text_of(line)
    assert width_of(line) <= width and "…" not in text
    assert text.endswith("7 name7  8 name8")
    assert [text[start:stop] for start, stop, _id in spans] == [f"{i[2:]} name{i[2:]}" for _s, _e, i in spans]


def test_a_dead_key_says_why_where_there_is_room() -> None:
    keys = [("a", "w", "recover", "nothing to recover"), ("b", "q", "quit", "")]
    assert "w recover (nothing to recover)" in text_of(keys_line(keys, 60)[0])
    narrow = keys_line(keys, 24)[0]
    assert text_of(narrow) == " w recover  q quit" and ("w recover", Role.DIM) in narrow


@pytest.mark.parametrize("width", [10, 24, 40])
def test_frames_are_straight(width: int) -> None:
    ends = (row("1 a-long-name-of-a-master"), row("✖ restarting 42 s"))
    box = boxed(width, ends, [row("x" * 60)], (row("journal"), ()), [(), ()], Role.BORDER)
    assert {width_of(line) for line in box} == {width} and len(box) == 6


def test_help_folds_equal_keys() -> None:
    entries = [
        ("1", "node", "choose", ""),
        ("2", "node", "choose", ""),
        ("w", "recover", "open", "nothing to recover"),
    ]
    rows = [text_of(line) for line in keys_page(entries, 70)]
    assert len(rows) == 2 and rows[0].startswith("1 - 2") and rows[1].endswith("nothing to recover")


def test_help_cuts_no_words() -> None:
    said = "a description of many words that goes on and on, longer than any line of this page has room for"
    rows = [text_of(line) for line in keys_page([("w", "recover", said, "nothing to recover")], 60, said)]
    assert all(len(line) <= 60 for line in rows)
    assert " ".join(" ".join(rows).split()) == f"w recover {said} nothing to recover {said}"


@pytest.mark.parametrize("runbook", ["disarm-alarm", "defragment"])
def test_words_by_hand_delete_nothing(runbook: str) -> None:
    text = " ".join(text_of(line) for line in by_hand(runbook, cases.config(), "nova-master-2", 90))
    assert "By hand" in text and len(text) > 120
    assert "rm -" not in text and "wipe" not in text


def test_gettext_falls_back_and_takes_catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert i18n._("no answer") == "no answer" and i18n._("") == ""
    folder = tmp_path / "xx" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "novatui.mo").write_bytes(
        _catalogue({"": "Content-Type: text/plain; charset=UTF-8\n", "no answer": "молчит"})
    )
    monkeypatch.setattr(i18n, "LOCALE_DIR", tmp_path)
    try:
        i18n.install("xx")
        assert i18n._("no answer") == "молчит" and i18n._("leader") == "leader"
    finally:
        monkeypatch.undo()
        i18n.install("en")
    assert isinstance(i18n._translations, gettext.NullTranslations)


def _catalogue(messages: dict[str, str]) -> bytes:
    """A compiled catalogue (the .mo format of GNU gettext)."""
    keys = sorted(messages)
    ids = [key.encode() for key in keys]
    texts = [messages[key].encode() for key in keys]
    offset = 28 + 16 * len(keys)
    tables: list[list[int]] = [[], []]
    body = b""
    for table, strings in zip(tables, (ids, texts), strict=True):
        for string in strings:
            table += [len(string), offset + len(body)]
            body += string + b"\0"
    head = [0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0]
    return b"".join(n.to_bytes(4, "little") for n in [*head, *tables[0], *tables[1]]) + body
