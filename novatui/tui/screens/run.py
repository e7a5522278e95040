"""The run: its steps, a column a master with what is said there, its gate, and what it came to.

The screen only watches. The run belongs to its own process; leaving here changes nothing for it.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from novatui.errors import NovatuiError
from novatui.model.sanitize import clean
from novatui.present.i18n import _, translated
from novatui.present.plan import plan_text
from novatui.present.run import (
    Link,
    current,
    shown_steps,
    titles,
)
from novatui.present.run_pages import result_text, why_no_undo
from novatui.tui.actions import bindings
from novatui.tui.screens.run_choice import Choice, ChoiceModal
from novatui.tui.screens.run_follow import RunFollow
from novatui.tui.screens.run_pages import OutputPage, PlanPage
from novatui.tui.screens.run_undo import UndoModal
from novatui.tui.widgets.framed import Framed
from novatui.tui.widgets.page import Page


class RunScreen(RunFollow):
    """One run, by its id. What is chosen (a master, a step, result or columns) is its only own state."""

    scope: ClassVar[str] = "run"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("run"),
        *(Binding(str(n), f"choose({n - 1})", show=False) for n in range(1, 8)),
    ]

    # what keys do, and why they cannot

    def why_not_gate(self) -> str:
        return "" if self.state.open_gate is not None and self._follower is not None else _("no gate is open")

    def act_run_gate(self) -> None:
        self._open_gate()

    def _not_live(self) -> str:
        return _("its runner is not heard yet") if self.link is Link.OPENING else _("nobody works on it")

    def why_not_pause(self) -> str:
        if self.link is not Link.LIVE:
            return self._not_live()
        if self.state.open_gate is not None:
            return _("it waits at its gate")
        if self.state.pause is not None:
            return _("it is paused: c goes on") if self.state.pause.at else _("it was asked to")
        return ""

    def act_run_pause(self) -> None:
        self._ask("pause")

    def why_not_continue(self) -> str:
        if self._follower is not None and (self._follower.needs or self.state.pause is not None):
            return ""
        return _("nothing is waited for")

    def act_run_continue(self) -> None:
        """What only a person knows first: without it a run that goes on waits again."""
        if self._follower is not None and self._follower.needs:
            self._answering.again(self._follower)
        else:
            self._ask("continue")

    def why_not_abort(self) -> str:
        return "" if self.link is Link.LIVE else self._not_live()

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
                    Choice("abort", "A", _("Abort"), meaning, by_key=True),
                ],
            ),
            lambda choice: self._ask("abort") if choice == "abort" else None,
        )

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
        return why_no_undo(self.plan, self.state, gone=self.link is Link.GONE)

    def act_run_undo(self) -> None:
        self.app.push_screen(UndoModal(self.plan, self.state), self._undo_typed)

    def _undo_typed(self, yes: bool | None) -> None:
        if yes:
            self._again(_("starting a runner that takes it back"), "undo")

    def why_not_abandon(self) -> str:
        if self._busy or self.link in (Link.LIVE, Link.OPENING):
            return _("it is under way; A aborts")
        if self.state.committed:
            return _("it changed masters: r or u ends it")
        return "" if self.state.result != "aborted" else _("it was given up")

    def act_run_abandon(self) -> None:
        self.app.push_screen(
            ChoiceModal(
                _("Give up run {run}?").format(run=self.run_id),
                [
                    Choice("stay", "s", _("Stay"), _("nothing is changed")),
                    Choice(
                        "abandon",
                        "X",
                        _("Give up"),
                        _("remove what was staged and give the masters free"),
                        by_key=True,
                    ),
                ],
            ),
            lambda choice: self._give_up() if choice == "abandon" else None,
        )

    def _give_up(self) -> None:
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
            self.trouble = clean(translated(str(error)).replace("\n", ": "))
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
        head = next((step for step in shown_steps(self.watch_now) if step.id == self.step), None)
        self.app.push_screen(
            OutputPage(f"{node}: {what}", lambda: self.log_lines.of(node, self.step), names, head)
        )

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
                    Choice("abort", "A", _("Abort"), _("ask it to stop at the next safe point"), by_key=True),
                ],
            ),
            self._left,
        )

    def _left(self, choice: str | None) -> None:
        if choice == "detach":
            self.dismiss(None)
        elif choice == "abort":
            self._ask("abort")
