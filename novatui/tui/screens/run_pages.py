"""Pages over the wizard and the run: the whole plan, the scripts it runs, every line of output, the way by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from novatui.model.plan import Plan, PlannedStep
from novatui.present.i18n import _
from novatui.present.plan import plan_rows, scripts, seed_rows
from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.present.run_log import Line, all_rows
from novatui.remote.command import script_text
from novatui.tui.screens.page import PageScreen
from novatui.tui.widgets.page import END, Page

COLUMNS_FROM = 100  # cells from which the masters' commands stand side by side


class RunPage(PageScreen[None]):
    """A page that takes the whole screen; ``y`` copies what ``text`` says."""

    CSS_PATH = "../styles/run.tcss"

    def __init__(self, title: str, opened_by: str = "", text: Callable[[], str] | None = None) -> None:
        super().__init__(title, opened_by)
        self._text = text
        self.add_class("run-page")
        self._bindings.bind("y", "copy", "copy")

    def action_copy(self) -> None:
        if self._text is not None:
            self.app.copy_to_clipboard(self._text())
            self.query_one(Page).keys = _("copied  Esc close")
            self.refill()


class PlanPage(RunPage):
    """Every step and every exact command; on narrow screens one master at a time."""

    def __init__(self, plan: Plan, text: Callable[[], str] | None = None) -> None:
        super().__init__(_("The plan, as confirmed"), "P,f2", text)
        self.plan = plan
        self._node = 0
        self._bindings.bind("tab", "node", "next master")
        self._bindings.bind("c", "scripts", "scripts")

    def page(self, width: int) -> list[Row]:
        page = self.query_one(Page)
        if width >= COLUMNS_FROM:
            page.keys = _("c scripts  Esc close")
            return plan_rows(self.plan, self.plan.nodes, width)
        page.keys = _("c scripts  Tab master  Esc close")
        return plan_rows(self.plan, [self.plan.nodes[self._node]], width)

    def action_node(self) -> None:
        self._node = (self._node + 1) % len(self.plan.nodes)
        self.refill()

    def action_scripts(self) -> None:
        self.app.push_screen(ScriptsPage(self.plan))


class ScriptsPage(RunPage):
    """The text of every script the plan names: what the master's shell is given, word for word."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(_("Scripts the plan runs on the masters"), "c", lambda: scripts_text(plan))
        self.plan = plan

    def page(self, width: int) -> list[Row]:
        rows: list[Row] = []
        for name in scripts(self.plan):
            rows += [row((f"── {name}.sh ", Role.ACCENT), ("─" * max(0, width - len(name) - 8), Role.BORDER))]
            for number, line in enumerate(script_text(name).splitlines(), 1):
                pieces = wrap(line.expandtabs(4), width - 5)
                rows.append(row((f"{number:>4} ", Role.DIM), pieces[0]))
                rows += [row("     ", piece) for piece in pieces[1:]]
            rows.append(BLANK)
        return rows


def scripts_text(plan: Plan) -> str:
    return "\n".join(f"# {name}.sh\n{script_text(name)}" for name in scripts(plan))


class OutputPage(RunPage):
    """Every line of one master, of one step or of all; opened at its end. ``step``: the one it is of, told on top."""

    def __init__(
        self,
        title: str,
        lines: Callable[[], Sequence[Line]],
        titles: Mapping[str, str],
        step: PlannedStep | None = None,
    ) -> None:
        super().__init__(title, "l", lambda: "\n".join(line.text for line in lines()) + "\n")
        self._lines, self._titles, self._step = lines, dict(titles), step
        self._followed = False

    def page(self, width: int) -> list[Row]:
        rows = all_rows(self._lines(), self._titles, width) or [row((_("no output"), Role.DIM))]
        told = seed_rows(self._step, width) if self._step else []
        return [*told, BLANK, *rows] if told else rows

    def refill(self) -> None:
        super().refill()
        if not self._followed:
            self._followed = True
            self.action_lines(END)


class TextPage(RunPage):
    """Rows laid out by a function of the width."""

    def __init__(
        self,
        title: str,
        rows: Callable[[int], list[Row]],
        opened_by: str = "",
        text: Callable[[], str] | None = None,
    ) -> None:
        super().__init__(title, opened_by, text)
        self._rows = rows

    def page(self, width: int) -> list[Row]:
        return self._rows(width)
