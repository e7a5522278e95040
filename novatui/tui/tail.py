"""What a journal pane remembers: lines, the place being read, and how many came since. No widget in here.

Lines that say the same one after the other (a restart loop's thirty "recognized and used environment variable"), and
the stack below a panic, are one line here, with their number; wrapped, each is shown. Errors are never put together. Lines are numbered from 0 as they arrive and keep their number when old ones fall out. While following there is no
cursor and the newest line is at the bottom; moving the cursor stops the following, and nothing that arrives later
moves what is being read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from novatui.model.entries import Entry
from novatui.present.journal import TimeFormat, entry_rows, is_error, is_stack
from novatui.present.rows import Row

CAPACITY = 10_000
RUN = 50  # entries put together at most


def _same(one: Entry, other: Entry) -> bool:
    if is_stack(one) and is_stack(other):
        return True
    return one.text == other.text and one.level is other.level and not is_error(one)


@dataclass
class Tail:
    """``cursor`` is the number of the line keys act on, None while following; ``skip`` its rows above the top edge."""

    capacity: int = CAPACITY
    wrapped: bool = False
    times: TimeFormat = TimeFormat.CLOCK
    cursor: int | None = None
    new: int = 0  # lines that came since following stopped
    pending: bool = False  # something changed since the last ``rows``
    on_pending: Callable[[], None] | None = None
    _lines: deque[list[Entry]] = field(default_factory=deque)
    _held: int = 0  # entries in all lines
    _first: int = 0  # number of the oldest line held
    _top: int = 0  # number of the line at the top edge, while not following
    _skip: int = 0  # rows of it that are above the edge
    _width: int = 40
    _height: int = 10
    _shape: tuple[int, int, bool, TimeFormat] | None = None  # what rows were last laid out for
    _laid: list[tuple[Row, bool]] | None = None  # those rows, until something changes

    @property
    def following(self) -> bool:
        return self.cursor is None

    @property
    def end(self) -> int:
        """Number after the newest line."""
        return self._first + len(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> list[Entry]:
        return self._lines[number - self._first]

    def append(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            last = self._lines[-1] if self._lines else None
            if last and len(last) < RUN and _same(last[-1], entry):
                last.append(entry)
            else:
                self._lines.append([entry])
        self._held += len(entries)
        while self._held > self.capacity:
            self._held -= len(self._lines.popleft())
            self._first += 1
        if self.cursor is not None:
            self.new += len(entries)
            self.cursor = max(self.cursor, self._first)
            if self._top < self._first:
                self._top, self._skip = self._first, 0
        self.touch()

    def touch(self) -> None:
        """Say that the pane should be drawn again."""
        self.pending = True
        self._laid = None
        if self.on_pending:
            self.on_pending()

    # what keys do

    def follow(self) -> None:
        self.cursor, self.new = None, 0
        self.touch()

    def pause(self) -> None:
        """Stop following where we are; the newest line gets the cursor."""
        if self.cursor is None and self._lines:
            shown = list(self._upwards(self.end))
            self.cursor, self.new = self.end - 1, 0
            self._top, self._skip = shown[-1] if shown else (self._first, 0)
            self.touch()

    def move(self, lines: int) -> None:
        """Cursor up (negative) or down; past the newest line is following again."""
        if not self._lines:
            return
        if self.cursor is None:
            if lines > 0:
                return
            self.pause()
        assert self.cursor is not None
        if self._inside(lines):
            self.touch()
            return
        target = self.cursor + lines
        if target >= self.end:
            self.follow()
            return
        self.cursor = max(self._first, target)
        self._reveal()
        self.touch()

    def page(self, direction: int) -> None:
        self.move(direction * max(1, self._height - 1))

    def home(self) -> None:
        if self._lines:
            self.cursor = self._first
            self._top, self._skip = self._first, 0
            self.touch()

    def error(self, direction: int) -> bool:
        """To the next (+1) or previous (-1) error; False when there is none that way."""
        start = self.end if self.cursor is None else self.cursor
        numbers = range(start + 1, self.end) if direction > 0 else range(start - 1, self._first - 1, -1)
        lines = list(self._lines)
        for number in numbers:
            if is_error(lines[number - self._first][0]):
                self.pause()
                self.cursor = number
                self._reveal()
                self.touch()
                return True
        return False

    def current(self) -> list[Entry]:
        """All entries of the line under the cursor, or of the newest."""
        if not self._lines:
            return []
        return list(self._lines[-1] if self.cursor is None else self.line(self.cursor))

    def text(self) -> str:
        """All that is held, one entry a row: for searching."""
        return "\n".join(entry.text for line in self._lines for entry in line)

    # what the pane shows

    def rows(self, width: int, height: int) -> list[tuple[Row, bool]]:
        """At most ``height`` rows, top to bottom, and whether the cursor is on each."""
        self.pending = False
        shape = (width, height, self.wrapped, self.times)
        reshaped, self._shape = shape != self._shape, shape
        if reshaped or self._laid is None:
            self._laid = self._lay_out(width, height, reshaped)
        return self._laid

    def _lay_out(self, width: int, height: int, reshaped: bool) -> list[tuple[Row, bool]]:
        self._width, self._height = width, height
        if height <= 0 or width <= 0 or not self._lines:
            return []
        if self.cursor is None:
            shown = list(self._upwards(self.end))
            shown.reverse()
            return [(self._rows_of(number)[part], False) for number, part in shown]
        if reshaped:
            self._skip = 0
            self._reveal()
        return self._downwards()

    def _rows_of(self, number: int) -> tuple[Row, ...]:
        entries = self.line(number)
        if not self.wrapped:
            said = next((entry for entry in entries if entry.text), entries[0])
            return entry_rows(said, self._width, False, self.times, len(entries))
        return tuple(row for entry in entries for row in entry_rows(entry, self._width, True, self.times))

    def _upwards(self, before: int) -> Iterator[tuple[int, int]]:
        """(line, row of it) from the row above line ``before`` upwards, one screenful."""
        left = self._height
        for number in range(before - 1, self._first - 1, -1):
            for part in range(len(self._rows_of(number)) - 1, -1, -1):
                if left == 0:
                    return
                yield number, part
                left -= 1

    def _downwards(self) -> list[tuple[Row, bool]]:
        out: list[tuple[Row, bool]] = []
        for number in range(max(self._top, self._first), self.end):
            lines = self._rows_of(number)
            for part in range(self._skip if number == self._top else 0, len(lines)):
                if len(out) == self._height:
                    return out
                out.append((lines[part], number == self.cursor))
        return out

    def _inside(self, lines: int) -> bool:
        """Scroll within the line at the cursor when it is taller than the pane; True when that is all there was to do."""
        if self.cursor is None or self.cursor != self._top or abs(lines) != 1:
            return False
        rows = len(self._rows_of(self.cursor))
        skip = self._skip + lines
        if rows <= self._height or not 0 <= skip <= rows - self._height:
            return False
        self._skip = skip
        return True

    def _reveal(self) -> None:
        """Move the top edge as little as needed for the cursor's line to be whole, or its head if it is too tall."""
        assert self.cursor is not None
        if self.cursor <= self._top:
            self._top, self._skip = self.cursor, 0
            return
        if self.cursor - self._top <= self._height:
            used = (
                sum(len(self._rows_of(number)) for number in range(self._top, self.cursor + 1)) - self._skip
            )
            if used <= self._height:
                return
        if len(self._rows_of(self.cursor)) >= self._height:
            self._top, self._skip = self.cursor, 0
            return
        *_rest, (self._top, self._skip) = self._upwards(self.cursor + 1)
