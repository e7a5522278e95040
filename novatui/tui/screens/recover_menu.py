"""The menu behind ``w``: every recovery, the recommended one first, the others with why they fit or why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from novatui.model.findings import Diagnosis, Way
from novatui.present.guides import guide
from novatui.present.i18n import _, translated
from novatui.present.pointing import Spans, choice_at
from novatui.present.recoveries import menu_rows
from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.tui.badge import stamp
from novatui.tui.screens.modal import DeafModal
from novatui.tui.state import View
from novatui.tui.widgets.rows_view import RowsView

BRIEF_BELOW = 30  # rows of the terminal below which only the chosen one says what it does


class RecoverMenu(DeafModal["Way | None"], inherit_bindings=False):
    """Ends with the way that was chosen, or None. Opening a wizard only looks, so any of them may be opened: what speaks
    against it, it says itself. Kept up to date; the order stays once a person has moved in it."""

    CSS_PATH = "../styles/run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__()
        self.diagnosis = diagnosis
        self.ways: Sequence[Way] = diagnosis.ways
        self.chosen = 0
        self._moved = False
        self._spans: Spans = []

    def compose(self) -> ComposeResult:
        with Vertical(id="choice-box") as box:
            stamp(box, self)
            yield RowsView(id="choice-title")
            yield RowsView(id="choice-rows")

    def on_mount(self) -> None:
        self.watch(self.app, "view", self._renew, init=False)

    def _renew(self, view: View) -> None:
        """What is seen now; a judge that knows no ways any more changes nothing here."""
        fresh = {way.runbook: way for way in view.diagnosis.ways}
        if not fresh:
            return
        self.diagnosis = view.diagnosis
        order = [way.runbook for way in self.ways] if self._moved else list(fresh)
        self.ways = [fresh[runbook] for runbook in order if runbook in fresh]
        self.chosen = min(self.chosen, len(self.ways) - 1)
        self.refill()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.refill)

    def refill(self) -> None:
        width = max(20, self.query_one("#choice-box").content_size.width)
        self.query_one("#choice-title", RowsView).set_rows(
            [row((_("Recover"), Role.BRIGHT), "  ", (_("opening one only looks"), Role.DIM))]
        )
        rows = self._said(width)
        self._spans = []
        for number, way in enumerate(self.ways):
            begin = len(rows)
            here = number == self.chosen
            brief = self.size.height < BRIEF_BELOW and not here
            rows += menu_rows(way, self.diagnosis.recommend, width, chosen=here, brief=brief)
            self._spans.append((begin, len(rows)))
        rows += [BLANK, row(("Enter", Role.KEY), " " + _("opens it"), ("   Esc", Role.KEY), " " + _("back"))]
        body = self.query_one("#choice-rows", RowsView)
        body.styles.height = len(rows)
        body.set_rows(rows)

    def _said(self, width: int) -> list[Row]:
        """Where none is recommended: why."""
        if any(way.runbook == self.diagnosis.recommend for way in self.ways):
            return []
        lead = _("wait: ") if self.diagnosis.recommend == "wait" else _("none is recommended: ")
        why = translated(self.diagnosis.recommend_why) or _("d shows what is known")
        return [*(row((piece, Role.WARN)) for piece in wrap(lead + why, width)), BLANK]

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if not self.armed:
            return
        match event.key:
            case "escape" | "q":
                self.dismiss(None)
            case "enter" | "w":
                self.dismiss(self.ways[self.chosen])
            case "down" | "j" | "up" | "k":
                self._go(self.chosen + (1 if event.key in ("down", "j") else -1))
            case key:
                for way in self.ways:
                    if guide(way.runbook).key == key:
                        self.dismiss(way)
                        return

    def _go(self, number: int) -> None:
        self._moved = True
        self.chosen = max(0, min(len(self.ways) - 1, number))
        self.refill()

    def on_click(self, event: events.Click) -> None:
        """Chooses one; on the chosen one it is Enter."""
        if not self.armed or getattr(event.widget, "id", "") != "choice-rows":
            return
        number = choice_at(self._spans, event.y)
        if number is not None and number == self.chosen:
            self.dismiss(self.ways[number])
        elif number is not None:
            self._go(number)
