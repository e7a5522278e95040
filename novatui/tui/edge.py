"""Which rows of a journal's lines a pane shows: where its top edge is, and how each line is laid out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from novatui.model.entries import Entry
from novatui.present.journal import Look, entry_rows, found_in
from novatui.present.rows import Role, Row, recolour
from novatui.tui.lines import Lines

HEAD_FROM = 3  # rows that a pane has at least when one of them says what is above the oldest line

Marked = tuple[Row, bool]  # a row, and whether the cursor or the selection is on it


class Edge:
    """``top`` and ``skip`` are where one reads; who follows sees the newest lines, wherever they are."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.look = Look()
        self.height = 10
        self.top = 0  # number of the line at the top edge
        self.skip = 0  # rows of it that are above the edge
        self.head: Callable[[], Row] | None = None  # says what is above the oldest line

    def go(self, top: int, skip: int = 0) -> None:
        self.top, self.skip = top, skip

    def above(self, before: int) -> None:
        """The last row of the line above ``before`` is at the bottom."""
        shown = list(self._upwards(before))
        if len(shown) == self.height > 1 and shown[-1] == (self.lines.first, 0) and self._has_head:
            shown.pop()  # the head takes a row
        self.go(*(shown[-1] if shown else (self.lines.first, 0)))

    def reveal(self, cursor: int) -> None:
        """Move as little as needed for the cursor's line to be whole, or its head if it is too tall."""
        if cursor <= self.top:
            self.go(cursor)
            return
        room = self.height - self._head_shows
        if cursor - self.top <= room:
            used = sum(len(self._rows_of(number)) for number in range(self.top, cursor + 1)) - self.skip
            if used <= room:
                return
        if len(self._rows_of(cursor)) >= self.height:
            self.go(cursor)
            return
        self.above(cursor + 1)

    def inside(self, cursor: int | None, lines: int) -> bool:
        """Scroll within the line at the cursor when it is taller than the pane; True when that is all there was to do."""
        if cursor is None or cursor != self.top or abs(lines) != 1:
            return False
        rows = len(self._rows_of(cursor))
        skip = self.skip + lines
        if rows <= self.height or not 0 <= skip <= rows - self.height:
            return False
        self.skip = skip
        return True

    def scroll(self, rows: int) -> bool:
        """The top edge by so many rows; False where it comes to the lowest place: nothing is below what is seen then."""
        top, skip = self.top, self.skip
        while rows < 0 and (top, skip) > (self.lines.first, 0):
            top, skip = (top, skip - 1) if skip else (top - 1, len(self._rows_of(top - 1)) - 1)
            rows += 1
        self.above(self.lines.end)
        lowest = self.top, self.skip
        while rows > 0 and (top, skip) < lowest:
            top, skip = (top, skip + 1) if skip + 1 < len(self._rows_of(top)) else (top + 1, 0)
            rows -= 1
        self.go(*min((top, skip), lowest))
        return (top, skip) < lowest

    def seen(self, cursor: int | None, before: int) -> Sequence[int | None]:
        """The line of each row, None for the head's, as laid out for ``cursor`` when ``before`` was the number after the newest."""
        if cursor is None:
            return [number for number, _part in self._upwards(before)][::-1]
        head: list[int | None] = [None] * self._head_shows
        return [*head, *(number for number, _row in islice(self._below(), self.height - len(head)))]

    def lay_out(self, cursor: int | None, anchor: int | None) -> list[Marked]:
        """At most ``height`` rows, top to bottom."""
        if self.height <= 0 or self.look.width <= 0 or not len(self.lines):
            return []
        if cursor is None:
            shown = list(self._upwards(self.lines.end))
            shown.reverse()
            return [(self._rows_of(number)[part], False) for number, part in shown]
        return self._downwards(cursor, cursor if anchor is None else anchor)

    def on_screen(self, cursor: int | None) -> list[Entry]:
        """The entries of about the lines that can be seen."""
        lines = self.lines
        begin = max(lines.first, lines.end - self.height if cursor is None else self.top)
        return [
            entry for number in range(begin, min(lines.end, begin + self.height)) for entry in lines[number]
        ]

    def _rows_of(self, number: int) -> tuple[Row, ...]:
        line = self.lines[number]
        if self.look.wrapped or line.open:
            rows = [row for entry in line for row in entry_rows(entry, self.look)]
        else:
            said = next((entry for entry in line if entry.text), line.head)
            rows = list(entry_rows(said, self.look, len(line)))
        found = self.lines.filter
        if found is None:
            return tuple(rows)
        if found.needle:
            return tuple(found_in(row, found.needle, found.small) for row in rows)
        if self.lines.in_context and any(map(found.passes, line)):
            return tuple((*row[:-1], *recolour(row[-1:], Role.FOUND)) for row in rows)
        return tuple(rows)

    def _upwards(self, before: int) -> Iterator[tuple[int, int]]:
        """(line, row of it) from the row above line ``before`` upwards, one screenful."""
        left = self.height
        for number in range(before - 1, self.lines.first - 1, -1):
            for part in range(len(self._rows_of(number)) - 1, -1, -1):
                if left == 0:
                    return
                yield number, part
                left -= 1

    def _downwards(self, cursor: int, anchor: int) -> list[Marked]:
        low, high = sorted((cursor, anchor))
        out: list[Marked] = [(self.head(), False)] if self.head and self._head_shows else []
        room = self.height - len(out)
        out += [(row, low <= number <= high) for number, row in islice(self._below(), room)]
        return out

    def _below(self) -> Iterator[tuple[int, Row]]:
        """(line, row of it) from the top edge downwards."""
        for number in range(max(self.top, self.lines.first), self.lines.end):
            for row in self._rows_of(number)[self.skip if number == self.top else 0 :]:
                yield number, row

    @property
    def _has_head(self) -> bool:
        return self.head is not None and self.height >= HEAD_FROM

    @property
    def _head_shows(self) -> bool:
        return self._has_head and self.top == self.lines.first and self.skip == 0
