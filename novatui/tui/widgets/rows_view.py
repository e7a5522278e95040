"""A widget that shows rows of (text, role), and repaints only the lines that changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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
        self._strips: dict[int, Strip] = {}  # by row, as last drawn; those that changed are missing
        self._drawn_for: object = None

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
        for y in changed:
            self._strips.pop(y, None)
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual's own way makes four strips of a line, which hold themselves and 28 caches: under a flood of lines that,
        and collecting it, was most of what drawing cost."""
        if self.gutter:
            return super().render_lines(crop)
        width, background, filters = self.size.width, self.background_colors[1], self.get_line_filters()
        drawn_for = (width, background, *filters)
        if drawn_for != self._drawn_for:
            self._strips.clear()
            self._drawn_for = drawn_for
        strips = []
        for y in crop.line_range:
            strip = self._strips.get(y)
            if strip is None:
                segments = self._segments(y, width)
                for each in filters:
                    segments = each.apply(segments, background)
                strip = self._strips[y] = _Line(segments, width)
            strips.append(strip)
        left, right = crop.column_span
        return strips if (left, right) == (0, width) else [strip.crop(left, right) for strip in strips]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        return Strip(self._segments(y, self.size.width), self.size.width)

    def _segments(self, y: int, width: int) -> list[Segment]:
        style = self.get_component_rich_style
        line = self._rows[y] if 0 <= y < len(self._rows) else BLANK
        return [
            Segment(
                text if text.isprintable() else _CONTROL.sub("·", text),
                style(_CLASS[role]),
            )
            for text, role in fit(line, width)
        ]


class _Line(Strip):
    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """The whole is itself: not kept in its own cache, where only the collector would find it."""
        wanted = list(cuts)
        return [self] if wanted == [self.cell_length] else super().divide(wanted)
