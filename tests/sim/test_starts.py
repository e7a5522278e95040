"""Schedules of restart-member and start-cluster: the real engine and runbooks against the in-memory fleet.

``NOVATUI_SIM_STARTS`` says how many of those that are drawn by seed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from novatui.runbooks import registry
from novatui.runbooks.step import Gate, Scope, Step
from tests.sim import scripts
from tests.sim.faults import Fault, Point, Schedule
from tests.sim.fleet import Models
from tests.sim.play import Play, catalogue, draw_plan, schedule_of
from tests.sim.process import Running, Script
from tests.sim.scenario import STARTS
from tests.sim.shrink import report, shrink

pytestmark = pytest.mark.invariant("INV-2", "INV-5", "INV-10", "INV-11", "INV-17")

RUNS = int(os.environ.get("NOVATUI_SIM_STARTS", "600"))
PIECES = 10


def holds(schedule: Schedule) -> str:
    """Plays it; fails with the smallest schedule that still breaks. The last result."""
    played = Play(schedule).play()
    if played.breaches:
        pytest.fail(report(shrink(played)), pytrace=False)
    return played.results[-1]


@pytest.mark.parametrize("scenario", STARTS)
def test_without_faults_it_is_verified(scenario: str) -> None:
    assert holds(Schedule(0, scenario)) == "verified"


@pytest.mark.parametrize("piece", range(PIECES))
def test_schedules(piece: int) -> None:
    """A fault before the gate may well bring back what was down: the run then has nothing to do, and says so."""
    ends = Counter(holds(schedule_of(seed, STARTS)) for seed in range(1 + piece, 1 + RUNS, PIECES))
    if sum(ends.values()) >= 50:
        assert ends["verified"] > sum(ends.values()) * 0.4, ends


@pytest.mark.parametrize("scenario", STARTS)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_the_runner_is_killed_at_every_record(scenario: str, late: bool) -> None:
    """SIGKILL right before and right after each journal record, then resume."""
    last = catalogue(scenario).records
    for number in range(1, last + (0 if late else 1)):
        fault = Fault("kill", Point("record", number), (), 1.0 if late else 0.5)
        assert holds(Schedule(number, scenario, (fault,))) in ("verified", "refused")


@pytest.mark.parametrize("scenario", STARTS)
def test_power_is_lost_at_every_step(scenario: str) -> None:
    """Of that master, at each sub-step of what is done to it; its boot starts etcd."""
    for moment in catalogue(scenario).commands:
        if not moment.name.startswith("lease"):
            end = holds(Schedule(7, scenario, (Fault("off", moment, (moment.node,), 8.0),)))
            assert end in ("verified", "refused"), str(moment)


# -- it can fail ----------------------------------------------------------------------------------------------------


def breaches(
    scenario: str,
    change: Callable[[list[Step | Gate]], Sequence[Step | Gate]] = list,
    models: Models = scripts.MODELS,
) -> str:
    """What a run without faults breaks, of a runbook whose steps were changed."""
    sound = registry.find(STARTS[scenario].request.runbook)
    book = replace(sound, steps=lambda cluster, plan: change(list(sound.steps(cluster, plan))))
    plan = draw_plan(STARTS[scenario], book)
    return "\n".join(Play(Schedule(0, scenario), runbook=book, plan=plan, models=models).play().breaches)


def test_a_restart_that_stops_others_too_is_found() -> None:
    def everywhere(steps: list[Step | Gate]) -> list[Step | Gate]:
        return [
            replace(one, scope=Scope.EACH) if isinstance(one, Step) and one.id == "stop" else one
            for one in steps
        ]

    assert "etcd is stopped where the plan does not say so" in breaches("hung", everywhere)


@pytest.mark.parametrize("scenario", STARTS)
def test_a_start_before_the_word_is_found(scenario: str) -> None:
    def gate_last(steps: list[Step | Gate]) -> list[Step | Gate]:
        return sorted(steps, key=lambda one: isinstance(one, Gate))

    assert "before its gate was answered" in breaches(scenario, gate_last)


@pytest.mark.parametrize("scenario", STARTS)
def test_a_start_that_starts_nothing_is_found(scenario: str) -> None:
    def begin(run: Running) -> Script:
        if run.command.argv[0] == "do":
            yield 0.01
            return 0
        return (yield from scripts.MODELS["begin"](run))

    assert "did not come to verified" in breaches(scenario, models={**scripts.MODELS, "begin": begin})
