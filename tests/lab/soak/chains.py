"""Runs whose runner is killed before an act, after it, or after its outcome is written: at several points of one run, or at
each point there is, every time from a cluster as new."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from novatui.model.plan import Plan
from tests.lab.halting import KILL_POINTS, Point, Points
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.renewing import renew
from tests.lab.soak import story
from tests.lab.soak.hands import VERIFIED
from tests.lab.soak.setting import look_back, set_up
from tests.lab.soak.watching import Watch

RUNBOOKS = ("restore-cluster", "recover-member", "restart-member", "start-cluster")
# Kills of one seeded chain.
KILLS = 4


def seeded(lab: Lab, runbook: str, seed: int) -> list[Point]:
    """One run, killed at up to ``KILLS`` points of the seed and gone on with after each; where it was killed. Raises
    AssertionError where something does not hold."""
    rng = random.Random(seed)
    with _scene(lab, runbook, rng, seed) as (person, told, plan):
        every = [
            Point(step.id, node, phase)
            for step in plan.steps
            for node in step.commands
            for phase in KILL_POINTS
        ]
        chosen = rng.sample(every, len(every))
        return _killed_at(person, told, plan, chosen, KILLS)


def every_point(lab: Lab, runbook: str, seed: int) -> Iterator[tuple[Point, str]]:
    """Each kill point of that runbook on the seed's broken cluster, and what is wrong with a run that was killed there and
    gone on with: empty where nothing is."""
    for point in _met(lab, runbook, seed):
        renew(lab)
        try:
            with _scene(lab, runbook, random.Random(seed), seed) as (person, told, plan):
                met = _killed_at(person, told, plan, [point], 1)
                assert met == [point], "it was not met"
            yield point, ""
        except Exception as wrong:
            yield point, f"{type(wrong).__name__}: {wrong}"


def _met(lab: Lab, runbook: str, seed: int) -> list[Point]:
    """By a run that nothing disturbs."""
    with _scene(lab, runbook, random.Random(seed), seed) as (person, told, plan):
        run = person.begin(plan, told.answer)
        state = run.until_gone()
        assert state.result == "verified", state.detail
        words = [line.split(" ") for line in dict.fromkeys(run.met())]
    return [Point(*one) for one in words if one[2] in KILL_POINTS]


@contextmanager
def _scene(
    lab: Lab, runbook: str, rng: random.Random, seed: int
) -> Iterator[tuple[Person, story.Story, Plan]]:
    """A broken cluster and a plan for it; what must hold is looked at afterwards."""
    told = story.draw(lab, rng, runbook)
    was = set_up(lab, told, seed)
    person = Person(lab, told.user)
    try:
        with Watch(lab) as watch:
            yield person, told, person.plan(told.request)
            found = look_back(lab, told, was, [person], watch, VERIFIED)
        assert not found.wrong, "\n".join(found.wrong)
    finally:
        person.close()


def _killed_at(person: Person, told: story.Story, plan: Plan, points: list[Point], most: int) -> list[Point]:
    """The run ends verified, with nothing but resumes."""
    killing = Points(points=tuple(points), kill=True, most=most)
    run = person.begin(plan, told.answer, killing)
    while not (state := run.until_gone()).ended:
        assert len(run.stopped_at()) <= most, "it is gone, and nobody killed it"
        run.go_on("resume", killing)
    assert state.result == "verified", f"{state.result}: {state.detail}; killed at {run.stopped_at()}"
    return run.stopped_at()
