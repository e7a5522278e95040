"""The simulator against reality: journals of runs on real etcd over real SSH (the embedded cluster), recorded by
``python -m tests.sim.record``. The same run simulated looks, acts and finds the same, on each master in the same order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.faults import Schedule
from tests.sim.play import Play
from tests.sim.replay import load as recorded
from tests.sim.replay import per_master, said

DATA = Path(__file__).parents[1] / "data/sim"


@pytest.mark.parametrize("name", ["quorum-lost", "live"])
def test_a_simulated_run_is_the_recorded_one(name: str) -> None:
    real = per_master(recorded(DATA / f"{name}.jsonl"))
    play = Play(Schedule(0, name, choices=("undo-verified",)))
    played = play.play()
    assert played.results == ["verified", "undone"]
    simulated = per_master(said(play.written))
    masters = sorted(name for name in real if name)
    assert len(masters) == len(simulated) - 1
    assert simulated[""] == real[""]
    for master, ours in zip(masters, sorted(name for name in simulated if name), strict=True):
        assert simulated[ours] == real[master], f"{master} and its model {ours}"
