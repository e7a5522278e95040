"""A run that is taken up after a break: what was confirmed then must still be what is done now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from novatui.config import ClusterConfig
from novatui.model.plan import Plan
from novatui.runbooks.step import Facts, Gate, Stands, Step
from novatui.runner.clock import SystemClock
from tests.runner import tiny
from tests.runner.bench import QUICK, Bench, Killed


def against(plan: Plan, now: Mapping[str, Facts], since_s: float) -> Sequence[str]:
    return [f"{node}: lives again, {since_s:.0f} s" for node, one in now.items() if one["fact"] == "lives"]


def bench_of(root: Path) -> Bench:
    return Bench(
        root, runbook=replace(tiny.TINY, stands=Stands(until="stop", asks=("fact",), against=against))
    )


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


@pytest.mark.invariant("INV-10", "INV-12")
@pytest.mark.parametrize("let_go", [True, False])
async def test_it_is_asked_also_where_nothing_was_changed_or_that_was_taken_back(
    tmp_path: Path, let_go: bool
) -> None:
    """What the plan relies on may be as it was, and yet too much time have passed."""
    bench = Bench(tmp_path, runbook=replace(tiny.TINY, steps=tiny.lets_go))
    plan = await bench.plan()
    if let_go:
        bench.put("m1", "fail-stop")
        assert (await bench.run(plan)).result == "failed"
    else:
        await killed(bench, plan, ("gate", "", "gate-answered"))
    late = Stands(until="stop", asks=("fact",), against=lambda plan, now, since_s: ["too late"])
    bench.runbook = replace(bench.runbook, stands=late)
    before = [done.count("stop") for done in bench.ledgers().values()]
    ending = await bench.run(plan, "resume")
    assert "too late" in ending.detail and "novatui undo r1" in ending.detail
    assert [done.count("stop") for done in bench.ledgers().values()] == before


@pytest.mark.invariant("INV-10", "INV-12")
async def test_a_machine_that_slept_among_the_changes_asks_again(tmp_path: Path) -> None:
    bench = bench_of(tmp_path)
    bench.runbook = replace(bench.runbook, steps=_with_one_before_the_stop)
    plan = await bench.plan()
    engine = bench.engine(plan)

    async def sleeps(step: str, node: str, phase: str) -> None:
        if (step, phase) == ("first", "after-outcome"):
            engine.work.clock = Later()
            bench.put("m3", "fact", "lives\n")

    engine.work.checkpoint = sleeps
    ending = await engine.run()
    assert "lives again" in ending.detail
    assert all("first" in done and "stop" not in done for done in bench.ledgers().values())


def _with_one_before_the_stop(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    known = list(tiny.steps(cluster, plan))
    stop = next(one for one in known if isinstance(one, Step) and one.id == "stop")
    made = replace(stop, id="first", probe=tiny._ask("first"), apply=tiny._does("first"), title="first")
    return [*known[: known.index(stop)], made, *known[known.index(stop) :]]


class Later(SystemClock):
    """The monotonic clock stood still for two hours."""

    def now_ms(self) -> int:
        return super().now_ms() + 7_200_000


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
    bench = Bench(tmp_path, runbook=replace(tiny.TINY, steps=tiny.lets_go))
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
        assert "wrote nothing down for" in ending.detail and "nothing was changed" in ending.detail
        assert bench.leased() == [] and "undo-stage" in bench.ledgers()["m1"]
    else:
        assert ending.result == "verified"
