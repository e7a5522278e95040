"""The node strip: every master, the chosen one and those that have a pane marked."""

from __future__ import annotations

from collections.abc import Collection

from textual import events
from textual.message import Message

from novatui.model.cluster import ClusterSnapshot
from novatui.present.strip import cells, strip_rows
from novatui.tui.widgets.rows_view import RowsView


class NodeStrip(RowsView):
    """As high as it needs to be, a row mostly. A click chooses."""

    class Chosen(Message):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._places: list[tuple[int, int, int]] = []
        self._shown: tuple[ClusterSnapshot, int, int, Collection[int]] | None = None

    def show(self, snapshot: ClusterSnapshot, now_ms: int, chosen: int, pinned: Collection[int]) -> None:
        """``pinned`` are those that have a pane beside the chosen one's."""
        self._shown = snapshot, now_ms, chosen, pinned
        lines = cells(snapshot, now_ms, self.size.width)
        rows, self._places = strip_rows(lines, chosen, pinned)
        self.styles.height = len(rows)
        self.set_rows(rows)

    def on_resize(self, event: events.Resize) -> None:
        """It had no width while it was not displayed, and what is shown may stand still."""
        if self._shown is not None:
            self.show(*self._shown)

    def on_click(self, event: events.Click) -> None:
        for number, (y, start, stop) in enumerate(self._places, 1):
            if event.y == y and start <= event.x < stop:
                self.post_message(self.Chosen(number))
