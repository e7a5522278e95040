"""A framed page of rows that scrolls by keys and wheel; says how much is below."""

from __future__ import annotations

from textual import events

from novatui.present.frame import edge
from novatui.present.i18n import _
from novatui.present.rows import Role, Row, fit, row
from novatui.tui.widgets.rows_view import RowsView


class Page(RowsView):
    """``show`` takes the title and rows laid out for ``inner`` cells."""

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
        self.scroll_lines(0)

    def reveal(self, begin: int, end: int) -> None:
        """Scroll as little as needed for these rows to be seen, their beginning above all."""
        if end > self._top + self._room:
            self._top = end - self._room
        self._top = min(self._top, begin)
        self.scroll_lines(0)

    def row_at(self, y: int) -> int:
        """Which of the rows is at ``y`` of this widget; -1 on its frame."""
        return self._top + y - 1 if 0 < y <= self._room else -1

    def scroll_lines(self, lines: int) -> None:
        self._top = max(0, min(self._top + lines, len(self._page) - self._room))
        part = self._page[self._top : self._top + self._room]
        part += [()] * (self._room - len(part))
        below = len(self._page) - self._top - self._room
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

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(3)
