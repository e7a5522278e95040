"""What is drawn, and when: a change of state at once, figures once a second, and never more of the screen than changed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from textual._compositor import Compositor

from novatui.model.cluster import ClusterSnapshot, Held, Link, UnitState
from novatui.tui.app import NovatuiApp
from novatui.tui.pace import Pace
from novatui.tui.screens.dashboard import Dashboard
from tests.tui import screen_cases as cases


def moved(snapshot: ClusterSnapshot, index: int) -> ClusterSnapshot:
    """The same cluster a moment later."""
    nodes = [
        replace(
            node,
            at_ms=cases.NOW + index,
            unit=replace(node.unit, since_ms=(node.unit.since_ms or 0) + index % 7),
            endpoint=replace(
                node.endpoint, index=index, latency_ms=index / 10, answered_ms=cases.NOW + index
            ),
        )
        for node in snapshot.nodes
    ]
    return replace(snapshot, nodes=tuple(nodes), at_ms=cases.NOW + index)


def test_figures_wait_for_the_clock_and_the_newest_is_kept() -> None:
    shown: list[ClusterSnapshot] = []
    pace = Pace(shown.append)
    first, second, third = (moved(cases.healthy_cluster(), n) for n in (1, 2, 3))
    for snapshot in (first, second, third):
        pace.arrived(snapshot)
    assert shown == [first]
    assert pace.release() is third
    assert pace.release() is None


@pytest.mark.parametrize(
    "change",
    [
        lambda node: replace(node, link=Link.STALE),
        lambda node: replace(node, unit=UnitState(load="loaded", active="failed", sub="failed")),
        lambda node: replace(node, unit=replace(node.unit, main_pid=4711)),
        lambda node: replace(node, endpoint=replace(node.endpoint, answers=False)),
        lambda node: replace(node, endpoint=replace(node.endpoint, has_quorum=False)),
        lambda node: replace(node, endpoint=replace(node.endpoint, leader_id="0")),
        lambda node: replace(node, endpoint=replace(node.endpoint, term=99)),
        lambda node: replace(node, members=node.members[:2]),
        lambda node: replace(node, held=Held(run="7f3a")),
    ],
)
def test_a_change_of_state_is_shown_at_once_and_what_was_held_is_old(change: object) -> None:
    assert callable(change)
    shown: list[ClusterSnapshot] = []
    pace = Pace(shown.append)
    before = cases.healthy_cluster()
    pace.arrived(before)
    pace.arrived(moved(before, 1))
    after = cases.cluster(before.nodes[0], change(before.nodes[1]), before.nodes[2])
    pace.arrived(after)
    assert shown == [before, after]
    assert pace.release() is None


async def test_a_new_figure_paints_its_lines_and_not_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW, judge=cases.diagnosis_of)
    async with app.run_test(size=(120, 40)) as pilot:
        await feed.started.wait()
        feed.snapshot(cases.healthy_cluster())
        await pilot.pause(0.3)
        painted: list[str] = []

        def noted(name: str) -> None:
            paint = getattr(Compositor, name)

            def noting(*words: Any, **named: Any) -> object:
                painted.append(name)
                return paint(*words, **named)

            monkeypatch.setattr(Compositor, name, noting)

        noted("render_full_update")
        noted("render_partial_update")
        feed.snapshot(moved(cases.healthy_cluster(), 5))
        app._tick()
        await pilot.pause(0.3)
        assert set(painted) == {"render_partial_update"}


async def test_the_dashboard_is_drawn_once_when_it_comes_up(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(Dashboard, "on_view", lambda self, view: drawn.append(1))
    app = NovatuiApp(cases.config(), feed=cases.FakeFeed(), clock=lambda: cases.NOW, judge=cases.diagnosis_of)
    async with app.run_test(size=(120, 40)):
        assert drawn == [1]
