"""The main screens in Russian at three sizes, as pictures that a person looked at; the runs in them are real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from novatui.model import records as rec
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.run import RunScreen
from tests.language import speaking
from tests.present.report_cases import recorded
from tests.tui import screen_cases as cases
from tests.tui.run_cases import FakeClient, FakeFollower
from tests.tui.test_pictures import journals
from tests.tui.test_run_pictures import Before, _quiet, books, wizard

SIZES = [(80, 24), (120, 40), (200, 60)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(autouse=True)
def russian() -> Iterator[None]:
    with speaking("ru"):
        yield


def dashboard(*keys: str) -> tuple[NovatuiApp, Before]:
    """One master down, judged as it is on a real cluster."""
    feed = cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW)

    async def before(pilot: Pilot[Any]) -> None:
        await feed.started.wait()
        feed.snapshot(cases.cluster(cases.node(1), cases.dead(2), cases.node(3)))
        journals(feed)
        await _quiet(pilot)
        for key in keys:
            await pilot.press(key)
        await _quiet(pilot)

    return app, before


@sizes
def test_member_down(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app, before = dashboard()
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("key", ["d", "question_mark", "w"], ids=["why", "keys", "recover"])
def test_over_the_dashboard(snap_compare: Callable[..., bool], key: str) -> None:
    app, before = dashboard(key)
    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


def test_source(snap_compare: Callable[..., bool]) -> None:
    app, before = wizard()
    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


def test_preflight(snap_compare: Callable[..., bool]) -> None:
    app, before = books("recover-member", "n")
    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


def real_run(name: str, *, until: type[rec.Record] | None = None) -> tuple[NovatuiApp, Before]:
    """The run screen on the journal of a real run, to its end or to a record."""
    plan, records = recorded(name)
    if until is not None:
        records = records[: next(n for n, record in enumerate(records) if isinstance(record, until)) + 1]
    client = FakeClient(FakeFollower(records, live=until is not None))
    feed = cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: records[-1].at, client=client)

    async def before(pilot: Pilot[Any]) -> None:
        app.push_screen(RunScreen(client, plan.run, plan))
        await _quiet(pilot)

    return app, before


@sizes
def test_gate(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    app, before = real_run("quorum-lost", until=rec.GateOpened)
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("name", ["quorum-lost", "member-down"])
def test_verified(snap_compare: Callable[..., bool], name: str) -> None:
    app, before = real_run(name)
    assert snap_compare(app, terminal_size=(120, 40), run_before=before)
