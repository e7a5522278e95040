"""The wizard's, the run's and the gate's main pages at three sizes, as pictures that a person looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from novatui.model.cluster import Held
from novatui.model.records import Record
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.gate import GateModal
from novatui.tui.screens.run import RunScreen
from novatui.tui.widgets.rows_view import RowsView
from tests.tui.book_cases import BookClient
from tests.tui.run_cases import RUN, FakeClient, FakeFollower, Journal, failed, happy, plan
from tests.tui.screen_cases import NOW, FakeFeed, cluster, config, dead, diagnosis_of, node
from tests.tui.test_dashboard import RECOVER, RESTART, RESTORE, with_ways

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
Before = Callable[[Pilot[Any]], Awaitable[None]]


def app_with(client: FakeClient) -> NovatuiApp:
    return NovatuiApp(config(), feed=FakeFeed(), clock=lambda: NOW, client=client)


async def _quiet(pilot: Pilot[Any]) -> None:
    """Until three looks in a row show the same, and more than the frames."""
    before: list[Any] = []
    same = 0
    for _ in range(60):
        await pilot.pause(0.12)
        now = [view.shown for view in pilot.app.screen.query(RowsView) if view.display]
        same = same + 1 if now == before and now else 0
        before = now
        if same == 3:
            return
    raise AssertionError("the screen does not come to rest")


def wizard(*keys: str) -> tuple[NovatuiApp, Before]:
    app = app_with(FakeClient(FakeFollower([], live=False)))

    async def before(pilot: Pilot[Any]) -> None:
        await pilot.press("R")
        await _quiet(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.2)
        await _quiet(pilot)

    return app, before


def run(records: list[Record], *, live: bool, words: str = "") -> tuple[NovatuiApp, Before]:
    client = FakeClient(FakeFollower(records, live=live))
    app = app_with(client)

    async def before(pilot: Pilot[Any]) -> None:
        app.push_screen(RunScreen(client, RUN, plan()))
        await _quiet(pilot)
        if words:
            for _ in range(100):
                if isinstance(app.screen, GateModal) and app.screen.armed:
                    break
                await pilot.pause(0.03)
            await pilot.press(*words, "enter")
        await _quiet(pilot)

    return app, before


def under_way() -> list[Record]:
    journal = Journal()
    journal.prepare()
    journal.open_gate()
    journal.answer()
    journal.step("hold")
    journal.act("stop", "nova-master-1", said="inactive (dead)\nports 2379 2380 closed")
    journal.verify("stop", "nova-master-1")
    journal.act("stop", "nova-master-2", said="was failed\nports closed")
    journal.verify("stop", "nova-master-2")
    return journal.records


def at_gate() -> list[Record]:
    journal = Journal()
    journal.prepare()
    journal.open_gate()
    return journal.records


@sizes
@pytest.mark.parametrize("keys", [(), ("n",), ("n", "n")], ids=["source", "preflight", "plan"])
def test_wizard(snap_compare: Callable[..., bool], size: tuple[int, int], keys: tuple[str, ...]) -> None:
    app, before = wizard(*keys)
    assert snap_compare(app, terminal_size=size, run_before=before)


@sizes
def test_run_under_way(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app, before = run(under_way(), live=True)
    assert snap_compare(app, terminal_size=size, run_before=before)


@sizes
def test_gate(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app, before = run(at_gate(), live=True, words="OLDER")
    assert snap_compare(app, terminal_size=size, run_before=before)


@sizes
def test_verified(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app, before = run(happy(), live=False)
    assert snap_compare(app, terminal_size=size, run_before=before)


@sizes
def test_failed(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app, before = run(failed(), live=False)
    assert snap_compare(app, terminal_size=size, run_before=before)


def books(runbook: str, *keys: str) -> tuple[NovatuiApp, Before]:
    """The wizard of a runbook about members, on a cluster whose second master is down."""
    feed = FakeFeed()
    app = NovatuiApp(config(), feed=feed, clock=lambda: NOW, client=BookClient(), judge=diagnosis_of)

    async def before(pilot: Pilot[Any]) -> None:
        await feed.started.wait()
        feed.snapshot(cluster(node(1), dead(2), node(3)))
        await pilot.pause(0.2)
        app.open_wizard(runbook)
        await _quiet(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.2)
        await _quiet(pilot)

    return app, before


@sizes
@pytest.mark.parametrize("keys", [(), ("n",), ("n", "n")], ids=["master", "preflight", "plan"])
def test_recover_member(
    snap_compare: Callable[..., bool], size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    app, before = books("recover-member", *keys)
    assert snap_compare(app, terminal_size=size, run_before=before)


@sizes
def test_menu(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    feed = FakeFeed()
    judge = with_ways(RESTART, RECOVER, RESTORE, recommend="restart-member")
    app = NovatuiApp(config(), feed=feed, clock=lambda: NOW, judge=judge)

    async def before(pilot: Pilot[Any]) -> None:
        await feed.started.wait()
        feed.snapshot(cluster(node(1), dead(2), node(3)))
        await pilot.pause(0.2)
        await pilot.press("w")
        await _quiet(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)


@sizes
def test_locks(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    """A run of another machine, its runner silent, and a master that could not be read."""
    silent = Held(run="7f3a", epoch=2, operator="ops@desk", host="desk", since_ms=NOW - 754_000, alive=False)
    held = [silent, silent, None]
    feed = FakeFeed()
    app = NovatuiApp(config(), feed=feed, clock=lambda: NOW, client=FakeClient(FakeFollower([], live=False)))

    async def before(pilot: Pilot[Any]) -> None:
        await feed.started.wait()
        nodes = [node(n) for n in (1, 2, 3)]
        feed.snapshot(cluster(*(replace(one, held=has) for one, has in zip(nodes, held, strict=True))))
        await pilot.pause(0.2)
        await pilot.press("L")
        await _quiet(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)
