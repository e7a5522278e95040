"""How a run that goes no further ends: what is taken back, what is kept held, what is said. Nothing is guessed: what could
not be reached is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from novatui.model import records as rec
from novatui.model.run import CHANGING, At, RunState
from novatui.runbooks.step import Effect, State, Step
from novatui.runner import aside, byhand, no_return
from novatui.runner.acting import Acting, why
from novatui.runner.lease import Leases
from novatui.runner.looking import Looking
from novatui.runner.mirror import Mirror
from novatui.runner.shown import participants
from novatui.runner.work import Behind, Fenced, NoWayBack, Stop, Work, together

EXITS = {"verified": 0, "undone": 0, "failed": 1, "refused": 2, "aborted": 3, "fenced": 4}


@dataclass(frozen=True)
class Ending:
    """How this runner's part of the run ended: the word of ``run_ended``, and the process's exit code."""

    result: str
    detail: str
    exit_code: int


class Endings:
    """The ways a run may end. ``on_failure``: ``stop`` (hold and lease are kept) or ``undo``."""

    def __init__(self, work: Work, leases: Leases, mirror: Mirror, on_failure: str) -> None:
        self._work = work
        self._leases = leases
        self._mirror = mirror
        self._on_failure = on_failure

    async def whole(self) -> Ending:
        """All was done."""
        work = self._work
        result = "undone" if work.state.undoing else "verified"
        left = await self._leases.release_all()
        work.write(rec.RunEnded(result=result, detail="\n".join(left), exit_code=0))
        return Ending(result, "\n".join(left), 0)

    async def behind(self, *, surely: bool = True) -> Behind | None:
        """When the masters know more of the run than the journal here: nothing may be done, nor said to be unchanged.
        ``surely``: raises Stop when they cannot all be asked."""
        work = self._work
        if not work.state.resumes or not (nodes := await self._mirror.ahead(surely=surely)):
            return None
        return Behind(work.plan.run, nodes, f"FINISH.txt and UNDO.txt in {byhand.home(work, nodes[0])}")

    async def stopped(self, stop: Stop) -> Ending | None:
        """None: all is to be taken back at once, as was asked for."""
        work = self._work
        if not work.state.committed:
            if behind := await self.behind(surely=False):
                return self.end("fenced", behind)
            return await self._abandoned(stop)
        if work.state.verified:
            left = await self._leases.release_all()
            hint = "\n".join(["nothing was changed: the run stays as it was verified", *left])
            return self.end("refused", Stop("refused", stop.title, stop.detail, hint, stop.exit_code))
        if stop.exit_code == EXITS["fenced"]:
            return self.end("failed", stop)  # held elsewhere: nothing was done here
        if work.runbook.no_undo:
            return await (self._free(stop) if _acted(work.state) else self._abandoned(stop))
        whole = set(self._leases.mine) >= set(work.plan.nodes)
        if (
            isinstance(stop, NoWayBack)
            or work.state.undoing
            or stop.result == "aborted"
            or self._on_failure != "undo"
            or not whole
        ):
            return await self._held(stop)
        return None

    def end(self, result: str, stop: Stop) -> Ending:
        """The last record."""
        code = EXITS[result] if stop.exit_code is None else stop.exit_code
        self._work.write(rec.RunEnded(result=result, detail=stop.words(), exit_code=code))
        return Ending(result, stop.words(), code)

    async def _held(self, stop: Stop) -> Ending:
        """Past the gate: hold and leases are kept, for a resume or an undo."""
        work = self._work
        forward = work.state.undoing or bool(no_return.verified(work.plan, work.state))
        ways = "resume" if forward else stop.way or "resume|undo"
        hint = f"what is stopped stays held, what runs goes on; then: novatui {ways} {work.plan.run}"
        left = await self._let_go()
        fenced = [f"{node}: {words}" for node, words in aside.left(work).items()]
        hint = "\n".join([*left, *fenced, hint])
        if isinstance(stop, NoWayBack):
            hint = "\n".join([*fenced, stop.hint])
        result = "aborted" if stop.result == "aborted" else "failed"
        await self._still_ours()
        return self.end(result, Stop(result, stop.title, stop.detail, hint, stop.exit_code))

    async def _still_ours(self) -> None:
        """The masters get the state as it is now. Raises Fenced where one of them is not this run's any more: a runner that slept
        while another went on with the run knows nothing of how it stands."""
        if lost := await self._mirror.after(self._leases.mine):
            raise Fenced(lost[0], "its lease does not name this runner any more")

    async def _free(self, stop: Stop) -> Ending:
        """Past the gate of a runbook that leaves nothing half done: the masters are given free; a resume takes them again."""
        work = self._work
        hint = work.runbook.instead(work.cluster, work.plan) if work.runbook.instead else ""
        result = "aborted" if stop.result == "aborted" else "failed"
        await self._still_ours()
        left = await self._leases.release_all()
        words = "\n".join(part for part in (stop.hint, *left, hint) if part)
        return self.end(result, Stop(result, stop.title, stop.detail, words, stop.exit_code))

    async def _abandoned(self, stop: Stop) -> Ending:
        """Before the gate: take back what was staged, in reverse, wherever it can be reached; give the leases back."""
        work = self._work
        work.abort_by = ""  # the stop is under way; taking back is not to be stopped by it
        elsewhere = stop.exit_code == EXITS["fenced"]
        left = [] if elsewhere else self._not_ours()
        for step in reversed(work.runbook.steps(work.cluster, work.plan)):
            if isinstance(step, Step) and step.effect is Effect.STAGE and step.cleanup is not None:
                left += await self._clean(step)
                left += [] if elsewhere else self._out_of_reach(step, left)
        left += await self._leases.release_all()
        result = "aborted" if stop.result == "aborted" else "refused"
        hint = [stop.hint, "nothing was changed"]
        if left:
            hint = ["Nothing live was changed, but this could not be taken back:", *left]
        if unsure := [node for node, lease in work.state.leases.items() if lease == "asked"]:
            hint.append(
                f"{', '.join(unsure)}: was asked for the lease and did not answer; it may yet take it"
            )
        if left or unsure:
            hint.append(f"try: novatui {'resume' if work.state.committed else 'abort'} {work.plan.run}")
        words = "\n".join(part for part in hint if part)
        return self.end(result, Stop(result, stop.title, stop.detail, words, stop.exit_code))

    def _not_ours(self) -> list[str]:
        """Masters whose lease this process did not get: an earlier runner of the run has left something there."""
        return [
            f"{node}: what was put there, and the lease, is still there: it could not be taken for this"
            for node, lease in self._work.state.leases.items()
            if lease not in ("released", "lost", "asked") and node not in self._leases.mine
        ]

    def _out_of_reach(self, step: Step, told: Sequence[str]) -> list[str]:
        """What of this step is on masters that this process did not get, nor any runner before it when it gave them free."""
        return [
            f"{node}: {step.title}: still there: this master could not be taken for this"
            for node in participants(step, self._work.plan)
            if (at := self._work.state.at(step.id, node)).tries
            and at.state is not At.UNDONE
            and node not in self._leases.mine
            and not any(words.startswith(f"{node}: ") for words in told)
        ]

    async def _clean(self, step: Step) -> list[str]:
        """In words, what of this step could not be taken back."""
        work = self._work
        nodes = [
            node
            for node in participants(step, work.plan)
            if self._tried(step, node) and node in self._leases.mine
        ]
        words = await together(self._clean_node(step, node) for node in nodes)
        return [f"{node}: {step.title}: {said}" for node, said in zip(nodes, words, strict=True) if said]

    async def _clean_node(self, step: Step, node: str) -> str:
        acting = Acting(self._work, self._leases)
        said = ""
        for _ in range(2):
            unknown = bool(said) or self._work.state.at(step.id, node).state is At.UNKNOWN
            if unknown and (words := await self._leases.renew(node, 0.0)):
                return words
            outcome = await acting.cleanup(step, node)
            if outcome.ok:
                return ""
            said = why(outcome)
        return said

    async def _let_go(self) -> list[str]:
        """What must not stay when the run ends here is taken back; in words, what could not be."""
        work = self._work
        work.abort_by = ""  # the stop is under way; this is not to be stopped by it
        way = (work.runbook.undo if work.state.undoing else work.runbook.steps)(work.cluster, work.plan)
        steps = {step.id: step for step in way if isinstance(step, Step)}
        left = []
        for step in steps.values():
            if step.let_go is not None and not await self._begun(steps[step.let_go_until]):
                left += [
                    f"{node}: {step.title}: not taken back, this master could not be taken for it"
                    for node in participants(step, work.plan)
                    if self._tried(step, node) and node not in self._leases.mine
                ]
                left += await self._clean(step)
        return left

    async def _begun(self, step: Step) -> bool:
        """Whether an act of it may have begun. A journal that was brought over does not tell: then it may, unless every master,
        ours by now, is seen to be without it."""
        work, nodes = self._work, participants(step, self._work.plan)
        if any(work.state.at(step.id, node).tries for node in nodes):
            return True
        if not work.state.brought:
            return False
        if not set(nodes) <= set(self._leases.mine):
            return True  # one that was sent there may still be under way
        looking = Looking(work, quiet=True)
        try:
            found = await together(looking.probe(step, node) for node in nodes)
        except Fenced:
            raise
        except Stop:  # asked once more to stop: it is not known
            return True
        return any(one.state is not State.TODO for one in found)

    def _tried(self, step: Step, node: str) -> bool:
        """Whether an act of it may have been sent to this master: a journal that was brought over may lack it."""
        return bool(self._work.state.brought or self._work.state.at(step.id, node).tries)


def _acted(state: RunState) -> bool:
    """Whether an act that changes something was ever begun; a gate that was answered is none. Of a journal that was brought
    over the end may be missing."""
    return bool(state.brought) or any(
        step.effect in CHANGING and any(node.tries for node in step.nodes.values())
        for step in state.steps.values()
    )
