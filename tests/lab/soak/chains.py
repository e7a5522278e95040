"""Runs whose runner is killed before an act, after it, or after its outcome is written: at several points of one run, or at
each point there is, every time from a cluster as new."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from novatui.model.plan import Plan
from tests.lab.halting import KILL_POINTS, Point, Points
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.renewing import renew
from tests.lab.soak import story
from tests.lab.soak.checks import Found
from tests.lab.soak.hands import VERIFIED
from tests.lab.soak.setting import look_back, set_up
from tests.lab.soak.watching import Watch

RUNBOOKS = ("restore-cluster", "recover-member", "restart-member", "start-cluster")
# Kills of one seeded chain.
KILLS = 4
T = TypeVar("T")


def seeded(lab: Lab, runbook: str, seed: int) -> list[Point]:
    """One run, killed at up to ``KILLS`` points of the seed and gone on with after each; where it was killed. Raises
    AssertionError where something does not hold."""
    rng = random.Random(seed)

    def play(person: Person, told: story.Story, plan: Plan) -> list[Point]:
        every = [
            Point(step.id, node, phase)
            for step in plan.steps
            for node in step.commands
            for phase in KILL_POINTS
        ]
        chosen = rng.sample(every, len(every))
        return _killed_at(person, told, plan, chosen, KILLS)

    return _played(lab, runbook, rng, seed, play)[0]


def every_point(lab: Lab, runbook: str, seed: int, only: Sequence[str] = ()) -> Iterator[tuple[Point, Found]]:
    """Each kill point of that runbook on the seed's broken cluster, and what was found after a run that was killed there
    and gone on with. ``only``: those of these steps."""
    for point in _met(lab, runbook, seed):
        if only and point.step not in only:
            continue
        renew(lab)

        def play(person: Person, told: story.Story, plan: Plan, point: Point = point) -> None:
            here = _in(plan, point)
            assert _killed_at(person, told, plan, [here], 1) == [here], "it was not met"

        try:
            found = _played(lab, runbook, random.Random(seed), seed, play)[1]
        except Exception as wrong:
            found = Found([f"{type(wrong).__name__}: {wrong}"])
        yield point, found


def _in(plan: Plan, point: Point) -> Point:
    """That point in this plan: which member is asked to change the members is the plan's choice."""
    nodes = next(step.commands for step in plan.steps if step.id == point.step)
    return point if point.node in nodes else Point(point.step, next(iter(nodes)), point.phase)


def _met(lab: Lab, runbook: str, seed: int) -> list[Point]:
    """By a run that nothing disturbs."""

    def play(person: Person, told: story.Story, plan: Plan) -> list[str]:
        run = person.begin(plan, told.answer)
        state = run.until_gone()
        assert state.result == "verified", state.detail
        return run.met()

    met = _played(lab, runbook, random.Random(seed), seed, play)[0]
    words = [line.split(" ") for line in dict.fromkeys(met)]
    return [Point(*one) for one in words if one[2] in KILL_POINTS]


def _played(
    lab: Lab,
    runbook: str,
    rng: random.Random,
    seed: int,
    play: Callable[[Person, story.Story, Plan], T],
) -> tuple[T, Found]:
    """A broken cluster, a plan for it and what ``play`` makes of that, with what was found afterwards. Raises AssertionError
    where something does not hold."""
    told = story.draw(lab, rng, runbook)
    was = set_up(lab, told, seed)
    person = Person(lab, told.user)
    try:
        with Watch(lab) as watch:
            made = play(person, told, person.plan(told.request))
            found = look_back(lab, told, was, [person], watch, VERIFIED)
        assert not found.wrong, "\n".join(found.wrong)
        return made, found
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
