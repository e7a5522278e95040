"""A recording in the dashboard, as pictures that a person looked at; and the mark of one that is being made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from novatui.present import i18n
from novatui.recording.player import Player
from novatui.recording.recording import Recording
from novatui.tui.app import NovatuiApp
from novatui.tui.replay.app import ReplayApp
from novatui.tui.screens.dashboard import Dashboard
from tests.recording.tapes import Clock, record
from tests.tui import screen_cases as cases

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path, clock = tmp_path_factory.mktemp("tape") / "a.nvr", Clock()
    record(path, clock, minutes=9).close("it was told to end")
    return Recording.open(path)


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_paused_after_the_fault(
    snap_compare: Callable[..., bool], tape: Recording, size: tuple[int, int], lang: str
) -> None:
    i18n.install(lang)
    try:
        player = Player(tape, lambda: 0.0)
        player.pause()
        player.faster(3)
        player.go(tape.start_ms + 390_000)
        app = ReplayApp(tape, player)

        async def arrive(pilot: Pilot[Any]) -> None:
            for _ in range(200):
                if app.view.snapshot.at_ms >= tape.start_ms + 388_000:
                    break
                await pilot.pause(0.05)
            await pilot.pause(0.5)

        assert snap_compare(app, terminal_size=size, run_before=arrive)
    finally:
        i18n.install("en")


def test_the_mark_of_a_recording(snap_compare: Callable[..., bool]) -> None:
    feed = cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW, judge=cases.diagnosis_of)

    async def arrive(pilot: Pilot[Any]) -> None:
        await feed.started.wait()
        feed.snapshot(cases.healthy_cluster())
        await pilot.pause(0.2)
        await pilot.press("ctrl+r")
        app.say("")  # the path is another one each time
        assert app.tape._recorder is not None and isinstance(app.screen, Dashboard)
        app.tape._recorder.size = 1_200_000  # what zlib makes of it is not the picture's affair
        app.screen.draw()
        await pilot.pause(0.3)

    assert snap_compare(app, terminal_size=(80, 24), run_before=arrive)
