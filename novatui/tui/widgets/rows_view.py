"""A widget that shows rows of (text, role), and repaints only the lines that changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from novatui.present.rows import BLANK, Role, Row, fit

# Everything arrives sanitised; a control character that got this far all the same must still not reach the terminal.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


_CLASS = {role: f"role--{role.value}" for role in Role}


class RowsView(Widget):
    """Text reaches the terminal as segments with a style looked up by role: no markup is parsed anywhere."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(_CLASS.values())

    def __init__(
        self, rows: Sequence[Row] = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = list(rows)

    @property
    def shown(self) -> list[Row]:
        """What is on the screen, for tests."""
        return list(self._rows)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show ``rows`` from the top; lines that stay the same are not painted again."""
        before, self._rows = self._rows, list(rows)
        longest = max(len(before), len(self._rows))
        changed = [
            y
            for y in range(longest)
            if (before[y] if y < len(before) else None) != (rows[y] if y < len(rows) else None)
        ]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        line = self._rows[y] if 0 <= y < len(self._rows) else BLANK
        return self.strip(line, width)

    def strip(self, line: Row, width: int) -> Strip:
        style = self.get_component_rich_style
        segments = [
            Segment(
                text if text.isprintable() else _CONTROL.sub("·", text),
                style(_CLASS[role]),
            )
            for text, role in fit(line, width)
        ]
        return Strip(segments, width)
