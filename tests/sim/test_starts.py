"""Schedules of restart-member and start-cluster: the real engine and runbooks against the in-memory fleet.

``NOVATUI_SIM_STARTS`` says how many of those that are drawn by seed.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.sim.faults import Fault, Point, Schedule
from tests.sim.play import Play, catalogue, schedule_of
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
