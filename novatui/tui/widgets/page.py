"""A framed page of rows that scrolls by keys and wheel; says how much is below."""

from __future__ import annotations

from textual import events
from textual.message import Message

from novatui.present.frame import edge
from novatui.present.i18n import _
from novatui.present.rows import Role, Row, fit, row
from novatui.tui.widgets.rows_view import RowsView

END = 1_000_000  # as many lines lead to either end


class Page(RowsView):
    """``show`` takes the title and rows laid out for ``inner`` cells. Where one reads is not moved by what is shown: a size or
    rows that are there for a moment leave no trace, and who went to the end stays there."""

    class Resized(Message):
        """Its rows must be laid out again."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = ""
        self._page: list[Row] = []
        self._top = 0
        self.keys = ""
        self.badge: Row = ()

    @property
    def inner(self) -> int:
        return max(1, self.size.width - 4)

    @property
    def _room(self) -> int:
        return max(0, self.size.height - 2)

    def show(self, title: str, rows: list[Row]) -> None:
        self._title, self._page = title, rows
        self._draw()

    @property
    def _last(self) -> int:
        """The first row that is seen where one reads the last."""
        return max(0, len(self._page) - self._room)

    @property
    def _first(self) -> int:
        """The first row that is seen."""
        return min(self._top, self._last)

    def reveal(self, begin: int, end: int) -> None:
        """Scroll as little as needed for these rows to be seen, their beginning above all."""
        self._top = max(0, min(max(self._first, end - self._room), begin))
        self._draw()

    def row_at(self, y: int) -> int:
        """Which of the rows is at ``y`` of this widget; -1 on its frame."""
        return self._first + y - 1 if 0 < y <= self._room else -1

    def scroll_lines(self, lines: int) -> None:
        self._top = END if lines >= END else max(0, min(self._first + lines, self._last))
        self._draw()

    def _draw(self) -> None:
        first = self._first
        part = self._page[first : first + self._room]
        part += [()] * (self._room - len(part))
        below = len(self._page) - first - self._room
        more = row((_("+{n} rows below").format(n=below), Role.ACCENT)) if below > 0 else ()
        width, role = self.size.width, Role.FOCUS
        if width < 8:
            return
        self.set_rows(
            [
                edge("╭", "╮", width, (row((self._title, Role.BRIGHT)), row((self.keys, Role.DIM))), role),
                *((("│ ", role), *fit(line, self.inner), (" │", role)) for line in part),
                edge("╰", "╯", width, (self.badge, more), role),
            ]
        )

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(3)
