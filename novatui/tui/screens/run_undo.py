"""Taking a run back: what that does to the masters, and the cluster's name typed. Enter never confirms."""

from __future__ import annotations

from novatui.model.plan import Plan
from novatui.model.run import RunState
from novatui.present.gate import Typed, pair_rows
from novatui.present.i18n import _
from novatui.present.rows import Row
from novatui.present.run import confirm_word, short_title
from novatui.present.run_pages import kept_paths, returning_paths
from novatui.tui.screens.run_pages import PlanPage
from novatui.tui.screens.run_words import WordsModal


class UndoModal(WordsModal[bool]):
    """True when the name was typed and ``y`` pressed; False or None: nothing happens."""

    def __init__(self, plan: Plan, state: RunState) -> None:
        super().__init__(
            _("Take back {runbook}, run {run}").format(runbook=plan.runbook, run=plan.run),
            [Typed(word=confirm_word(plan), why=_why(plan))],
            _("Take it back"),
        )
        self.plan, self.state = plan, state

    def rows(self, width: int) -> list[Row]:
        rows: list[Row] = []
        if kept_paths(self.plan, self.state):
            rows += pair_rows(_("What is lost"), _("every write since this run put its data in place"), width)
            words = _("the data that is taken out again is set aside beside the live data, not removed")
            rows += pair_rows(_("What is kept"), words, width)
        label = _("What returns")
        for node, path in returning_paths(self.plan, self.state).items():
            rows += pair_rows(label, f"{node}: {path}", width)
            label = ""
        steps = " → ".join(short_title(step) for step in self.plan.undo)
        rows += pair_rows(_("Steps"), steps, width)
        if not self.plan.request.node:
            words = _("is stopped on all masters, and started again at the end")
            rows += pair_rows(_("etcd"), words, width)
        return rows

    def start(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)

    def action_commands(self) -> None:
        self.app.push_screen(PlanPage(self.plan))


def _why(plan: Plan) -> str:
    if plan.request.node:
        return _("To take it back type the master's name.")
    return _("To take it back type the cluster's name.")
