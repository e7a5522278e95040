"""Several clusters: the picker by keys, what refuses it, and that nothing of one is on the other's screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.screen import Screen

from novatui import paths
from novatui.config import ClusterConfig
from novatui.last_seen import recall
from novatui.model.findings import Verdict
from novatui.present.rows import text_of
from novatui.tui import actions
from novatui.tui import app as screen
from novatui.tui.app import NovatuiApp, run_app
from novatui.tui.picking import PickApp
from novatui.tui.screens.base import NovaScreen
from novatui.tui.screens.clusters import ClusterPicker
from novatui.tui.widgets.rows_view import RowsView
from tests.tui import screen_cases as cases

PROD, STAGE, TEST = (
    replace(cases.config(environment=environment), name=f"nova-{environment}")
    for environment in ("prod", "stage", "test")
)
ALL = (PROD, STAGE, TEST)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "state_dir", lambda: paths.private_dir(tmp_path / "state"))


def shown(of: Screen[Any]) -> str:
    return "\n".join(text_of(line) for view in of.query(RowsView) for line in view.shown)


async def until(pilot: Pilot[Any], words: str) -> None:
    for _ in range(300):
        if words in shown(pilot.app.screen):
            return
        await pilot.pause(0.1)
    raise AssertionError(f"not on the screen: {words}\n{shown(pilot.app.screen)}")


async def armed(pilot: Pilot[Any]) -> ClusterPicker:
    """It is deaf at first."""
    for _ in range(300):
        picker = pilot.app.screen
        if isinstance(picker, ClusterPicker) and picker.armed:
            return picker
        await pilot.pause(0.1)
    raise AssertionError("no picker")


async def test_before_any_is_shown_one_is_chosen_by_its_name() -> None:
    app = PickApp(ALL)
    async with app.run_test(size=(80, 24)) as pilot:
        await armed(pilot)
        await until(pilot, "○ TEST nova-test")
        assert "never seen from here" in shown(app.screen)
        await pilot.press(*"stag")
        await until(pilot, "/ stag")
        assert "nova-prod" not in shown(app.screen)
        await pilot.press("enter")
    assert app.picked is STAGE


async def test_it_is_left_without_one_and_enter_takes_none_where_none_fits() -> None:
    app = PickApp(ALL)
    async with app.run_test(size=(80, 24)) as pilot:
        await armed(pilot)
        await pilot.press(*"xyz", "enter")
        await until(pilot, "none of them")
        await pilot.press("escape", "escape")
    assert app.picked is None


def app_of(cluster: ClusterConfig, clusters: tuple[ClusterConfig, ...] = ALL) -> NovatuiApp:
    return NovatuiApp(
        cluster,
        feed=cases.FakeFeed(),
        clock=lambda: cases.NOW,
        judge=cases.diagnosis_of,
        clusters=clusters,
    )


async def test_another_is_chosen_later_and_the_verdict_of_this_one_is_kept() -> None:
    app = app_of(PROD)
    async with app.run_test(size=(80, 24)) as pilot:
        feed = app.feed
        assert isinstance(feed, cases.FakeFeed)
        await feed.started.wait()
        feed.snapshot(cases.cluster(cases.node(1), cases.dead(2), cases.connecting(3, "asking")))
        await pilot.pause()
        assert recall(PROD) is None  # not before every master was tried
        feed.snapshot(cases.cluster(cases.node(1), cases.dead(2), cases.node(3)))
        for _ in range(300):
            if recall(PROD) is not None:
                break
            await pilot.pause(0.1)
        await pilot.press("C")
        picker = await armed(pilot)
        assert picker.chosen == 0 and "shown now" in shown(picker)
        await pilot.press("down", "enter")
        await pilot.pause()
    assert app.goes_to is STAGE and feed.closed
    seen = recall(PROD)
    assert seen is not None and (seen.verdict, seen.healthy, seen.total) == (Verdict.DEGRADED, 2, 3)


class _Wizard(NovaScreen):
    scope = "wizard"


async def test_what_refuses_it_says_why() -> None:
    alone = app_of(PROD, (PROD,))
    assert alone.why_not_clusters() == "the configuration has one cluster"
    app = app_of(PROD)
    async with app.run_test(size=(80, 24)) as pilot:
        assert actions.find("clusters").why_not(app) == ""
        await app.push_screen(_Wizard())
        assert "a wizard is under way" in actions.find("clusters").why_not(app)
        await pilot.press("C")
        assert not isinstance(app.screen, ClusterPicker) and app.goes_to is None


def test_each_cluster_has_a_screen_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[NovatuiApp] = []

    def runs(self: NovatuiApp) -> None:
        made.append(self)
        self.goes_to = {1: TEST}.get(len(made))
        self._return_code = 0

    monkeypatch.setattr(screen.NovatuiApp, "run", runs)
    assert run_app(PROD, clusters=ALL) == 0
    assert [app.cluster for app in made] == [PROD, TEST]
    assert made[0].journals is not made[1].journals and made[0].people.wallet is not made[1].people.wallet
    assert made[0].journals is not made[1].journals and made[0].people.wallet is not made[1].people.wallet
