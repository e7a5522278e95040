"""A widget that shows a journal: lines that come are drawn ten times a second at most, what a key does at once."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer

from novatui.present.journal_state import narrowed_to
from novatui.present.rows import Row
from novatui.tui.tail import Tail
from novatui.tui.widgets.rows_view import RowsView

PULL_SECONDS = 1 / 10  # nobody reads faster; drawing is most of what a flood of lines costs
WHEEL_ROWS = 3


class Pulled(RowsView):
    """``rebuild`` is called in the widget's own time; ``stagger`` seconds keep several apart."""

    class Clicked(Message):
        """``line``: the number of the journal's line there, if one is; ``twice``: it is the second of a double click."""

        def __init__(self, pane: Pulled, line: int | None, twice: bool) -> None:
            super().__init__()
            self.pane, self.line, self.twice = pane, line, twice

    def __init__(self, tail: Tail, *, id: str, stagger: float = 0.0) -> None:
        super().__init__(id=id)
        self.tail = tail
        self._stagger = stagger
        self._puller: Timer | None = None
        self._lines_from = 1  # rows above the first line, as drawn

    def on_mount(self) -> None:
        self.set_timer(max(self._stagger, 0.001), self._start_pulling)

    def _start_pulling(self) -> None:
        self._puller = self.set_interval(PULL_SECONDS, self._pull)
        self.tail.on_pending = self._puller.resume
        self.tail.on_touch = self._touched

    def on_unmount(self) -> None:
        self.tail.on_pending = self.tail.on_touch = None

    def _touched(self) -> None:
        self.call_later(self._pull)

    def on_resize(self, event: events.Resize) -> None:
        self.rebuild()

    @property
    def _covered(self) -> bool:
        """Behind another screen, not only behind a page: nobody sees it."""
        front = self.app.screen
        return front is not self.screen and not isinstance(front, ModalScreen)

    def _pull(self) -> None:
        if self._covered:
            return
        if self.tail.pending:
            self.rebuild()
        elif self._puller:
            self._puller.pause()

    def narrowed_to(self, what: str) -> Row:
        """What the frame says of the filter; without one, ``what`` this is."""
        tail = self.tail
        typed = tail.filter.text if tail.filter else ""
        share = (tail.shown if typed else 0, len(tail.held))
        return narrowed_to(what, typed, share, tail.in_context, tail.left)

    def rebuild(self) -> None:
        raise NotImplementedError

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.tail.wheel(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.tail.wheel(WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        line = self.tail.line_at(event.y - self._lines_from)
        self.post_message(self.Clicked(self, line, event.chain == 2))
