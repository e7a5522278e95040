"""Where a journal pane is being read: following or at a line, filtered, wrapped, scrolled, selected. No widget in here.

While following there is no cursor and the newest line is at the bottom; moving the cursor stops the following, and
nothing that arrives later moves what is being read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from novatui.model.entries import Entry
from novatui.present.filter import Filter
from novatui.present.journal import Look, TimeFormat, is_error, message
from novatui.present.rows import Row
from novatui.tui.edge import Edge, Marked
from novatui.tui.lines import CAPACITY, Line, Lines

STEP = 16  # cells of one horizontal scroll


@dataclass
class Tail:
    """``cursor`` is the number of the line keys act on, None while following; ``anchor`` the other end of a selection."""

    capacity: int = CAPACITY
    wrapped: bool = False
    times: TimeFormat = TimeFormat.CLOCK
    by_time: bool = False
    names: tuple[tuple[str, str], ...] = ()
    cursor: int | None = None
    anchor: int | None = None
    left: int = 0  # cells scrolled out of sight
    new: int = 0  # lines that came since following stopped
    pending: bool = False  # something changed since the last ``rows``
    on_pending: Callable[[], None] | None = None  # lines came: the pane draws them at its own pace
    on_touch: Callable[[], None] | None = None  # somebody did something: the pane draws at once
    on_top: Callable[[], None] | None = None  # somebody wants to see what is above the oldest line
    _lines: Lines = field(init=False)
    _edge: Edge = field(init=False)
    _laid: list[Marked] | None = None  # rows as last laid out, until something changes
    _laid_end: int = 0  # number after the newest line, then

    def __post_init__(self) -> None:
        self._lines = Lines(self.capacity, by_time=self.by_time)
        self._edge = Edge(self._lines)

    @property
    def following(self) -> bool:
        return self.cursor is None

    @property
    def filter(self) -> Filter | None:
        return self._lines.filter

    @property
    def in_context(self) -> bool:
        return self._lines.in_context

    @property
    def end(self) -> int:
        """Number after the newest line."""
        return self._lines.end

    @property
    def held(self) -> Sequence[Entry]:
        """Every entry that is held, shown or not, oldest first."""
        return self._lines.entries

    @property
    def count(self) -> int:
        """Entries that ever came."""
        return self._lines.count

    @property
    def fetched(self) -> int:
        """Older entries that were fetched, while there is room kept for them."""
        return self._lines.spare

    @property
    def shown(self) -> int:
        """Entries that are held and shown."""
        return self._lines.shown

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> Line:
        return self._lines[number]

    def append(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        if self.cursor is None:
            self._lines.add(entries)
        else:
            fresh, (cursor, anchor, top) = self._lines.add(
                entries, (self.cursor, self.anchor, self._edge.top)
            )
            self.new += fresh
            self._put(cursor, anchor, top)
        self._change()

    def clear(self) -> None:
        """Forget every line: what comes next is of another time."""
        self._begin_anew()
        self.cursor, self.new = None, 0
        self.touch()

    def put_before(self, older: Sequence[Entry]) -> None:
        """Older entries that were fetched; what is being read does not move. They go when following begins again."""
        if not self.following:
            self._lines.put_before(older)
            self.touch()

    def put_together(self, entries: Sequence[Entry]) -> None:
        """``entries`` instead of all that is held; there is room for them until following begins again."""
        before = self._begin_anew()
        self._lines.spare = max(0, len(entries) - self.capacity)
        self._lines.add(entries)
        self._lines.count = before.count
        if self.cursor is not None:
            self.cursor = min(self.cursor, self.end - 1) if len(self) else None
        self.touch()

    def _begin_anew(self) -> Lines:
        """No lines, but narrowed as they were; those before."""
        before, self._lines = self._lines, Lines(self.capacity, by_time=self.by_time)
        self._lines.narrow(before.filter, before.in_context, None)
        self.anchor = None
        self._edge.lines = self._lines
        self._edge.go(0)
        return before

    def narrow(self, to: Filter | None, in_context: bool = False) -> None:
        """Show only what passes or, in context, everything with what passes marked."""
        self.anchor = None
        self.cursor = self._lines.narrow(to, in_context, self.cursor)
        if self.cursor is None:
            self.new = 0
        else:
            self._edge.above(min(self.end, self.cursor + 1 + self._edge.height // 2))
            self._edge.reveal(self.cursor)
        self.touch()

    def touch(self) -> None:
        """Say that the pane should be drawn again, now: somebody waits for it."""
        self._change()
        if self.on_touch:
            self.on_touch()

    def _change(self) -> None:
        self.pending = True
        self._laid = None
        if self.on_pending:
            self.on_pending()

    def _put(self, cursor: int | None, anchor: int | None, top: int | None) -> None:
        """Take over where lines are now; what fell out is as near as there is. Where no line is shown any more there is
        none to read at: following begins again."""
        if not len(self):
            self.follow()
            return
        first = self._lines.first
        self.cursor = None if cursor is None else max(cursor, first)
        self.anchor = None if anchor is None else max(anchor, first)
        if top is not None:
            self._edge.top = top
        if self._edge.top < first:
            self._edge.go(first)

    # what keys do

    def follow(self) -> None:
        self.cursor, self.anchor, self.new = None, None, 0
        self._lines.spare = 0
        self._lines.trim()
        self.touch()

    def pause(self) -> None:
        """Stop following where we are; the newest line gets the cursor."""
        if self.cursor is None and len(self):
            self.cursor, self.new = self.end - 1, 0
            self._edge.above(self.end)
            self.touch()

    def move(self, lines: int) -> None:
        """Cursor up (negative) or down; past the newest line is following again, unless lines are being selected."""
        if not len(self) or (self.cursor is None and lines > 0):
            return
        self.pause()
        assert self.cursor is not None
        if self._edge.inside(self.cursor, lines):
            self.touch()
            return
        target = self.cursor + lines
        if target >= self.end and self.anchor is None:
            self.follow()
            return
        if lines < 0 and self.cursor == self._lines.first and self.on_top:
            self.on_top()
        self._go(min(max(self._lines.first, target), self.end - 1))

    def page(self, direction: int) -> None:
        self.move(direction * max(1, self._edge.height - 1))

    def line_at(self, y: int) -> int | None:
        """The number of the line that is in row ``y`` of what is seen."""
        seen = self._edge.seen(self.cursor, self._seen_end)
        return seen[y] if 0 <= y < len(seen) else None

    def point(self, number: int) -> None:
        """The cursor to a line that is seen; nothing moves."""
        self._stop_as_seen()
        self._go(number)

    def wheel(self, rows: int) -> None:
        """What is seen by so many rows up (negative) or down, the cursor at its edge; at the newest line is following again."""
        if not len(self) or (self.cursor is None and rows > 0):
            return
        self._stop_as_seen()
        if rows < 0 and self._edge.top == self._lines.first and self.on_top:
            self.on_top()
        if not self._edge.scroll(rows) and rows > 0 and self.anchor is None:
            self.follow()
            return
        seen = [number for number in self._edge.seen(self.cursor, self.end) if number is not None]
        if self.cursor is not None and seen:
            self.cursor = min(max(seen[0], self.cursor), seen[-1])
        self.touch()

    def _stop_as_seen(self) -> None:
        """As ``pause``, but what came since it was drawn is below, and new."""
        if self.cursor is None:
            before = self._seen_end
            self.cursor = before - 1
            self.new = sum(len(self.line(number)) for number in range(before, self.end))
            self._edge.above(before)

    @property
    def _seen_end(self) -> int:
        """The number after the newest line as it was drawn, where that is still held."""
        return self._laid_end if self._lines.first < self._laid_end <= self.end else self.end

    def home(self) -> None:
        if len(self):
            self._go(self._lines.first)

    def error(self, direction: int) -> bool:
        """To the next (+1) or previous (-1) error; False when there is none that way."""
        return self._seek(direction, lambda line: is_error(line.head))

    def match(self, direction: int) -> bool:
        """To the next (+1) or previous (-1) line that passes the filter."""
        found = self.filter
        return found is not None and self._seek(direction, lambda line: any(map(found.passes, line)))

    def to(self, wanted: Callable[[Entry], bool]) -> bool:
        """To the newest line that is wanted; False when none is held and shown."""
        for number in range(self.end - 1, self._lines.first - 1, -1):
            if any(map(wanted, self.line(number))):
                self.pause()
                self._go(number)
                return True
        return False

    def _seek(self, direction: int, wanted: Callable[[Line], bool]) -> bool:
        first, lines = self._lines.first, self._lines.listed()
        start = self.end if self.cursor is None else self.cursor
        numbers = range(start + 1, self.end) if direction > 0 else range(start - 1, first - 1, -1)
        for number in numbers:
            if wanted(lines[number - first]):
                self.pause()
                self._go(number)
                return True
        return False

    def _go(self, number: int) -> None:
        self.cursor = number
        self._edge.reveal(number)
        self.touch()

    def select(self) -> None:
        """Begin a selection at the cursor, or end it."""
        self.pause()
        self.anchor = self.cursor if self.anchor is None else None
        self.touch()

    def unfold(self) -> bool:
        """Show each entry of the line under the cursor, or put them together again. False where it is only one."""
        line = self._current()
        if line is None or len(line) < 2:
            return False
        self.pause()
        line.open = not line.open
        assert self.cursor is not None
        self._edge.reveal(self.cursor)
        self.touch()
        return True

    def scroll(self, steps: int) -> None:
        """Text to the left (positive) or back, up to where the longest line on the screen ends."""
        longest = max((len(message(entry)) for entry in self._edge.on_screen(self.cursor)), default=0)
        self.left = max(0, min(self.left + steps * STEP, longest // STEP * STEP))
        self.touch()

    def current(self) -> list[Entry]:
        """All entries of the line under the cursor, or of the newest."""
        return list(self._current() or ())

    def selected(self) -> list[Entry]:
        """All entries of the selected lines; without a selection, of the current one."""
        if self.anchor is None or self.cursor is None:
            return self.current()
        low, high = sorted((self.anchor, self.cursor))
        return [entry for number in range(low, high + 1) for entry in self.line(number)]

    @property
    def selecting(self) -> int:
        """Lines that are selected; 0 without a selection."""
        if self.anchor is None or self.cursor is None:
            return 0
        return abs(self.anchor - self.cursor) + 1

    def passing(self) -> list[Entry]:
        """Everything held that passes the filter."""
        found = self.filter
        return [entry for entry in self.held if found is None or found.passes(entry)]

    def text(self) -> str:
        """All that is shown, one entry a row."""
        return "\n".join(entry.text for line in self._lines.listed() for entry in line)

    def _current(self) -> Line | None:
        if not len(self):
            return None
        return self.line(self.end - 1 if self.cursor is None else self.cursor)

    # what the pane shows

    @property
    def head(self) -> Callable[[], Row] | None:
        """Says what is above the oldest line."""
        return self._edge.head

    @head.setter
    def head(self, says: Callable[[], Row] | None) -> None:
        self._edge.head = says

    def rows(self, width: int, height: int) -> list[Marked]:
        """At most ``height`` rows, top to bottom."""
        self.pending = False
        edge, look = self._edge, Look(width, self.wrapped, self.times, self.left, self.names)
        if look != edge.look or height != edge.height:
            reshaped = replace(look, left=0) != replace(edge.look, left=0) or height != edge.height
            edge.look, edge.height, self._laid = look, height, None
            if reshaped and self.cursor is not None and len(self) and height > 0 and width > 0:
                edge.skip = 0
                edge.reveal(self.cursor)
        if self._laid is None:
            self._laid, self._laid_end = edge.lay_out(self.cursor, self.anchor), self.end
        return self._laid
