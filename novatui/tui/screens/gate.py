"""The gate: the one place where a person's typed word lets a run stop etcd. Esc changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.content import Content

from novatui.model.plan import Plan
from novatui.model.run import GateRun, RunState
from novatui.model.sanitize import clean
from novatui.present.gate import answered_words, gate_rows, gate_title, words_of
from novatui.present.i18n import _, translated
from novatui.present.numbers import clock
from novatui.present.rows import Role, Row, row
from novatui.present.run import titles
from novatui.present.wizard import waiting_rows
from novatui.tui.screens.run_choice import Choice, ChoiceModal
from novatui.tui.screens.run_pages import PlanPage
from novatui.tui.screens.run_words import StartButton, WordsModal
from novatui.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from novatui.runner.client import Reply

log = logging.getLogger(__name__)

Answer = Callable[[str, str, tuple[str, ...]], Awaitable["Reply"]]


class GateModal(WordsModal[str]):
    """Ends with ``answered``, ``look`` (the gate stays open), ``detach`` or ``abort``. ``answer`` asks the runner."""

    unasked = True

    def __init__(self, plan: Plan, gate: GateRun, answer: Answer, now_ms: Callable[[], int]) -> None:
        super().__init__(
            titles(plan).get(gate.gate, gate.gate),
            words_of(gate),
            _("Run {runbook} on {cluster}").format(runbook=plan.runbook, cluster=plan.cluster),
        )
        self.plan, self.gate = plan, gate
        self._answer, self._now_ms = answer, now_ms
        self._asking = False
        self._since = 0

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)
        self._tick()

    def _tick(self) -> None:
        view = self.query_one("#words-title", RowsView)
        view.set_rows([gate_title(self.words_title, self.gate, self._now_ms(), max(20, view.size.width))])

    def rows(self, width: int) -> list[Row]:
        return gate_rows(self.plan, self.gate, width)

    def refill(self) -> None:
        super().refill()
        self._tick()

    def start(self) -> None:
        if not self._asking:
            self._asking = True
            self.query_one(StartButton).disabled = True
            self._since = self._now_ms()
            self.set_interval(1 / 4, self._spin)
            self._spin()
            self.run_worker(self._ask(), exit_on_error=False)

    def _spin(self) -> None:
        """While the runner looks at all masters a last time: nothing may be typed any more, and it may take a while."""
        if self._asking:
            words = _("taken; looking once more whether anything changed on the masters")
            self.say(waiting_rows(words, self._since, self._now_ms(), self.size.width)[0])

    async def _ask(self) -> None:
        try:
            reply = await self._answer(self.gate.gate, self.gate.nonce, self.typed)
        except Exception as error:  # whether it was taken is not known: the journal will say
            log.exception("the gate's words could not be given")
            self._not_taken(clean(f"{type(error).__name__}: {error}"))
            return
        if reply.taken:
            return  # the run screen closes us when the journal says so, or when nobody works on the run
        match reply.code:
            case "already_answered":
                self.dismiss(f"already:{reply.by}:{clock(reply.at)}")
            case "wrong_words":
                self._not_taken(_("not right: {words}").format(words=", ".join(reply.wrong)))
            case "stale":
                self.dismiss("stale")
            case _:
                self._not_taken(translated(reply.why) or reply.code)

    def _not_taken(self, why: str) -> None:
        """It may be tried again."""
        self._asking = False
        self.query_one(StartButton).disabled = False
        self.say(row(("✖ " + why, Role.BAD)))

    def state_changed(self, state: RunState) -> None:
        """The run went on: if this gate is not the open one any more, there is nothing left to type."""
        now = state.open_gate
        if now is None or now.nonce != self.gate.nonce:
            gate = state.gates.get(self.gate.gate)
            if self.is_attached:
                self.dismiss("answered" if gate is not None and gate.answered_ms is not None else "closed")

    def action_leave(self) -> None:
        if not self.armed:
            return
        self.app.push_screen(
            ChoiceModal(
                _("The gate stays open; nothing has been stopped"),
                [
                    Choice("stay", "s", _("Stay"), _("back to the gate")),
                    Choice("look", "l", _("Look"), _("at the run's output; o opens the gate again")),
                    Choice("detach", "d", _("Detach"), _("leave the run waiting here; H finds it again")),
                    Choice(
                        "abort",
                        "A",
                        _("Abort"),
                        _("remove the staged files; the masters stay as they are"),
                        by_key=True,
                    ),
                ],
            ),
            self._left,
        )

    def _left(self, choice: str | None) -> None:
        """What was chosen over a gate that was answered meanwhile is nothing: the run screen says by whom."""
        if choice and choice != "stay":
            self.dismiss(choice)

    def action_commands(self) -> None:
        self.app.push_screen(PlanPage(self.plan))


def how_closed(gate: GateRun | None) -> Content:
    """For the line below: by whom it was answered."""
    return Content(
        answered_words(gate) if gate is not None and gate.answered_ms is not None else _("the gate is closed")
    )
