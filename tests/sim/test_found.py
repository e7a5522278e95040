"""What the simulator has found, each as its smallest schedule: it must not come back."""

from __future__ import annotations

import pytest

from tests.sim.faults import Fault, Point, Schedule
from tests.sim.play import Play, Played
from tests.sim.shrink import report


def holds(scenario: str, *faults: Fault, choices: tuple[str, ...] = ("resume",)) -> Played:
    played = Play(Schedule(1, scenario, faults, choices)).play()
    assert not played.breaches, report(played)
    return played


def command(node: str, name: str, sub: int) -> Point:
    return Point("command", 1, node, name, sub)


@pytest.mark.invariant("INV-5")
def test_who_goes_on_from_a_master_knows_that_the_gate_is_passed() -> None:
    """The mirrored state was older than the gate while the first hold was under way: the run was given up as if nothing had
    been stopped, and the masters stayed held with nobody to release them."""
    played = holds("quorum-lost", Fault("freeze", command("m2", "hold do", 2), (), 20.0))
    assert played.results == ["verified"]


@pytest.mark.invariant("INV-2", "INV-5")
@pytest.mark.parametrize("node", ["m1", "m2", "m3"])
def test_a_runner_killed_while_it_gives_a_lease_back(node: str) -> None:
    """The journal still said "held": a resume insisted on the lease that is gone, and so did an undo, for ever."""
    played = holds("quorum-lost", Fault("kill", command(node, "lease release", 1)))
    assert played.results == ["killed", "verified"]


@pytest.mark.invariant("INV-5")
def test_a_resume_that_cannot_have_every_master_touches_none() -> None:
    """It cleaned up with an epoch of the dead runner, met its own later one, and said that another runner had taken over."""
    played = holds(
        "five",
        Fault("kill", Point("record", 62), (), 8.0),
        Fault("refuse", Point("time", 35), ("m1",), 100.0),
        Fault("drop", command("m2", "archive prove", 5), ("m2",)),
    )
    assert "fenced" not in played.results


@pytest.mark.invariant("INV-4")
def test_a_disk_that_is_full_at_the_first_file() -> None:
    """The directory was made, its marker was not: cleaning up left it, and nobody was told."""
    played = holds("from-one", Fault("full", Point("time", 1), ("m1",), 3.0))
    assert played.results == ["refused"]


@pytest.mark.invariant("INV-4")
def test_what_could_not_be_taken_back_can_be_later() -> None:
    """The run was over and its leases were given back, so abort refused; but staged files were still there."""
    played = holds("mount", Fault("cut", command("m1", "survivor do", 4), ("m1",), 45.0))
    assert played.results == ["refused", "aborted"]


@pytest.mark.invariant("INV-5")
def test_a_runner_that_slept_does_not_take_its_run_back() -> None:
    """Begun with "undo on failure", frozen, replaced, woken while its successor was dead too: it failed, and took every
    master again to undo. Two machines then had a journal of one run, and the second could never go on."""
    played = holds(
        "survivor",
        Fault("freeze", Point("record", 77), (), 45.0),
        Fault("off", command("m3", "release do", 3), ("m1", "m2", "m3"), 100.0),
        choices=("undo", "resume", "on-failure-undo"),
    )
    assert played.results[-1] == "undone"
