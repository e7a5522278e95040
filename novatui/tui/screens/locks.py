"""The page behind ``L``: which run has which master, kept up to date, and what can be done about each."""

from __future__ import annotations

import logging

from novatui.errors import NovatuiError
from novatui.model.cluster import Held
from novatui.present.i18n import _
from novatui.present.locks import Taken, locks_rows, locks_text, taken
from novatui.present.rows import BLANK, Role, Row, row
from novatui.present.wizard import trouble_rows
from novatui.tui.screens.history import open_run, unread
from novatui.tui.screens.run_pages import RunPage
from novatui.tui.state import View

log = logging.getLogger(__name__)


class LocksPage(RunPage):
    """``o`` opens the run where this machine has its journal. It changes nothing: what breaks a lease is typed in a shell."""

    def __init__(self) -> None:
        super().__init__(_("Locks: runs that have masters"), "L", self._told)
        self._here: tuple[str, ...] | None = None  # until it is known
        self._trouble: NovatuiError | None = None  # why it is not
        self._opens = -1  # the row that says so
        self._bindings.bind("o", "open", "open")

    def on_mount(self) -> None:
        self.watch(self.app, "view", self._renew, init=False)
        self.run_worker(self._read(), exit_on_error=False)

    async def _read(self) -> None:
        try:
            self._here = tuple(one.run for one in await self.nova.run_client.runs())
        except Exception as error:  # what is seen on the masters stands
            log.error("the runs could not be read", exc_info=error)
            self._trouble = unread(error)
        self.refill()

    def _renew(self, view: View) -> None:
        self.refill()

    @property
    def _seen(self) -> dict[str, Held | None]:
        nodes = self.nova.view.snapshot.nodes
        return {node.name: node.held if node.reachable else None for node in nodes}

    @property
    def _runs(self) -> list[Taken]:
        return taken(self._seen, self._here)

    def page(self, width: int) -> list[Row]:
        rows = locks_rows(self._seen, self._runs, self.nova.now_ms, width)
        if (why := self._trouble) is not None:
            rows += [BLANK, *trouble_rows(why.title, why.detail, why.hint, width)]
        if mine := self._mine:
            words = _("opens run {run}: follow it, resume, undo, abort").format(run=mine)
            self._opens = len(rows) + 1
            rows += [BLANK, row(("o ", Role.KEY), (words, Role.BRIGHT))]
        return rows

    @property
    def _mine(self) -> str:
        return next((one.run for one in self._runs if one.here), "")

    def clicked(self, row: int) -> None:
        if self._mine and row == self._opens:
            self.action_open()

    def action_open(self) -> None:
        if mine := self._mine:
            self.dismiss(None)
            open_run(self.nova, self.nova.run_client, mine)

    def _told(self) -> str:
        return locks_text(self._seen, self._runs, self.nova.now_ms)
