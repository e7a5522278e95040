"""Rows in a frame with a title and a state in its upper edge; the run's columns are made of it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from novatui.present.frame import edge
from novatui.present.rows import BLANK, Role, Row, fit
from novatui.tui.widgets.rows_view import RowsView


class Framed(RowsView):
    """``show`` lays ``rows`` out inside the frame; ``inner`` cells wide, ``room`` rows high."""

    class Chosen(Message):
        """It was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Resized(Message):
        """Its rows must be laid out again."""

    def __init__(self, number: int = 0, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.number = number

    @property
    def inner(self) -> int:
        return max(0, self.size.width - 4)

    @property
    def room(self) -> int:
        return max(0, self.size.height - 2)

    def show(
        self, title: Row, state: Row, rows: Sequence[Row], *, chosen: bool = False, foot: Row = BLANK
    ) -> None:
        width = self.size.width
        if width < 8 or self.size.height < 2:
            return
        role = Role.FOCUS if chosen else Role.BORDER
        part = [*rows[: self.room], *([BLANK] * (self.room - len(rows)))]
        self.set_rows(
            [
                edge("╭", "╮", width, (title, state), role),
                *((("│ ", role), *fit(line, self.inner), (" │", role)) for line in part),
                edge("╰", "╯", width, (BLANK, foot), role),
            ]
        )

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized())

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Chosen(self.number))
