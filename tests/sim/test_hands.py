"""Somebody takes away by hand what a run had done while its runner is gone: a resume sees it before it does anything."""

from __future__ import annotations

import pytest

from tests.sim.faults import Fault, Point, Schedule
from tests.sim.play import Play, Played
from tests.sim.shrink import report

STARTED = "it was started"


def played(scenario: str, *faults: Fault, choices: tuple[str, ...] = ("resume",)) -> Played:
    done = Play(Schedule(1, scenario, faults, choices)).play()
    assert not done.breaches, report(done)
    return done


def killed(node: str, name: str, sub: int = 1) -> Fault:
    return Fault("kill", Point("command", 1, node, name, sub), (), 8.0)


def then(what: str, *nodes: str, tenths: int = 20) -> Fault:
    return Fault(what, Point("after", tenths), nodes)


@pytest.mark.invariant("INV-11")
@pytest.mark.parametrize("where", ["stop do", "swap do"])
@pytest.mark.parametrize("scenario", ["quorum-lost", "mount", "one-damaged"])
def test_a_hold_that_was_taken_away_is_taken_again(scenario: str, where: str) -> None:
    if scenario == "one-damaged":
        where = {"stop do": "save do", "swap do": "aside do"}[where]
    node = "m3" if where == "save do" else "m2"
    done = played(scenario, killed(node, where), then("unhold", "m2"))
    assert done.results == ["killed", "verified"], report(done)


@pytest.mark.invariant("INV-10", "INV-12")
def test_etcd_that_was_started_on_the_data_from_before_ends_the_way_forward() -> None:
    """What it wrote since is not in what was confirmed."""
    faults = (killed("m2", "swap do"), then("unhold", "m1", "m2", "m3"), then("hand-start", "m1"))
    done = played("live", *faults, choices=("resume", "undo"))
    assert done.results == ["killed", "failed", "undone"], report(done)
    assert "somebody changed it since" in " ".join(done.log) and "novatui undo" in " ".join(done.log)


@pytest.mark.invariant("INV-11")
def test_restored_data_that_was_started_before_all_had_it_ends_the_way_forward() -> None:
    faults = (killed("m3", "swap do", 4), then("unhold", "m1"), then("hand-start", "m1"))
    done = played("live", *faults, choices=("resume", "undo"))
    assert done.results == ["killed", "failed", "undone"], report(done)
    assert "somebody changed it since" in " ".join(done.log)


def test_a_member_to_be_replaced_that_was_started_again_is_left_alone_before_its_removal() -> None:
    faults = (killed("m3", "save do"), then("unhold", "m2"), then("hand-start", "m2"))
    done = played("one-damaged", *faults, choices=("resume", "undo"))
    assert done.results == ["killed", "failed", "undone"], report(done)


def test_etcd_that_is_stopped_by_hand_during_the_last_checks_is_started_again() -> None:
    """Before the release; after it the env file is as it was, and only the checks say what does not run."""
    done = played("live", killed("m2", "last-gate", 1), then("hand-stop", "m2"))
    assert done.results == ["killed", "verified"], report(done)


def test_etcd_that_is_stopped_by_hand_after_the_release_is_told_by_the_checks() -> None:
    faults = (killed("m2", "release do", 4), then("hand-stop", "m2"), then("hand-start", "m2", tenths=900))
    done = played("live", *faults)
    assert done.results[0] == "killed" and done.results[-1] == "verified", report(done)
    assert "env" not in " ".join(line for line in done.log if "failed" in line)
