"""Schedules of recover-member: the real engine and runbook against the in-memory fleet, kills, drops and power cuts among them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import pytest

from novatui.config import ClusterConfig
from novatui.model.plan import Plan
from novatui.runbooks import recover_member
from novatui.runbooks.step import Gate, Step
from tests.sim.faults import Fault, Point, Schedule
from tests.sim.play import Play, catalogue, draw_plan, schedule_of
from tests.sim.scenario import RECOVERIES
from tests.sim.shrink import report, shrink

pytestmark = pytest.mark.invariant("INV-2", "INV-5", "INV-11", "INV-13", "INV-15")

RUNS = int(os.environ.get("NOVATUI_SIM_RUNS", "300"))
PIECES = 10


def holds(schedule: Schedule) -> str:
    """Plays it; fails with the smallest schedule that still breaks. The last result."""
    played = Play(schedule).play()
    if played.breaches:
        pytest.fail(report(shrink(played)), pytrace=False)
    return played.results[-1]


@pytest.mark.parametrize("scenario", RECOVERIES)
def test_without_faults_it_is_verified(scenario: str) -> None:
    assert holds(Schedule(0, scenario)) == "verified"


@pytest.mark.parametrize("piece", range(PIECES))
def test_schedules(piece: int) -> None:
    ends = Counter(holds(schedule_of(seed, RECOVERIES)) for seed in range(1 + piece, 1 + RUNS, PIECES))
    if sum(ends.values()) >= 50:
        assert ends["verified"] > sum(ends.values()) * 0.4, ends


@pytest.mark.parametrize("scenario", ["one-damaged", "one-damaged-mount"])
def test_its_master_loses_power_at_every_step(scenario: str) -> None:
    """At each sub-step of what is done on it after the gate; whoever loses it goes on to a verified end."""
    wanted = ("hold", "stop", "aside", "join", "start", "release")
    moments = [
        point
        for point in catalogue(scenario).commands
        if point.node == "m2" and point.name.partition(" ")[0] in wanted
    ]
    assert len(moments) > 15
    for moment in moments:
        assert holds(Schedule(7, scenario, (Fault("off", moment, ("m2",), 8.0),))) == "verified", str(moment)


@pytest.mark.parametrize("piece", range(4))
def test_an_election_at_any_moment_is_waited_for(piece: int) -> None:
    """kubespray's take 5 - 10 s, longer than a linearizable read waits. At every third record."""
    last = catalogue("one-damaged").records
    for number in range(1 + 3 * piece, last + 1, 12):
        fault = Fault("election", Point("record", number), ("m1",), 9.0)
        assert holds(Schedule(number, "one-damaged", (fault,))) == "verified", str(fault)


@pytest.mark.parametrize("piece", range(5))
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_the_runner_is_killed_at_every_record(piece: int, late: bool) -> None:
    last = catalogue("one-damaged").records
    for number in range(1 + piece, last + (0 if late else 1), 5):
        fault = Fault("kill", Point("record", number), (), 1.0 if late else 0.5)
        assert holds(Schedule(number, "one-damaged", (fault,))) in ("verified", "refused")


@pytest.mark.parametrize("dropped", ["hold", "safety", "archive", "members"])
def test_a_runbook_that_leaves_a_step_out_is_found(dropped: str) -> None:
    """The invariants can fail. ``members``: without any check that the new member joined, its start is not made either."""
    left_out = {dropped, *(("start", "caught-up", "last-gate") if dropped == "members" else ())}

    def steps(cluster: ClusterConfig, plan: Plan) -> list[Step | Gate]:
        return [step for step in recover_member.steps(cluster, plan) if step.id not in left_out]

    book = replace(recover_member.RUNBOOK, steps=steps)
    plan = draw_plan(RECOVERIES["one-damaged"], book)
    assert Play(Schedule(0, "one-damaged"), runbook=book, plan=plan).play().breaches
