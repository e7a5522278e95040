"""The engine: one run of one runbook, from its first lease to its last word. All I/O through injected objects.

Time, waiting and chance come from ``Work.clock``, the masters through ``Work.transport``, the disk through
``Work.journal``: given those it is deterministic. It never asks a person anything between the gate and the last check.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from novatui import __version__
from novatui.errors import NovatuiError
from novatui.model import records as rec
from novatui.model.run import CHANGING, At, RunState
from novatui.runbooks.step import Effect, Gate, Step
from novatui.runner import byhand, survey
from novatui.runner.acting import Acting, why
from novatui.runner.events import Reply
from novatui.runner.gate import Gates
from novatui.runner.journal import JournalLost
from novatui.runner.lease import Leases
from novatui.runner.mirror import Mirror
from novatui.runner.plan import check
from novatui.runner.shown import participants
from novatui.runner.stepping import Stepping
from novatui.runner.work import Fenced, Stop, Work, together

EXITS = {"verified": 0, "undone": 0, "failed": 1, "refused": 2, "aborted": 3, "fenced": 4}


@dataclass(frozen=True)
class Ending:
    """How this runner's part of the run ended: the word of ``run_ended``, and the process's exit code."""

    result: str
    detail: str
    exit_code: int


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
        self._on_failure = on_failure
        self._leases = Leases(work, leased)
        self._mirror = Mirror(work, self._leases, keep)
        self._gates = Gates(work, self._before_the_gate, answers)
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
        """A client's wish. ``abort`` stops at the next safe point; what is not there yet is refused in words."""
        if what != "abort":
            return Reply(
                id=0, code="refused", why=_NOT_HERE.get(what, f"{what!r} is not something a run can do")
            )
        if not self.work.abort_by:
            self.work.write(rec.Requested(what=what, by=by))
            self.work.abort(by)
        return Reply(id=0, code="taken", by=by, at=self.work.clock.now_ms())

    async def _to_the_end(self, way: Callable[[], Awaitable[None]], *, taken: bool = False) -> Ending:
        """Any way the work ends, the journal says so. Raises only JournalLost: then nothing can be said any more.

        ``taken``: the leases are had already. They are not taken a second time: a runner that slept while another took the
        run over would take it back.
        """
        work = self.work
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
            return self._end("fenced", stop)
        result = "undone" if work.state.undoing else "verified"
        left = await self._leases.release_all()
        work.write(rec.RunEnded(result=result, detail="\n".join(left), exit_code=0))
        return Ending(result, "\n".join(left), 0)

    async def _go(self, way: Callable[[], Awaitable[None]], *, taken: bool) -> None:
        work = self.work
        try:
            check(work.cluster, work.runbook, work.plan)
        except NovatuiError as error:
            raise Stop("refused", error.title, error.detail, error.hint) from error
        if not taken:
            await self._enter()
            await self._leases.take_all()
        await way()

    async def _forward(self) -> None:
        work = self.work
        work.safe_point()
        if not work.state.committed:
            await self._facts_stand()
        past_gate = False
        for step in work.runbook.steps(work.cluster, work.plan):
            work.safe_point()
            if isinstance(step, Gate):
                past_gate = True
                gate = work.state.gates.get(step.id)
                if gate is None or gate.answered_ms is None:
                    await self._gates.run(step)
                    # Before the first change: whoever goes on from a master must know that the gate is passed.
                    await self._mirror.after(work.plan.nodes)
            elif not work.state.passed(step.id) or (
                # What was proved before the runner went away is not known to be so still.
                past_gate and step.effect is Effect.OBSERVE and work.state.resumes
            ):
                await self._step(step)

    async def _nothing(self) -> None:
        return None

    async def _give_up(self) -> None:
        raise Stop("aborted", f"Abandoned as asked by {self.work.operator}")

    async def _back(self) -> None:
        work = self.work
        await self._mirror.after(work.plan.nodes)  # whoever goes on from a master must go on backwards
        for step in work.runbook.undo(work.cluster, work.plan):
            work.safe_point()
            if not work.state.passed(step.id):
                await self._step(step)

    async def _step(self, step: Step) -> None:
        if not self.work.state.committed and step.effect.name.lower() in CHANGING:
            await self._mirror.prepare()  # a runbook without a gate
        await self._stepping.run(step)
        await self._mirror.after(self.work.plan.nodes)

    async def _acted(self, node: str) -> None:
        await self._mirror.after([node])

    async def _before_the_gate(self) -> None:
        """With the answer in hand: is everything as it was confirmed, and can every master be finished by hand?"""
        await self._facts_stand()
        await self._mirror.prepare()

    async def _facts_stand(self) -> None:
        """Asks the survey again; raises Stop with every difference."""
        work, plan = self.work, self.work.plan
        deadline = work.now_s() + work.pace.reach_s
        while True:
            answers = await survey.ask(work.cluster, plan.request, work.runbook, work.transport)
            try:
                now = work.runbook.facts(work.cluster, plan.request, answers)
            except NovatuiError as error:
                raise Stop("refused", error.title, error.detail, error.hint) from error
            changed = survey.differences(plan, now)
            if not changed:
                return
            if not survey.silent(answers) or work.now_s() >= deadline:
                raise Stop(
                    "refused", "Changed since you looked", "\n".join(changed), "look again, make a new plan"
                )
            await work.wait(work.pace.poll_most_s)

    async def _stopped(self, stop: Stop) -> Ending:
        work = self.work
        if not work.state.committed:
            if work.state.resumes and (ahead := await self._mirror.ahead()):
                return self._end("fenced", _journal_lost_its_end(work, ahead))
            return await self._abandoned(stop)
        if _was_verified(work.journal.records) and not _undid_anything(work.state):
            left = await self._leases.release_all()
            hint = "\n".join(["nothing was changed: the run stays as it was verified", *left])
            return self._end("refused", Stop("refused", stop.title, stop.detail, hint, stop.exit_code))
        if stop.exit_code == EXITS["fenced"]:
            return self._end("failed", stop)  # held elsewhere: nothing was done here
        whole = set(self._leases.mine) >= set(work.plan.nodes)
        if work.state.undoing or stop.result == "aborted" or self._on_failure != "undo" or not whole:
            ways = "resume" if work.state.undoing else "resume|undo"
            hint = f"what is stopped stays held, what runs goes on; then: novatui {ways} {work.plan.run}"
            result = "aborted" if stop.result == "aborted" else "failed"
            await self._mirror.after(self._leases.mine)
            return self._end(result, Stop(result, stop.title, stop.detail, hint, stop.exit_code))
        work.write(rec.Requested(what="undo", by="on-failure"))
        return await self._to_the_end(self._back, taken=True)

    async def _abandoned(self, stop: Stop) -> Ending:
        """Before the gate: take back what was staged, in reverse, wherever it can be reached; give the leases back."""
        work = self.work
        work.abort_by = ""  # the stop is under way; taking back is not to be stopped by it
        elsewhere = stop.exit_code == EXITS["fenced"]
        left = [
            f"{node}: what was put there, and the lease, is still there: it could not be taken for this"
            for node, lease in work.state.leases.items()
            if lease not in ("released", "lost") and node not in self._leases.mine and not elsewhere
        ]
        for step in reversed(work.runbook.steps(work.cluster, work.plan)):
            if isinstance(step, Step) and step.effect is Effect.STAGE and step.cleanup is not None:
                left += await self._clean(step)
        left += await self._leases.release_all()
        result = "aborted" if stop.result == "aborted" else "refused"
        hint = "\n".join(part for part in (stop.hint, "nothing was changed") if part)
        said = Stop(result, stop.title, stop.detail, hint, stop.exit_code)
        if left:
            said.hint = "\n".join(
                [
                    "Nothing live was changed, but this could not be taken back:",
                    *left,
                    f"try: novatui abort {work.plan.run}",
                ]
            )
        return self._end(result, said)

    async def _clean(self, step: Step) -> list[str]:
        """In words, what of this step could not be taken back."""
        work = self.work
        nodes = [
            node
            for node in participants(step, work.plan)
            if work.state.at(step.id, node).tries and node in self._leases.mine
        ]
        words = await together(self._clean_node(step, node) for node in nodes)
        return [f"{node}: {step.title}: {said}" for node, said in zip(nodes, words, strict=True) if said]

    async def _clean_node(self, step: Step, node: str) -> str:
        acting = Acting(self.work, self._leases)
        said = ""
        for _ in range(2):
            unknown = bool(said) or self.work.state.at(step.id, node).state is At.UNKNOWN
            if unknown and (words := await self._leases.renew(node, 0.0)):
                return words
            outcome = await acting.cleanup(step, node)
            if outcome.ok:
                return ""
            said = why(outcome)
        return said

    def _end(self, result: str, stop: Stop) -> Ending:
        code = EXITS[result] if stop.exit_code is None else stop.exit_code
        self.work.write(rec.RunEnded(result=result, detail=stop.words(), exit_code=code))
        return Ending(result, stop.words(), code)


def _journal_lost_its_end(work: Work, nodes: Sequence[str]) -> Stop:
    """Taking back what was "only staged" would be wrong, and "nothing was changed" a lie."""
    return Stop(
        "fenced",
        "The masters know more of this run than the journal here, which has lost its end",
        f"it went past its gate, say {', '.join(nodes)}: etcd may be held down there",
        f"nothing was done. FINISH.txt and UNDO.txt in {byhand.home(work, nodes[0])} hold the commands that remain",
    )


def _was_verified(records: Sequence[rec.Record]) -> bool:
    return any(isinstance(one, rec.RunEnded) and one.result == "verified" for one in records)


def _undid_anything(state: RunState) -> bool:
    """Whether an act of the undo was ever begun."""
    return any(
        step.undoing and any(node.tries for node in step.nodes.values()) for step in state.steps.values()
    )


_NOT_HERE = {
    "pause": "pausing is not there yet; abort stops at the next safe point",
    "continue": "nothing is paused",
    "retry": "a failed run is gone on with by: novatui resume",
    "skip": "skipping is not there yet",
    "undo": "the run is under way; abort it first, then: novatui undo",
    "resume": "the run is under way",
}
