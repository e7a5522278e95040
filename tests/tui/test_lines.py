"""What is held and what of it is shown, whatever comes in whatever order: filter, folding, one time line, older lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model.entries import Entry, Level
from novatui.present.filter import Filter, parsed
from novatui.present.rows import Role, row, text_of
from novatui.tui.lines import RUN, Lines, same
from novatui.tui.tail import STEP, Tail
from tests.tui.screen_cases import NOW, entry

LEVELS = st.sampled_from([Level.INFO, Level.INFO, Level.WARN, Level.ERROR, Level.GAP])
ENTRIES = st.lists(
    st.builds(
        Entry,
        node=st.sampled_from(["m1", "m2"]),
        at_ms=st.integers(0, 30),
        level=LEVELS,
        text=st.sampled_from(["raft", "slow", "goroutine 1 [running]:", "other"]),
    ),
    max_size=30,
)
FILTERS = st.sampled_from(["", "raft", "level:warn", "re:r|s", "no such text"]).map(parsed)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), ENTRIES),
        st.tuples(st.just("older"), ENTRIES),
        st.tuples(st.just("narrow"), st.tuples(FILTERS, st.booleans())),
    ),
    max_size=12,
)


def flat(lines: Lines) -> list[Entry]:
    return [one for line in lines.listed() for one in line]


def passing(lines: Lines) -> list[Entry]:
    found = lines.filter
    return [one for one in lines.entries if found is None or lines.in_context or found.passes(one)]


def play(lines: Lines, steps: list[tuple[str, object]]) -> int:
    came = 0
    for what, of in steps:
        match what, of:
            case "narrow", (to, in_context):
                assert to is None or isinstance(to, Filter)
                lines.narrow(to, bool(in_context), None)
            case "add", list(batch) if batch:
                lines.add(batch)
                came += len(batch)
            case "older", list(batch) if not lines.by_time:
                lines.put_before(batch)
    return came


@given(STEPS)
def test_what_is_shown_is_what_passes_in_its_order_and_all_is_counted(
    steps: list[tuple[str, object]],
) -> None:
    lines = Lines(10_000)
    assert play(lines, steps) == lines.count
    assert flat(lines) == passing(lines) and lines.shown == len(flat(lines))
    assert lines.end - lines.first == len(lines)


@given(STEPS, st.integers(1, 20))
def test_memory_is_bounded_and_what_fell_out_is_the_oldest(
    steps: list[tuple[str, object]], capacity: int
) -> None:
    lines = Lines(capacity)
    play(lines, steps)
    lines.spare = 0
    lines.trim()
    assert len(lines.entries) <= capacity
    shown, all_of_it = flat(lines), passing(lines)
    missing = len(all_of_it) - len(shown)  # the rest of a line whose head fell out
    assert 0 <= missing < RUN and shown == all_of_it[missing:]


@given(st.lists(ENTRIES, max_size=8))
def test_only_what_says_the_same_is_one_line(batches: list[list[Entry]]) -> None:
    lines = Lines()
    play(lines, [("add", batch) for batch in batches])
    for line in lines.listed():
        assert len(line) <= RUN and all(same(one, other) for one, other in pairwise(line))
        assert len(line) == 1 or line.head.level not in (Level.ERROR, Level.FATAL, Level.GAP)
    for one, other in pairwise(lines.listed()):
        assert not same(one.newest, other.head) or len(one) == RUN


@given(STEPS)
def test_several_masters_are_on_one_time_line(steps: list[tuple[str, object]]) -> None:
    lines = Lines(by_time=True)
    came = play(lines, steps)
    assert len(lines.entries) == came == lines.count
    assert all(one.at_ms <= other.at_ms for one, other in pairwise(lines.entries))
    assert flat(lines) == passing(lines)


@given(st.lists(ENTRIES, min_size=1, max_size=6), st.data())
def test_late_lines_do_not_move_what_is_read(batches: list[list[Entry]], data: st.DataObject) -> None:
    lines = Lines(by_time=True)
    for batch in batches:
        numbers = st.integers(lines.first, lines.end - 1) if len(lines) else st.none()
        marks = data.draw(st.lists(numbers, min_size=2, max_size=2))
        heads = [None if mark is None else lines[mark].head for mark in marks]
        if batch:
            shown, moved = lines.add(batch, marks)
            assert shown == len(batch)
            for head, number in zip(heads, moved, strict=True):
                assert head is None if number is None else any(one is head for one in lines[number])


@given(STEPS, FILTERS, st.booleans(), st.data())
def test_a_filter_keeps_the_place_or_goes_to_the_next_that_passes(
    steps: list[tuple[str, object]], to: Filter | None, in_context: bool, data: st.DataObject
) -> None:
    lines = Lines()
    play(lines, steps)
    if not len(lines):
        return
    mark = data.draw(st.integers(lines.first, lines.end - 1))
    head = lines[mark].head
    number = lines.narrow(to, in_context, mark)
    if number is None:
        assert not len(lines)
        return
    held = [id(one) for one in lines.entries]
    place = held.index(id(head))
    at = [held.index(id(one)) for one in lines[number]]
    assert at[-1] >= place or number == lines.end - 1
    assert number == lines.first or held.index(id(lines[number - 1].newest)) < place or place in at


def filled(*texts: str, level: Level = Level.INFO) -> Tail:
    tail = Tail()
    tail.append([entry(text, level) for text in texts])
    tail.rows(60, 10)
    return tail


def shown(tail: Tail, height: int = 10) -> list[str]:
    return [text_of(line).split("· ")[-1] for line, _on in tail.rows(60, height)]


def narrowed(tail: Tail, typed: str, in_context: bool = False) -> Tail:
    tail.narrow(parsed(typed), in_context)
    return tail


def test_only_what_passes_is_shown_also_of_what_comes_later() -> None:
    tail = narrowed(filled("raft 1", "other", "raft 2"), "raft")
    tail.append([entry("raft 3"), entry("nothing")])
    assert shown(tail) == ["raft 1", "raft 2", "raft 3"] and tail.count == 5
    assert [one.text for one in tail.passing()] == ["raft 1", "raft 2", "raft 3"]
    assert shown(narrowed(tail, "")) == ["raft 1", "other", "raft 2", "raft 3", "nothing"]


def test_what_is_new_under_a_filter_is_what_passes() -> None:
    tail = narrowed(filled("raft 1", "other", "raft 2"), "raft")
    tail.pause()
    tail.append([entry("raft 3"), entry("nothing")])
    assert tail.new == 1


def test_matches_are_marked_in_context_and_walked() -> None:
    tail = narrowed(filled(*(f"{'raft' if n % 5 == 0 else 'line'} {n}" for n in range(12))), "raft", True)
    tail.rows(60, 12)
    assert len(tail) == 12
    assert tail.match(-1) and tail.current()[0].text == "raft 10"
    assert tail.match(-1) and tail.current()[0].text == "raft 5"
    assert tail.match(1) and tail.current()[0].text == "raft 10"
    assert not tail.match(1) and tail.current()[0].text == "raft 10"
    marked = [text_of(line)[-2:] for line, _on in tail.rows(60, 12) if any(r is Role.FOUND for _, r in line)]
    assert marked == [" 0", " 5", "10"]
    narrowed(tail, "re:r.f", True)
    rows = [line for line, _on in tail.rows(60, 12) if line[-1][1] is Role.FOUND]
    assert len(rows) == 3


def test_without_a_filter_there_is_no_match() -> None:
    assert not filled("a", "b").match(-1)


def test_a_repeat_can_be_opened_and_closed() -> None:
    tail = filled("start", "again", "again", "again", "end")
    tail.move(-1)
    assert shown(tail) == ["start", "3× again", "end"]
    assert tail.unfold() and shown(tail) == ["start", "again", "again", "again", "end"]
    assert tail.unfold() and shown(tail) == ["start", "3× again", "end"]
    tail.move(1)
    assert not tail.unfold()


def test_lines_are_selected_and_copied_in_their_order() -> None:
    tail = filled("one", "two", "three", "four")
    tail.select()
    tail.move(-2)
    assert [one.text for one in tail.selected()] == ["two", "three", "four"]
    assert [on for _line, on in tail.rows(60, 10)] == [False, True, True, True]
    tail.move(5)
    assert [one.text for one in tail.selected()] == ["four"] and not tail.following
    tail.select()
    assert tail.anchor is None


def test_scrolling_to_the_right_ends_where_the_longest_line_ends() -> None:
    tail = filled("short", "x" * (3 * STEP + 2))
    for _ in range(9):
        tail.scroll(1)
    assert tail.left == 3 * STEP and shown(tail)[-1] == "‹x"
    tail.scroll(-9)
    assert tail.left == 0
    Tail().scroll(1)


def test_above_the_oldest_line_stands_what_is_there_and_somebody_is_asked() -> None:
    asked: list[bool] = []
    tail = filled(*(f"line {n}" for n in range(5)))
    tail.head, tail.on_top = lambda: row("older lines: k"), lambda: asked.append(True)
    assert "older lines: k" not in shown(tail)
    tail.home()
    assert shown(tail) == ["older lines: k", *(f"line {n}" for n in range(5))] and not asked
    tail.move(-1)
    assert asked
    tail.put_before([entry(f"older {n}") for n in range(3)])
    assert tail.current()[0].text == "line 0" and shown(tail)[0] == "line 0"
    tail.move(-2)
    assert tail.current()[0].text == "older 1"
    tail.follow()
    assert len(tail) == 8, "there is room for them anyway"


def test_older_lines_go_when_following_begins_again_and_there_is_no_room() -> None:
    tail = Tail(capacity=5)
    tail.append([entry(f"line {n}") for n in range(5)])
    tail.put_before([entry("older")])
    assert len(tail) == 5, "not while following"
    tail.home()
    tail.put_before([entry("older")])
    tail.append([entry("new")])
    assert len(tail) == 6 and tail.current()[0].text == "line 0"
    tail.follow()
    assert [line.head.text for line in tail._lines.listed()] == [
        "line 1",
        "line 2",
        "line 3",
        "line 4",
        "new",
    ]


@pytest.mark.parametrize("height", [1, 2, 3, 5, 6, 7])
def test_the_head_never_hides_the_cursor(height: int) -> None:
    tail = Tail()
    tail.head = lambda: row("older lines")
    tail.append([entry(f"line {n}") for n in range(6)])
    tail.rows(60, height)
    for move in (*([-1] * 7), *([1] * 5)):
        tail.move(move)
        rows = tail.rows(60, height)
        assert len(rows) <= height and [on for _line, on in rows].count(True) == 1


def test_one_time_line_for_the_reader() -> None:
    tail = Tail(by_time=True, names=(("nova-master-2", "m2"),))
    tail.append([entry("late", ago_ms=1_000)])
    tail.pause()
    tail.append([entry("early", ago_ms=2_000), entry("newest", ago_ms=0)])
    assert [text_of(line) for line, _on in tail.rows(60, 5)] == [
        "12:37:54 m2 · late",
        "12:37:55 m2 · newest",
    ]
    assert tail.current()[0].text == "late" and tail.new == 2
    tail.home()
    assert tail.current()[0].text == "early"


def test_a_stack_of_one_master_is_not_anothers() -> None:
    one = Entry(node="m1", at_ms=NOW, text="goroutine 1 [running]:")
    other = Entry(node="m2", at_ms=NOW, text="goroutine 1 [running]:")
    lines = Lines(by_time=True)
    lines.add([one, other])
    assert [list(line) for line in lines.listed()] == [[one], [other]]
