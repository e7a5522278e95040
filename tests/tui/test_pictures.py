"""The main states at three sizes, as pictures that a person looked at. ``pytest --snapshot-update`` takes new ones: look again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from novatui.model.cluster import ClusterSnapshot
from novatui.tui.app import NovatuiApp
from tests.tui import screen_cases as cases

SIZES = [(80, 24), (120, 40), (200, 60)]
STATES: dict[str, ClusterSnapshot] = {
    "connecting": cases.cluster(
        cases.connecting(1, "opening TCP"),
        cases.connecting(2, "checking the host key"),
        cases.connecting(3, "authenticating"),
    ),
    "healthy": cases.healthy_cluster(),
    "member-down": cases.cluster(cases.node(1), cases.dead(2), cases.node(3)),
    "hung-and-alarm": cases.cluster(cases.node(1), cases.hung(2), cases.alarmed(3)),
    "no-quorum": cases.cluster(cases.no_quorum(1), cases.dead(2), cases.dead(3)),
    "nobody-answers": cases.cluster(cases.lost(1), cases.refused(2), cases.stale(3)),
}


def journals(feed: cases.FakeFeed) -> None:
    for number in (1, 3):
        name = f"nova-master-{number}"
        feed.entries(
            name,
            [
                cases.entry(f"compacted revision {371_000 + n}", ago_ms=90_000 - n * 1_000, node=name)
                for n in range(80)
            ],
        )
    feed.entries("nova-master-2", cases.panic_lines())


def picture(
    snap_compare: Callable[..., bool],
    snapshot: ClusterSnapshot,
    size: tuple[int, int],
    keys: tuple[str, ...] = (),
    opens: str = "",
) -> bool:
    feed = cases.FakeFeed()
    app = NovatuiApp(
        cases.config(len(snapshot.nodes)), feed=feed, clock=lambda: cases.NOW, judge=cases.diagnosis_of
    )

    async def arrive(pilot: Pilot[Any]) -> None:
        await feed.started.wait()
        for ago_s in range(240, 0, -10):  # the four minutes before
            app.trends.add(cases.before(snapshot, ago_s))
        feed.snapshot(snapshot)
        if snapshot.nodes[0].at_ms is not None:
            journals(feed)
        await pilot.pause(0.25)
        if opens:
            app.open_wizard(opens)
        for key in keys:
            await pilot.press(key)
        await pilot.pause(0.2)

    return snap_compare(app, terminal_size=size, run_before=arrive)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_state(snap_compare: Callable[..., bool], state: str, size: tuple[int, int]) -> None:
    assert picture(snap_compare, STATES[state], size)


def test_seven_masters(snap_compare: Callable[..., bool]) -> None:
    nodes = [cases.dead(5, 7) if n == 5 else cases.node(n, 7) for n in range(1, 8)]
    assert picture(snap_compare, cases.cluster(*nodes), (120, 40), ("5",))


def test_paused_at_an_error(snap_compare: Callable[..., bool]) -> None:
    assert picture(snap_compare, STATES["member-down"], (120, 40), ("2", "E", "E"))


def test_list(snap_compare: Callable[..., bool]) -> None:
    assert picture(snap_compare, STATES["nobody-answers"], (60, 18))


def test_why(snap_compare: Callable[..., bool]) -> None:
    assert picture(snap_compare, STATES["member-down"], (80, 24), ("d",))


def test_by_hand(snap_compare: Callable[..., bool]) -> None:
    assert picture(snap_compare, STATES["member-down"], (120, 40), opens="disarm-alarm")
