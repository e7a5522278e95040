"""Plays a recording: a place on its time line that moves while it plays, and what is to be shown on the way there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from novatui.model.cluster import ClusterSnapshot
from novatui.model.entries import Entry
from novatui.model.recording import Frame
from novatui.recording.recording import Recording, Reel

SPEEDS = (1, 2, 4, 8, 16, 32, 64)
# Of what is passed on the way to a place, one snapshot in so long is given: for what is told of the minutes before it.
PASSED_MS = 5_000
# A jump ahead that is no longer than this is played through, so that the journals go on without a break.
NEAR_MS = 10 * 60_000


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the step before; ``passed`` was seen on the way to ``snapshot``. ``afresh``: all that was shown
    before is void, and ``window`` has the lines that a diagnosis needs of the time before ``since_ms``; after that
    ``entries`` has every line."""

    snapshot: ClusterSnapshot | None = None
    passed: Sequence[ClusterSnapshot] = ()
    entries: Mapping[str, Sequence[Entry]] = {}
    afresh: bool = False
    window: Mapping[str, Sequence[Entry]] = {}
    since_ms: int = 0


class Player:
    """``clock`` is a monotonic one, in seconds. ``advance`` may take a second after a jump, else it is quick; both it and
    the frames raise BadRecording where the file was changed after it was opened."""

    def __init__(self, recording: Recording, clock: Callable[[], float] = time.monotonic) -> None:
        self.recording = recording
        self.start_ms, self.end_ms = recording.start_ms, recording.end_ms
        self.speed, self.playing = 1, True
        self._clock = clock
        self._from_ms, self._since = float(self.start_ms), clock()
        self._reel = Reel(recording.header)
        self._frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None
        self._jumps = True

    @property
    def position_ms(self) -> int:
        gone = (self._clock() - self._since) * 1000 * self.speed if self.playing else 0.0
        return int(min(self._from_ms + gone, self.end_ms))

    @property
    def at_end(self) -> bool:
        return self.position_ms >= self.end_ms

    @property
    def jumps(self) -> bool:
        """The next ``advance`` may take long."""
        return self._jumps

    def wait_s(self) -> float | None:
        """Until there is something to show; None: until a key says otherwise."""
        if self._jumps:
            return 0.0
        if not self.playing or self._next is None:
            return None
        return max(0.0, self._next.at_ms - self.position_ms) / 1000 / self.speed

    # what keys do

    def toggle(self) -> None:
        """Play or pause; at the end, from the beginning again."""
        if self.at_end:
            self.go(self.start_ms)
            self.playing = True
            return
        self._hold()
        self.playing = not self.playing

    def pause(self) -> None:
        self._hold()
        self.playing = False

    def faster(self, direction: int) -> None:
        self._hold()
        at = SPEEDS.index(self.speed) + direction
        self.speed = SPEEDS[max(0, min(at, len(SPEEDS) - 1))]

    def go(self, to_ms: int) -> None:
        here = self.position_ms
        to_ms = max(self.start_ms, min(to_ms, self.end_ms))
        self._from_ms, self._since = float(to_ms), self._clock()
        self._jumps = self._jumps or not here <= to_ms <= here + NEAR_MS

    def _hold(self) -> None:
        """Count from here on, before something about the movement changes."""
        self._from_ms, self._since = float(self.position_ms), self._clock()

    # what is shown

    def advance(self) -> Step:
        to_ms = self.position_ms
        afresh, self._jumps = self._jumps, False
        window: dict[str, list[Entry]] = {}
        since_ms = 0
        if afresh:
            since_ms = self._begin(to_ms, window)
        moved = afresh
        entries: dict[str, list[Entry]] = {}
        passed: list[ClusterSnapshot] = []
        while self._next is not None and self._next.at_ms <= to_ms:
            moved = True
            if self._reel.at_ms >= (passed[-1].at_ms if passed else 0) + PASSED_MS:
                passed.append(self._reel.snapshot())
            if not self._next.key:  # the lines of a key frame's window were there before
                _sort(self._next.entries, entries)
            self._take()
        if self.playing and self.at_end:
            self.pause()
        return Step(
            snapshot=self._reel.snapshot() if moved else None,
            passed=passed,
            entries=entries,
            afresh=afresh,
            window=window,
            since_ms=since_ms,
        )

    def _begin(self, to_ms: int, window: dict[str, list[Entry]]) -> int:
        """One key frame earlier than needed: what is shown has some minutes of whole journal before it."""
        begin_ms = self.recording.key_before(self.recording.key_before(to_ms + 1))
        self._reel = Reel(self.recording.header)
        self._frames = self.recording.frames(begin_ms)
        self._next = next(self._frames)
        _sort(self._next.entries, window)
        self._take()
        return begin_ms

    def _take(self) -> None:
        assert self._next is not None
        self._reel.apply(self._next)
        self._next = next(self._frames, None)


def _sort(entries: Sequence[Entry], by_node: dict[str, list[Entry]]) -> None:
    for entry in entries:
        by_node.setdefault(entry.node, []).append(entry)
