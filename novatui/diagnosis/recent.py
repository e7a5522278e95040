"""The window of one master's journal that a diagnosis is made from, where lines keep coming."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from operator import attrgetter

from novatui.diagnosis.data import is_landmark
from novatui.model.entries import Entry, Level

_NOTABLE = frozenset((Level.WARN, Level.ERROR, Level.FATAL, Level.GAP))


class Recent:
    """The newest lines, bounded: a flood of information must not push an error out of sight."""

    def __init__(self, notable: int = 300, plain: int = 150) -> None:
        self._notable: deque[Entry] = deque(maxlen=notable)
        self._plain: deque[Entry] = deque(maxlen=plain)

    def append(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            kept = entry.level in _NOTABLE or entry.unit_line or is_landmark(entry)
            (self._notable if kept else self._plain).append(entry)

    def entries(self) -> list[Entry]:
        """By time, oldest first."""
        return sorted((*self._notable, *self._plain), key=_time)


_time = attrgetter("at_ms")
