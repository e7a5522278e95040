"""The journals: filtered, paused, older, all masters as one, one entry; and a recording."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from novatui.recording.player import Player
from novatui.recording.recording import Recording
from novatui.tui.replay.app import ReplayApp
from novatui.tui.screens.entry import EntryPage
from novatui.tui.screens.filter_prompt import FilterPrompt
from novatui.tui.screens.merged import MergedScreen
from tests.recording.tapes import Clock, record
from tests.tui.gallery.walk_dashboard import DOWN, Made
from tests.tui.gallery.walks import Visit, app_of, see, walk
from tests.tui.journal_cases import story


async def told(visit: Visit) -> None:
    app = visit.app
    await see(visit, DOWN, past=False)
    for number in (1, 2, 3):
        app.feed.entries(f"nova-master-{number}", story(f"nova-master-{number}", number))  # type: ignore[attr-defined]


@walk("filter-prompt")
def filtering() -> Made:
    app = app_of()

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await told(visit)
        await visit.press("slash", to=FilterPrompt)
        yield "filter-prompt"

    return app, steps


@walk("entry", "one-time-line")
def reading() -> Made:
    app = app_of()

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await told(visit)
        await visit.press("2", "E")
        await visit.press("enter", to=EntryPage)
        yield "entry"
        await visit.back()
        await visit.press("f", "M", to=MergedScreen)
        await visit.press("k", "k")
        yield "one-time-line"

    return app, steps


@walk("replay")
def replayed() -> Made:
    path, clock = Path(tempfile.mkdtemp(dir=Path.home())) / "a.nvr", Clock()
    record(path, clock, minutes=9).close("it was told to end")
    tape = Recording.open(path)
    player = Player(tape, lambda: 0.0)
    player.pause()
    player.faster(3)
    player.go(tape.start_ms + 390_000)
    app = ReplayApp(tape, player)

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await visit.until(lambda: app.view.snapshot.at_ms >= tape.start_ms + 388_000, "not there")
        yield "replay"

    return app, steps
