"""Where in a recording the verdict changes: judged anew, from its beginning on, as far as somebody asked."""

from __future__ import annotations

from collections.abc import Iterator

from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import NodeSnapshot
from novatui.model.entries import Entry, Level
from novatui.model.findings import Verdict
from novatui.recording.recording import Recording, Reel
from novatui.tui.pace import state_of

# While no state changes and nothing is logged, the verdict can only change because data grows old.
EVERY_MS = 5_000
_LOUD = frozenset((Level.WARN, Level.ERROR, Level.FATAL, Level.GAP))


class Changes:
    """``after`` and ``before`` read the file and may take seconds: not for the screen's own loop."""

    def __init__(self, recording: Recording) -> None:
        self._known: list[int] = []
        self._until_ms = recording.start_ms
        self._more = self._changes(recording)
        self._given_up = False

    def give_up(self) -> None:
        """A search under way ends soon, with nothing; from another thread."""
        self._given_up = True

    def after(self, at_ms: int) -> int | None:
        """The first change later than ``at_ms``."""
        while True:
            if found := next((one for one in self._known if one > at_ms), None):
                return found
            if not self._look():
                return None

    def before(self, at_ms: int) -> int | None:
        """The last change earlier than ``at_ms``."""
        while self._until_ms < at_ms and self._look():
            pass
        return next((one for one in reversed(self._known) if one < at_ms), None)

    def _look(self) -> bool:
        """On to the next change, or to the end."""
        found = next(self._more, None)
        if found is None:
            return False
        self._known.append(found)
        self._until_ms = found
        return True

    def _changes(self, recording: Recording) -> Iterator[int]:
        reel = Reel(recording.header)
        verdict: Verdict | None = None
        states: dict[str, NodeSnapshot] = {}
        judged_ms = 0
        for frame in recording.frames():
            if self._given_up:
                return
            reel.apply(frame)
            fresh = {node.name: state_of(node) for node in frame.nodes}
            moved = any(states.get(name) != state for name, state in fresh.items())
            states.update(fresh)
            if not (moved or _loud(frame.entries) or frame.at_ms - judged_ms >= EVERY_MS):
                continue
            judged_ms = frame.at_ms
            moment = reel.moment()
            now = diagnose(moment.snapshot, moment.entries, frame.at_ms).verdict
            if verdict is not None and now is not verdict:
                yield frame.at_ms
            verdict = now


def _loud(entries: tuple[Entry, ...]) -> bool:
    return any(entry.level in _LOUD or entry.unit_line for entry in entries)
