"""The wizard of every runbook: what it is about, preflight, plan. It only looks; ``p`` on the plan starts the run."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from novatui.errors import NovatuiError, Refused
from novatui.model.plan import Plan, Request
from novatui.present.i18n import _, translated
from novatui.present.plan import plan_text
from novatui.present.pointing import choice_at
from novatui.present.preflight import NOT_ROOT, overrulable
from novatui.present.rows import text_of
from novatui.tui.actions import bindings
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.run_pages import COLUMNS_FROM, ScriptsPage
from novatui.tui.screens.wizard_overrule import OverruleModal
from novatui.tui.screens.wizard_view import FIRST, PLAN, PREFLIGHT, WizardView
from novatui.tui.widgets.page import Page

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp

log = logging.getLogger(__name__)
SPIN_SECONDS = 1 / 4


class WizardScreen(WizardView):
    """Which page, what was chosen, which guards are overruled; the plan is made anew whenever one of them changes."""

    scope: ClassVar[str] = "wizard"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("wizard"),
        *(Binding(str(n), f"choose({n - 1})", show=False) for n in range(1, 8)),
    ]

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(SPIN_SECONDS, self._spin)
        self.look()

    # asking

    def look(self) -> None:
        """From the beginning: what the first page needs, or the plan where there is none."""
        self.first.forget()
        self.plan, self.error, self.findings = None, None, ()
        if self.page == PREFLIGHT:
            self.make_plan()
        elif self.first.asking:
            self._ask(self.first.asking, self._look())
        else:
            self.paint()

    def _ask(self, words: str, work: Coroutine[Any, Any, None]) -> None:
        self.waiting, self.since_ms = words, self.nova.clock()
        self.paint()
        self.run_worker(work, name="ask", group="ask", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        try:
            await self.first.ask(self.client)
        except Refused as refused:
            self._refused(refused)
        self._answered()

    def make_plan(self) -> None:
        if self.first.why_not():
            return
        self.plan, self.error, self.findings = None, None, ()
        words = _("looking at every master: all checks, and the exact commands")
        self._ask(words, self._make_plan(self.first.request(self.overruled)))

    async def _make_plan(self, request: Request) -> None:
        try:
            self.plan = await self.client.make_plan(request, self._waits)
            self.node = self.plan.nodes.index(request.node) if request.node in self.plan.nodes else 0
        except Refused as refused:
            self._refused(refused)
        self._answered()

    def _waits(self, words: str) -> None:
        self.waiting = translated(words)

    def _refused(self, refused: Refused) -> None:
        self.findings = tuple(getattr(refused, "findings", ()))
        self.error = None if self.findings else refused

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Whatever else went wrong is said on the page it belongs to."""
        if event.state is not WorkerState.ERROR or event.worker.name not in ("ask", "start"):
            return
        error = event.worker.error
        if not isinstance(error, NovatuiError):
            log.error("the wizard's worker stopped", exc_info=error)
            error = NovatuiError(
                _("This failed, and it is a fault of novatui"),
                f"{type(error).__name__}: {error}",
                _("its log says more; nothing was changed"),
            )
        self.error = error
        self._answered()

    def _answered(self) -> None:
        self.waiting, self.starting = "", False
        self.paint()

    # keys

    def why_not_elsewhere(self) -> str:
        """A runner that is being started cannot be called back: who left now would not see it begin."""
        return _("the runner is being started, a moment") if self.starting else ""

    def why_not_next(self) -> str:
        if self.waiting:
            return _("still asking")
        if self.page == FIRST:
            return self.first.why_not()
        if self.page == PREFLIGHT:
            return "" if self.plan is not None else _("refused")
        return _("p prepares")

    def act_wizard_next(self) -> None:
        if self.page == FIRST:
            self.page_now += 1
            self.make_plan()
        elif self.page == PREFLIGHT:
            self._turn(self.page_now + 1)

    def _turn(self, page: int) -> None:
        self.page_now = page
        self.query_one(Page).scroll_lines(-1_000_000)
        self.paint()

    def act_wizard_back(self) -> None:
        if self.page_now == 0:
            self.dismiss(None)
            return
        if self.page == PREFLIGHT:
            self.workers.cancel_group(self, "ask")
            self.waiting, self.error, self.overruled, self.findings = "", None, (), ()
        self._turn(self.page_now - 1)

    def act_wizard_quit(self) -> None:
        self.dismiss(None)

    def act_wizard_again(self) -> None:
        if any(finding.id == NOT_ROOT for finding in self.findings):
            self.nova.refresh_feed()  # connects anew, and asks for the sudo password
        if self.page == FIRST:
            self.look()
        else:
            self.page_now = self.pages.index(PREFLIGHT)
            self.make_plan()

    def why_not_instead(self) -> str:
        if self.page != PREFLIGHT or self.waiting:
            return _("on the preflight page")
        return "" if self.seen.instead else _("no other runbook is named here")

    def act_wizard_instead(self) -> None:
        """The runbook that the reasons name, for the same master."""
        runbook = self.seen.instead[0]
        self.give_way(self.nova.wizard(runbook, self.first.node))

    def why_not_overrule(self) -> str:
        if self.page != PREFLIGHT or self.waiting:
            return _("on the preflight page")
        return "" if overrulable(self.findings, self.overruled) else _("nothing here may be overruled")

    def act_wizard_overrule(self) -> None:
        guard = overrulable(self.findings, self.overruled)[0]
        reasons = [f for f in self.findings if f.guard == guard]
        self.app.push_screen(OverruleModal(guard, reasons, self.runbook), self._overruled)

    def _overruled(self, guard: str | None) -> None:
        if guard:
            self.overruled = (*self.overruled, guard)
            self.make_plan()

    def why_not_plan(self) -> str:
        return "" if self.plan is not None else _("no plan yet")

    def act_wizard_scripts(self) -> None:
        if self.plan is not None:
            self.app.push_screen(ScriptsPage(self.plan))

    def why_not_prepare(self) -> str:
        if self.waiting:
            return _("still asking")
        if self.page != PLAN or self.plan is None:
            return _("on the plan's page")
        return ""

    def act_wizard_prepare(self) -> None:
        plan = self.plan
        if plan is None:
            return
        self.starting = True
        self.waiting, self.since_ms = _("starting the runner, a process of its own"), self.nova.clock()
        self.paint()
        self.run_worker(self._start(plan), name="start", group="start", exclusive=True, exit_on_error=False)

    async def _start(self, plan: Plan) -> None:
        run = await self.client.start(plan)
        self.give_way(RunScreen(self.client, run, plan))

    def why_not_node(self) -> str:
        if self.page != PLAN:
            return _("on the plan's page")
        return "" if self.query_one(Page).inner < COLUMNS_FROM else _("all are shown")

    def act_wizard_node(self) -> None:
        self.action_choose((self.node + 1) % len(self.plan.nodes if self.plan else self.nodes))

    def action_choose(self, number: int) -> None:
        if number < len(self.nodes):
            self.node = number
            if self.page == FIRST:
                self.first.put(number)
            self.paint()

    def act_wizard_up(self) -> None:
        self._move(-1)

    def act_wizard_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        if self.page == FIRST:
            self.first.move(by)
            self.paint()
        else:
            self.query_one(Page).scroll_lines(by)

    @on(events.Click, "#wizard-page")
    async def _clicked(self, event: events.Click) -> None:
        """On the first page: chooses; on what is chosen, goes on."""
        if self.page != FIRST or self.waiting or self.error or self.findings:
            return
        number = choice_at(self.first.spans, self.query_one(Page).row_at(event.y))
        if number is None:
            return
        if number == self.first.chosen:
            await self.pick("wizard-next")
        else:
            self.first.move(number - self.first.chosen)
            self.paint()

    def act_wizard_page_up(self) -> None:
        self.query_one(Page).scroll_lines(-10)

    def act_wizard_page_down(self) -> None:
        self.query_one(Page).scroll_lines(10)

    def act_wizard_first(self) -> None:
        self.query_one(Page).scroll_lines(-1_000_000)

    def act_wizard_last(self) -> None:
        self.query_one(Page).scroll_lines(1_000_000)

    def act_wizard_copy(self) -> None:
        if self.page == PLAN and self.plan is not None:
            text = plan_text(self.plan)
        else:
            text = "\n".join(text_of(line).rstrip() for line in self.rows(118, 1_000)) + "\n"
        self.app.copy_to_clipboard(text)
        self.say(_("copied"))


class RunbookWizard(WizardScreen):
    """As the app opens it: over its own client, for its cluster."""

    of: ClassVar[str] = ""

    def __init__(self, app: NovatuiApp, node: str = "") -> None:
        nodes = tuple(one.name for one in app.cluster.nodes)
        super().__init__(app.run_client, self.of, nodes, app.view, node)


class RestartWizard(RunbookWizard):
    of = "restart-member"


class StartWizard(RunbookWizard):
    of = "start-cluster"


class RecoverWizard(RunbookWizard):
    of = "recover-member"


class RestoreWizard(RunbookWizard):
    of = "restore-cluster"
