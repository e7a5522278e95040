"""The journals of all masters on one time line: what happened where, in the order of the masters' own clocks."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType

from novatui.model.cluster import ClusterSnapshot
from novatui.present.frame import edge
from novatui.present.headline import verdict_bar
from novatui.present.i18n import _
from novatui.present.journal_state import reading_state
from novatui.present.numbers import age
from novatui.present.rows import BLANK, Role, Row, fit, recolour, row
from novatui.tui.actions import bindings, no_masters
from novatui.tui.screens.journal_keys import JournalKeys
from novatui.tui.state import View
from novatui.tui.tail import Tail
from novatui.tui.widgets.footer import Footer
from novatui.tui.widgets.pulled import Pulled
from novatui.tui.widgets.rows_view import RowsView

SKEW_MS = 500  # from here on the order of two masters' lines may not be that of what happened


class MergedPane(Pulled):
    """All rows, in one frame."""

    streams = False
    skew_ms = 0

    def rebuild(self) -> None:
        tail, width, height = self.tail, self.size.width, self.size.height
        if width < 8 or height < 3:
            return
        inner = width - 4
        lines = [
            recolour(fit(line, inner), Role.CURSOR) if marked else line
            for line, marked in tail.rows(inner, height - 2)
        ]
        if not lines:
            words = _("no line passes the filter") if tail.filter else _("no lines yet")
            lines = [row((words, Role.DIM))]
        lines += [BLANK] * (height - 2 - len(lines))
        left = self.narrowed_to(_("all masters' journals"))
        if self.skew_ms >= SKEW_MS:
            said = _("clocks differ by {age}: the order may deceive").format(age=age(self.skew_ms))
            left = (*left, *row((f"  ▲ {said}", Role.WARN)))
        right = reading_state(tail.following, self.streams, tail.new, tail.selecting)
        role = Role.FOCUS
        self.set_rows(
            [
                edge("╭", "╮", width, (left, right), role),
                *((("│ ", role), *fit(line, inner), (" │", role)) for line in lines),
                edge("╰", "╯", width, ((), ()), role),
            ]
        )


class MergedScreen(JournalKeys):
    """Fed by the app while it is open."""

    scope: ClassVar[str] = "merged"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("merged")]

    def __init__(self, tail: Tail) -> None:
        super().__init__()
        self.tail = tail
        self._looking = False

    def compose(self) -> ComposeResult:
        yield RowsView(id="verdict")
        yield MergedPane(self.tail, id="merged")
        yield Footer(self.scope)

    @property
    def _tail(self) -> Tail:
        return self.tail

    def on_mount(self) -> None:
        super().on_mount()
        self.tail.on_top = self._older

    async def on_pulled_clicked(self, event: Pulled.Clicked) -> None:
        if event.line is not None:
            await self.point(event.line)

    def _older(self) -> None:
        """Above the oldest line: each master is asked, then all is put together anew; once at a time, however often the key
        comes."""
        if self.nova.replaying:
            self.say(no_masters(self.nova))
            return
        if not self._looking:
            self._looking = True
            self.run_worker(self._look_back(), name="older", exit_on_error=False)

    async def _look_back(self) -> None:
        self.say(_("asking the masters for older lines"))
        try:
            came = await self.nova.journals.older_of_all()
        finally:
            self._looking = False
        if came:
            at = self.tail.current()
            self.tail.put_together(self.nova.journals.together())
            self.tail.to(lambda entry: bool(at) and entry is at[0])
        else:
            self.say(_("there are no older lines, or no more are held: see the masters' own panes"))

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.draw)

    def on_view(self, view: View) -> None:
        self.draw()

    def on_clock(self, now_ms: int) -> None:
        self.draw()

    def draw(self) -> None:
        view, now, width = self.nova.view, self.nova.now_ms, self.size.width
        if not width:
            return
        pane = self.query_one(MergedPane)
        pane.streams = any(node.reachable for node in view.snapshot.nodes)
        pane.skew_ms = _skew(view.snapshot)
        with self.app.batch_update():
            bar: Row = verdict_bar(view.snapshot, view.diagnosis, now, width, self.nova.mark())
            self.query_one("#verdict", RowsView).set_rows([bar])
            pane.rebuild()
            self.query_one(Footer).update()

    @property
    def exported_name(self) -> str:
        return "all-masters"

    def act_back(self) -> None:
        if not self.leave_selection():
            self.act_merged_leave()

    def act_merged_leave(self) -> None:
        if not self.leave_selection():
            self.dismiss(None)


def _skew(snapshot: ClusterSnapshot) -> int:
    """How far the masters' clocks are apart at most, of those that are known."""
    known = [node.clock_skew_ms for node in snapshot.nodes if node.clock_skew_ms is not None]
    return max(known) - min(known) if len(known) > 1 else 0
