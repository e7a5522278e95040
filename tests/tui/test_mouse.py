"""The mouse, where it is natural: what a click does, and that none does what acts on a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from novatui.model.findings import Diagnosis, Verdict, Way
from novatui.present.member_table import node_at
from novatui.present.pointing import choice_at, key_at
from novatui.present.rows import Role, row, text_of
from novatui.present.run import Link
from novatui.tui.action import Action
from novatui.tui.actions import ACTIONS, find
from novatui.tui.app import NovatuiApp
from novatui.tui.picking import PickApp
from novatui.tui.screens.clusters import ClusterPicker
from novatui.tui.screens.dashboard import Dashboard
from novatui.tui.screens.entry import EntryPage
from novatui.tui.screens.evidence import EvidenceScreen
from novatui.tui.screens.history import HistoryScreen
from novatui.tui.screens.page import HelpScreen
from novatui.tui.screens.recover_menu import RecoverMenu
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.run_choice import ChoiceModal
from novatui.tui.screens.wizard import RestartWizard
from novatui.tui.screens.wizard_first import _window
from novatui.tui.screens.wizard_view import FIRST
from novatui.tui.widgets.rows_view import RowsView
from tests.tui import screen_cases as cases
from tests.tui.book_cases import BookClient
from tests.tui.run_cases import FakeClient, FakeFollower, happy
from tests.tui.screen_cases import NOW
from tests.tui.test_dashboard import Stage, lines, stage
from tests.tui.test_run import app_with, armed, at_gate, opened, summary
from tests.tui.waiting import until


@pytest.fixture
def said_for_long(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on what the last line says stays: a busy machine may look late."""
    return lambda: monkeypatch.setattr("novatui.tui.widgets.footer.MESSAGE_SECONDS", 600.0)


async def choices(pilot: Pilot[None], count: int) -> None:
    """The modal in front listens, and has its place."""

    def there() -> bool:
        screen = pilot.app.screen
        if not isinstance(screen, (ClusterPicker, RecoverMenu, ChoiceModal)) or not screen.armed:
            return False
        rows = screen.query_one("#choice-rows", RowsView)
        return len(screen._spans) == count and rows.region.height == len(rows.shown)

    await until(pilot, there)


def test_which_key_a_cell_names() -> None:
    line = row("member down   ", ("w", Role.KEY), " recover  ", ("d ", Role.KEY), ("why", Role.DIM))
    assert [key_at(line, x) for x in (0, 13, 14, 24, 25, 29, 30)] == ["", "", "w", "w", "d", "d", ""]
    assert key_at((), 0) == ""


def test_which_choice_a_row_is_of() -> None:
    assert [choice_at([(0, 0), (2, 4), (4, 5)], y) for y in range(-1, 6)] == [
        *[None] * 3,
        1,
        1,
        2,
        None,
    ]
    rows, spans = _window([[row(f"{n}"), row("more")] for n in range(9)], 4, 8)
    assert [text_of(line) for line in rows][1:-1] == [text for n in (4, 5, 6) for text in (str(n), "more")]
    assert choice_at(spans, 0) is None and choice_at(spans, 1) == 4 and choice_at(spans, 6) == 6


def test_whose_member_a_row_of_the_table_shows() -> None:
    seen = cases.cluster(cases.node(1), cases.dead(2), cases.node(3))
    assert [node_at(seen, y) for y in range(-1, 5)] == [None, None, 1, 2, 3, None]


@pytest.mark.parametrize(
    "action",
    [find("wizard-prepare")]
    + [find(f"run-{name}") for name in ("pause", "continue", "resume", "abort", "undo", "abandon")],
    ids=lambda action: action.id,
)
def test_what_acts_on_a_run_is_done_by_its_key_alone(action: Action) -> None:
    assert action.by_key


def test_all_else_only_looks() -> None:
    """Whoever adds an action says whether a click may do it: those of runs and wizards that one may do are these."""
    free = [a.id for a in ACTIONS if a.scope in ("run", "wizard") and not a.by_key and a.footer]
    assert free == [
        *("wizard-next", "wizard-back", "wizard-again", "wizard-overrule", "wizard-scripts", "wizard-copy"),
        *("wizard-quit", "run-gate", "run-output", "run-copy", "run-leave"),
    ]


def line_of(s: Stage, text: str) -> tuple[int, int]:
    """Where it is in the first pane."""
    return 6, next(y for y, line in enumerate(s.pane(1).splitlines()) if text in line)


async def test_panes_lines_members_and_the_headline_are_clicked() -> None:
    nodes = [cases.dead(n) if n == 2 else cases.node(n) for n in range(1, 4)]
    async with stage(cases.cluster(*nodes)) as s:
        pilot, tail = s.pilot, s.app.journals.tails["nova-master-1"]

        def at() -> str:
            """The line under the cursor."""
            return "" if tail.following else tail.current()[0].text

        s.feed.entries("nova-master-1", lines(200))
        await until(pilot, lambda: "line 199" in s.pane(1))
        await pilot.click("#members", offset=(4, 2))
        await until(pilot, lambda: s.dashboard.chosen == 2)
        await pilot.click("#members", offset=(4, 0))  # the head is nobody's
        await pilot.click("#pane-1", offset=line_of(s, "line 195"))
        await until(pilot, lambda: s.dashboard.chosen == 1)
        assert not at(), "the first click only chooses the pane"
        await pilot.click("#pane-1", offset=line_of(s, "line 195"))
        await until(pilot, lambda: at() == "line 195")
        assert s.shows(Dashboard)
        await pilot.click("#pane-1", offset=line_of(s, "line 196"))
        await until(pilot, lambda: at() == "line 196")
        await pilot.click("#pane-1", offset=line_of(s, "line 196"))
        await until(pilot, lambda: s.shows(EntryPage))
        await pilot.click(offset=(1, 1))  # beside the page
        await until(pilot, lambda: s.shows(Dashboard))
        await pilot.click("#pane-1", offset=(6, 0), times=2)
        await until(pilot, lambda: s.panes == [1])
        await s.press("escape")
        await pilot.click("#footer", offset=(s.text("footer").index("? help") + 1, 0))
        await until(pilot, lambda: s.shows(HelpScreen))
        await until(pilot, lambda: "Shift and drag selects text" in s.text_of_page())
        await pilot.press("escape")
        await until(pilot, lambda: s.shows(Dashboard))
        await pilot.click("#headline", offset=(4, 0))
        await until(pilot, lambda: s.shows(EvidenceScreen))


async def test_findings_and_recoveries_are_chosen_and_a_key_that_cannot_act_says_why(
    said_for_long: Callable[[], None],
) -> None:
    nodes = [cases.dead(n, 5) if n in (2, 5) else cases.node(n, 5) for n in range(1, 6)]
    ways = tuple(Way(runbook=name, node="nova-master-5") for name in ("restart-member", "recover-member"))

    def judge(*seen: object) -> Diagnosis:
        return Diagnosis(verdict=Verdict.DEGRADED, quorum=cases.diagnosis_of(*seen).quorum, ways=ways)  # type: ignore[arg-type]

    async with stage(cases.cluster(*nodes), (120, 60)) as s:
        pilot = s.pilot
        await s.press("d")
        await until(pilot, lambda: s.shows(EvidenceScreen) and s.text("page"))
        why = s.app.screen
        assert isinstance(why, EvidenceScreen)
        await pilot.click("#page", offset=(6, why._spans[1][0] + 1))
        await until(pilot, lambda: why._chosen == 1)
        assert s.shows(EvidenceScreen), "the first click chooses"
        await pilot.click("#page", offset=(6, why._spans[1][0] + 1))
        await until(pilot, lambda: s.shows(Dashboard))
        assert s.dashboard.chosen == 5, "the second one follows"
    async with stage(cases.cluster(*nodes), (120, 60), judge=judge) as s:
        pilot = s.pilot
        await pilot.click("#footer", offset=(s.text("footer").index("w recover") + 1, 0))
        await until(pilot, lambda: s.shows(RecoverMenu))
        menu = s.app.screen
        assert isinstance(menu, RecoverMenu)
        await choices(pilot, 2)
        await pilot.click("#choice-rows", offset=(6, menu._spans[1][0]))
        await until(pilot, lambda: menu.chosen == 1)
        await choices(pilot, 2)
        await pilot.click("#choice-rows", offset=(6, menu._spans[1][0]))
        await until(pilot, lambda: not s.shows(RecoverMenu))
    async with stage(cases.healthy_cluster()) as s:
        said_for_long()
        at = s.text("footer").index("w recover") + 1
        await s.pilot.click("#footer", offset=(at, 0))
        await until(s.pilot, lambda: "nothing to recover" in s.text("footer"))
        assert s.shows(Dashboard)


async def test_a_click_aborts_no_run(said_for_long: Callable[[], None]) -> None:
    _journal, follower = at_gate()
    app = app_with(FakeClient(follower))

    def said() -> str:
        return "\n".join(text_of(line) for view in app.screen.query(RowsView) for line in view.shown)

    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, FakeClient(follower))
        await armed(pilot)
        await pilot.press("escape")
        await choices(pilot, 4)
        rows = app.screen.query_one("#choice-rows", RowsView)
        at = next(y for y, line in enumerate(rows.shown) if "Abort" in text_of(line))
        await pilot.click("#choice-rows", offset=(6, at))
        await until(pilot, lambda: "Abort: only its key does it, A" in said())
        assert isinstance(app.screen, ChoiceModal) and not follower.requests
        await pilot.press("l")  # look at the run
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and "A abort" in said())
        said_for_long()
        await pilot.click("#footer", offset=(2, 0))
        await until(pilot, lambda: "abort: only its key does it, A" in said())
        assert isinstance(app.screen, RunScreen) and not follower.requests


async def test_a_run_of_the_history_is_chosen_then_opened() -> None:
    client = FakeClient(FakeFollower(happy(), live=False))
    client.listed = [
        summary(alive=False, result="verified"),
        summary(run="11aa", alive=False, result="failed"),
    ]
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = HistoryScreen(client)
        app.push_screen(screen)
        await until(pilot, lambda: screen.runs)
        await pilot.click("#history-page", offset=(5, 20))  # nothing is there
        await pilot.click("#history-page", offset=(5, 4))
        await until(pilot, lambda: screen.chosen == 1)
        await pilot.click("#history-page", offset=(5, 4))
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.link is Link.PAST)


async def test_a_master_of_the_wizard_is_chosen_then_taken() -> None:
    client, feed = BookClient(), cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: NOW, client=client, judge=cases.diagnosis_of)
    async with app.run_test(size=(120, 40)) as pilot:
        await feed.started.wait()
        wizard = RestartWizard(app, "nova-master-2")
        app.push_screen(wizard)
        await until(pilot, lambda: len(wizard.first.spans) == 3)
        await pilot.click("#wizard-page", offset=(5, wizard.first.spans[2][0] + 1))
        await until(pilot, lambda: wizard.first.node == "nova-master-3")
        assert wizard.page == FIRST
        await pilot.click("#wizard-page", offset=(5, wizard.first.spans[2][0] + 1))
        await until(pilot, lambda: wizard.page != FIRST)


async def test_a_cluster_of_the_picker_is_chosen_then_opened() -> None:
    clusters = [cases.config(environment="prod"), cases.config(environment="test")]
    app = PickApp(clusters)
    async with app.run_test(size=(80, 24)) as pilot:
        await choices(pilot, 2)
        picker = app.screen
        assert isinstance(picker, ClusterPicker)
        await pilot.click("#choice-rows", offset=(6, picker._spans[1][0]))
        await until(pilot, lambda: picker.chosen == 1)
        assert app.picked is None
        await pilot.click("#choice-rows", offset=(6, picker._spans[1][0]))
        await until(pilot, lambda: app.picked is not None)
    assert app.picked is clusters[1]
