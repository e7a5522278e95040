"""A run that is taken up after a break: what was confirmed then must still be what is done now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from novatui.config import ClusterConfig
from novatui.model.plan import Plan
from novatui.runbooks.step import Facts, Gate, Stands, Step
from tests.runner import tiny
from tests.runner.bench import QUICK, Bench, Killed


def against(plan: Plan, now: Mapping[str, Facts], since_s: float) -> Sequence[str]:
    return [f"{node}: lives again, {since_s:.0f} s" for node, one in now.items() if one["fact"] == "lives"]


def lets_go(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    return [
        replace(one, let_go=tiny._undoes("stop"), let_go_until="swap")
        if isinstance(one, Step) and one.id == "stop"
        else one
        for one in tiny.steps(cluster, plan)
    ]


def bench_of(root: Path) -> Bench:
    return Bench(root, runbook=replace(tiny.TINY, stands=Stands(until="stop", against=against)))


async def killed(bench: Bench, plan: Plan, at: tuple[str, str, str]) -> None:
    async def kill(step: str, node: str, phase: str) -> None:
        if (step, node, phase) == at:
            raise Killed

    with pytest.raises(Killed):
        await bench.run(plan, checkpoint=kill)


@pytest.mark.invariant("INV-10", "INV-12")
async def test_what_speaks_against_it_since_is_asked_until_all_is_stopped(tmp_path: Path) -> None:
    bench = bench_of(tmp_path)
    plan = await bench.plan()
    await killed(bench, plan, ("stop", "m2", "before-act"))  # the others are stopped
    before = bench.ledgers()
    bench.put("m3", "fact", "lives\n")
    ending = await bench.run(plan, "resume")
    assert (ending.result, ending.exit_code) == ("failed", 1), ending
    assert "m3: lives again" in ending.detail and "novatui undo r1" in ending.detail
    assert "resume" not in ending.detail
    assert bench.ledgers() == before
    assert (await bench.run(plan, "undo")).result == "undone"


async def test_once_all_is_stopped_nothing_can_speak_against_it(tmp_path: Path) -> None:
    bench = bench_of(tmp_path)
    plan = await bench.plan()
    await killed(bench, plan, ("swap", "m1", "before-act"))
    bench.put("m3", "fact", "lives\n")
    assert (await bench.run(plan, "resume")).result == "verified"


@pytest.mark.invariant("INV-12")
async def test_a_master_that_cannot_be_asked_again_speaks_against_it(tmp_path: Path) -> None:
    bench = bench_of(tmp_path)
    plan = await bench.plan()
    await killed(bench, plan, ("stop", "m2", "before-act"))
    before = bench.ledgers()
    bench.fault = lambda node, command: (
        "before" if node == "m3" and not command.changes and "cat" in str(command) else None
    )
    ending = await bench.run(plan, "resume")
    assert "could not be looked at again" in ending.detail and bench.ledgers() == before


@pytest.mark.invariant("INV-12")
async def test_a_first_change_that_was_taken_back_is_none(tmp_path: Path) -> None:
    """What a run let go when it failed: the next runner looks at everything again, as before the first change."""
    bench = Bench(tmp_path, runbook=replace(tiny.TINY, steps=lets_go))
    plan = await bench.plan()
    bench.put("m1", "fail-stop")
    assert (await bench.run(plan)).result == "failed"
    assert all("undo-stop" in done for node, done in bench.ledgers().items() if "stop" in done)
    bench.put("m3", "fact", "changed")
    ending = await bench.run(plan, "resume")
    assert "Changed since you looked" in ending.detail
    assert {node: done.count("stop") for node, done in bench.ledgers().items()} == {"m1": 0, "m2": 0, "m3": 1}


@pytest.mark.invariant("INV-12")
@pytest.mark.parametrize("still", [True, False])
async def test_a_run_that_stood_still_before_its_gate_is_given_up(tmp_path: Path, still: bool) -> None:
    bench = Bench(tmp_path)
    plan = await bench.plan()
    await killed(bench, plan, ("gate", "", "gate-opened"))
    bench.pace = replace(QUICK, gate_s=-1.0 if still else QUICK.gate_s)
    ending = await bench.run(plan, "resume")
    if still:
        assert (ending.result, ending.exit_code) == ("refused", 2)
        assert "stood still" in ending.detail and "nothing was changed" in ending.detail
        assert bench.leased() == [] and "undo-stage" in bench.ledgers()["m1"]
    else:
        assert ending.result == "verified"
