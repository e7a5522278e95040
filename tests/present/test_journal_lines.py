from __future__ import annotations

import pytest

from novatui.model.entries import Entry, Level
from novatui.present.journal import Look, TimeFormat, entry_rows, found_in, is_error, message, plain
from novatui.present.rows import Role, text_of, width_of
from tests.tui.screen_cases import NOW, entry

ERROR = entry(
    "failed to open database",
    Level.ERROR,
    ago_ms=6_000,
    path="/var/lib/etcd/member/snap/db",
    error="invalid database",
)


def texts(
    line: Entry, width: int = 36, wrapped: bool = False, times: TimeFormat = TimeFormat.CLOCK
) -> list[str]:
    return [text_of(row) for row in entry_rows(line, Look(width, wrapped, times))]


def test_the_error_comes_first_then_the_fields() -> None:
    assert message(ERROR) == "failed to open database: invalid database  path=/var/lib/etcd/member/snap/db"
    assert message(entry("x: broken", error="broken")) == "x: broken"
    assert message(entry("plain")) == "plain"


def test_a_line_of_information_is_one_row() -> None:
    assert texts(entry("compacted revision 371002", took="3ms")) == ["12:37:51 · compacted revision 37100…"]


def test_an_error_is_readable_without_wrapping() -> None:
    assert texts(ERROR) == [
        "12:37:49 ✖ failed to open database:",
        "           invalid database",
        "           path=/var/lib/etcd/membe…",
    ]


def test_wrapped_lines_are_whole() -> None:
    rows = texts(entry("word " * 40), wrapped=True)
    assert len(rows) > 3 and "…" not in "".join(rows)


@pytest.mark.parametrize("width", [12, 20, 36, 196])
@pytest.mark.parametrize("times", list(TimeFormat))
@pytest.mark.parametrize("wrapped", [True, False])
def test_never_wider_than_the_pane(width: int, times: TimeFormat, wrapped: bool) -> None:
    for line in (ERROR, entry("日本語" * 60, Level.WARN), entry("x" * 4096), entry("")):
        assert all(width_of(row) <= width for row in entry_rows(line, Look(width, wrapped, times)))


def test_levels_have_glyphs() -> None:
    found = {level: texts(entry("m", level), times=TimeFormat.NONE)[0][0] for level in Level}
    assert found == {"debug": "·", "info": "·", "warn": "▲", "error": "✖", "fatal": "✖", "gap": "┄"}
    systemd = Entry(node="a", at_ms=NOW, text="Started etcd.", unit_line=True)
    assert texts(systemd, times=TimeFormat.NONE)[0].startswith("◆")


def test_a_gap_says_that_lines_are_missing() -> None:
    gap = Entry(node="a", at_ms=NOW, level=Level.GAP)
    assert "lines are missing here" in texts(gap)[0] and is_error(gap)
    assert entry_rows(gap, Look(36))[0][-1][1] is Role.WARN


def test_times_go_round() -> None:
    assert texts(entry("m"), times=TimeFormat.MILLIS)[0].startswith("12:37:51.000 ")
    assert TimeFormat.CLOCK.next.next.next is TimeFormat.CLOCK


def test_what_is_copied_names_node_and_level() -> None:
    assert plain(entry("m", Level.WARN)) == "2024-06-14T12:37:51.000+00:00 nova-master-2 warn m"


def test_scrolled_to_the_left_the_time_stays() -> None:
    line = entry("compacted revision 371002", took="3ms")
    (row,) = entry_rows(line, Look(60, left=10))
    assert text_of(row) == "12:37:51 · ‹evision 371002  took=3ms"
    assert text_of(entry_rows(ERROR, Look(36, left=7))[0]) == "12:37:49 ✖ ‹o open database: invali…"
    assert text_of(entry_rows(line, Look(60, left=100))[0]) == "12:37:51 · ‹"


def test_where_several_masters_lines_meet_each_says_whose_it_is() -> None:
    names = (("nova-master-1", "m1"), ("nova-master-2", "m2"))
    (row,) = entry_rows(entry("m"), Look(60, names=names))
    assert text_of(row) == "12:37:51 m2 · m"


@pytest.mark.parametrize(
    ("needle", "small", "found"),
    [
        ("raft", True, ["Raft", "raft"]),
        ("raft", False, ["raft"]),
        ("[/x]", False, ["[/x]"]),
        ("no", True, []),
    ],
)
def test_what_was_looked_for_is_marked_and_no_text_is_lost(
    needle: str, small: bool, found: list[str]
) -> None:
    line = (("12:37 ", Role.DIM), ("Raft and raft [/x]", Role.BRIGHT))
    marked = found_in(line, needle, small)
    assert [text for text, role in marked if role is Role.FOUND] == found
    assert text_of(marked) == text_of(line)
