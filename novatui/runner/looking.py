"""Reading the world: one probe on one master, asked again while the link is broken, written down when it says something new."""

from __future__ import annotations

from collections.abc import Callable

from novatui.model import records as rec
from novatui.model.sanitize import clean
from novatui.remote.command import Outcome, Status
from novatui.runbooks.step import Ask, Context, Probed, State, Step
from novatui.runner.work import Work


class Looking:
    """The probes of one run. ``quiet``: nothing is written down; a step that is looked at so stays as passed as it was."""

    def __init__(self, work: Work, *, quiet: bool = False) -> None:
        self._work = work
        self._quiet = quiet
        self._last: dict[tuple[str, str], tuple[object, ...]] = {}

    async def probe(self, step: Step, node: str) -> Probed:
        """What ``step.probe`` finds."""
        assert step.probe is not None, f"{step.id}: only LOCAL steps have no probe"
        return await self._look(step, node, step.probe)

    async def verify(self, step: Step, node: str) -> Probed:
        """What ``step.verify`` finds, ``step.probe`` when there is none."""
        asks = step.verify or step.probe
        assert asks is not None
        return await self._look(step, node, asks)

    async def settled(self, step: Step, node: str, asks: Callable[[Context], Ask] | None) -> Probed:
        """Look until it is DONE, FOREIGN or FAILED, or ``settle_s`` is over; the last reading."""
        work = self._work
        look = asks or step.verify or step.probe
        assert look is not None
        deadline, pause = work.now_s() + step.settle_s, work.pace.poll_s
        while True:
            found = await self._look(step, node, look)
            if found.state in (State.DONE, State.FOREIGN, State.FAILED) or work.now_s() >= deadline:
                return found
            await work.wait(pause)
            pause = min(pause * 1.5, work.pace.poll_most_s)

    def verified(self, step: Step, node: str, found: Probed) -> None:
        """Write the evidence that later steps build on, and what was born in this one under its name."""
        self._work.write(
            rec.Verified(step=step.id, node=node, ok=True, evidence=dict(found.facts), detail=found.detail)
        )
        for ref, fact in step.binds.items():
            value = found.facts.get(fact)
            if value is not None and self._work.state.bound.get(ref) != value:
                self._work.write(rec.Bound(ref=ref, value=value))

    def not_verified(self, step: Step, node: str, why: str) -> None:
        self._work.write(rec.Verified(step=step.id, node=node, ok=False, detail=why))

    async def _look(self, step: Step, node: str, asks: Callable[[Context], Ask]) -> Probed:
        work = self._work
        ask = asks(work.context(node))
        if ask.command.changes:
            raise ValueError(f"{step.id}: a probe changes nothing: {ask.command.shown_line()}")
        deadline = work.now_s() + work.reach_s()
        while True:
            work.safe_point()
            outcome = await work.transport.run(node, ask.command)
            if outcome.status not in (Status.UNKNOWN, Status.TIMEOUT):
                found = ask.read(outcome)
                break
            found = Probed(State.UNKNOWN, detail=_lost(outcome))
            self._say(step, node, found)
            if work.now_s() >= deadline:
                return found
            await work.wait(work.pace.poll_most_s)
        self._say(step, node, found)
        return found

    def _say(self, step: Step, node: str, found: Probed) -> None:
        """Only what is new: a poll that finds the same again says nothing."""
        if self._quiet:
            return
        attempt = self._work.state.at(step.id, node).tries
        news = (attempt, found.state, dict(found.facts), found.detail)
        if self._last.get((step.id, node)) == news:
            return
        self._last[step.id, node] = news
        self._work.write(
            rec.Probed(
                step=step.id,
                node=node,
                attempt=attempt,
                state=found.state.value,
                facts=dict(found.facts),
                detail=clean(found.detail),
            )
        )


def _lost(outcome: Outcome) -> str:
    if outcome.error:
        return clean(outcome.error)
    return "no answer within the limit" if outcome.status is Status.TIMEOUT else "the connection was lost"
