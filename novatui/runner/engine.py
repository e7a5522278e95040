"""The engine: one run of one runbook, from its first lease to its last word. All I/O through injected objects.

Time, waiting and chance come from ``Work.clock``, the masters through ``Work.transport``, the disk through
``Work.journal``: given those it is deterministic. It never asks a person anything between the gate and the last check.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from novatui import __version__
from novatui.errors import NovatuiError
from novatui.model import records as rec
from novatui.model.run import CHANGING, At, RunState
from novatui.runbooks.step import Effect, Gate, Step
from novatui.runner import no_return, standing
from novatui.runner.ending import EXITS, Ending, Endings
from novatui.runner.events import Reply
from novatui.runner.gate import Gates
from novatui.runner.journal import JournalLost
from novatui.runner.lease import Leases
from novatui.runner.mirror import Mirror
from novatui.runner.pausing import Pauses
from novatui.runner.plan import check
from novatui.runner.stepping import Stepping
from novatui.runner.work import Fenced, Stop, Work

__all__ = ["EXITS", "Ending", "Engine"]


def _keep_nothing(name: str, content: bytes) -> None:
    return None


async def _entered() -> None:
    return None


class Engine:
    """One runner's work on one run. Call one of ``run``, ``resume``, ``undo``, ``abandon``, once.

    ``answers``: words typed beforehand (headless; a gate that wants more is refused), or None: a client answers.
    ``on_failure``: ``stop`` (hold and lease are kept) or ``undo``. ``leased`` hears each node and epoch we hold.
    ``enter`` returns when the masters are connected as far as they will be; it may wait for people, and raise Stop.
    ``keep`` stores a text (FINISH.txt, UNDO.txt) beside the journal.
    """

    def __init__(
        self,
        work: Work,
        *,
        answers: Sequence[str] | None = None,
        on_failure: str = "stop",
        leased: Callable[[str, int], None] = lambda node, epoch: None,
        keep: Callable[[str, bytes], None] = _keep_nothing,
        enter: Callable[[], Awaitable[None]] = _entered,
    ) -> None:
        self.work = work
        self._enter = enter
        self._leases = Leases(work, leased)
        self._mirror = Mirror(work, self._leases, keep)
        self._endings = Endings(work, self._leases, self._mirror, on_failure)
        self._gates = Gates(work, self._before_the_gate, answers)
        self._pauses = Pauses(work)
        self._stepping = Stepping(work, self._leases)
        work.acted = self._acted

    async def run(self) -> Ending:
        """Begin: writes ``run_started`` and goes to the end."""
        work, plan = self.work, self.work.plan
        work.write(
            rec.RunStarted(
                run=plan.run,
                runbook=plan.runbook,
                runbook_version=plan.runbook_version,
                novatui=__version__,
                cluster=plan.cluster,
                nodes=plan.nodes,
                plan_sha256=plan.sha256(),
                operator=work.operator,
            )
        )
        return await self._to_the_end(self._forward)

    async def resume(self) -> Ending:
        """Go on where the journal ends: what it says is done stays done, what is open is probed."""
        self.work.write(rec.Requested(what="resume", by=self.work.operator))
        return await self._to_the_end(self._back if self.work.state.undoing else self._forward)

    async def undo(self) -> Ending:
        """Take back what was changed. When nothing comes of it after a run that was over, the masters are given free again."""
        if no_return.begun(self.work):
            return await self._to_the_end(lambda: self._back_if_it_can(self.work.operator))
        self.work.write(rec.Requested(what="undo", by=self.work.operator))
        return await self._to_the_end(self._back)

    async def abandon(self) -> Ending:
        """Before the gate: take back what was staged, give the masters free. After a run that came to its end: give free
        what could not be given back then."""
        return await self._to_the_end(self._nothing if self.work.state.committed else self._give_up)

    def answer(self, gate: str, nonce: str, words: Sequence[str], by: str) -> Reply:
        """A client's answer to the open gate; judged here and now."""
        return self._gates.answer(gate, nonce, words, by)

    def request(self, what: str, by: str) -> Reply:
        """A client's wish: ``abort`` (at the next safe point), ``pause`` (after this step, or the first where it may wait),
        ``continue``. Anything else is refused in words."""
        if what == "pause":
            return self._pauses.ask(by)
        if what == "continue":
            return self._pauses.go_on(by)
        if what != "abort":
            return Reply(
                id=0, code="refused", why=_NOT_HERE.get(what, f"{what!r} is not something a run can do")
            )
        if not self.work.abort_by:
            self.work.abort(by)  # first: a disk that takes no record must not keep it going
            self.work.write(rec.Requested(what=what, by=by))
        return Reply(id=0, code="taken", by=by, at=self.work.clock.now_ms())

    async def _to_the_end(self, way: Callable[[], Awaitable[None]], *, taken: bool = False) -> Ending:
        """Any way the work ends, the journal says so. Raises only JournalLost: then nothing can be said any more.

        ``taken``: the leases are had already. They are not taken a second time: a runner that slept while another took the
        run over would take it back.
        """
        try:
            try:
                await self._go(way, taken=taken)
            except (Fenced, JournalLost):
                raise
            except Stop as stop:
                return await self._stopped(stop)
            except NovatuiError as error:  # a runbook's own refusal
                return await self._stopped(Stop("failed", error.title, error.detail, error.hint))
            except Exception as bug:
                logging.getLogger(__name__).exception("our own bug")
                what = f"{type(bug).__name__}: {bug}"
                return await self._stopped(Stop("failed", "novatui itself failed", what, exit_code=70))
        except Fenced as stop:
            return self._endings.end("fenced", stop)
        return await self._endings.whole()

    async def _stopped(self, stop: Stop) -> Ending:
        if (ending := await self._endings.stopped(stop)) is not None:
            return ending
        return await self._to_the_end(lambda: self._back_if_it_can("on-failure"), taken=True)

    async def _go(self, way: Callable[[], Awaitable[None]], *, taken: bool) -> None:
        work = self.work
        try:
            check(work.cluster, work.runbook, work.plan)
        except NovatuiError as error:
            raise Stop("refused", error.title, error.detail, error.hint) from error
        if not taken:
            await self._enter()
            await self._leases.take_all()
            if behind := await self._endings.behind():
                raise behind
        await way()

    async def _forward(self) -> None:
        work = self.work
        work.safe_point()
        steps = work.runbook.steps(work.cluster, work.plan)
        if work.state.resumes and not work.state.committed:
            self._not_too_late()
        if not work.state.committed or not _may_have_changed(work.state):
            # Also when the gate was answered long ago, by a runner that died right after.
            await no_return.facts_stand(work, steps[0].id)
        if work.state.committed:
            await no_return.still_meant(work, steps[0].id)
        past_gate = False
        again = await standing.taken_back(work, steps)
        self._pauses.begin(steps)
        for step in steps:
            work.safe_point()
            self._pauses.at(step)
            if isinstance(step, Gate):
                past_gate = True
                await self._gate(step)
            elif (
                not work.state.passed(step.id)
                or step.id in again
                or (
                    # What was proved before the runner went away is not known to be so still.
                    past_gate
                    and step.effect is Effect.OBSERVE
                    and work.state.resumes
                    and not standing.over(work, step)
                )
            ):
                await self._step(step)
                await self._pauses.rest(step)

    def _not_too_late(self) -> None:
        """Raises when nothing was heard of the run before its gate for longer than a gate is open: what it read of each member, and would
        show there, is of then."""
        work = self.work
        last = max(one.at for one in work.journal.records if isinstance(one, _GOING_ON))
        still_s = (work.clock.now_ms() - last) / 1e3
        if still_s > work.pace.gate_s:
            raise Stop(
                "refused",
                f"This run wrote nothing down for {still_s / 60:.0f} min before its gate",
                "what it read of the members may not be so any more",
                "make a new plan",
            )

    async def _gate(self, gate: Gate) -> None:
        known = self.work.state.gates.get(gate.id)
        if known is None or known.answered_ms is None:
            await self._gates.run(gate)
            # Before the first change: whoever goes on from a master must know that the gate is passed.
            await self._mirror.after(self.work.plan.nodes)

    async def _nothing(self) -> None:
        return None

    async def _give_up(self) -> None:
        raise Stop("aborted", f"Abandoned as asked by {self.work.operator}")

    async def _back_if_it_can(self, by: str) -> None:
        """The masters are asked first: a run that is told to go back must not be past its point of no return."""
        await no_return.still_returnable(self.work)
        self.work.write(rec.Requested(what="undo", by=by))
        await self._back()

    async def _back(self) -> None:
        work = self.work
        await self._mirror.after(work.plan.nodes)  # whoever goes on from a master must go on backwards
        steps = work.runbook.undo(work.cluster, work.plan)
        again = await standing.taken_back(work, steps)
        self._pauses.begin(steps)
        for step in steps:
            work.safe_point()
            self._pauses.at(step)
            if not work.state.passed(step.id) or step.id in again:
                await self._step(step)
                await self._pauses.rest(step)

    async def _step(self, step: Step) -> None:
        work = self.work
        changes = step.effect.name.lower() in CHANGING
        if not work.state.committed and changes:
            await self._mirror.prepare()  # a runbook without a gate
        if changes and not work.state.undoing:
            if not _may_have_changed(work.state) and work.is_stale():
                # The operator's machine slept, or the way to a master was slow, after the gate was answered.
                await no_return.facts_stand(work, step.id)
            elif work.has_slept():
                await no_return.still_meant(work, step.id)
        await self._stepping.run(step)
        await self._mirror.after(self.work.plan.nodes)

    async def _acted(self, node: str) -> None:
        await self._mirror.after([node])

    async def _before_the_gate(self) -> None:
        """With the answer in hand: is everything as it was confirmed, and can every master be finished by hand?"""
        gate = self.work.state.open_gate
        await no_return.facts_stand(self.work, gate.gate if gate else "")
        await self._mirror.prepare()


def _may_have_changed(state: RunState) -> bool:
    """Whether an act that changes something was begun, and not taken back. Of a journal that was brought over the end may be
    missing."""
    return bool(state.brought) or any(
        node.tries and node.state is not At.UNDONE
        for step in state.steps.values()
        if step.effect in CHANGING
        for node in step.nodes.values()
    )


# Of what a runner writes, what is more than taking a run up.
_GOING_ON = (rec.RunStarted, rec.Probed, rec.Intent, rec.Done, rec.Verified, rec.Judged, rec.GateOpened)

_NOT_HERE = {
    "retry": "nothing has failed, the run is under way; a failed step is tried again by: novatui resume",
    "skip": "no step of this run may be skipped",
    "undo": "the run is under way; abort it first, then: novatui undo",
    "resume": "the run is under way",
}
