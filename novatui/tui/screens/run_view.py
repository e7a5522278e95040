"""How the run screen looks: header, steps, a framed column a master, the result."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size

from novatui.model.plan import Plan
from novatui.model.run import RunState
from novatui.present.i18n import _
from novatui.present.rows import Role, Row, row, wrap
from novatui.present.run import (
    Link,
    Watch,
    short_title,
)
from novatui.present.run_log import Log, tail_rows
from novatui.present.run_pages import result_rows
from novatui.present.run_rows import (
    detail_rows,
    header,
    node_word,
    phase_words,
    step_rows,
    strip_row,
)
from novatui.tui.screens.base import NovaScreen
from novatui.tui.screens.gate import GateModal
from novatui.tui.screens.run_client import Following, RunClient
from novatui.tui.screens.run_needs import needed
from novatui.tui.widgets.footer import Footer
from novatui.tui.widgets.framed import Framed
from novatui.tui.widgets.page import Page
from novatui.tui.widgets.rows_view import RowsView

PAINT_SECONDS = 1 / 10


class RunView(NovaScreen):
    """What is watched, what is chosen, and how that is painted; what comes in and what keys do is its subclasses' affair."""

    CSS_PATH = "../styles/run.tcss"

    def __init__(self, client: RunClient, run: str, plan: Plan) -> None:
        super().__init__()
        self.client, self.run_id, self.plan = client, run, plan
        self.state = RunState(run=run, nodes=plan.nodes, cluster=plan.cluster, runbook=plan.runbook)
        self.link = Link.OPENING
        self.log_lines = Log()
        self.trouble = ""
        self.chosen = 0
        self.step = ""  # the chosen one; empty: all, at the newest line
        self.show_result: bool | None = None  # None: as the run stands
        self._follower: Following | None = None
        self._gate: GateModal | None = None
        self._looked_away = ""  # nonce of a gate the person chose to look away from
        self._dirty = True
        self._painted_for: list[tuple[bool, Size]] = []
        self._busy = ""  # what was asked of the client and is not answered yet

    def compose(self) -> ComposeResult:
        yield RowsView(id="run-header")
        yield RowsView(id="run-phase")
        yield RowsView(id="run-strip")
        with Horizontal(id="run-body"):
            yield RowsView(id="run-steps")
            for number, node in enumerate(self.plan.nodes):
                yield Framed(number, id=f"run-node-{number}", classes="run-node" if node else "")
            yield Page(id="run-result")
        yield Footer(self.scope)

    @property
    def watch_now(self) -> Watch:
        return Watch(
            plan=self.plan,
            state=self.state,
            link=self.link,
            now_ms=self.nova.clock(),
            environment=self.nova.cluster.environment,
            needs=tuple(map(needed, self._follower.needs.values())) if self._follower else (),
        )

    def on_clock(self, now_ms: int) -> None:
        self._dirty = True

    def on_resize(self, event: events.Resize) -> None:
        self._dirty = True

    @on(Framed.Resized)
    def _resized(self) -> None:
        self._dirty = True

    def _paint_if_dirty(self) -> None:
        """Ten times a second at most; also when the layout has given a part another size than it was painted for."""
        if not self.is_attached:
            return
        sizes = [(view.display, view.size) for view in self.query(RowsView)]
        if self._dirty or sizes != self._painted_for:
            self._dirty, self._painted_for = False, sizes
            self.paint()

    @property
    def showing_result(self) -> bool:
        if self.show_result is not None:
            return self.show_result
        return self.link in (Link.PAST, Link.GONE)

    def paint(self) -> None:
        watch = self.watch_now
        narrow = self.has_class("-narrow") or self.has_class("-tiny-width")
        with self.app.batch_update():
            width = self.size.width
            self.query_one("#run-header", RowsView).set_rows([header(watch, width)])
            phase = self.query_one("#run-phase", RowsView)
            said = self._phase(watch, width)
            phase.styles.height = len(said)
            phase.set_rows(said)
            self.query_one("#run-strip").display = narrow
            if narrow:
                self.query_one("#run-strip", RowsView).set_rows([strip_row(watch, width)])
            steps = self.query_one("#run-steps", RowsView)
            steps.display = not narrow
            room = max(10, steps.size.width - 1)
            steps.set_rows([*step_rows(watch, room, self.step), *detail_rows(watch, room, self.step)])
            self.query_one("#run-result").display = self.showing_result
            for pane in self.query(Framed):
                pane.display = not self.showing_result and (not narrow or pane.number == self.chosen)
                if pane.display:
                    self._paint_pane(pane, watch)
            if self.showing_result:
                self._paint_result(watch)
            self.query_one(Footer).update()

    def _phase(self, watch: Watch, width: int) -> list[Row]:
        if self.trouble:
            pieces = wrap(self.trouble, width - 3)
            return [row((f" {'✖' if n == 0 else ' '} {p}", Role.BAD)) for n, p in enumerate(pieces)]
        if self._busy:
            return [row((f" {_spinner(self.nova.clock())} {self._busy}", Role.ACCENT))]
        return [phase_words(watch)]

    def _paint_pane(self, pane: Framed, watch: Watch) -> None:
        node = self.plan.nodes[pane.number]
        title = row(
            (f"{pane.number + 1} ", Role.KEY),
            (node, Role.BRIGHT if pane.number == self.chosen else Role.NORMAL),
        )
        names = {step.id: short_title(step) for step in (*self.plan.steps, *self.plan.undo)}
        rows = tail_rows(self.log_lines.of(node, self.step), names, pane.inner, pane.room)
        foot = row((_("this step alone · f all"), Role.DIM)) if self.step else ()
        state = node_word(watch, node, brief=pane.inner < len(node) + 18)
        pane.show(title, state, rows, chosen=pane.number == self.chosen, foot=foot)

    def _paint_result(self, watch: Watch) -> None:
        page = self.query_one("#run-result", Page)
        page.keys = _("v columns")
        page.show(_("Result"), result_rows(watch, page.inner, self.by_hand))

    @property
    def by_hand(self) -> dict[str, str]:
        """Where FINISH.txt and UNDO.txt lie on each master."""
        known = {node.name: node for node in self.nova.cluster.nodes}
        return {n: f"{known[n].etcd.work_dir}/{self.run_id}" for n in self.plan.nodes if n in known}


_SPIN = "⠋⠙⠸⠴⠦⠇"


def _spinner(now_ms: int) -> str:
    return _SPIN[now_ms // 250 % len(_SPIN)]
