"""The run: its steps, a column a master with what is said there, its gate, and what it came to.

The screen only watches. The run belongs to its own process; leaving here changes nothing for it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.worker import Worker, WorkerState

from novatui.errors import NovatuiError
from novatui.model.plan import Plan
from novatui.model.records import Record
from novatui.model.run import RunState
from novatui.model.sanitize import clean
from novatui.present.gate import answered_words
from novatui.present.i18n import _
from novatui.present.plan import plan_text
from novatui.present.rows import Role, Row, row
from novatui.present.run import (
    Link,
    Watch,
    barrier_rows,
    current,
    header,
    node_word,
    phase_words,
    short_title,
    shown_steps,
    step_rows,
    strip_row,
    titles,
)
from novatui.present.run_log import Log, tail_rows
from novatui.present.run_pages import can_undo, result_rows, result_text
from novatui.tui.actions import bindings
from novatui.tui.screens.base import NovaScreen
from novatui.tui.screens.gate import GateModal
from novatui.tui.screens.run_choice import Choice, ChoiceModal
from novatui.tui.screens.run_client import Following, RunClient
from novatui.tui.screens.run_needs import Answering, needed
from novatui.tui.screens.run_pages import OutputPage, PlanPage
from novatui.tui.screens.run_undo import UndoModal
from novatui.tui.widgets.footer import Footer
from novatui.tui.widgets.framed import Framed
from novatui.tui.widgets.page import Page
from novatui.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from novatui.runner.client import Event

log = logging.getLogger(__name__)
PAINT_SECONDS = 1 / 10
FOLLOW = "follow"


class RunScreen(NovaScreen):
    """One run, by its id. What is chosen (a master, a step, result or columns) is its only own state."""

    CSS_PATH = "../styles/run.tcss"
    scope: ClassVar[str] = "run"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("run"),
        *(Binding(str(n), f"choose({n - 1})", show=False) for n in range(1, 8)),
    ]

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

    def on_mount(self) -> None:
        super().on_mount()
        self._answering = Answering(self.nova.people, self.say)
        self.set_interval(PAINT_SECONDS, self._paint_if_dirty)
        self.follow()

    def on_unmount(self) -> None:
        self._answering.close()

    # following

    def follow(self) -> None:
        """Attach; what was told before comes first."""
        self.run_worker(self._follow(), name=FOLLOW, group=FOLLOW, exclusive=True, exit_on_error=False)

    async def _follow(self) -> None:
        self.log_lines = Log()
        async with self.client.follow(self.run_id) as follower:
            self._follower = follower
            for record in follower.records:
                self.log_lines.take(record)
            self.link = Link.LIVE if follower.live else Link.OPENING
            self._changed(follower.state)
            for need in tuple(follower.needs.values()):
                self._answering.begin(follower, need)
            async for event in follower.events():
                self._heard(follower, event)
                self._changed(follower.state)
            self._changed(follower.state)
        self._answering.close()
        self._follower = None
        self.link = Link.PAST if self.state.ended else Link.GONE
        self._changed(self.state)

    def _heard(self, follower: Following, event: Event) -> None:
        from novatui.runner.client import Met, Need, Output, Progress  # there since we follow

        match event:
            case Record():
                self.log_lines.take(event)
            case Output():
                self.log_lines.output(event.step, event.node, event.text)
            case Progress():
                self.log_lines.progress(event.step, event.node, event.done, event.total)
            case Need():
                self._answering.begin(follower, event)
            case Met():
                self._answering.mind(follower)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            log.error("the run screen's worker stopped", exc_info=event.worker.error)
            error = event.worker.error
            self._busy = ""
            self.trouble = clean(
                error.title if isinstance(error, NovatuiError) else f"{type(error).__name__}: {error}"
            )
            self._dirty = True

    def _changed(self, state: RunState) -> None:
        self.state = state
        self._dirty = True
        self._mind_the_gate()

    def _mind_the_gate(self) -> None:
        gate = self.state.open_gate
        if self._gate is not None:
            self._gate.state_changed(self.state)
        elif gate is not None and self.link is Link.LIVE and gate.nonce != self._looked_away:
            self._open_gate()

    def _open_gate(self) -> None:
        gate, follower = self.state.open_gate, self._follower
        if gate is None or follower is None or self._gate is not None:
            return
        self._looked_away = ""
        self._gate = GateModal(self.plan, gate, follower.answer, self.nova.clock)
        self.app.push_screen(self._gate, self._gate_closed)

    def _gate_closed(self, how: str | None) -> None:
        gate = self._gate.gate if self._gate is not None else None
        self._gate = None
        if gate is None:
            return
        match (how or "closed").partition(":"):
            case ("look", _colon, _rest):
                self._looked_away = gate.nonce
                self.say(_("the gate is open; o shows it again"))
            case ("detach", _colon, _rest):
                self._looked_away = gate.nonce
                self.dismiss(None)
            case ("abort", _colon, _rest):
                self._looked_away = gate.nonce
                self._ask("abort")
            case ("already", _colon, rest):
                who, _colon2, when = rest.partition(":")
                self.say(_("the gate was answered by {who} at {when}").format(who=clean(who), when=when))
            case _:
                answered = self.state.gates.get(gate.gate)
                if answered is not None and answered.answered_ms is not None:
                    self.say(answered_words(answered))
                else:
                    self.say(_("the gate is closed"))
        self._dirty = True

    # drawing

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
        if self._dirty and self.is_attached:
            self._dirty = False
            self.paint()

    def _repaint(self) -> None:
        self._dirty = True

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
            self.query_one("#run-phase", RowsView).set_rows([self._phase(watch)])
            self.query_one("#run-strip").display = narrow
            if narrow:
                self.query_one("#run-strip", RowsView).set_rows([strip_row(watch, width)])
            steps = self.query_one("#run-steps", RowsView)
            steps.display = not narrow
            room = max(10, steps.size.width - 1)
            steps.set_rows([*step_rows(watch, room, self.step), *barrier_rows(watch, room)])
            result = self.query_one("#run-result")
            if result.display != self.showing_result:
                result.display = self.showing_result
                self.call_after_refresh(self._repaint)  # it has no size before it is laid out
            for pane in self.query(Framed):
                pane.display = not self.showing_result and (not narrow or pane.number == self.chosen)
                if pane.display:
                    self._paint_pane(pane, watch)
            if self.showing_result:
                self._paint_result(watch)
            self.query_one(Footer).update()

    def _phase(self, watch: Watch) -> Row:
        if self.trouble:
            return row((f" ✖ {self.trouble}", Role.BAD))
        if self._busy:
            return row((f" {_spinner(self.nova.clock())} {self._busy}", Role.ACCENT))
        return phase_words(watch)

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

    # what keys do, and why they cannot

    def why_not_gate(self) -> str:
        return "" if self.state.open_gate is not None and self._follower is not None else _("no gate is open")

    def act_run_gate(self) -> None:
        self._open_gate()

    def why_not_credentials(self) -> str:
        if self._follower is not None and self._follower.needs:
            return ""
        return _("nothing is waited for")

    def act_run_credentials(self) -> None:
        if self._follower is not None:
            self._answering.again(self._follower)

    def why_not_abort(self) -> str:
        return "" if self.link is Link.LIVE else _("nobody works on it")

    def act_run_abort(self) -> None:
        committed = self.state.committed
        meaning = (
            _("stop at the next safe point; etcd stays held down where it is until you resume or undo")
            if committed
            else _("stop now and remove the staged files; the masters stay as they are")
        )
        self.app.push_screen(
            ChoiceModal(
                _("Abort run {run}?").format(run=self.run_id),
                [
                    Choice("stay", "s", _("Stay"), _("the run goes on")),
                    Choice("abort", "A", _("Abort"), meaning),
                ],
            ),
            lambda choice: self._ask("abort") if choice == "abort" else None,
        )

    def _ask(self, what: str) -> None:
        self.run_worker(self._request(what), exit_on_error=False)

    async def _request(self, what: str) -> None:
        if self._follower is None:
            self.say(_("nobody works on this run now"))
            return
        reply = await self._follower.request(what)
        if reply.taken:
            self.say(_("asked: it stops at the next safe point"))
        else:
            self.say(_("not taken: {why}").format(why=clean(reply.why or reply.code)))

    def why_not_resume(self) -> str:
        if self._busy or self.link in (Link.LIVE, Link.OPENING):
            return _("it is under way")
        if self.state.result in ("verified", "undone", "refused"):
            return _("it has ended")
        return ""

    def act_run_resume(self) -> None:
        self._again(_("starting a runner that goes on"), "resume")

    def why_not_undo(self) -> str:
        if self._busy or self.link in (Link.LIVE, Link.OPENING):
            return _("it is under way; A aborts")
        if not can_undo(self.state) and not (self.link is Link.GONE and self.state.committed):
            return _("taken back already") if self.state.result == "undone" else _("nothing was changed")
        return ""

    def act_run_undo(self) -> None:
        self.app.push_screen(UndoModal(self.plan, self.state), self._undo_typed)

    def _undo_typed(self, yes: bool | None) -> None:
        if yes:
            self._again(_("starting a runner that takes it back"), "undo")

    def why_not_abandon(self) -> str:
        if self.link in (Link.LIVE, Link.OPENING):
            return _("it is under way; A aborts")
        if self.state.committed:
            return _("it changed masters: r or u ends it")
        return "" if self.state.result != "aborted" else _("it was given up")

    def act_run_abandon(self) -> None:
        self._again(_("removing what was staged"), "abandon")

    def _again(self, words: str, what: str) -> None:
        self._busy, self.trouble, self.show_result = words, "", None
        self._dirty = True
        self.run_worker(self._start_again(what), exit_on_error=False)

    async def _start_again(self, what: str) -> None:
        start = {"resume": self.client.resume, "undo": self.client.undo, "abandon": self.client.abandon}[what]
        try:
            await start(self.run_id)
        except NovatuiError as error:
            self.trouble = clean(str(error).replace("\n", ": "))
            return
        finally:
            self._busy = ""
            self._dirty = True
        self.link = Link.OPENING
        self.follow()

    def act_run_output(self) -> None:
        node = self.plan.nodes[self.chosen]
        names = titles(self.plan)
        what = names.get(self.step, _("every step"))
        self.app.push_screen(OutputPage(f"{node}: {what}", lambda: self.log_lines.of(node, self.step), names))

    def act_run_plan(self) -> None:
        self.app.push_screen(PlanPage(self.plan, lambda: plan_text(self.plan)))

    def act_run_copy(self) -> None:
        if self.showing_result:
            text = result_text(self.watch_now, self.by_hand)
        else:
            node = self.plan.nodes[self.chosen]
            text = "\n".join(line.text for line in self.log_lines.of(node, self.step)) + "\n"
        self.app.copy_to_clipboard(text)
        self.say(_("copied"))

    def why_not_result(self) -> str:
        return "" if self.link in (Link.PAST, Link.GONE) else _("not ended yet")

    def act_run_result(self) -> None:
        self.show_result = not self.showing_result
        self._dirty = True

    # choosing

    def action_choose(self, number: int) -> None:
        if number < len(self.plan.nodes):
            self.chosen = number
            if self.showing_result:
                self.show_result = False
            self._dirty = True

    @on(Framed.Chosen)
    def _clicked(self, event: Framed.Chosen) -> None:
        self.action_choose(event.number)

    def act_run_node(self) -> None:
        self.action_choose((self.chosen + 1) % len(self.plan.nodes))

    def act_run_previous_node(self) -> None:
        self.action_choose((self.chosen - 1) % len(self.plan.nodes))

    def act_run_up(self) -> None:
        self._move(-1)

    def act_run_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        if self.showing_result:
            self.query_one("#run-result", Page).scroll_lines(by)
            return
        ids = [step.id for step in shown_steps(self.watch_now)]
        now = current(self.watch_now)
        at = ids.index(self.step) if self.step in ids else (ids.index(now.id) if now else len(ids) - 1)
        self.step = ids[max(0, min(len(ids) - 1, at + by))] if self.step else ids[at]
        self._dirty = True

    def act_run_page_up(self) -> None:
        self.query_one("#run-result", Page).scroll_lines(-10)

    def act_run_page_down(self) -> None:
        self.query_one("#run-result", Page).scroll_lines(10)

    def act_run_follow(self) -> None:
        self.step = ""
        self._dirty = True

    def act_run_leave(self) -> None:
        if self.link is not Link.LIVE:
            self.dismiss(None)
            return
        self.app.push_screen(
            ChoiceModal(
                _("Run {run} is under way").format(run=self.run_id),
                [
                    Choice(
                        "detach", "d", _("Detach"), _("the run goes on without this screen; H finds it again")
                    ),
                    Choice("stay", "s", _("Stay"), _("go on watching")),
                    Choice("abort", "A", _("Abort"), _("ask it to stop at the next safe point")),
                ],
            ),
            self._left,
        )

    def _left(self, choice: str | None) -> None:
        if choice == "detach":
            self.dismiss(None)
        elif choice == "abort":
            self._ask("abort")


_SPIN = "⠋⠙⠸⠴⠦⠇"


def _spinner(now_ms: int) -> str:
    return _SPIN[now_ms // 250 % len(_SPIN)]
