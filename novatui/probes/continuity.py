"""Where we are in a master's journal, over connections that come and go: nothing twice, and what is missing is known."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

# More than a stream that lost its place shows again: see TAIL_LINES of watch.py.
KNOWN_MAX = 600


class Record(StrEnum):
    NEW = "new"
    KNOWN = "known"  # it was heard before
    AFTER_GAP = "after-gap"  # new, and records between the last one heard and this are missing


class Continuity:
    """``cursor`` is that of the last record heard; ``begin`` comes before the first record of each stream."""

    def __init__(self, known: int = KNOWN_MAX) -> None:
        self.cursor = ""
        self._recent: deque[str] = deque(maxlen=known)
        self._before: frozenset[str] = frozenset()
        self._joined = True

    def begin(self) -> None:
        self._before = frozenset(self._recent)
        self._joined = not self.cursor

    def take(self, cursor: str) -> Record:
        """A stream begins with the last record heard where the master still has it; one that lost its place (the clock
        went back) shows the newest lines, and those that are known join it to what was heard."""
        if cursor == self.cursor or cursor in self._before:
            self._joined = True
            return Record.KNOWN
        fate = Record.NEW if self._joined else Record.AFTER_GAP
        self._joined = True
        self.cursor = cursor
        self._recent.append(cursor)
        return fate
