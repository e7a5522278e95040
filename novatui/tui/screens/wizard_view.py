"""How the wizard looks: its pages of rows, and what it knows while they are turned."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult

from novatui.errors import NovatuiError
from novatui.model.findings import Finding
from novatui.model.plan import Plan
from novatui.present.guides import guide, page_names
from novatui.present.i18n import _
from novatui.present.plan import plan_rows
from novatui.present.preflight import overrulable
from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.present.wizard import (
    Preflight,
    preflight_rows,
    refused_rows,
    trouble_rows,
    waiting_rows,
    wizard_header,
)
from novatui.tui.screens.base import NovaScreen
from novatui.tui.screens.run_client import RunClient
from novatui.tui.screens.run_pages import COLUMNS_FROM
from novatui.tui.screens.wizard_first import First, first_of
from novatui.tui.state import View
from novatui.tui.widgets.footer import Footer
from novatui.tui.widgets.page import Page
from novatui.tui.widgets.rows_view import RowsView

FIRST, PREFLIGHT, PLAN = "first", "preflight", "plan"


class WizardView(NovaScreen):
    """What was chosen and planned, and how that is painted. ``node``: the master it was opened for, or empty."""

    CSS_PATH = "../styles/run.tcss"

    def __init__(
        self, client: RunClient, runbook: str, nodes: tuple[str, ...], view: View, node: str = ""
    ) -> None:
        super().__init__()
        self.client, self.runbook, self.nodes = client, runbook, nodes
        self.first: First = first_of(runbook, nodes, node, view)
        self.pages = (FIRST, PREFLIGHT, PLAN) if guide(runbook).asks else (PREFLIGHT, PLAN)
        self.page_now = 0
        self.overruled: tuple[str, ...] = ()
        self.plan: Plan | None = None
        self.findings: tuple[Finding, ...] = ()
        self.error: NovatuiError | None = None
        self.waiting = ""
        self.starting = False  # a runner, with what is waited for
        self.since_ms = 0
        self.node = 0  # whose commands are shown where there is room for one

    def compose(self) -> ComposeResult:
        yield RowsView(id="wizard-header")
        yield Page(id="wizard-page")
        yield Footer(self.scope)

    @property
    def page(self) -> str:
        return self.pages[self.page_now]

    def _spin(self) -> None:
        if self.waiting:
            self.paint()

    def on_view(self, view: View) -> None:
        """A target's standing is of now."""
        if self.page == FIRST and not self.waiting:
            self.paint()

    def on_clock(self, now_ms: int) -> None:
        if not self.waiting and self.page == FIRST:
            self.paint()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.paint)

    def paint(self) -> None:
        if not self.is_attached:
            return
        cluster = self.nova.cluster
        page = self.query_one(Page)
        with self.app.batch_update():
            self.query_one("#wizard-header", RowsView).set_rows(
                [
                    wizard_header(
                        cluster.name, cluster.environment, self.runbook, self.page_now, self.size.width
                    )
                ]
            )
            page.keys = self._keys()
            page.show(
                page_names(self.runbook)[self.page_now], self.rows(page.inner, max(4, page.size.height - 2))
            )
            self.query_one(Footer).update()

    def _keys(self) -> str:
        if self.waiting or self.error:
            return ""
        if self.page == FIRST:
            if self.findings:
                return _("r asks again")
            return _("j k choose  n next")
        if self.page == PLAN:
            return _("p prepare: nothing stops yet")
        if self.plan:
            return _("n plan")
        keys = [_("o overrule")] if overrulable(self.findings, self.overruled) else []
        return "  ".join([*keys, *(f"w {name}" for name in self.seen.instead[:1])])

    def rows(self, width: int, height: int) -> list[Row]:
        now = self.nova.clock()
        if self.waiting:
            return [BLANK, *waiting_rows(self.waiting, self.since_ms, now, width)]
        if self.error is not None:
            return [BLANK, *trouble_rows(self.error.title, self.error.detail, self.error.hint, width)]
        if self.page == FIRST and self.findings:
            return [BLANK, *refused_rows(self.seen, width)]
        if self.page == FIRST:
            return self.first.rows(self.nova.view, now, width, height)
        return (
            [BLANK, *preflight_rows(self.seen, width)] if self.page == PREFLIGHT else self._plan_rows(width)
        )

    @property
    def seen(self) -> Preflight:
        return Preflight(
            runbook=self.runbook,
            nodes=self.nodes,
            target=self.first.node,
            ways=self.nova.view.diagnosis.ways,
            silent=tuple(n.name for n in self.nova.view.snapshot.nodes if not n.endpoint.answers),
            plan=self.plan,
            findings=self.findings,
            overruled=self.overruled,
        )

    def _plan_rows(self, width: int) -> list[Row]:
        if self.plan is None:
            return []
        nodes = (
            self.plan.nodes if width >= COLUMNS_FROM else [self.plan.nodes[self.node % len(self.plan.nodes)]]
        )
        said = wrap(_(guide(self.runbook).prepare), width - 2)
        head = [
            row(("p " if i == 0 else "  ", Role.KEY), (piece, Role.BRIGHT)) for i, piece in enumerate(said)
        ]
        return [*head, BLANK, *plan_rows(self.plan, nodes, width)]
