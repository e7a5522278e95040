"""The page behind Enter: one journal entry whole, and the record as its master keeps it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from novatui.errors import NovatuiError
from novatui.model.entries import Entry, Record
from novatui.model.sanitize import clean
from novatui.present.entry_page import entry_page, page_text
from novatui.present.i18n import _
from novatui.present.rows import Row
from novatui.tui.lookback import Asks
from novatui.tui.screens.run_pages import RunPage
from novatui.tui.widgets.page import Page

log = logging.getLogger(__name__)

TEXT_CELLS = 120


class EntryPage(RunPage):
    """What is held of it is there at once; the rest is asked of the master and may be refused, in words."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(_("Entry of {node}").format(node=entries[0].node), "enter", self._text_of)
        self.entries = tuple(entries)
        self._record: Record | None = None
        self._trouble = ""

    def on_mount(self) -> None:
        self.query_one(Page).keys = _("j k scroll  y copy  Esc close")
        self.run_worker(self._ask(), exit_on_error=False)

    async def _ask(self) -> None:
        entry, feed = self.entries[0], self.nova.feed
        if not entry.cursor:
            self._trouble = _("this row is novatui's own: no record of the master's is behind it")
        elif not isinstance(feed, Asks):
            self._trouble = _("there is no master behind this: what is above is all that is known")
        else:
            try:
                self._record = await feed.record(entry.node, entry.cursor)
            except NovatuiError as error:
                self._trouble = f"{error.title}: {error.detail}" if error.detail else error.title
            except Exception as error:  # what a master says must not end the screen
                log.exception("%s: a record", entry.node)
                self._trouble = clean(f"{type(error).__name__}: {error}", cap=200)
        if self.is_attached:
            self.refill()

    def page(self, width: int) -> list[Row]:
        return entry_page(self.entries, self._record, self._trouble, width)

    def _text_of(self) -> str:
        return page_text(entry_page(self.entries, self._record, self._trouble, TEXT_CELLS))
