"""The journal lines a pane holds: a bounded number of entries, those of them that are shown, and which of these are one.

Lines that say the same one after the other (a restart loop's thirty "recognized and used environment variable"), and the
stack below a panic, are one line here. Errors are never put together. Lines are numbered as they arrive and keep their
number when old ones fall out; older ones that are fetched get smaller numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from operator import attrgetter

import msgspec

from novatui.model.entries import Entry
from novatui.present.filter import Filter
from novatui.present.journal import is_error, is_stack

CAPACITY = 10_000
RUN = 50  # entries put together at most

_at_ms = attrgetter("at_ms")


class Line(msgspec.Struct, gc=False, eq=False):
    """Entries that are shown as one, unless it is ``open``. Held by the ten thousand, so kept from the garbage collector."""

    head: Entry
    rest: tuple[Entry, ...] = ()
    open: bool = False

    def __len__(self) -> int:
        return 1 + len(self.rest)

    def __iter__(self) -> Iterator[Entry]:
        yield self.head
        yield from self.rest

    @property
    def newest(self) -> Entry:
        return self.rest[-1] if self.rest else self.head


def same(one: Entry, other: Entry) -> bool:
    """Whether two entries after each other are one line."""
    if is_stack(one) and is_stack(other):
        return one.node == other.node
    return (
        one.text == other.text and one.level is other.level and one.node == other.node and not is_error(one)
    )


class Lines:
    """``by_time``: several masters' entries, on one time line. ``spare``: room for older ones that were fetched."""

    def __init__(self, capacity: int = CAPACITY, *, by_time: bool = False) -> None:
        self.capacity = capacity
        self.by_time = by_time
        self.filter: Filter | None = None
        self.in_context = False  # all lines are shown, not only those that pass
        self.entries: deque[Entry] = deque()
        self.spare = 0
        self.first = 0  # number of the oldest line
        self.count = 0  # entries that ever came
        self._lines: deque[Line] = deque()

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def end(self) -> int:
        """Number after the newest line."""
        return self.first + len(self._lines)

    def __getitem__(self, number: int) -> Line:
        return self._lines[number - self.first]

    def listed(self) -> list[Line]:
        """All of them, for a search: a deque is slow in its middle."""
        return list(self._lines)

    @property
    def shown(self) -> int:
        """Entries in all lines."""
        return sum(map(len, self._lines))

    # growing

    def add(self, entries: Sequence[Entry], marks: Sequence[int | None] = ()) -> tuple[int, list[int | None]]:
        """How many of ``entries`` are shown, and the numbers that the lines ``marks`` have now."""
        self.count += len(entries)
        passing = entries if self._all else [entry for entry in entries if self._passes(entry)]
        if self.by_time:
            entries, passing = sorted(entries, key=_at_ms), sorted(passing, key=_at_ms)
        late = self.by_time and bool(self.entries) and entries[0].at_ms < self.entries[-1].at_ms
        moved = list(marks)
        if late:
            moved = self._insert(entries, passing, marks)
        else:
            self.entries.extend(entries)
            self._fold(passing)
        self.trim()
        return len(passing), moved

    def _insert(
        self, entries: Sequence[Entry], passing: Sequence[Entry], marks: Sequence[int | None]
    ) -> list[int | None]:
        """Entries older than others that are here: those are taken out, and put in again after them."""
        since = entries[0].at_ms
        heads = {mark: self[mark].head for mark in marks if mark is not None}
        after: list[Entry] = []
        while self.entries and self.entries[-1].at_ms > since:
            after.append(self.entries.pop())
        self.entries.extend(merge(reversed(after), entries, key=_at_ms))
        shown: list[Entry] = []
        while self._lines and self._lines[-1].newest.at_ms > since:
            shown += reversed([*self._lines.pop()])
        cut = self.end
        self._fold(merge(reversed(shown), passing, key=_at_ms))
        again = {id(entry): number for number in range(cut, self.end) for entry in self[number]}
        return [
            mark if mark is None or mark < cut else again.get(id(heads[mark]), self.end - 1) for mark in marks
        ]

    def put_before(self, older: Sequence[Entry]) -> None:
        """Entries from before the oldest held; there is room for them until ``trim`` is told otherwise."""
        self.spare += len(older)
        self.entries.extendleft(reversed(older))
        begin = Lines()
        begin._fold(entry for entry in older if self._all or self._passes(entry))
        self._lines.extendleft(reversed(begin._lines))
        self.first -= len(begin)

    def trim(self) -> None:
        while len(self.entries) > self.capacity + self.spare:
            gone = self.entries.popleft()
            if self._lines and self._lines[0].head is gone:
                self._lines.popleft()
                self.first += 1

    def narrow(self, to: Filter | None, in_context: bool, mark: int | None) -> int | None:
        """Show what passes, or all of it. Returns the number of the line at ``mark`` or, where that is not shown, of the
        next one."""
        head = None if mark is None else self[mark].head
        self.filter, self.in_context = to, in_context
        self._lines.clear()
        self.first = 0
        self._fold(entry for entry in self.entries if self._all or self._passes(entry))
        if head is None or not self._lines:
            return None
        before = 0  # entries shown that come before the one that was marked
        for entry in self.entries:
            if entry is head:
                break
            before += self._all or self._passes(entry)
        for number, line in enumerate(self._lines):
            before -= len(line)
            if before < 0:
                return number
        return self.end - 1

    @property
    def _all(self) -> bool:
        return self.filter is None or self.in_context

    def _passes(self, entry: Entry) -> bool:
        return self.filter is None or self.filter.passes(entry)

    def _fold(self, entries: Iterable[Entry]) -> None:
        last = self._lines[-1] if self._lines else None
        for entry in entries:
            if last is not None and same(last.newest, entry) and len(last) < RUN:
                last.rest += (entry,)
            else:
                last = Line(entry)
                self._lines.append(last)
