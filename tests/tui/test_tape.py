"""The key that records: begins with what is known, ends where it is told to, and its mark tells both."""

from __future__ import annotations

from pathlib import Path

import pytest

from novatui import paths
from novatui.model.entries import Level
from novatui.present.headline import verdict_bar
from novatui.present.rows import Role, row, text_of, width_of
from novatui.recording.recording import Recording
from novatui.tui.app import NovatuiApp
from novatui.tui.tape import Tape
from novatui.tui.widgets.rows_view import RowsView
from tests.tui import screen_cases as cases
from tests.tui.waiting import until

DOWN = cases.cluster(cases.node(1), cases.dead(2), cases.node(3))


def recordings() -> list[Path]:
    return sorted((paths.state_dir() / "recordings").glob("*.nvr"))


async def test_a_recording_from_the_screen() -> None:
    feed = cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW)
    async with app.run_test(size=(120, 40)) as pilot:

        def bar() -> str:
            return text_of(app.screen.query_one("#verdict", RowsView).shown[0])

        await feed.started.wait()
        feed.snapshot(cases.healthy_cluster())
        feed.entries("nova-master-2", [cases.entry("before", Level.WARN)])
        await pilot.pause()
        assert "recording" not in bar()
        await pilot.press("ctrl+r")
        feed.entries("nova-master-2", cases.panic_lines())
        feed.snapshot(DOWN)
        await pilot.pause()
        assert "◉ recording 0 s" in bar()
        await pilot.press("ctrl+r")
        feed.snapshot(cases.healthy_cluster())
        await pilot.pause()
        assert "recording" not in bar()
    [path] = recordings()
    found = Recording.open(path)
    assert found.ended and found.first().snapshot.nodes == cases.healthy_cluster().nodes
    frames = list(found.frames())
    assert [entry.text for entry in frames[0].entries] == ["before"]
    assert [node.name for frame in frames for node in frame.nodes if not frame.key] == ["nova-master-2"]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_leaving_the_screen_ends_it_properly() -> None:
    feed = cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW)
    async with app.run_test(size=(80, 24)) as pilot:
        await feed.started.wait()
        feed.snapshot(DOWN)
        await pilot.press("ctrl+r")
        await pilot.pause()
    assert Recording.open(recordings()[0]).ended


async def test_where_it_cannot_be_written_the_screen_goes_on() -> None:
    place = paths.state_dir() / "recordings"
    place.mkdir(mode=0o755)
    feed = cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW)
    async with app.run_test(size=(120, 40)) as pilot:
        await feed.started.wait()
        await pilot.press("ctrl+r")
        await pilot.pause()
        said = text_of(app.screen.query_one("#footer", RowsView).shown[0])
        assert "is not private" in said
        place.chmod(0o700)
        await pilot.press("ctrl+r")
        assert app.tape._recorder is not None
        app.tape._recorder.ended = "it could not be written: No space left on device"
        feed.snapshot(DOWN)
        await pilot.pause()
        assert "recording stopped: it could not be written" in text_of(
            app.screen.query_one("#verdict", RowsView).shown[0]
        )


async def test_where_there_is_no_place_for_it_the_screen_goes_on() -> None:
    (paths.state_dir() / "recordings").write_text("a file in its place")
    app = NovatuiApp(cases.config(), feed=cases.FakeFeed(), clock=lambda: cases.NOW)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+r")
        await until(
            pilot,
            lambda: (
                "The recording cannot be made" in text_of(app.screen.query_one("#footer", RowsView).shown[0])
            ),
        )
        assert app.is_running


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_mark_stays_at_every_width(width: int) -> None:
    mark = row(("◉ recording 3m 12s 1.2 MB", Role.ACCENT))
    line = verdict_bar(DOWN, cases.diagnosis_of(DOWN), cases.NOW, width, (mark,))
    assert "recording 3m 12s" in text_of(line) and width_of(line) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_a_recording_that_stopped_leaves_the_verdict_whole(width: int) -> None:
    tape = Tape(cases.config(), lambda: cases.NOW)
    tape.toggle(DOWN, {})
    assert tape._recorder is not None
    tape._recorder.ended = "it could not be written: No space left on device"
    said = text_of(verdict_bar(DOWN, cases.diagnosis_of(DOWN), cases.NOW, width, tape.mark()))
    assert "▲ DEGRADED" in said and "2/3" in said
    assert ("recording stopped" in said) == (width > 40) and ("No space left" in said) == (width >= 120)
