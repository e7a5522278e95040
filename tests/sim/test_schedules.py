"""Thousands of schedules: the real engine and the real restore-cluster against the in-memory fleet.

``NOVATUI_SIM_RUNS`` says how many of those that are drawn by seed; ``python -m tests.sim`` plays one, or soaks.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.sim.faults import Fault, Point, Schedule
from tests.sim.play import Play, catalogue, schedule_of
from tests.sim.scenario import SCENARIOS
from tests.sim.shrink import report, shrink

pytestmark = pytest.mark.invariant("INV-2", "INV-4", "INV-5", "INV-10", "INV-11")

RUNS = int(os.environ.get("NOVATUI_SIM_RUNS", "1500"))
PIECES = 20


def holds(schedule: Schedule) -> str:
    """Plays it; fails with the smallest schedule that still breaks. The last result."""
    played = Play(schedule).play()
    if played.breaches:
        pytest.fail(report(shrink(played)), pytrace=False)
    return played.results[-1]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_without_faults_it_is_verified(scenario: str) -> None:
    assert holds(Schedule(0, scenario)) == "verified"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_verified_run_can_be_undone(scenario: str) -> None:
    assert holds(Schedule(0, scenario, choices=("undo-verified",))) == "undone"


@pytest.mark.parametrize("piece", range(PIECES))
def test_schedules(piece: int) -> None:
    """The seeds of this piece. Most end verified; if hardly any did, the faults would drown what is to be tested."""
    ends = Counter(holds(schedule_of(seed)) for seed in range(1 + piece, 1 + RUNS, PIECES))
    if sum(ends.values()) >= 50:
        assert ends["verified"] > sum(ends.values()) * 0.4, ends
        assert ends["undone"] > 0, ends


@pytest.mark.parametrize("piece", range(10))
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_the_runner_is_killed_at_every_record(piece: int, late: bool) -> None:
    """SIGKILL right before and right after each journal record, then resume."""
    last = catalogue("quorum-lost").records
    for number in range(1 + piece, last + (0 if late else 1), 10):
        span = 1.0 if late else 0.5
        assert holds(
            Schedule(number, "quorum-lost", (Fault("kill", Point("record", number), (), span),))
        ) in (
            "verified",
            "refused",  # before anything was stopped
        )


@pytest.mark.parametrize("whole", [False, True], ids=["one", "all"])
@pytest.mark.parametrize("scenario", ["live", "mount"])
def test_power_is_lost_at_every_step_of_the_exchange(scenario: str, whole: bool) -> None:
    """At each sub-step of hold, stop, swap, start and release on m2: of that master, or of all of them."""
    moments = [
        point
        for point in catalogue(scenario).commands
        if point.node == "m2" and point.name.partition(" ")[0] in ("hold", "stop", "swap", "start", "release")
    ]
    assert len(moments) > 15
    for moment in moments:
        nodes = ("m1", "m2", "m3") if whole else ("m2",)
        assert holds(Schedule(7, scenario, (Fault("off", moment, nodes, 8.0),))) == "verified", str(moment)


@pytest.mark.parametrize("choice", ["resume", "undo"])
def test_all_masters_lose_power_between_the_two_renames(choice: str) -> None:
    """The disaster that the hold is for: systemd boots into a data directory that is not there."""
    moment = Point("command", 1, "m1", "swap do", 2)
    fault = Fault("off", moment, ("m1", "m2", "m3"), 100.0)
    by_hand = Fault("hand-start", Point("after", 1100), ("m1",))
    end = holds(Schedule(1, "quorum-lost", (fault, by_hand), (choice,)))
    assert end in (("verified",) if choice == "resume" else ("verified", "undone"))
