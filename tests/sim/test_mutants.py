"""The simulator can fail: each of these defects is found within a few schedules, by the rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from novatui.runbooks import restore_cluster
from novatui.runbooks.step import Act, Context, Gate, Runbook, Step
from novatui.runner.mirror import Mirror
from tests.sim import runner as sim_runner
from tests.sim import scripts
from tests.sim.faults import Fault, Point, Schedule
from tests.sim.fleet import Models
from tests.sim.play import Play, catalogue, draw_plan, schedule_of
from tests.sim.process import Running, Script
from tests.sim.scenario import SCENARIOS
from tests.sim.scripts import apifence, changing, guard
from tests.sim.shrink import shrink

MOST = 250  # schedules until a defect must have been found


def found(
    *rules: str,
    models: Models = scripts.MODELS,
    runbook: Runbook = restore_cluster.RUNBOOK,
    seeds: int = MOST,
    faults: Collection[str] = (),
) -> None:
    """Plays schedules (``faults``: those with one of them) until each rule, named by its words, was broken."""
    plans = {name: draw_plan(scenario, runbook) for name, scenario in SCENARIOS.items()}
    missing = set(rules)
    for seed in range(1, seeds + 1):
        schedule = schedule_of(seed)
        if faults and not any(fault.what in faults for fault in schedule.faults):
            continue
        played = Play(schedule, models=models, runbook=runbook, plan=plans[schedule.scenario]).play()
        missing -= {rule for rule in missing for words in played.breaches if rule in words}
        if not missing:
            return
    pytest.fail(f"{seeds} schedules did not break: {', '.join(missing)}")


def models(**mine: Callable[[Running], Script]) -> Models:
    return {**scripts.MODELS, **{name.replace("_", "-"): model for name, model in mine.items()}}


@pytest.mark.invariant("INV-4")
def test_a_hold_that_does_not_hold() -> None:
    """It says that it holds; no drop-in is loaded, the env file stays as it is."""

    def hold(run: Running) -> Script:
        verb, this, work = run.command.argv[:3]
        yield 0.01
        if verb == "look":
            held = "yes" if run.disk.line(f"{work}/hold") == this else "no"
            for key in ("hold", "dropin", "env", "copy"):
                run.say(key, held)
            run.say("reload", "no")
            run.say("dropins", "/00-novatui-hold.conf")
            run.say("end", 1)
        else:
            run.disk.write(f"{work}/hold", f"{this}\n".encode())
            run.disk.sync()
        return 0

    found("a blank member bootstraps", "in the middle of the exchange", models=models(hold=hold))


@pytest.mark.invariant("INV-5")
def test_a_fence_that_lets_everybody_through() -> None:
    def fence(run: Running) -> Script:
        assert run.fence is not None
        lock = guard.lock_file(run.disk, f"{run.fence.work_dir}/active")
        if lock is not None:
            yield from run.lock(lock, run.fence.wait_s)
        return 0

    # It matters to a runner that acts after another took the run over.
    found("the lease is of", models=models(fence=fence), faults=("freeze", "late"), seeds=4 * MOST)


@pytest.mark.invariant("INV-11")
def test_a_start_that_waits_for_nobody() -> None:
    """Each master starts as soon as it has swapped: the barrier between the two is gone."""

    def steps(cluster: Any, plan: Any) -> Sequence[Step | Gate]:
        return list(_merged(restore_cluster.RUNBOOK.steps(cluster, plan)))

    found("in the middle of the exchange", runbook=replace(restore_cluster.RUNBOOK, steps=steps))


def _merged(steps: Sequence[Step | Gate]) -> Iterator[Step | Gate]:
    start = next(step for step in steps if step.id == "start")
    assert isinstance(start, Step)
    for step in steps:
        if isinstance(step, Step) and step.id == "swap":
            yield replace(step, apply=_both(step, start))
        else:
            yield step


def _both(first: Step, second: Step) -> Callable[[Context], Sequence[Act]]:
    def apply(ctx: Context) -> Sequence[Act]:
        assert first.apply is not None and second.apply is not None
        return [*first.apply(ctx), *second.apply(ctx)]

    return apply


@pytest.mark.invariant("INV-4")
def test_a_swap_that_deletes() -> None:
    def swap(run: Running) -> Script:
        verb, one = run.command.argv[0], changing.Exchange(run)
        if verb == "do" and one.state() == "todo":
            run.disk.remove(one.live)
            yield 0.01
            yield from one.move(one.staged, one.live)
            return 0
        return (yield from changing.swap(run))

    found("the data from before the run is deleted", models=models(swap=swap))


@pytest.mark.invariant("INV-14")
def test_a_fence_that_does_not_wait_until_it_is_closed() -> None:
    def api_fence(run: Running) -> Script:
        ended = yield from apifence.api_fence(run)
        lines = bytes(run.out).split(b"\n")
        run.out[:] = b"\n".join(line for line in lines if not line.startswith((b"nv:listening", b"nv:alive")))
        return ended

    found("writes between the fence and the release", models=models(api_fence=api_fence))


@pytest.mark.invariant("INV-14")
def test_a_fence_that_is_not_let_go() -> None:
    """A run that was taken back, or never came to the exchange, and left Kubernetes without its API servers."""

    def undo(cluster: Any, plan: Any) -> Sequence[Step]:
        return [step for step in restore_cluster.RUNBOOK.undo(cluster, plan) if step.id != "undo-unfence"]

    found("manifest is not in its place", runbook=replace(restore_cluster.RUNBOOK, undo=undo))


@pytest.mark.invariant("INV-2")
def test_intents_that_are_not_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim_runner.SyncedOs, "fdatasync", lambda self, fd: None)
    found("is not on disk", seeds=3)


@pytest.mark.invariant("INV-5")
def test_a_lease_that_is_given_back_unannounced(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was once: killed right after it, a run insisted on a lease that is gone, and could never end."""
    write = sim_runner.Log.write

    def skip(self: sim_runner.Log, record: Any) -> Any:
        return record if getattr(record, "state", "") == "releasing" else write(self, record)

    monkeypatch.setattr(sim_runner.Log, "write", skip)
    last = catalogue("quorum-lost").records
    plays = [
        Play(Schedule(number, "quorum-lost", (Fault("kill", Point("record", number), (), 0.5),))).play()
        for number in range(last - 8, last)
    ]
    assert any("no lease on this master" in words for played in plays for words in played.breaches)


@pytest.mark.invariant("INV-5")
def test_a_mirror_that_does_not_know_of_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was once: whoever took the run over from a master gave it up as if nothing had been stopped yet."""
    after = Mirror.after

    async def late(self: Mirror, nodes: Sequence[str]) -> None:
        if any(type(record).__name__ == "Done" and record.status == "ok" for record in self._after_gate()):  # type: ignore[attr-defined]
            await after(self, nodes)

    def after_gate(self: Mirror) -> list[Any]:
        records = list(self._work.journal.records)
        gates = [place for place, record in enumerate(records) if type(record).__name__ == "GateAnswered"]
        return records[gates[0] :] if gates else []

    monkeypatch.setattr(Mirror, "_after_gate", after_gate, raising=False)
    monkeypatch.setattr(Mirror, "after", late)
    found("still held")


def test_a_failing_schedule_is_shrunk() -> None:
    """To one fault, and it still fails by the same script."""

    def unheld(run: Running) -> Script:
        if run.command.argv[0] == "do":
            run.disk.write(f"{run.command.argv[2]}/hold", f"{run.command.argv[1]}\n".encode())
            yield 0.01
            return 0
        return (yield from _says_held(run))

    mutant = models(hold=unheld)

    def again(schedule: Any) -> Any:
        return Play(schedule, models=mutant).play()

    for seed in range(1, MOST):
        schedule = schedule_of(seed)
        if len(schedule.faults) >= 3:
            played = again(schedule)
            if any("bootstraps" in words or "middle of the exchange" in words for words in played.breaches):
                small = shrink(played, again)
                assert len(small.schedule.faults) < len(schedule.faults)
                assert small.breaches
                return
    pytest.fail("no schedule with several faults failed")


def _says_held(run: Running) -> Script:
    yield 0.01
    for key in ("hold", "dropin", "env", "copy"):
        run.say(key, "yes" if run.disk.line(f"{run.command.argv[2]}/hold") == run.command.argv[1] else "no")
    run.say("reload", "no")
    run.say("dropins", "/00-novatui-hold.conf")
    run.say("end", 1)
    return 0
