"""The node strip: every master on one line, the chosen one marked."""

from __future__ import annotations

from textual import events
from textual.message import Message

from novatui.model.cluster import ClusterSnapshot
from novatui.present.rows import Role, Seg, width_of
from novatui.present.strip import cells
from novatui.tui.widgets.rows_view import RowsView


class NodeStrip(RowsView):
    """A click chooses."""

    class Chosen(Message):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._spans: list[tuple[int, int]] = []

    def show(self, snapshot: ClusterSnapshot, now_ms: int, chosen: int) -> None:
        line: list[Seg] = []
        self._spans = []
        at = 0
        for number, piece in enumerate(cells(snapshot, now_ms, self.size.width), 1):
            ends = ("[", "]") if number == chosen else (" ", " ")
            line += [(ends[0], Role.FOCUS), *piece, (ends[1], Role.FOCUS), (" ", Role.NORMAL)]
            self._spans.append((at, at + width_of(piece) + 2))
            at += width_of(piece) + 3
        self.set_rows([tuple(line)])

    def on_click(self, event: events.Click) -> None:
        for number, (start, stop) in enumerate(self._spans, 1):
            if start <= event.x < stop:
                self.post_message(self.Chosen(number))
