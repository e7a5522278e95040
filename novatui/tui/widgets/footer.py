"""The last line: the keys that matter here, in order of use, as many as fit; or a message for a few seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.timer import Timer

from novatui.present.footer import keys_line
from novatui.present.i18n import _
from novatui.present.rows import Role, Row, row
from novatui.tui.actions import of_scope
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
        self._unsaying: Timer | None = None
        self._spans: list[tuple[int, int, str]] = []

    @property
    def _nova(self) -> NovatuiApp:
        return cast("NovatuiApp", self.app)

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
        if self._unsaying is not None:
            self._unsaying.stop()
        self._unsaying = self.set_timer(MESSAGE_SECONDS, self._unsay)

    def _unsay(self) -> None:
        self._message = ""
        self.update()

    def _keys(self, width: int) -> Row:
        app = self._nova
        shown = sorted((a for a in of_scope(self.scope) if a.footer), key=lambda action: action.footer)
        line, self._spans = keys_line([(a.id, a.label, _(a.name), a.why_not(app)) for a in shown], width)
        return line

    def on_resize(self, event: events.Resize) -> None:
        self.update()

    async def on_click(self, event: events.Click) -> None:
        for start, stop, action_id in self._spans:
            if start <= event.x < stop:
                await self._nova.action_pick(action_id)
