"""Watching one run: attached to its runner, its gate opened and closed as the journal says, its requests asked."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from textual.worker import Worker, WorkerState

from novatui.errors import NovatuiError
from novatui.model.records import Record
from novatui.model.run import RunState
from novatui.model.sanitize import clean
from novatui.present.asking import not_taken
from novatui.present.gate import answered_words
from novatui.present.i18n import _, translated
from novatui.present.run import (
    Link,
    taken_words,
)
from novatui.present.run_log import Log
from novatui.tui.screens.gate import GateModal
from novatui.tui.screens.run_client import Following
from novatui.tui.screens.run_needs import Answering
from novatui.tui.screens.run_view import PAINT_SECONDS, RunView

if TYPE_CHECKING:
    from novatui.runner.client import Event

log = logging.getLogger(__name__)
AGAIN_S = 5.0  # until a runner that could not be heard is tried again


class RunFollow(RunView):
    """The run belongs to its own process; leaving here changes nothing for it."""

    def on_mount(self) -> None:
        self._answering = Answering(self.nova.people, self.say)
        self.set_interval(PAINT_SECONDS, self._paint_if_dirty)
        self.follow()

    def on_unmount(self) -> None:
        self._answering.close()

    def follow(self) -> None:
        """Attach; what was told before comes first."""
        self.run_worker(self._follow(), group="follow", exclusive=True, exit_on_error=False)

    async def _follow(self) -> None:
        """Until no runner works on it. One that cannot be heard is tried again, and said to be that for so long: it may be
        stopped, or the machine too busy."""
        while (error := await self._unheard()) is not None:
            said = "; ".join((_said(error), _("it is tried again by itself")))
            if said != self.trouble:
                log.warning("run %s cannot be followed", self.run_id, exc_info=error)
            self.trouble = said
            self._left_by(Link.OPENING)
            await asyncio.sleep(AGAIN_S)
        self._left_by(Link.PAST if self.state.ended else Link.GONE)

    async def _unheard(self) -> Exception | None:
        """Follow to the end of the runner; what came between, if anything did."""
        try:
            await self._attend()
        except Exception as error:  # a bug, too, must not leave the screen saying what was true a while ago
            return error
        return None

    def _left_by(self, link: Link) -> None:
        """The runner does not tell us anything now."""
        self._answering.close()
        self._follower = None
        self.link = link
        self._changed(self.state)

    async def _attend(self) -> None:
        async with self.client.follow(self.run_id) as follower:
            self._follower = follower
            self.log_lines, self.trouble = Log(), ""
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
        """What was asked of the runner, or of a new one, went wrong in a way that nobody foresaw."""
        if event.state is WorkerState.ERROR and isinstance(event.worker.error, Exception):
            log.error("the run screen's worker stopped", exc_info=event.worker.error)
            self.trouble = _said(event.worker.error)
            self._dirty = True

    def _changed(self, state: RunState) -> None:
        self.state = state
        self._dirty = True
        self._mind_the_gate()

    def _mind_the_gate(self) -> None:
        gate = self.state.open_gate
        if self._gate is not None:
            self._gate.state_changed(self.state)
            if self.link is not Link.LIVE:  # nobody is there to take its words
                self._gate.dismiss("closed")
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

    def _ask(self, what: str) -> None:
        self.run_worker(self._request(what), exit_on_error=False)

    async def _request(self, what: str) -> None:
        if self._follower is None:
            self.say(_("nobody works on this run now"))
            return
        reply = await self._follower.request(what)
        if reply.taken:
            self.say(taken_words(what, translated(reply.why)))
        else:
            self.say(not_taken(reply.code, reply.why))


def _said(error: Exception) -> str:
    """All that is known of it, in one line."""
    if isinstance(error, NovatuiError):
        return clean("; ".join(translated(p) for p in (error.title, error.detail, error.hint) if p))
    return clean(f"{type(error).__name__}: {error}")
