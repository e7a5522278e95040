"""Overruling a guard: what speaks against going on, what doing so means, and the guard's own name typed."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.findings import Finding
from novatui.model.sanitize import clean
from novatui.present.gate import Typed, pair_rows
from novatui.present.i18n import _, translated
from novatui.present.preflight import meaning
from novatui.present.rows import Role, Row, row
from novatui.tui.screens.run_words import WordsModal


class OverruleModal(WordsModal[str]):
    """Ends with the guard's id, or empty. It changes nothing: the plan is made again, without that check."""

    def __init__(self, guard: str, reasons: Sequence[Finding], runbook: str = "") -> None:
        super().__init__(
            _("Overrule {guard}").format(guard=guard),
            [Typed(word=guard, why=_("To overrule it type its name."), guard=guard)],
            _("Plan without this check"),
        )
        self.guard, self.reasons, self.runbook = guard, list(reasons), runbook

    def rows(self, width: int) -> list[Row]:
        rows: list[Row] = []
        for finding in self.reasons:
            where = f"{finding.node}: " if finding.node else ""
            rows += pair_rows(_("Against it"), where + translated(clean(finding.title)), width, Role.BRIGHT)
            rows += pair_rows(_("Better"), translated(clean(finding.hint)), width) if finding.hint else []
        return rows + pair_rows(_("It means"), meaning(self.guard, self.runbook), width, Role.WARN)

    def keys(self) -> Row:
        return row(("Esc", Role.KEY), " " + _("changes nothing"))

    def start(self) -> None:
        self.dismiss(self.guard)

    def action_leave(self) -> None:
        self.dismiss("")
