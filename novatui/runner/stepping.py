"""One step on all its masters: probe, apply, verify on each; then the judge; then the barrier."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from novatui.model import records as rec
from novatui.model.findings import Finding
from novatui.model.sanitize import clean
from novatui.remote.command import KILL_AFTER_S, Status
from novatui.runbooks.step import Effect, Probed, Scope, State, Step
from novatui.runner.acting import Acting, why
from novatui.runner.lease import Leases
from novatui.runner.looking import Looking
from novatui.runner.no_return import facts_stand
from novatui.runner.shown import participants
from novatui.runner.work import Fenced, Stop, Work, together


class Stepping:
    """Runs steps. A master that fails is a value: the others go on to the end of the step, the step then fails."""

    def __init__(self, work: Work, leases: Leases) -> None:
        self._work = work
        self._leases = leases
        self._looking = Looking(work)
        self._acting = Acting(work, leases)

    async def run(self, step: Step) -> None:
        """Returns when all participants are verified and the judge is content; raises Stop when they cannot be."""
        nodes = participants(step, self._work.plan)
        last = (
            step.last(self._work.context()) if step.last and step.scope is Scope.FOLLOWERS_THEN_LEADER else ""
        )
        await self._all(step, [node for node in nodes if node != last])
        if last in nodes:
            await self._all(step, [last])
        await self._judged(step, nodes)

    async def _all(self, step: Step, nodes: Sequence[str]) -> None:
        results = await together(self._node(step, node) for node in nodes)
        for result in results:
            if isinstance(result, Stop):
                raise result
        failed = [f"{node}: {words}" for node, words in zip(nodes, results, strict=True) if words]
        if failed:
            raise Stop("failed", f"{step.title}: not done", "\n".join(failed))

    async def _node(self, step: Step, node: str) -> str | Stop:
        """Empty when verified, else in words why not. A stop at a safe point is a value too: an act that is under way on
        another master is awaited, not cut off. Fenced is raised: then nothing is awaited."""
        try:
            words = await self._work_on(step, node)
        except Fenced:
            raise
        except Stop as stop:
            return stop
        if words:
            self._looking.not_verified(step, node, words)
        else:
            await self._work.checkpoint(step.id, node, "verified")
        return words

    async def _work_on(self, step: Step, node: str) -> str:
        if step.apply is None:
            return self._conclude(step, node, await self._looking.settled(step, node, step.probe))
        applied = 0
        while True:
            found = await self._probe(step, node, after_act=applied > 0)
            if found.state is State.DONE:
                if step.verify is None:
                    return self._conclude(step, node, found)
                break
            if found.state not in (State.TODO, State.PARTIAL):
                return _not_done(found)
            if applied > step.retries:
                return f"still not done after {applied} tries: {_not_done(found)}"
            if step.effect is Effect.NO_RETURN and found.state is State.TODO:
                # One that was interrupted is past it: its own half may be what differs.
                await facts_stand(self._work, step.id)
            self._work.safe_point()
            outcome = await self._acting.apply(step, node)
            applied += 1
            if outcome.ok:
                break
            if outcome.status is Status.FAILED:
                # What counts is what is so: a stop that another job overtook fails, and etcd is down all the same.
                found = await self._looking.verify(step, node)
                return "" if self._conclude(step, node, found) == "" else why(outcome)
            # What it did is not known. Nothing is probed while it may still be at work, nor while it may still arrive.
            longest = self._acting.longest_s(step, node) + KILL_AFTER_S
            if words := await self._leases.renew(node, longest):
                return f"the outcome of the last command is not known ({why(outcome)}); {words}"
        return self._conclude(step, node, await self._looking.settled(step, node, None))

    async def _probe(self, step: Step, node: str, *, after_act: bool) -> Probed:
        """After an act whose outcome is unknown the master may just be booting: it gets time to answer sensibly. Before one
        it gets the step's own, as long as an election may take: a member that is asked in the middle of one has nothing to say."""
        work = self._work
        patience = work.reach_s() if after_act else min(step.settle_s, work.pace.election_s)
        deadline = work.now_s() + patience
        while True:
            found = await self._looking.probe(step, node)
            if found.state is not State.UNKNOWN or work.now_s() >= deadline:
                return found
            await work.wait(work.pace.poll_most_s)

    def _conclude(self, step: Step, node: str, found: Probed) -> str:
        if found.state is not State.DONE:
            return _not_done(found)
        self._looking.verified(step, node, found)
        return ""

    async def _judged(self, step: Step, nodes: Sequence[str]) -> None:
        """The judge, asked again with new readings until ``settle_s`` is over."""
        work = self._work
        deadline, pause = work.now_s() + step.settle_s, work.pace.poll_s
        failed: list[str] = []
        while True:
            findings = () if step.judge is None else tuple(step.judge(work.context()))
            refusing = [one for one in findings if one.refuses and not self._is_overruled(one)]
            if not refusing and not failed:
                break
            if work.now_s() >= deadline:
                self._say(step, findings, ok=False)
                raise _refused(step, refusing, failed)
            await work.wait(pause)
            pause = min(pause * 1.5, work.pace.poll_most_s)
            failed = await self._look_again(step, nodes)
        for guard in sorted({one.guard for one in findings if one.refuses and one.guard}):
            if guard not in work.state.overruled:
                work.write(rec.Overruled(guard=guard, by=work.operator))
        self._say(step, findings, ok=True)

    async def _look_again(self, step: Step, nodes: Sequence[str]) -> list[str]:
        readings = await together(self._looking.verify(step, node) for node in nodes)
        failed = []
        for node, found in zip(nodes, readings, strict=True):
            if found.state is State.DONE:
                self._looking.verified(step, node, found)
            else:
                failed.append(f"{node}: {_not_done(found)}")
        return failed

    def _is_overruled(self, finding: Finding) -> bool:
        return bool(finding.guard) and finding.guard in self._work.overruled()

    def _say(self, step: Step, findings: Sequence[Finding], *, ok: bool) -> None:
        plain = tuple(msgspec.to_builtins(finding) for finding in findings)
        self._work.write(rec.Judged(step=step.id, ok=ok, findings=plain))


def _not_done(found: Probed) -> str:
    detail = clean(found.detail)
    if found.state is State.FOREIGN:
        return f"somebody else's doing: {detail}" if detail else "somebody else has been here"
    return detail or f"its state is {found.state.value}"


def _refused(step: Step, refusing: Sequence[Finding], failed: Sequence[str]) -> Stop:
    reasons = []
    for one in refusing:
        where = f"{one.node}: " if one.node else ""
        over = f" (--overrule {one.guard})" if one.guard else ""
        reasons.append(f"{where}{one.title}{over}" + (f"; {one.hint}" if one.hint else ""))
    return Stop("refused", f"{step.title}: refused", "\n".join([*reasons, *failed]))
