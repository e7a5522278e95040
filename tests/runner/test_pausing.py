"""A run that waits where a person lets it: after a step, never between stop and start, and goes on or is aborted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from novatui.config import ClusterConfig
from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.model.run import fold
from novatui.runbooks.step import Effect, Gate, Runbook, Step
from novatui.runner.engine import Engine
from novatui.runner.pausing import resting_places
from tests.runner import tiny
from tests.runner.bench import ALL_DONE, QUICK, Bench


def _rests(*names: str) -> Runbook:
    """The tiny runbook; after these steps of it etcd serves."""

    def steps(cluster: ClusterConfig, plan: Plan) -> list[Step | Gate]:
        found = tiny.steps(cluster, plan)
        return [replace(one, rest=one.id in names) if isinstance(one, Step) else one for one in found]

    return replace(tiny.TINY, steps=steps)


async def until(true: Callable[[], Any], what: str) -> None:
    try:
        async with asyncio.timeout(60):
            while not true():  # noqa: ASYNC110 - what it waits for has no event
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited 60 s for {what}") from None


async def begun(bench: Bench, ask_at: tuple[str, str]) -> tuple[Engine, asyncio.Task[Any], list[Any]]:
    """A run under way; a pause is asked for at a kill point (step, phase). The last is the runner's replies."""
    engine = bench.engine(await bench.plan())
    replies: list[Any] = []

    async def ask(step: str, node: str, phase: str) -> None:
        if (step, phase) == ask_at and not replies:
            replies.append(engine.request("pause", "ann"))

    engine.work.checkpoint = ask
    return engine, asyncio.create_task(engine.run()), replies


async def paused(engine: Engine) -> str:
    """The step after which it waits."""
    await until(lambda: engine.work.state.pause is not None and engine.work.state.pause.at, "the pause")
    assert engine.work.state.pause is not None
    return engine.work.state.pause.at


async def test_it_waits_after_the_step_and_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path, runbook=_rests("swap"))
    engine, running, replies = await begun(bench, ("swap", "before-act"))
    assert await paused(engine) == "swap"
    assert replies[0].taken and replies[0].why == "swap"
    assert bench.ledgers()["m1"] == ALL_DONE
    again = engine.request("pause", "bob")
    assert (again.code, again.why) == ("refused", "it is paused already")
    await asyncio.sleep(0.1)
    assert not running.done() and not engine.work.state.passed("check")
    assert engine.request("continue", "bob").taken
    assert (await running).result == "verified"
    assert engine.request("continue", "bob").why == "nothing is paused"
    assert sum(isinstance(one, rec.Paused) for one in engine.work.journal.records) == 1


@pytest.mark.invariant("INV-11")
async def test_never_between_stop_and_start_the_first_place_after_is_taken(tmp_path: Path) -> None:
    bench = Bench(tmp_path, runbook=_rests("swap"))
    engine, running, replies = await begun(bench, ("stop", "after-act"))
    assert await paused(engine) == "swap"
    assert replies[0].why == "swap" and engine.work.state.passed("swap")
    engine.request("continue", "ann")
    assert (await running).result == "verified"


async def test_where_no_place_is_left_it_is_refused(tmp_path: Path) -> None:
    engine, running, replies = await begun(Bench(tmp_path), ("stop", "after-act"))
    assert (await running).result == "verified"
    assert (replies[0].code, replies[0].why) == ("refused", "there is no place left where it may wait")
    assert engine.work.state.pause is None


async def test_a_pause_taken_back_in_time_does_not_happen(tmp_path: Path) -> None:
    bench = Bench(tmp_path, runbook=_rests("swap"))
    engine = bench.engine(await bench.plan())

    async def ask(step: str, node: str, phase: str) -> None:
        if (step, node, phase) == ("stop", "m1", "after-act"):
            assert engine.request("pause", "ann").taken
            assert engine.request("pause", "ann").why == "it was asked"
            assert engine.request("continue", "ann").taken

    engine.work.checkpoint = ask
    assert (await engine.run()).result == "verified"
    assert not any(isinstance(one, rec.Paused) for one in engine.work.journal.records)


async def test_aborting_a_paused_run_before_the_gate_takes_back_what_was_staged(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    engine, running, _ = await begun(bench, ("stage", "after-act"))
    assert await paused(engine) == "stage"
    engine.request("abort", "ann")
    ending = await running
    assert (ending.result, ending.exit_code) == ("aborted", 3)
    assert bench.ledgers()["m1"] == ["stage", "undo-stage"] and bench.leased() == []
    assert engine.work.state.pause is None


async def test_a_pause_before_the_first_change_is_not_for_ever(tmp_path: Path) -> None:
    bench = Bench(tmp_path, pace=replace(QUICK, gate_s=0.3))
    _, running, _ = await begun(bench, ("stage", "after-act"))
    ending = await running
    assert ending.result == "aborted" and "Paused for" in ending.detail
    assert bench.leased() == []


async def test_a_killed_paused_run_goes_on_when_it_is_resumed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, runbook=_rests("swap"))
    engine, running, _ = await begun(bench, ("swap", "before-act"))
    await paused(engine)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    engine.work.journal.close()  # type: ignore[attr-defined]
    assert (await bench.run(await bench.plan(), "resume")).result == "verified"
    assert bench.ledgers()["m1"] == ALL_DONE


def test_the_places_of_a_runbook() -> None:
    """Before the gate; then only where etcd serves again, and after the looks that follow."""

    def step(id: str, effect: Effect, *, rest: bool = False) -> Step:
        return Step(id=id, title=id, effect=effect, rest=rest)

    steps: list[Step | Gate] = [
        step("look", Effect.OBSERVE),
        step("stage", Effect.STAGE),
        Gate(id="gate", title="gate", brief=lambda ctx: None),  # type: ignore[arg-type, return-value]
        step("prove", Effect.OBSERVE),
        step("hold", Effect.CHANGE),
        step("stop", Effect.CHANGE),
        step("start", Effect.CHANGE, rest=True),
        step("members", Effect.OBSERVE),
        step("remove", Effect.NO_RETURN),
        step("start-2", Effect.CHANGE, rest=True),
        step("release", Effect.CHANGE),
    ]
    assert resting_places(steps) == {"look", "stage", "start", "members", "start-2"}


def test_a_pause_in_the_fold() -> None:
    asked = [rec.Requested(what="pause", by="ann", at=5), rec.Paused(step="start", at=9)]
    state = fold(asked)
    assert state.pause is not None and (state.pause.at, state.pause.asked_ms) == ("start", 5)
    for last in (rec.Requested(what="continue", by="bob"), rec.Resumed(), rec.RunEnded(result="aborted")):
        assert fold([*asked, last]).pause is None
    assert fold([rec.Paused(step="start")]).pause is None
