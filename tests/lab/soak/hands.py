"""What a person does with a run that was disturbed: looks where it stands, and goes on, takes back, or begins anew."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass

from msgspec.structs import replace

from novatui.errors import NovatuiError
from novatui.model.run import RunState
from novatui.runbooks.parts.refusal import RefusedPlan
from tests.lab.person import nothing_to_do
from tests.lab.soak.faults import HELD, Scene
from tests.lab.soak.points import draw_point
from tests.lab.soak.story import settled

# Tries before a person would ask for help: the soak calls that a run that did not survive.
MOST = 6
VERIFIED, UNDONE = "verified", "undone"


@dataclass
class Hands:
    """``did``: what was tried, with how it ended. ``twice``: the first try is disturbed too: its runner is killed."""

    scene: Scene
    rng: random.Random
    twice: bool
    did: list[str]
    faults: Counter[str]

    def finish(self) -> str:
        """VERIFIED, also where nothing was left to do, or UNDONE. Raises AssertionError when it comes to no end."""
        try:
            return self._finish()
        except _Mended:
            return VERIFIED

    def _finish(self) -> str:
        state = self._waited()
        for _ in range(MOST):
            if state.result == "verified" and not _leased(state):
                return VERIFIED
            if state.result == "undone" and not _leased(state):
                return UNDONE
            if state.ended and not state.committed and not _leased(state) and state.result != "fenced":
                state = self._anew()
            else:
                state = self._try(self._next(state))
        raise AssertionError(f"no end after {MOST} tries: {self._told(state)}")

    def _waited(self) -> RunState:
        run = self.scene.run
        state = run.until_gone()
        self.did.append(_ending(state))
        return state

    def _next(self, state: RunState) -> str:
        if state.result in ("verified", "undone"):
            return "abort"  # over, but a master could not be given free
        if not state.committed:
            return "abort" if state.ended else self.rng.choice(["resume", "resume", "abort"])
        if state.undoing:
            return "resume"
        if state.ended and not _leased(state):
            return self.rng.choice(["resume", "anew"])  # a runbook that leaves nothing half done
        return self.rng.choice(["resume", "undo"])

    def _try(self, verb: str) -> RunState:
        run = self.scene.run
        if verb == "anew":
            return self._anew()
        if self.twice and verb != "abort":
            self.twice = False
            return self._killed_again(verb)
        words = (verb, run.run) if verb == "abort" else (verb, run.run, "--yes", self.scene.story.answer)
        deadline = time.monotonic() + 60
        while (done := run.person.novatui(*words)).returncode == HELD and time.monotonic() < deadline:
            time.sleep(1)
        self.did.append(f"{verb}: {done.returncode}")
        assert done.returncode in (0, 1, 2, 3, 4), (
            f"{verb}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
        state = run.until_gone()
        if done.returncode == 2 and verb == "undo":  # past its point of no return, or nothing to take back
            return self._try("resume")
        return state

    def _killed_again(self, verb: str) -> RunState:
        run = self.scene.run
        plan = run.place.plan()
        steps = plan.undo if verb == "undo" and plan.undo else plan.steps
        before = len(run.stopped_at())
        points = draw_point(steps, plan.nodes, self.rng)
        try:
            run.go_on(verb, replace(points, kill=True, most=before + 1))
        except NovatuiError as refused:
            self.did.append(f"{verb}: {refused.title}")
            return run.state
        state = run.until_gone()
        self.faults["runner killed again"] += len(run.stopped_at()) - before
        self.did.append(f"{verb}, killed: {_ending(state)}")
        return state

    def _anew(self) -> RunState:
        """A new plan, now that nothing disturbs any more and who is to have quorum has it."""
        scene = self.scene
        settled(scene.lab, scene.story)
        person = scene.run.person
        try:
            plan = person.plan(scene.story.request)
        except RefusedPlan as refused:
            if not nothing_to_do(refused):
                raise
            self.did.append("nothing left to do")
            raise _Mended from refused
        scene.run = person.begin(plan, scene.story.answer)
        state = scene.run.until_gone()
        self.did.append(f"begun anew: {_ending(state)}")
        return state

    def _told(self, state: RunState) -> str:
        return f"{', '.join(self.did)}\n{state.phase} {state.result}: {state.detail}"


class _Mended(Exception):
    """What disturbed the run mended the cluster too: a boot started what was stopped."""


def _ending(state: RunState) -> str:
    """With the reason, where it is not what was wanted."""
    if not state.result or state.result in (VERIFIED, UNDONE):
        return state.result or "runner gone"
    return f"{state.result} ({'; '.join(state.detail.splitlines()[:3])})"


def _leased(state: RunState) -> bool:
    return any(lease not in ("released", "lost") for lease in state.leases.values())
