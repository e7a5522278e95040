"""The dashboard under keys, resizes, floods and hostile text, on a feed of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot

from novatui.config import ClusterConfig
from novatui.model.cluster import ClusterSnapshot, NodeError
from novatui.model.entries import Entry, Level
from novatui.model.findings import Diagnosis, Evidence, Finding, Severity, Way
from novatui.present.rows import text_of
from novatui.tui.app import Diagnose, NovatuiApp
from novatui.tui.palette import Palette
from novatui.tui.screens.dashboard import Dashboard
from novatui.tui.screens.evidence import EvidenceScreen
from novatui.tui.screens.page import ByHandScreen, HelpScreen
from novatui.tui.screens.wizard import WizardScreen
from novatui.tui.widgets.page import Page
from novatui.tui.widgets.pane import NodePane
from novatui.tui.widgets.rows_view import RowsView
from tests.tui import screen_cases as cases
from tests.tui.waiting import until

DOWN = cases.cluster(cases.node(1), cases.dead(2), cases.node(3))
HOSTILE = "[/x] [bold] [@click=app.quit]x[/] \x1b]52;c;aGk=\x07 \x1b[2J \u202eevil \x9b31m 日本"


class Stage:
    """An app under test: ``text(id)`` reads a part of the screen back."""

    def __init__(self, app: NovatuiApp, feed: cases.FakeFeed, pilot: Pilot[None]) -> None:
        self.app, self.feed, self.pilot = app, feed, pilot

    async def show(self, snapshot: ClusterSnapshot) -> None:
        self.feed.snapshot(snapshot)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.1)  # two pulls of a pane

    def text(self, part: str) -> str:
        return "\n".join(text_of(line) for line in self.app.screen.query_one(f"#{part}", RowsView).shown)

    def pane(self, number: int) -> str:
        return self.text(f"pane-{number}")

    def text_of_page(self) -> str:
        """The whole of the page in front, also what is below its edge."""
        return " ".join(" ".join(text_of(line) for line in self.app.screen.query_one(Page)._page).split())

    @property
    def panes(self) -> list[int]:
        return [pane.number for pane in self.app.screen.query(NodePane) if pane.display]

    def shows(self, kind: type[object]) -> bool:
        """Whether such a screen is on top."""
        return isinstance(self.app.screen, kind)

    @property
    def dashboard(self) -> Dashboard:
        screen = self.app.screen
        assert isinstance(screen, Dashboard)
        return screen


@asynccontextmanager
async def stage(
    snapshot: ClusterSnapshot | None = DOWN,
    size: tuple[int, int] = (120, 40),
    cluster: ClusterConfig | None = None,
    judge: Diagnose = cases.diagnosis_of,
) -> AsyncIterator[Stage]:
    feed = cases.FakeFeed()
    count = len(snapshot.nodes) if snapshot else 3
    app = NovatuiApp(cluster or cases.config(count), feed=feed, clock=lambda: cases.NOW, judge=judge)
    async with app.run_test(size=size) as pilot:
        await feed.started.wait()
        one = Stage(app, feed, pilot)
        if snapshot:
            await one.show(snapshot)
        await pilot.pause()
        yield one


def lines(count: int, node: str = "nova-master-1") -> list[Entry]:
    return [cases.entry(f"line {n}", node=node) for n in range(count)]


async def test_opens_before_anybody_answers() -> None:
    async with stage(None) as s:
        assert "connecting" in s.pane(1) and "no data yet" in s.pane(2)
        assert "UNKNOWN" in s.text("verdict") and "no data yet" in s.text("verdict")


async def test_a_snapshot_reaches_every_part() -> None:
    async with stage() as s:
        assert "▲ DEGRADED" in s.text("verdict") and "quorum 2/3" in s.text("verdict")
        assert "nova-master-2: database corrupt" in s.text("headline") and "w recover-member" in s.text(
            "headline"
        )
        assert "★ leader" in s.pane(3) and "restarting" in s.pane(2)
        assert "✖ no reply" in s.text("members")
        assert "w recover" in s.text("footer")


async def test_journal_lines_arrive_and_are_followed() -> None:
    async with stage() as s:
        s.feed.entries("nova-master-1", lines(200))
        await s.pilot.pause(0.15)
        assert "line 199" in s.pane(1) and "line 0 " not in s.pane(1) and "following" in s.pane(1)


async def test_scrolling_up_pauses_and_counts_what_comes() -> None:
    async with stage() as s:
        s.feed.entries("nova-master-1", lines(200))
        await s.pilot.pause(0.15)
        await s.press("k")
        s.feed.entries("nova-master-1", [cases.entry(f"new {n}") for n in range(14)])
        await s.pilot.pause(0.15)
        assert "line 199" in s.pane(1) and "new 13" not in s.pane(1) and "+14 new · f to follow" in s.pane(1)
        await s.press("f")
        assert "new 13" in s.pane(1) and "following" in s.pane(1)


async def test_wheel_scrolls_the_pane_under_it() -> None:
    async with stage() as s:
        s.feed.entries("nova-master-3", lines(200, "nova-master-3"))
        await s.pilot.pause(0.15)
        await s.pilot._post_mouse_events(  # the pilot has no wheel of its own
            [events.MouseScrollUp],
            widget="#pane-3",
            offset=(5, 12),
            button=0,
        )
        await s.pilot.pause(0.15)
        assert not s.app.journals.tails["nova-master-3"].following and "paused" in s.pane(3)


async def test_errors_time_wrap_and_copy() -> None:
    async with stage() as s:
        s.feed.entries("nova-master-1", [*cases.panic_lines("nova-master-1"), *lines(100)])
        await s.pilot.pause(0.15)
        await s.press("E")
        assert "panic: failed to open" in s.pane(1)
        await s.press("y")
        assert (
            s.app.clipboard
            == "2024-06-14T12:37:49.000+00:00 nova-master-1 fatal panic: failed to open database: invalid database"
        )
        assert "copied: 12:37:49" in s.text("footer")
        await s.press("E", "t")
        assert "12:37:49.000" in s.pane(1)
        await s.press("t")
        assert "12:37:49" not in s.pane(1).split("journal")[1]
        await s.press("E")
        assert "no earlier error" in s.text("footer")
        await s.press("W")
        assert s.app.journals.tails["nova-master-2"].wrapped


async def test_choosing_by_number_tab_and_click() -> None:
    async with stage() as s:
        await s.press("2")
        assert s.dashboard.chosen == 2
        await s.press("tab")
        assert s.dashboard.chosen == 3
        await s.press("l")
        assert s.dashboard.chosen == 1
        await s.press("h")
        assert s.dashboard.chosen == 3
        await s.pilot.click("#pane-1", offset=(5, 5))
        await s.pilot.pause()
        assert s.dashboard.chosen == 1
        await s.press("7")
        assert s.dashboard.chosen == 1 and "no master 7" in s.text("footer")


async def test_zoom_and_back() -> None:
    async with stage() as s:
        await s.press("2", "z")
        assert s.panes == [2] and not s.app.screen.query_one("#members").display
        await s.press("3")
        assert s.panes == [3]
        await s.press("escape")
        assert s.panes == [1, 2, 3] and s.app.screen.query_one("#members").display


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_any_number_of_masters_at_any_size(count: int, size: tuple[int, int]) -> None:
    async with stage(cases.healthy_cluster(count), size) as s:
        assert s.panes == ([1] if size[0] < 108 else list(range(1, min(3, count) + 1)))
        strip = s.app.screen.query_one("#strip")
        assert strip.display == (size[0] < 108 or count > 3)
        assert s.app.screen.query_one("#evidence").display == (size[0] >= 180)
        for part in ("verdict", "headline", "footer"):
            assert len(s.text(part)) <= size[0]
        if count > 3:
            await s.press(str(count))
            assert count in s.panes
        widths = {pane.size.width for pane in s.app.screen.query(NodePane) if pane.display}
        assert min(widths) > 30


@pytest.mark.parametrize("dead", [4, 5])
async def test_a_dead_one_has_a_pane_whatever_its_number(dead: int) -> None:
    nodes = [cases.dead(n, 5) if n == dead else cases.node(n, 5) for n in range(1, 6)]
    async with stage(cases.cluster(*nodes)) as s:
        assert s.panes == [1, 2, dead] and "restarting" in s.pane(dead)
        assert f"‹{dead} ✖" in s.text("strip") and "[1 ●" in s.text("strip")
        await s.pilot.resize_terminal(80, 24)
        await s.pilot.pause(0.1)
        assert s.panes == [dead], "the one pane there is room for is that of what is broken"
        await s.press("question_mark")
        assert "has a pane too" in s.text_of_page()
        await s.press("escape", "tab")
        assert s.panes == [dead % 5 + 1]
        await s.pilot.resize_terminal(40, 12)
        await s.pilot.pause(0.1)
        listed = s.text("status-list")
        assert s.dashboard.chosen == dead % 5 + 1 and all(f"nova-master-{n}" in listed for n in range(1, 6))


async def test_narrow_shows_the_table_instead_of_the_pane() -> None:
    async with stage(size=(80, 24)) as s:
        assert not s.app.screen.query_one("#members").display
        await s.press("m")
        assert s.app.screen.query_one("#members").display and not s.app.screen.query_one("#body").display
        assert "✖ no reply" in s.text("members")
        await s.press("m")
        assert s.app.screen.query_one("#body").display


@pytest.mark.parametrize("size", [(60, 20), (30, 8), (200, 10), (12, 3)])
async def test_below_80x24_is_a_list_never_a_refusal(size: tuple[int, int]) -> None:
    async with stage(size=size) as s:
        assert s.app.screen.query_one("#status-list").display
        assert "nova-m" in s.text("status-list") or size[0] < 20
        await s.press("j", "d", "escape", "z")


async def test_resizing_while_lines_arrive() -> None:
    async with stage() as s:
        for n, size in enumerate([(80, 24), (200, 60), (40, 10), (120, 40), (81, 25), (120, 40)]):
            s.feed.entries("nova-master-1", lines(30))
            await s.pilot.resize_terminal(*size)
            s.feed.entries("nova-master-1", [cases.entry(f"after {n}")])
            await s.pilot.pause(0.12)
        assert s.panes == [1, 2, 3] and "after 5" in s.pane(1)
        assert {len(text) for text in s.pane(1).split("\n")} == {40}


async def test_hostile_text_is_shown_and_nothing_else() -> None:
    node = cases.dead(2)
    error = HOSTILE
    snapshot = cases.cluster(
        cases.node(1),
        msgspec.structs.replace(node, endpoint=msgspec.structs.replace(node.endpoint, error=error)),
        msgspec.structs.replace(cases.lost(3), error=NodeError("x", HOSTILE, HOSTILE)),
    )
    async with stage(snapshot, size=(200, 60)) as s:
        s.feed.entries(
            "nova-master-1", [cases.entry(HOSTILE, Level.ERROR, error=HOSTILE), cases.entry(HOSTILE * 900)]
        )
        await s.pilot.pause(0.15)
        assert "[/x] [bold] [@click=app.quit]x[/]" in s.pane(1)
        for key in ("k", "y", "d", "escape", "question_mark", "escape", "W", "E"):
            await s.press(key)
        drawn = "".join(seg.text for strip in s.app.screen._compositor.render_strips() for seg in strip)
        assert not any(bad in drawn for bad in ("\x1b", "\x07", "\x9b", "\u202e"))
        assert s.app.is_running


async def test_why_help_and_palette_open_and_close() -> None:
    async with stage() as s:
        await s.press("d")
        assert s.shows(EvidenceScreen) and "exit 2" in s.text("page")
        await s.press("d")
        await s.press("question_mark")
        assert s.shows(HelpScreen) and "next error" in s.text("page")
        await s.press("escape")
        await s.press("colon")
        assert s.shows(Palette)
        await s.pilot.press(*"zoom")
        await s.pilot.pause(0.4)
        await s.press("enter")
        await s.pilot.pause(0.2)
        assert isinstance(s.app.screen, Dashboard) and s.dashboard.zoomed


async def test_recover_says_why_not_when_there_is_nothing_to_recover() -> None:
    async with stage(cases.healthy_cluster()) as s:
        assert "w recover (nothing to recover)" in s.text("footer")
        await s.press("w")
        assert isinstance(s.app.screen, Dashboard) and "nothing to recover" in s.text("footer")


async def test_a_runbook_without_a_wizard_is_told_by_hand() -> None:
    async with stage() as s:
        s.app.open_wizard("disarm-alarm")
        await s.press()
        assert isinstance(s.app.screen, ByHandScreen)
        assert "no wizard for disarm-alarm" in s.text("page") and "alarm disarm" in s.text("page")
        await s.press("w")
        assert isinstance(s.app.screen, Dashboard)


async def test_the_recommended_runbook_opens_at_once_where_no_other_is_possible() -> None:
    async with stage() as s:
        await s.press("w")
        screen = s.app.screen
        assert isinstance(screen, WizardScreen)
        assert (screen.runbook, screen.first.node) == ("recover-member", "nova-master-2")


def with_ways(*ways: Way, recommend: str = "") -> Callable[..., Diagnosis]:
    def judge(snapshot: ClusterSnapshot, *_rest: object) -> Diagnosis:
        found = cases.diagnosis_of(snapshot)
        node = ways[0].node if recommend else ""
        return msgspec.structs.replace(found, ways=ways, recommend=recommend, recommend_node=node)

    return judge


RESTART = Way(runbook="restart-member", node="nova-master-2", why="it is stopped")
RECOVER = Way(runbook="recover-member", node="nova-master-2", why="if a restart does not help")
RESTORE = Way(runbook="restore-cluster", why_not="quorum stands")


@pytest.mark.parametrize(
    ("keys", "runbook", "node"),
    [
        (("w",), "restart-member", "nova-master-2"),
        (("enter",), "restart-member", "nova-master-2"),
        (("j", "enter"), "recover-member", "nova-master-2"),
        (("m",), "recover-member", "nova-master-2"),
        (("R",), "restore-cluster", ""),
    ],
)
async def test_where_several_are_possible_a_menu_has_the_recommended_one_first(
    keys: tuple[str, ...], runbook: str, node: str
) -> None:
    async with stage(None) as s:
        s.app._judge = with_ways(RESTART, RECOVER, RESTORE, recommend="restart-member")
        await s.show(DOWN)
        await s.press("w")
        said = s.text("choice-rows")
        assert "› r restart-member  nova-master-2" in said and "recommended" in said
        assert "✔ if a restart does not help" in said and "✖ quorum stands" in said
        await s.pilot.pause(0.35)
        await s.press(*keys)
        screen = s.app.screen
        assert isinstance(screen, WizardScreen)
        assert (screen.runbook, screen.first.node) == (runbook, node)


async def test_what_is_to_be_waited_for_is_said_and_everything_can_still_be_looked_at() -> None:
    async with stage(None) as s:
        blocked = [msgspec.structs.replace(way, why="", why_not="not now") for way in (RESTART, RESTORE)]
        s.app._judge = with_ways(*blocked, recommend="wait")
        await s.show(DOWN)
        await s.press("3", "w")
        assert "wait: One member's data is damaged" in s.text("choice-rows")
        await s.pilot.pause(0.35)
        await s.press("escape")
        assert isinstance(s.app.screen, Dashboard)


async def test_the_chosen_pane_is_the_master_where_none_is_recommended() -> None:
    async with stage(None) as s:
        way = Way(runbook="restart-member", why_not="no member is stopped or hung")
        s.app._judge = with_ways(way)
        await s.show(DOWN)
        await s.press("3", "w")
        assert "none is recommended" in s.text("choice-rows")
        await s.pilot.pause(0.35)
        await s.press("enter")
        screen = s.app.screen
        assert isinstance(screen, WizardScreen) and screen.first.node == "nova-master-3"


async def test_ctrl_c_never_quits_and_q_does() -> None:
    async with stage() as s:
        await s.press("ctrl+c")
        assert s.app.is_running and "q does" in s.text("footer")
        await s.press("ctrl+q", "ctrl+z", "ctrl+d")
        assert s.app.is_running
        await s.pilot.press("q")
        await s.pilot.pause()
        assert s.app.return_code == 0
    assert s.feed.closed


async def test_the_poller_may_die_the_screen_says_so_and_r_starts_it_again() -> None:
    async with stage() as s:
        held = msgspec.structs.replace(DOWN, at_ms=cases.NOW + 1)
        s.feed.snapshot(held)  # nothing but its time is new: it waits for the clock
        s.feed.fail(RuntimeError("[/broken]"))
        said = "no new data: the poller stopped (RuntimeError: [/broken])"
        await until(s.pilot, lambda: said in s.text("headline"))
        assert s.app.view.snapshot is held, "the newest that came"
        s.app._tick()
        await s.pilot.pause()
        assert said in s.text("headline") and "▲ DEGRADED" in s.text("verdict")
        await s.press("r")
        await until(s.pilot, lambda: s.feed.starts == 2)
        await s.show(cases.healthy_cluster())
        await until(s.pilot, lambda: "poller" not in s.text("headline"))
        await s.press("r")
        assert (s.feed.starts, s.feed.refreshed) == (2, 1)


async def test_a_bug_in_the_diagnosis_keeps_the_facts() -> None:
    async with stage() as s:

        def broken(*_args: object) -> Diagnosis:
            raise ZeroDivisionError

        s.app._judge = broken
        await s.show(cases.healthy_cluster())
        assert "? UNKNOWN" in s.text("verdict") and "the diagnosis failed" in s.text("headline")
        assert "★ leader" in s.pane(3)


async def test_the_clock_paints_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage() as s:
        s.feed.entries("nova-master-1", lines(200))
        await s.pilot.pause(0.2)
        painted: list[tuple[str | None, int]] = []
        original = RowsView._segments

        def counting(self: RowsView, y: int, width: int) -> object:
            painted.append((self.id, y))
            return original(self, y, width)

        monkeypatch.setattr(RowsView, "_segments", counting)
        s.app.now_ms = cases.NOW + 1_000
        await s.pilot.pause(0.2)
        assert ("verdict", 0) in painted and ("pane-2", 0) in painted
        assert not [one for one in painted if one[0] == "pane-1"] and len(painted) < 12


async def test_asking_again() -> None:
    async with stage() as s:
        await s.press("r")
        assert s.feed.refreshed == 1 and "asking every master" in s.text("footer")


def two_findings(snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]], now_ms: int) -> Diagnosis:
    """A line of the first master's journal, and the unit of the second."""
    line = Evidence(
        node="nova-master-1", source="journal", value="compacted revision 371002", at_ms=cases.NOW - 2_000
    )
    unit = Evidence(node="nova-master-2", source="unit", value="loaded, failed", at_ms=cases.NOW)
    found = (
        Finding(
            id="unit-failed",
            severity=Severity.BAD,
            title="etcd has failed",
            node="nova-master-2",
            evidence=(unit,),
        ),
        Finding(
            id="journal-x", severity=Severity.WARN, title="a line", node="nova-master-1", evidence=(line,)
        ),
    )
    return msgspec.structs.replace(cases.diagnosis_of(snapshot), findings=found)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_enter_on_a_finding_goes_to_where_it_comes_from(size: tuple[int, int]) -> None:
    async with stage(size=size, judge=two_findings) as s:
        s.feed.entries(
            "nova-master-1",
            [cases.entry(f"compacted revision {371_000 + n}", ago_ms=4_000 - n * 1_000) for n in range(4)],
        )
        await s.show(DOWN)
        await s.pilot.pause(0.3)
        await s.press("d")
        assert "› ✖ nova-master-2: etcd has failed" in s.text("page")
        await s.press("enter")
        assert s.dashboard.chosen == 2 and s.app.journals.tails["nova-master-2"].following
        await s.press("d", "j")
        assert "› ▲ nova-master-1: a line" in s.text("page")
        await s.press("enter")
        assert s.dashboard.chosen == 1
        assert [entry.text for entry in s.app.journals.tails["nova-master-1"].current()] == [
            "compacted revision 371002"
        ]


async def test_a_line_that_is_gone_is_said_to_be() -> None:
    async with stage(judge=two_findings) as s:
        await s.press("d", "j", "enter")
        assert s.dashboard.chosen == 1 and s.app.journals.tails["nova-master-1"].following
        assert s.shows(Dashboard)


async def test_the_evidence_opens_the_recommended_runbook_filled_in() -> None:
    async with stage() as s:
        await s.press("d", "w")
        assert s.shows(WizardScreen)
    async with stage(cases.healthy_cluster()) as s:
        await s.press("d", "w")
        assert s.shows(EvidenceScreen), "nothing to recover: it stays, and says so"


async def test_themes_change_and_nothing_breaks() -> None:
    async with stage() as s:
        before = s.app.theme
        await s.press("T")
        assert s.app.theme != before


async def test_a_click_on_the_footer_is_a_key() -> None:
    async with stage() as s:
        at = s.text("footer").index("d why")
        await s.pilot.click("#footer", offset=(at + 1, 0))
        await s.pilot.pause(0.1)
        assert s.shows(EvidenceScreen)
