"""Why: every finding with its evidence, kept up to date while it is open. Enter shows where one comes from."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from novatui.model.findings import Finding
from novatui.present.evidence import evidence_page
from novatui.present.headline import ranked
from novatui.present.i18n import _
from novatui.present.pointing import Spans, choice_at
from novatui.present.rows import Row
from novatui.tui.actions import find
from novatui.tui.screens.page import PageScreen
from novatui.tui.state import View
from novatui.tui.widgets.page import Page

RECOVER = "recover"


class EvidenceScreen(PageScreen["Finding | str"]):
    """Ends with the finding that was chosen, with RECOVER, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "previous finding"),
        Binding("down,j", "choose(1)", "next finding"),
        Binding("enter", "follow", "show where it comes from"),
        Binding("w", "recover", "recover"),
    ]

    def __init__(self) -> None:
        super().__init__(_("Why"), "d")
        self._chosen = 0
        self._spans: Spans = []

    def on_mount(self) -> None:
        self.query_one(Page).keys = _("j k choose  Enter shows it  w recover  Esc close")
        self.watch(self.app, "view", self._renew, init=False)

    def _renew(self, view: View) -> None:
        self.refill()

    @property
    def _findings(self) -> list[Finding]:
        return ranked(self.nova.view.diagnosis.findings)

    def page(self, width: int) -> list[Row]:
        view = self.nova.view
        self._chosen = max(0, min(self._chosen, len(self._findings) - 1))
        rows, self._spans = evidence_page(
            view.snapshot, view.diagnosis, self.nova.now_ms, width, self._chosen
        )
        return rows

    def action_choose(self, by: int) -> None:
        """The next finding; beyond the first and the last one there is more to read."""
        page, target = self.query_one(Page), self._chosen + by
        if not 0 <= target < len(self._spans):
            page.scroll_lines(by)
            return
        self._chosen = target
        self.refill()
        page.reveal(*self._spans[target])

    def clicked(self, row: int) -> None:
        """Chooses a finding; the chosen one is followed."""
        number = choice_at(self._spans, row)
        if number is not None and number == self._chosen:
            self.action_follow()
        elif number is not None:
            self.action_choose(number - self._chosen)

    def action_follow(self) -> None:
        found = self._findings
        self.dismiss(found[self._chosen] if found else None)

    def action_recover(self) -> None:
        if why_not := find("recover").why_not(self.nova):
            self.notify(why_not, markup=False)
        else:
            self.dismiss(RECOVER)
