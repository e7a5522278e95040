"""Every key of a journal, pressed: on the dashboard, on the page of one entry, and where all masters' lines are one."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from novatui.errors import RemoteError, Unreachable
from novatui.model.cluster import ClusterSnapshot
from novatui.model.entries import Entry, Level, Record
from novatui.present.rows import text_of
from novatui.probes.lookback import Older
from novatui.tui.app import NovatuiApp
from novatui.tui.lookback import OLDER_MAX
from novatui.tui.screens.dashboard import Dashboard
from novatui.tui.screens.entry import EntryPage
from novatui.tui.screens.filter_prompt import FilterPrompt
from novatui.tui.screens.merged import MergedScreen
from novatui.tui.widgets.rows_view import RowsView
from tests.tui import screen_cases as cases
from tests.tui import waiting
from tests.tui.test_dashboard import Stage

NODES = ("nova-master-1", "nova-master-2", "nova-master-3")


class AskedFeed(cases.FakeFeed):
    """A feed with masters behind it: 1,000 older lines each, and a record of every line."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: RemoteError | None = None
        self.older_lines = 1_000
        self.asked: list[tuple[str, str]] = []

    async def older(self, node: str, cursor: str) -> Older:
        self.asked.append((node, cursor))
        if self.trouble:
            raise self.trouble
        count = min(500, self.older_lines)
        self.older_lines -= count
        found = [
            Entry(
                node=node,
                at_ms=cases.NOW - 900_000 - self.older_lines * 10 - n,
                text=f"old {self.older_lines + n}",
                cursor=f"o{self.older_lines + n}",
            )
            for n in range(count)
        ]
        return Older(entries=tuple(reversed(found)), begins=not self.older_lines)

    async def record(self, node: str, cursor: str) -> Record:
        if self.trouble:
            raise self.trouble
        return Record(
            fields=(("PRIORITY", "6"), ("_PID", "4711")),
            source='{"level":"warn","msg":"x\\x1b[2J"}',
            pretty=("{", '  "level": "warn"', "}"),
        )


@asynccontextmanager
async def stage(
    size: tuple[int, int] = (120, 40),
    feed: cases.FakeFeed | None = None,
    snapshot: ClusterSnapshot | None = None,
) -> AsyncIterator[Stage]:
    feed = feed or AskedFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW, judge=cases.diagnosis_of)
    async with app.run_test(size=size) as pilot:
        await feed.started.wait()
        one = Stage(app, feed, pilot)
        await one.show(snapshot or cases.healthy_cluster())
        for node in NODES:
            feed.entries(node, lines(node))
        await pilot.pause(0.2)
        yield one


def lines(node: str, count: int = 60) -> list[Entry]:
    """One a second, each tenth a warning about raft; the last three say the same."""
    made = [
        Entry(
            node=node,
            at_ms=cases.NOW - (count - n) * 1_000,
            level=Level.WARN if n % 10 == 0 else Level.INFO,
            text=f"raft {n}" if n % 10 == 0 else f"line {n} of {node}",
            fields=(("took", f"{n}ms"), ("request", "key:" + "x" * 200)),
            cursor=f"{node}-{n}",
        )
        for n in range(count)
    ]
    return [
        *made,
        *(Entry(node=node, at_ms=cases.NOW, text="again", cursor=f"{node}-a{n}") for n in range(3)),
    ]


async def until(s: Stage, part: str, words: str) -> None:
    """Wait until a part of the screen says so."""
    async with asyncio.timeout(60):
        while words not in s.text(part):
            await s.pilot.pause(0.05)


async def fetched(s: Stage, count: int) -> None:
    async with asyncio.timeout(60):
        while s.app.journals.tails[NODES[0]].fetched < count:
            await s.pilot.pause(0.05)


async def type_filter(s: Stage, typed: str) -> None:
    await s.press("slash")
    assert isinstance(s.app.screen, FilterPrompt)
    s.app.screen.query_one(Input).value = typed
    await s.press("enter")
    await s.pilot.pause(0.1)


async def test_a_filter_narrows_every_journal_and_is_taken_away_by_an_empty_one() -> None:
    async with stage() as s:
        await type_filter(s, "raft")
        for pane in (1, 2, 3):
            assert (
                "raft 50" in s.pane(pane) and "line 59" not in s.pane(pane) and "/raft 6/63" in s.pane(pane)
            )
        s.feed.entries(NODES[0], [cases.entry("raft now"), cases.entry("something else")])
        await until(s, "pane-1", "raft now")
        assert "something else" not in s.pane(1)
        await type_filter(s, "")
        await until(s, "pane-1", "something else")


async def test_a_wrong_filter_says_what_is_wrong_and_is_not_taken() -> None:
    async with stage() as s:
        await type_filter(s, "re:(")
        assert isinstance(s.app.screen, FilterPrompt)
        assert "▲ not an expression: missing )" in s.text("filter-say")
        await s.press("escape")
        assert s.app.journals.tails[NODES[0]].filter is None
        await type_filter(s, "level:loud")
        assert "there are debug, info, warn, error, fatal" in s.text("filter-say")


async def test_a_filter_that_nothing_passes_says_so() -> None:
    async with stage() as s:
        await type_filter(s, "no such text")
        assert "no line passes the filter" in s.pane(1)


async def test_matches_in_their_context() -> None:
    async with stage() as s:
        await s.press("n")
        assert "n next match: no filter: / sets one" in s.text("footer")
        await type_filter(s, "level:warn")
        await s.press("c")
        await until(s, "pane-1", "line 59")
        assert "/level:warn marked" in s.pane(1)
        await s.press("N")
        assert s.app.journals.tails[NODES[0]].current()[0].text == "raft 50"
        await s.press("N", "n")
        assert s.app.journals.tails[NODES[0]].current()[0].text == "raft 50"
        await s.press("n")
        assert "no later line passes" in s.text("footer")


async def test_repeats_are_opened() -> None:
    async with stage() as s:
        assert "3× again" in s.pane(1)
        await s.press("o")
        await s.pilot.pause(0.1)
        assert "3× again" not in s.pane(1) and s.pane(1).count("again") == 3
        await s.press("o", "k", "o")
        assert "this line stands for itself" in s.text("footer")


async def test_text_is_scrolled_by_keys_that_are_free() -> None:
    async with stage() as s:
        await s.press("greater_than_sign")
        assert s.app.journals.tails[NODES[2]].left == 16 and "‹16" in s.pane(2)
        await s.press("less_than_sign", "l")
        assert s.app.journals.tails[NODES[0]].left == 0 and s.dashboard.chosen == 2
        await s.press("z", "l", "right")
        assert s.app.journals.tails[NODES[1]].left == 32 and s.dashboard.chosen == 2
        await s.press("h", "left", "W", "greater_than_sign")
        assert "lines are wrapped" in s.text("footer")


async def test_a_selection_is_copied_into_the_clipboard_and_a_file(home: Path) -> None:
    async with stage() as s:
        await s.press("k", "v", "k", "k")
        assert "3 selected · y copies" in s.pane(1)
        await s.press("y")
        copied = s.app.clipboard.split("\n")
        assert [one.split(" ")[4] for one in copied] == ["57", "58", "59"]
        assert "3 selected" not in s.pane(1) and "copied: 3 lines" in s.text("footer")
        (path,) = home.parent.rglob("copied/journal.txt")
        assert path.read_text() == s.app.clipboard + "\n" and stat.S_IMODE(path.stat().st_mode) == 0o600
        await s.press("v", "escape")
        assert s.app.journals.tails[NODES[0]].anchor is None


async def test_what_is_too_much_for_the_clipboard_is_whole_in_the_file(home: Path) -> None:
    async with stage() as s:
        s.feed.entries(NODES[0], [cases.entry(f"{n} " + "y" * 900, node=NODES[0]) for n in range(200)])
        await s.pilot.pause(0.1)
        await s.press("v", "g", "y")
        assert len(s.app.clipboard) <= 64 * 1024 and "the clipboard has the first" in s.text("footer")
        (path,) = home.parent.rglob("copied/journal.txt")
        assert len(path.read_text().splitlines()) == 263 and path.read_text().startswith(s.app.clipboard)


@pytest.mark.invariant("INV-8")
async def test_what_passes_is_exported_into_a_private_file(home: Path) -> None:
    async with stage() as s:
        await type_filter(s, "raft")
        await s.press("Y")
        assert "6 lines in " in s.text("footer")
        (path,) = home.parent.rglob("exported/*.txt")
        assert (
            path.name.startswith("nova-prod-nova-master-1-2024")
            and stat.S_IMODE(path.stat().st_mode) == 0o600
        )
        said = path.read_text().splitlines()
        assert said[1] == "# 6 of 63 lines held (filter raft); 63 came in all" and len(said) == 8
        await s.press("Y")
        assert len(list(home.parent.rglob("exported/*.txt"))) == 2


async def test_an_entry_is_shown_whole() -> None:
    async with stage() as s:
        await s.press("k", "k", "enter")
        assert isinstance(s.app.screen, EntryPage)
        await until(s, "page", "_PID")
        said = s.text("page")
        assert "line 58 of nova-master-1" in said and ["took", "58ms"] in [
            line.strip("│ ").split() for line in said.splitlines()
        ]
        assert '"level": "warn"' in said and "\\x1b[2J" in said and "2024-06-14" in said
        await s.press("y")
        assert "_PID" in s.app.clipboard
        await s.press("enter")
        assert isinstance(s.app.screen, Dashboard)


async def test_an_entry_of_a_master_that_is_gone_is_shown_as_far_as_it_is_known() -> None:
    feed = AskedFeed()
    feed.trouble = Unreachable("no connection", "172.31.100.97 does not answer")
    async with stage(feed=feed) as s:
        await s.press("enter")
        await until(s, "page", "no connection: 172.31.100.97 does not answer")
        assert "3 lines are shown as this one" in s.text("page")
    async with stage(feed=cases.FakeFeed()) as s:
        await s.press("enter")
        await until(s, "page", "there is no master behind this")


async def test_looking_back_beyond_what_is_held() -> None:
    feed = AskedFeed()
    async with stage(feed=feed) as s:
        await s.press("g")
        assert "k older lines, from the master" in s.pane(1)
        await s.press("k")
        await fetched(s, 500)
        assert feed.asked == [(NODES[0], f"{NODES[0]}-0")]
        await s.press("k")
        assert s.app.journals.tails[NODES[0]].current()[0].text == "old 500"
        await s.press("g", "k")
        await fetched(s, 1_000)
        await s.press("g")
        await until(s, "pane-1", "here the master's journal of etcd b")
        await s.press("k")
        assert len(feed.asked) == 2 and len(s.app.journals.tails[NODES[0]].held) == 1_063
        await s.press("f")
        assert "again" in s.pane(1)


async def test_looking_back_is_bounded_and_trouble_is_said() -> None:
    feed = AskedFeed()
    feed.older_lines = 1_000_000
    async with stage(feed=feed) as s:
        for count in range(500, OLDER_MAX + 1, 500):
            await s.press("g", "k")
            await fetched(s, count)
        await s.press("g", "k")
        await until(s, "pane-1", "older lines are held, and no")
        assert s.app.journals.tails[NODES[0]].fetched == OLDER_MAX and len(feed.asked) == OLDER_MAX // 500
        feed.trouble = RemoteError("the master's journal could not be read", "exit 1")
        await s.press("2", "g", "k")
        await until(s, "pane-2", "▲ the master's journal could not be")


async def test_a_recording_has_no_older_lines() -> None:
    async with stage(feed=cases.FakeFeed()) as s:
        await s.press("g", "k")
        assert "older lines" not in s.pane(1)


async def test_all_masters_on_one_time_line() -> None:
    async with stage() as s:
        await s.press("M")
        assert isinstance(s.app.screen, MergedScreen)
        await until(s, "merged", "following")
        rows = [text_of(line) for line in s.app.screen.query_one("#merged", RowsView).shown][1:-1]
        assert all(any(f" m{n} " in line for n in (1, 2, 3)) for line in rows)
        s.feed.entries(NODES[1], [cases.entry("now on two", ago_ms=-1_000, node=NODES[1])])
        await until(s, "merged", "m2 · now on two")
        await s.press("k")
        s.feed.entries(NODES[0], [cases.entry("late", ago_ms=30_000, node=NODES[0])])
        await until(s, "merged", "+1 new")
        assert "late" not in s.text("merged")
        await type_filter(s, "late")
        await until(s, "merged", "m1 · late")
        await s.press("enter")
        assert isinstance(s.app.screen, EntryPage)
        await s.press("escape", "q")
        assert isinstance(s.app.screen, Dashboard) and s.app.journals.merged is None
        await until(s, "pane-1", "late")


async def test_an_impatient_finger_asks_the_masters_once_and_keeps_the_answer() -> None:
    feed, answer = AskedFeed(), asyncio.Event()
    older = feed.older

    async def slowly(node: str, cursor: str) -> Older:
        found = await older(node, cursor)
        await answer.wait()
        return found

    feed.older = slowly  # type: ignore[method-assign]
    async with stage(feed=feed) as s:
        await s.press("M")
        await until(s, "merged", "following")
        await s.press("g", "k", "k", "k")
        await waiting.until(s.pilot, lambda: len(feed.asked) == 3)
        answer.set()
        await waiting.until(s.pilot, lambda: any(tail.fetched for tail in s.app.journals.tails.values()))
        assert len(feed.asked) == 3
        await s.press("g")
        await until(s, "merged", "old ")


async def test_all_masters_look_back_together() -> None:
    feed = AskedFeed()
    feed.older_lines = 1_500
    async with stage(feed=feed) as s:
        await s.press("M", "g", "k")
        merged = s.app.journals.merged
        assert merged is not None
        async with asyncio.timeout(60):
            while len(merged.held) < 3 * 63 + 1_500:
                await s.pilot.pause(0.05)
        assert merged.current()[0].text == "raft 0"
        assert not any(tail.following for tail in s.app.journals.tails.values())
        await s.press("M")
        assert all(tail.following for tail in s.app.journals.tails.values())


async def test_where_one_masters_lines_begin_later_a_row_says_so() -> None:
    async with stage() as s:
        s.app.journals.tails[NODES[2]].clear()
        s.feed.entries(NODES[2], lines(NODES[2], 5))
        await s.press("M")
        await until(s, "merged", "m3 ┄ older lines of this master are not held here")


async def test_clocks_that_differ_are_told() -> None:
    node = cases.node(2)
    skewed = type(node)(**{f: getattr(node, f) for f in node.__struct_fields__} | {"clock_skew_ms": 4_000})
    async with stage(snapshot=cases.cluster(cases.node(1), skewed, cases.node(3))) as s:
        await s.press("M")
        await until(s, "merged", "clocks differ by 3")


@pytest.mark.parametrize(
    "key", ["h", "l", "left", "right", "n", "c", "o", "t", "W", "e", "E", "space", "G", "Y", "f"]
)
async def test_no_key_of_the_time_line_breaks_it(key: str) -> None:
    async with stage() as s:
        await s.press("M", key, key)
        assert isinstance(s.app.screen, MergedScreen)
        await s.press("question_mark")
        await until(s, "page", "next match")
