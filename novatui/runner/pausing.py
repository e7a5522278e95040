"""A person lets a run wait after a step, and go on: only where etcd serves, or nothing was changed yet."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model import records as rec
from novatui.runbooks.step import Effect, Gate, Step
from novatui.runner.events import Reply
from novatui.runner.work import Stop, Work


class Pauses:
    """The pauses of one run. ``begin`` is told the steps that are gone through, ``at`` each one that is begun."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._steps: Sequence[Step | Gate] = ()
        self._now = 0

    def begin(self, steps: Sequence[Step | Gate]) -> None:
        self._steps, self._now = steps, 0

    def at(self, step: Step | Gate) -> None:
        self._now = [one.id for one in self._steps].index(step.id)

    def ask(self, by: str) -> Reply:
        """``why`` of a taken one is the title of the step after which it will wait."""
        state = self._work.state
        if state.pause is not None:
            return Reply(
                id=0, code="refused", why="it is paused already" if state.pause.at else "it was asked"
            )
        places = resting_places(self._steps)
        place = next((step for step in self._steps[self._now :] if step.id in places), None)
        if place is None:
            return Reply(id=0, code="refused", why="there is no place left where it may wait")
        self._work.write(rec.Requested(what="pause", by=by))
        now = self._work.clock.now_ms()
        return Reply(id=0, code="taken", by=by, at=now, why=place.title)

    def go_on(self, by: str) -> Reply:
        if self._work.state.pause is None:
            return Reply(id=0, code="refused", why="nothing is paused")
        self._work.write(rec.Requested(what="continue", by=by))
        self._work.wake()
        return Reply(id=0, code="taken", by=by, at=self._work.clock.now_ms())

    async def rest(self, step: Step | Gate) -> None:
        """After ``step``: wait here when that was asked for and may be. Before the first change not for ever."""
        work = self._work
        if work.state.pause is None or step.id not in resting_places(self._steps):
            return
        work.write(rec.Paused(step=step.id))
        deadline = work.now_s() + work.pace.gate_s
        while work.state.pause is not None:
            if not work.state.committed and work.now_s() >= deadline:
                minutes = round(work.pace.gate_s / 60)
                raise Stop("aborted", f"Paused for {minutes} min without a word: nothing was changed")
            await work.wait(work.pace.gate_s)


def resting_places(steps: Sequence[Step | Gate]) -> set[str]:
    """Steps after which a run may wait: those before its gate, then those behind which etcd serves again (``rest``) and
    the observations that follow them. Never between the gate and the first change, nor while etcd is down."""
    found: set[str] = set()
    may = True
    for step in steps[:-1]:
        if isinstance(step, Gate):
            may = False
        elif step.effect >= Effect.CHANGE:
            may = step.rest
        if may:
            found.add(step.id)
    return found
