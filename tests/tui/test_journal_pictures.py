"""The journal's screens at three sizes, as pictures that a person looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from novatui.tui.app import NovatuiApp
from tests.tui import screen_cases as cases
from tests.tui.journal_cases import story
from tests.tui.test_journal_keys import AskedFeed

SIZES = [(80, 24), (120, 40), (200, 60)]
STATES: dict[str, tuple[str, tuple[str, ...]]] = {  # what is typed as a filter, and the keys after it
    "filtered": ("level:warn peer", ()),
    "in-context": ("raft", ("c", "N")),
    "wrong-filter": ("re:(raft|", ("slash",)),
    "one-time-line": ("", ("M", "k", "k")),
    "one-time-line-filtered": ("level:warn", ("M",)),
    "entry": ("", ("2", "E", "enter")),
    "selected": ("", ("2", "k", "v", "k", "k", "k")),
    "older": ("", ("g",)),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_journal(snap_compare: Callable[..., bool], state: str, size: tuple[int, int]) -> None:
    feed = AskedFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW, judge=cases.diagnosis_of)
    typed, keys = STATES[state]

    async def arrive(pilot: Pilot[Any]) -> None:
        await feed.started.wait()
        feed.snapshot(cases.cluster(cases.node(1), cases.dead(2), cases.node(3)))
        for number in (1, 2, 3):
            feed.entries(f"nova-master-{number}", story(f"nova-master-{number}", number))
        await pilot.pause(0.3)
        if typed and "slash" not in keys:
            await pilot.press("slash")
            app.screen.query_one(Input).value = typed
            await pilot.press("enter")
            await pilot.pause(0.3)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        if "slash" in keys:
            app.screen.query_one(Input).value = typed
        await pilot.pause(0.3)

    assert snap_compare(app, terminal_size=size, run_before=arrive)
