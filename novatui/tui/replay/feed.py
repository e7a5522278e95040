"""A recording as the screen's feed: what would have come from the masters comes from the file, at the player's pace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from novatui.model.entries import Entry, Level
from novatui.present.i18n import _
from novatui.recording.player import Player, Step
from novatui.tui.feed import OnEntries, OnSnapshot

# Frames that come closer together are shown together.
TOGETHER_S = 0.05


class ReplayFeed:
    """``afresh`` is called where the time line was left: forget what is shown; ``passed`` with what was seen on the way."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.afresh: Callable[[], None] = lambda: None
        self.passed: OnSnapshot = lambda snapshot: None
        self._woken = asyncio.Event()

    async def start(self, on_snapshot: OnSnapshot, on_entries: OnEntries) -> None:
        player = self.player
        while True:
            self._woken.clear()
            # A jump reads some minutes of the file: not in the screen's own time.
            step = await asyncio.to_thread(player.advance) if player.jumps else player.advance()
            self._deliver(step, on_snapshot, on_entries)
            wait_s = player.wait_s()
            try:
                async with asyncio.timeout(None if wait_s is None else max(TOGETHER_S, wait_s)):
                    await self._woken.wait()
            except TimeoutError:
                pass

    def _deliver(self, step: Step, on_snapshot: OnSnapshot, on_entries: OnEntries) -> None:
        if step.afresh:
            self.afresh()
            for node, lines in step.window.items():
                on_entries(node, [*lines, _seam(node, step.since_ms)])
        for node, lines in step.entries.items():
            on_entries(node, lines)
        for snapshot in step.passed:
            self.passed(snapshot)
        if step.snapshot is not None:
            on_snapshot(step.snapshot)

    def refresh(self) -> None:
        """The player was told something: look at it now."""
        self._woken.set()

    async def close(self) -> None:
        """There is nothing to let go of."""


def _seam(node: str, at_ms: int) -> Entry:
    words = _(
        "recording: of the time before, only the lines that a diagnosis needs are here; from now on all"
    )
    return Entry(node=node, at_ms=at_ms, level=Level.GAP, text=words)
