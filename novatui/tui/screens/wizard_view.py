"""How the wizard looks: its pages of rows, and what it knows while they are turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from novatui.errors import NovatuiError
from novatui.model.findings import Finding
from novatui.model.plan import Plan
from novatui.model.sources import Source, Sources
from novatui.present.i18n import _
from novatui.present.plan import plan_rows
from novatui.present.preflight import overrulable
from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.present.sources import (
    detail_rows,
    looked_rows,
    silent_rows,
    source_rows,
)
from novatui.present.wizard import page_names, preflight_rows, trouble_rows, waiting_rows, wizard_header
from novatui.tui.screens.base import NovaScreen
from novatui.tui.screens.run_client import RunClient
from novatui.tui.screens.run_pages import COLUMNS_FROM
from novatui.tui.widgets.footer import Footer
from novatui.tui.widgets.page import Page
from novatui.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    pass

RUNBOOK = "restore-cluster"
SOURCE, PREFLIGHT, PLAN = range(3)


class WizardView(NovaScreen):
    """What was found, chosen and planned, and how that is painted."""

    CSS_PATH = "../styles/run.tcss"

    def __init__(self, client: RunClient, nodes: tuple[str, ...], prefer: str = "") -> None:
        super().__init__()
        self.client, self.nodes, self.prefer = client, nodes, prefer
        self.page_now = SOURCE
        self.found: Sources | None = None
        self.chosen = -1
        self.overruled: tuple[str, ...] = ()
        self.plan: Plan | None = None
        self.findings: tuple[Finding, ...] = ()
        self.error: NovatuiError | None = None
        self.waiting = ""
        self.since_ms = 0
        self.node = 0  # whose commands are shown where there is room for one

    def compose(self) -> ComposeResult:
        yield RowsView(id="wizard-header")
        yield Page(id="wizard-page")
        yield Footer(self.scope)

    @property
    def source(self) -> Source | None:
        found = self.found
        return found.sources[self.chosen] if found and 0 <= self.chosen < len(found.sources) else None

    def _spin(self) -> None:
        if self.waiting:
            self.paint()

    def on_clock(self, now_ms: int) -> None:
        if not self.waiting and self.page_now == SOURCE:
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
                [wizard_header(cluster.name, cluster.environment, RUNBOOK, self.page_now, self.size.width)]
            )
            page.keys = self._keys()
            page.show(page_names()[self.page_now], self.rows(page.inner, max(4, page.size.height - 2)))
            self.query_one(Footer).update()

    def _keys(self) -> str:
        if self.waiting or self.error:
            return ""
        match self.page_now:
            case 0:
                return _("j k choose  n next")
            case 1:
                return (
                    _("n plan")
                    if self.plan
                    else _("o overrule")
                    if overrulable(self.findings, self.overruled)
                    else ""
                )
        return _("p prepare: nothing stops yet")

    def rows(self, width: int, height: int) -> list[Row]:
        now = self.nova.clock()
        if self.waiting:
            return [BLANK, *waiting_rows(self.waiting, self.since_ms, now, width)]
        if self.error is not None:
            return [BLANK, *trouble_rows(self.error.title, self.error.detail, self.error.hint, width)]
        match self.page_now:
            case 0:
                return self._source_rows(now, width, height)
            case 1:
                return [
                    BLANK,
                    *preflight_rows(
                        self.findings, self.nodes, self.overruled, width, passed=self.plan is not None
                    ),
                ]
        return self._plan_rows(width)

    def _source_rows(self, now: int, width: int, height: int) -> list[Row]:
        found = self.found
        if found is None:
            return []
        if not found.sources:
            return [BLANK, *looked_rows(found, width)]
        source = self.source
        below = [BLANK, *detail_rows(source, found, now, width)] if source else []
        below += silent_rows(found, width)
        groups = source_rows(found, self.chosen, now, width)
        room = max(3, height - len(below) - 1)
        return [BLANK, *_window(groups, max(0, self.chosen), room), *below]

    def _plan_rows(self, width: int) -> list[Row]:
        if self.plan is None:
            return []
        nodes = (
            self.plan.nodes if width >= COLUMNS_FROM else [self.plan.nodes[self.node % len(self.plan.nodes)]]
        )
        said = wrap(
            _(
                "prepares it: nothing stops yet. Survivors are read, the archive is proved, data is staged beside the "
                "live data; then the gate asks for your typed word."
            ),
            width - 2,
        )
        head = [
            row(("p " if i == 0 else "  ", Role.KEY), (piece, Role.BRIGHT)) for i, piece in enumerate(said)
        ]
        return [*head, BLANK, *plan_rows(self.plan, nodes, width)]


def _window(groups: list[list[Row]], chosen: int, room: int) -> list[Row]:
    """As many whole groups as fit, the chosen one among them; what is left out is counted."""
    begin = end = chosen
    used = len(groups[chosen])
    while True:
        if end + 1 < len(groups) and used + len(groups[end + 1]) + 2 <= room:
            end += 1
            used += len(groups[end])
        elif begin > 0 and used + len(groups[begin - 1]) + 2 <= room:
            begin -= 1
            used += len(groups[begin])
        else:
            break
    rows = [line for group in groups[begin : end + 1] for line in group]
    above, below = begin, len(groups) - 1 - end
    if above:
        rows.insert(0, row((_("  +{n} above").format(n=above), Role.DIM)))
    if below:
        rows.append(row((_("  +{n} below").format(n=below), Role.DIM)))
    return rows
