"""One master's pane: its name and state in the frame, five rows of status, and its journal below."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.timer import Timer

from novatui.model.cluster import NodeSnapshot
from novatui.present.frame import boxed
from novatui.present.i18n import _
from novatui.present.node import BLOCK_ROWS, no_lines_rows, notice_rows, status_block
from novatui.present.numbers import age, grouped
from novatui.present.rows import BLANK, Role, Row, fit, recolour, row
from novatui.present.standing import standing
from novatui.tui.state import View
from novatui.tui.tail import Tail
from novatui.tui.widgets.rows_view import RowsView

PULL_SECONDS = 1 / 20
_STAGGER_SECONDS = 1 / 60
WHEEL_LINES = 3


class NodePane(RowsView):
    """Journal lines are pulled twenty times a second at most, and only while there are new ones."""

    class Chosen(Message):
        """The pane was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, number: int, tail: Tail, *, id: str) -> None:
        super().__init__(id=id)
        self.number = number
        self.tail = tail
        self._block: tuple[Row, ...] = ()
        self._title: Row = BLANK
        self._state: Row = BLANK
        self._notice: list[Row] = []
        self._streams = False
        self._no_lines: list[Row] = []
        self._chosen = False
        self._puller: Timer | None = None

    def on_mount(self) -> None:
        self.set_timer(self.number * _STAGGER_SECONDS, self._start_pulling)

    def _start_pulling(self) -> None:
        self._puller = self.set_interval(PULL_SECONDS, self._pull)
        self.tail.on_pending = self._puller.resume

    def on_unmount(self) -> None:
        self.tail.on_pending = None

    def on_resize(self, event: events.Resize) -> None:
        self.rebuild()

    def _pull(self) -> None:
        if self.tail.pending:
            self.rebuild()
        elif self._puller:
            self._puller.pause()

    def show_view(self, view: View, now_ms: int, fsync: list[float | None]) -> None:
        """Status block and frame from a snapshot; also called when only the clock moved."""
        node = view.snapshot.nodes[self.number - 1]
        width = self._inner
        self._block = status_block(node, view.snapshot, now_ms, width, fsync) if width > 0 else ()
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
        whole = self.size.height - BLOCK_ROWS - 3
        notice = self._notice[: max(0, whole)]
        room = whole - len(notice)
        lines = [
            recolour(fit(line, self._inner), Role.CURSOR) if marked else line
            for line, marked in self.tail.rows(self._inner, room)
        ]
        lines += [BLANK] * (room - len(lines))
        block = [*self._block, *([BLANK] * BLOCK_ROWS)][:BLOCK_ROWS]
        self.set_rows(
            boxed(
                self.size.width,
                (self._title, self._state),
                block,
                (row((_("journal"), Role.DIM)), self._journal_state()),
                [
                    *notice,
                    *(lines if self.tail.end else [*self._no_lines[:room], *lines[len(self._no_lines) :]]),
                ],
                Role.FOCUS if self._chosen else Role.BORDER,
            )[: self.size.height]
        )

    def _journal_state(self) -> Row:
        tail = self.tail
        if tail.following:
            return row((_("following") if self._streams else _("no stream"), Role.DIM))
        if tail.new:
            return row(
                ("‖ ", Role.ACCENT), (_("+{n} new · f to follow").format(n=grouped(tail.new)), Role.ACCENT)
            )
        return row(("‖ ", Role.ACCENT), (_("paused · f to follow"), Role.ACCENT))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.tail.move(-WHEEL_LINES)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.tail.move(WHEEL_LINES)

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Chosen(self.number))


def _state_row(node: NodeSnapshot, now_ms: int) -> Row:
    state = standing(node)
    since = (
        f" {age(now_ms - state.since_ms)}" if state.since_ms is not None and state.role is not Role.OK else ""
    )
    return row((f"{state.glyph} {state.word}{since}", state.role))
