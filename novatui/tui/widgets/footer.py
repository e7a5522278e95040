"""The last line: the keys that matter here, in order of use, as many as fit; or a message for a few seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events

from novatui.present.i18n import _
from novatui.present.rows import Role, Row, row, width_of
from novatui.tui.actions import Action, of_scope
from novatui.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp

MESSAGE_SECONDS = 4.0


class Footer(RowsView):
    """A key that cannot act is dim and says why, where there is room for it."""

    def __init__(self, scope: str, *, id: str = "footer") -> None:
        super().__init__(id=id)
        self.scope = scope
        self._message = ""
        self._spans: list[tuple[int, int, str]] = []

    def update(self) -> None:
        """Look at the reasons again."""
        width = self.size.width
        if self._message:
            self._spans = []
            self.set_rows([row((f" {self._message}", Role.BRIGHT))])
        elif width:
            self.set_rows([self._keys(width)])

    def say(self, text: str) -> None:
        self._message = text
        self.update()
        self.set_timer(MESSAGE_SECONDS, lambda: self._unsay(text))

    def _unsay(self, text: str) -> None:
        if self._message == text:
            self._message = ""
            self.update()

    def _keys(self, width: int) -> Row:
        shown = sorted((a for a in of_scope(self.scope) if a.footer), key=lambda action: action.footer)
        for with_reason in (True, False):
            pieces = [self._piece(action, with_reason) for action in shown]
            if sum(width_of(piece) + 2 for piece in pieces) <= width:
                break
        # The way out is never what gets dropped: the last two (palette aside) stay, the ranks before them go.
        while sum(width_of(piece) + 2 for piece in pieces) > width and len(pieces) > 3:
            del pieces[-3]
            del shown[-3]
        out: list[tuple[str, Role]] = [(" ", Role.NORMAL)]
        self._spans = []
        at = 1
        for action, piece in zip(shown, pieces, strict=True):
            self._spans.append((at, at + width_of(piece), action.id))
            out.extend((*piece, ("  ", Role.NORMAL)))
            at += width_of(piece) + 2
        return tuple(out)

    def _piece(self, action: Action, with_reason: bool) -> Row:
        why_not = action.why_not(cast("NovatuiApp", self.app))
        if not why_not:
            return row((action.label, Role.KEY), " ", (_(action.name), Role.NORMAL))
        words = f"{action.label} {_(action.name)}" + (f" ({why_not})" if with_reason else "")
        return row((words, Role.DIM))

    def on_resize(self, event: events.Resize) -> None:
        self.update()

    async def on_click(self, event: events.Click) -> None:
        for start, stop, action_id in self._spans:
            if start <= event.x < stop:
                await self.app.run_action(f"app.perform('{action_id}')")
