"""The journal's memory: what is being read does not move, whatever arrives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model.entries import Level
from novatui.present.filter import parsed
from novatui.present.rows import Role, text_of
from novatui.tui.tail import Tail
from tests.tui.screen_cases import entry


def filled(count: int, capacity: int = 1000) -> Tail:
    tail = Tail(capacity=capacity)
    tail.append([entry(f"line {n}") for n in range(count)])
    tail.rows(40, 10)
    return tail


def shown(tail: Tail, width: int = 40, height: int = 10) -> list[str]:
    return [text_of(line).split("· ")[-1] for line, _marked in tail.rows(width, height)]


def marked(tail: Tail) -> list[str]:
    return [text_of(line).split(" ", 2)[-1] for line, on in tail.rows(40, 10) if on]


def test_following_shows_the_newest() -> None:
    tail = filled(50)
    assert shown(tail) == [f"line {n}" for n in range(40, 50)] and tail.following
    tail.append([entry("line 50")])
    assert shown(tail)[-1] == "line 50"


def test_lines_that_come_are_drawn_at_the_panes_pace_and_what_a_person_does_at_once() -> None:
    tail = filled(50)
    drawn: list[str] = []
    tail.on_pending, tail.on_touch = lambda: drawn.append("some time"), lambda: drawn.append("now")
    tail.append([entry("new")])
    assert drawn == ["some time"]
    acts: list[Callable[[], None]] = [
        lambda: tail.move(-1),
        tail.home,
        tail.follow,
        tail.select,
        lambda: tail.scroll(1),
    ]
    for act in acts:
        drawn.clear()
        act()
        assert tail.pending and "now" in drawn


def test_fewer_lines_than_rows() -> None:
    assert shown(filled(3)) == ["line 0", "line 1", "line 2"]
    assert shown(Tail()) == []


def test_scrolling_up_stops_and_nothing_moves_what_is_read() -> None:
    tail = filled(50)
    tail.move(-1)
    before = shown(tail)
    tail.append([entry(f"new {n}") for n in range(14)])
    assert shown(tail) == before and not tail.following and tail.new == 14
    tail.follow()
    assert shown(tail)[-1] == "new 13" and tail.new == 0


def test_the_cursor_goes_line_by_line_and_pulls_the_view() -> None:
    tail = filled(50)
    tail.move(-1)
    assert marked(tail) == ["line 48"]
    for _ in range(12):
        tail.move(-1)
    assert marked(tail) == ["line 36"] and shown(tail)[0] == "line 36"
    tail.move(1)
    assert shown(tail)[0] == "line 36" and marked(tail) == ["line 37"]


def test_down_past_the_newest_follows_again() -> None:
    tail = filled(20)
    tail.move(-2)
    tail.move(1)
    assert not tail.following
    tail.move(1)
    tail.move(1)
    assert tail.following


def test_the_wheel_moves_what_is_seen_row_by_row_and_at_the_end_follows_again() -> None:
    tail = filled(50)
    tail.wheel(-3)
    assert shown(tail)[-1] == "line 46" and marked(tail) == ["line 46"] and not tail.following
    tail.append([entry("new")])
    tail.wheel(-30)
    assert shown(tail)[0] == "line 7" and tail.new == 1
    tail.wheel(-30)
    assert shown(tail)[0] == "line 0"
    tail.wheel(3)
    assert shown(tail)[0] == "line 3" and not tail.following
    tail.wheel(37)
    assert shown(tail)[-1] == "line 49" and not tail.following
    tail.wheel(3)
    assert shown(tail)[-1] == "new"
    assert tail.following


def test_the_wheel_reads_a_tall_line_row_by_row_and_asks_for_what_is_above_the_oldest() -> None:
    asked: list[int] = []
    tail = Tail(wrapped=True)
    tail.append([entry("before"), entry(" ".join(f"w{n}" for n in range(300))), entry("after")])
    tail.on_top = lambda: asked.append(len(asked))
    tops = [shown(tail, 40, 5)[0]]
    for _ in range(200):
        tail.wheel(-1)
        tops.append(shown(tail, 40, 5)[0])
        if asked:
            break
    assert tops[-1] == "before" and len(set(tops)) == len(tops) - 1, "one row after the other, none twice"
    tail = filled(3)
    tail.wheel(-3)
    assert not tail.following and marked(tail) == ["line 2"], "nothing to scroll: it stops all the same"


def test_a_line_is_pointed_at_where_it_was_drawn() -> None:
    tail = filled(50)
    tail.append([entry(f"new {n}") for n in range(5)])  # came since, and is not drawn yet
    assert tail.line_at(3) == 43 and tail.line_at(10) is None and tail.line_at(-1) is None
    tail.point(43)
    assert shown(tail)[3] == "line 43" and marked(tail) == ["line 43"] and tail.new == 5
    assert tail.line_at(3) == 43
    tail.head = lambda: (("above", Role.DIM),)
    tail.home()
    assert shown(tail)[0] == "above" and tail.line_at(0) is None and tail.line_at(1) == 0
    assert Tail().line_at(0) is None


def test_first_and_pages() -> None:
    tail = filled(100)
    tail.home()
    assert shown(tail)[0] == "line 0" and marked(tail) == ["line 0"]
    tail.page(1)
    assert marked(tail) == ["line 9"]
    tail.page(-1)
    assert marked(tail) == ["line 0"]


def test_old_lines_fall_out_under_the_reader() -> None:
    tail = filled(20, capacity=20)
    tail.home()
    tail.append([entry(f"new {n}") for n in range(15)])
    assert len(tail) == 20 and shown(tail)[0] == "line 15" and marked(tail) == ["line 15"]
    assert tail.new == 15


@pytest.mark.parametrize("by_time", [False, True])
def test_where_the_last_match_fell_out_under_the_reader_it_follows_again(by_time: bool) -> None:
    tail = Tail(capacity=5, by_time=by_time)
    tail.append([entry("panic", ago_ms=9)])
    tail.narrow(parsed("panic"))
    tail.move(-1)
    tail.select()
    tail.append([entry(f"other {n}", ago_ms=0) for n in range(6)])
    assert tail.following and tail.anchor is None and tail.new == 0 and not tail.current()
    tail.append([entry("late", ago_ms=5)])
    assert len(tail.held) == 5
    tail.narrow(None)
    assert shown(tail)[-1] == ("other 5" if by_time else "late")


def test_errors_are_found_both_ways() -> None:
    tail = filled(30)
    tail.append(
        [
            entry("bad one", Level.ERROR),
            *[entry(f"more {n}") for n in range(30)],
            entry("bad two", Level.FATAL),
        ]
    )
    tail.rows(40, 10)
    assert tail.error(-1) and tail.current()[0].text == "bad two"
    assert tail.error(-1) and tail.current()[0].text == "bad one"
    assert not tail.error(-1) and tail.current()[0].text == "bad one"
    assert tail.error(1) and tail.current()[0].text == "bad two"


def test_a_line_taller_than_the_pane_can_be_read_to_its_end() -> None:
    tail = Tail(wrapped=True)
    tail.append([entry("before"), entry(" ".join(f"w{n}" for n in range(300))), entry("after")])
    tail.rows(40, 5)
    tail.home()
    tail.move(1)
    seen = "".join(shown(tail, 40, 5))
    for _ in range(100):
        if "w299" in seen:
            break
        tail.move(1)
        seen += " ".join(text_of(line) for line, _m in tail.rows(40, 5))
    assert all(f"w{n}" in seen for n in range(300))
    tail.move(1)
    assert tail.current()[0].text == "after"


def test_the_cursor_stays_in_sight_when_the_pane_shrinks() -> None:
    tail = filled(50)
    tail.move(-1)
    assert any(on for _line, on in tail.rows(40, 3))
    assert any(on for _line, on in tail.rows(20, 8))


def test_current_is_the_newest_while_following() -> None:
    assert filled(5).current()[0].text == "line 4"
    assert Tail().current() == []


def test_nothing_to_do_on_nothing() -> None:
    tail = Tail()
    for act in (
        lambda: tail.move(-1),
        lambda: tail.page(1),
        tail.home,
        tail.pause,
        lambda: tail.error(1),
        tail.follow,
    ):
        act()
    assert tail.rows(40, 10) == [] and tail.following


def test_lines_that_say_the_same_are_one_until_wrapped() -> None:
    tail = filled(2)
    tail.append([entry("recognized and used environment variable", name=f"ETCD_{n}") for n in range(30)])
    tail.append([entry("bad", Level.ERROR), entry("bad", Level.ERROR), entry("end")])
    assert shown(tail) == ["line 0", "line 1", "30× recognized and used envi…", *shown(tail)[3:]]
    assert [text for text in shown(tail)[3:]] == ["12:37:51 ✖ bad", "12:37:51 ✖ bad", "end"]
    tail.move(-3)
    assert [dict(one.fields)["name"] for one in tail.current()] == [f"ETCD_{n}" for n in range(30)]
    tail.wrapped = True
    everything = "".join(text_of(line) for line, _m in tail.rows(200, 60))
    assert all(f"name=ETCD_{n}" in everything for n in range(30))


def test_a_stack_is_one_line_below_its_panic() -> None:
    tail = Tail()
    stack = [
        "",
        "goroutine 95 [running]:",
        "go.uber.org/zap/zapcore.(*CheckedEntry).Write(0xc0)",
        "\t/home/x.go:234 +0x58d",
    ]
    tail.append([entry("panic: failed", Level.FATAL), *map(entry, stack), entry("Stopped etcd.")])
    assert [text.split(" ", 1)[-1] for text in shown(tail)] == [
        "✖ panic: failed",
        "goroutine 95 [running]:",
        "etcd.",
    ]
    assert [one.text for one in tail.line(1)] == stack


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(-30, 30)),
        st.tuples(st.just("append"), st.integers(1, 40)),
        st.tuples(st.just("page"), st.sampled_from([-1, 1])),
        st.tuples(st.just("error"), st.sampled_from([-1, 1])),
        st.tuples(st.just("wrap"), st.just(0)),
        st.tuples(st.just("home"), st.just(0)),
        st.tuples(st.just("size"), st.integers(1, 30)),
    ),
    max_size=30,
)


@given(STEPS)
def test_whatever_is_pressed_the_cursor_is_on_the_screen_and_rows_fit(steps: list[tuple[str, int]]) -> None:
    tail, width, height = Tail(capacity=60), 30, 10
    for what, amount in steps:
        match what:
            case "append":
                tail.append(
                    [
                        entry("word " * (n % 7 * 9), Level.ERROR if n % 5 == 0 else Level.INFO)
                        for n in range(amount)
                    ]
                )
            case "wrap":
                tail.wrapped = not tail.wrapped
                tail.touch()
            case "size":
                width, height = 12 + amount, amount
            case "home":
                tail.home()
            case _:
                getattr(tail, what)(amount)
        rows = tail.rows(width, height)
        assert len(rows) <= height
        if len(tail) and not tail.following:
            assert any(on for _line, on in rows)
        elif len(tail) >= height:
            assert len(rows) == height


def test_rows_are_laid_out_once_for_what_did_not_change() -> None:
    tail = filled(20)
    rows = tail.rows(40, 10)
    assert tail.rows(40, 10) is rows
    assert tail.rows(30, 10) is not rows
    rows = tail.rows(40, 10)
    tail.append([entry("one more")])
    assert tail.rows(40, 10) is not rows
    rows = tail.rows(40, 10)
    tail.wrapped = True
    assert tail.rows(40, 10) is not rows
