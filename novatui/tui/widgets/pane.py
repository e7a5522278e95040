"""One master's pane: its name and state in the frame, rows of status, and its journal below."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events

from novatui.model.cluster import NodeSnapshot
from novatui.present.frame import boxed
from novatui.present.i18n import _
from novatui.present.journal_state import reading_state
from novatui.present.node import BLOCK_ROWS, block_rows, no_lines_rows, notice_rows, status_block
from novatui.present.numbers import age
from novatui.present.rows import BLANK, Role, Row, fit, recolour, row
from novatui.present.standing import standing
from novatui.present.trend import Figure, Trend
from novatui.tui.state import View
from novatui.tui.tail import Tail
from novatui.tui.widgets.pulled import PULL_SECONDS, Pulled

_STAGGER_SECONDS = PULL_SECONDS / 3  # panes side by side are drawn one after the other


class NodePane(Pulled):
    """Three of them at most stand side by side: their turns to be drawn are apart."""

    def __init__(self, number: int, tail: Tail, *, id: str) -> None:
        super().__init__(tail, id=id, stagger=number * _STAGGER_SECONDS)
        self.number = number
        self._block: tuple[Row, ...] = ()
        self._title: Row = BLANK
        self._state: Row = BLANK
        self._notice: list[Row] = []
        self._streams = False
        self._no_lines: list[Row] = []
        self._chosen = False
        self._shown: tuple[View, int, Mapping[Figure, Trend]] | None = None

    def on_resize(self, event: events.Resize) -> None:
        """One that had no room yet has no status block: on a recording that stands still nothing else would bring it."""
        if self._shown is not None:
            self.show_view(*self._shown)
        else:
            self.rebuild()

    def show_view(self, view: View, now_ms: int, trends: Mapping[Figure, Trend]) -> None:
        """Status block and frame from a snapshot; also called when only the clock moved."""
        self._shown = view, now_ms, trends
        node = view.snapshot.nodes[self.number - 1]
        width = self._inner
        rows = block_rows(self.size.height)
        self._block = status_block(node, view.snapshot, now_ms, width, trends, rows) if width > 0 else ()
        self._title = row(
            (f"{self.number} ", Role.KEY), (node.name, Role.BRIGHT if self._chosen else Role.NORMAL)
        )
        self._state = _state_row(node, now_ms)
        self._notice = notice_rows(node, width) if width > 4 else []
        self._streams = node.reachable
        self._no_lines = no_lines_rows(node, width) if width > 4 else []
        self.rebuild()

    def choose(self, chosen: bool) -> None:
        if chosen != self._chosen:
            self._chosen = chosen
            self.rebuild()

    @property
    def _inner(self) -> int:
        return self.size.width - 4

    def rebuild(self) -> None:
        """Put the pane's rows together; only those that differ are painted."""
        if not self.display or self.size.width < 8:
            self.tail.pending = False
            return
        block = self._block or (BLANK,) * BLOCK_ROWS
        whole = self.size.height - len(block) - 3
        notice = self._notice[: max(0, whole)]
        room = whole - len(notice)
        self._lines_from = 2 + len(block) + len(notice)
        lines = [
            recolour(fit(line, self._inner), Role.CURSOR) if marked else line
            for line, marked in self.tail.rows(self._inner, room)
        ]
        lines += [BLANK] * (room - len(lines))
        self.set_rows(
            boxed(
                self.size.width,
                (self._title, self._state),
                block,
                (self.narrowed_to(_("journal")), self._reading()),
                [*notice, *(lines if len(self.tail) else self._nothing(room))],
                Role.FOCUS if self._chosen else Role.BORDER,
            )[: self.size.height]
        )

    def _nothing(self, room: int) -> list[Row]:
        """Instead of lines, why there are none."""
        filtered = self.tail.filter is not None and len(self.tail.held) > 0
        said = [row((_("no line passes the filter"), Role.DIM))] if filtered else self._no_lines
        return [*said[:room], *([BLANK] * (room - len(said)))]

    def _reading(self) -> Row:
        return reading_state(self.tail.following, self._streams, self.tail.new, self.tail.selecting)


def _state_row(node: NodeSnapshot, now_ms: int) -> Row:
    state = standing(node)
    since = (
        f" {age(now_ms - state.since_ms)}" if state.since_ms is not None and state.role is not Role.OK else ""
    )
    return row((f"{state.glyph} {state.word}{since}", state.role))
