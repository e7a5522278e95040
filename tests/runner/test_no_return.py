"""A step that cannot be taken back: what is looked at right before it, who may still undo, what is born in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from novatui.config import ClusterConfig
from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.remote.command import Command
from novatui.runbooks.step import Ask, Context, Effect, Gate, Probed, Scope, State, Step
from novatui.runner import bringing, no_return
from novatui.runner.journal import read
from tests.runner import tiny
from tests.runner.bench import Bench

LIMIT = "m1"


def steps(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    """The tiny runbook, with its swap on one master and for good; two looks around it on some masters."""
    found: list[Step | Gate] = []
    for step in tiny.steps(cluster, plan):
        if isinstance(step, Step) and step.id == "swap":
            look = Step(
                id="alone",
                title="look before",
                effect=Effect.OBSERVE,
                among=("m2", "m3"),
                until="swap",
                probe=tiny._ask("stop"),
            )
            swap = replace(
                step,
                effect=Effect.NO_RETURN,
                scope=Scope.ONE,
                node=LIMIT,
                barrier="it is for good",
                binds={"the word": "word"},
            )
            found += [look, swap]
        elif isinstance(step, Step) and step.id == "check":
            found.append(replace(step, among=(LIMIT,)))
        else:
            found.append(step)
    return found


FINAL = replace(tiny.TINY, steps=steps)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, runbook=FINAL)


def fails(bench: Bench, what: str) -> None:
    for node in bench.cluster.nodes:
        bench.put(node.name, f"fail-{what}")


@pytest.mark.invariant("INV-12", "INV-15")
async def test_what_a_plan_relies_on_is_looked_at_right_before_it(bench: Bench) -> None:
    """A fact that changes after the gate, when all is stopped already."""
    plan = await bench.plan()

    async def change(step: str, node: str, phase: str) -> None:
        if (step, phase) == ("stop", "verified"):
            bench.put("m3", "fact", "changed")

    ending = await bench.run(plan, checkpoint=change)
    assert (ending.result, ending.exit_code) == ("failed", 1)
    assert "Changed since you looked" in ending.detail and "m3: fact was none, is changed" in ending.detail
    assert f"then: novatui undo {plan.run}" in ending.detail
    assert all("swap" not in done for done in bench.ledgers().values())
    bench.put("m3", "fact", "none")
    assert (await bench.run(plan, "resume")).result == "verified"


@pytest.mark.invariant("INV-15")
async def test_before_it_all_is_taken_back(bench: Bench) -> None:
    plan = await bench.plan()
    fails(bench, "swap")
    assert (await bench.run(plan)).result == "failed"
    ending = await bench.run(plan, "undo")
    assert (ending.result, ending.exit_code) == ("undone", 0), ending
    assert bench.ledgers()["m2"] == ["stage", "stop", "undo-stop"]


class Killed(BaseException):
    """The runner dies here."""


@pytest.mark.invariant("INV-15")
@pytest.mark.parametrize("on_failure", ["stop", "undo"])
async def test_past_it_nothing_is_taken_back_and_it_goes_forward(bench: Bench, on_failure: str) -> None:
    """The act was done and its outcome lost with the runner: the master is asked, not the journal."""
    plan = await bench.plan()

    async def dies(step: str, node: str, phase: str) -> None:
        if (step, phase) == ("swap", "after-act"):
            raise Killed

    with pytest.raises(Killed):
        await bench.run(plan, checkpoint=dies)
    before = bench.ledgers()
    ending = await bench.run(plan, "undo", on_failure=on_failure)
    assert ending.exit_code == 2
    assert f"Run {plan.run} is past its point of no return" in ending.detail
    assert f"novatui resume {plan.run}" in ending.detail and "|undo" not in ending.detail
    assert bench.ledgers() == before and not bench.state.undoing
    await _goes_forward(bench, plan)


@pytest.mark.invariant("INV-15", "INV-2")
@pytest.mark.parametrize("done", [True, False])
async def test_a_copy_that_is_a_step_behind_is_not_believed(bench: Bench, done: bool) -> None:
    """The machine was lost in the act, and what the masters keep says nothing of it yet: they are asked before anything goes
    back, and what was not done there is taken back."""
    plan = await bench.plan()

    async def dies(step: str, node: str, phase: str) -> None:
        if (step, phase) == ("swap", "after-act" if done else "before-act"):
            raise Killed

    with pytest.raises(Killed):
        await bench.run(plan, checkpoint=dies)
    path = bench.journal(plan)
    behind = [one for one in read(path) if getattr(one, "step", "") != "swap"]
    path.write_bytes(bringing.as_journal(behind, "m2"))
    before = bench.ledgers()
    ending = await bench.run(plan, "undo")
    if not done:
        assert (ending.result, ending.exit_code) == ("undone", 0), ending
        return
    assert ending.exit_code == 2 and "past its point of no return" in ending.detail
    assert bench.ledgers() == before and not bench.state.undoing
    await _goes_forward(bench, plan)


async def _goes_forward(bench: Bench, plan: Plan) -> None:
    assert (await bench.run(plan, "resume")).result == "verified"
    assert {name: done.count("swap") for name, done in bench.ledgers().items()} == {"m1": 1, "m2": 0, "m3": 0}
    assert no_return.verified(plan, bench.state) == "swap"
    assert (await bench.run(plan, "undo")).result == "refused"
    assert bench.ledgers()["m2"] == ["stage", "stop"]


@pytest.mark.invariant("INV-15")
async def test_a_failure_before_it_is_taken_back_at_once_when_asked(bench: Bench) -> None:
    plan = await bench.plan()
    fails(bench, "swap")
    assert (await bench.run(plan, on_failure="undo")).result == "undone"


async def test_by_hand_too_the_way_is_forward(bench: Bench) -> None:
    plan = await bench.plan()
    seen: dict[str, str] = {}

    async def note(step: str, node: str, phase: str) -> None:
        if phase in ("after-outcome", "verified"):
            seen[f"{step} {phase}"] = bench.kept.get("UNDO.txt", b"").decode()

    assert (await bench.run(plan, checkpoint=note)).result == "verified"
    assert "start again" in seen["stop verified"] and "LOOK FIRST" in seen["stop verified"], (
        "the machine may be lost in the next act, before it writes that it has begun it"
    )
    assert "start again" in seen["swap verified"] and "LOOK FIRST" in seen["swap verified"]
    end = bench.kept["UNDO.txt"].decode()
    assert "past its point of no return" in end and "start again" not in end


async def test_what_is_born_in_it_is_bound_once_and_its_looks_are_on_some_masters(bench: Bench) -> None:
    plan = await bench.plan()
    engine = bench.engine(plan)
    await engine.run()
    records = engine.work.journal.records
    assert [(one.ref, one.value) for one in records if isinstance(one, rec.Bound)] == [("the word", "done")]
    assert engine.work.state.bound == {"the word": "done"}
    looked = {one.node for one in records if isinstance(one, rec.Probed) and one.step == "alone"}
    assert looked == {"m2", "m3"}
    assert {one.node for one in records if isinstance(one, rec.Probed) and one.step == "check"} == {LIMIT}


async def test_one_that_was_interrupted_is_finished_whatever_its_own_half_has_changed(bench: Bench) -> None:
    """Killed between two renames: what the plan relies on differs by what was done, and there is no way back."""

    def half(ctx: Context) -> Ask:
        home = tiny.home(ctx.cluster, ctx.node)
        look = 'test -e "$1/swap" && echo done && exit; test -e "$1/half" && echo partial || echo todo'
        read = lambda outcome: Probed(State(outcome.text().strip()))  # noqa: E731
        return Ask(Command(argv=("sh", "-c", look, "tiny", home)), read)

    def with_halves(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
        return [
            replace(one, probe=half, verify=None, binds={})
            if isinstance(one, Step) and one.id == "swap"
            else one
            for one in steps(cluster, plan)
        ]

    bench.runbook = replace(FINAL, steps=with_halves)
    plan = await bench.plan()

    async def killed(step: str, node: str, phase: str) -> None:
        if (step, phase) == ("swap", "before-act"):
            bench.put(LIMIT, "half")
            bench.put(LIMIT, "fact", "changed by the first half")
            raise Killed

    with pytest.raises(Killed):
        await bench.run(plan, checkpoint=killed)
    assert (await bench.run(plan, "resume")).result == "verified"


async def test_a_proof_that_is_of_no_matter_any_more_is_not_asked_again(bench: Bench) -> None:
    plan = await bench.plan()
    asked: list[str] = []

    def fault(node: str, command: Command) -> None:
        asked.append(f"{node} {command.argv[-1]}")

    Path(tiny.home(bench.cluster, LIMIT), "swap").write_text(
        ""
    )  # done by an earlier runner, as far as it can be seen

    async def stops(step: str, node: str, phase: str) -> None:
        if (step, phase) == ("swap", "verified"):
            Path(tiny.home(bench.cluster, LIMIT), "swap").unlink()

    assert (await bench.run(plan, checkpoint=stops)).result == "failed"
    bench.put(LIMIT, "swap")
    bench.fault = fault
    assert (await bench.run(plan, "resume")).result == "verified"
    stops_looked_at = [asked.count(f"{node} stop") for node in ("m1", "m2", "m3")]
    assert stops_looked_at == [1, 1, 1], (
        "the stop itself is looked at once more, the proof before the swap is not"
    )


async def test_a_master_that_cannot_be_looked_at_right_before_it_is_waited_for_and_is_no_change(
    bench: Bench,
) -> None:
    plan = await bench.plan()
    gone = [False]

    async def lost(step: str, node: str, phase: str) -> None:
        gone[0] = gone[0] or (step, phase) == ("alone", "verified")

    bench.fault = lambda node, command: "gone" if gone[0] and node == "m3" else None
    ending = await bench.run(plan, checkpoint=lost)
    assert (ending.result, ending.exit_code) == ("failed", 1)
    assert (
        "could not be looked at again" in ending.detail and f"novatui resume|undo {plan.run}" in ending.detail
    )
    assert "swap" not in bench.ledgers()["m1"]
    gone[0] = False
    bench.fault = lambda node, command: None
    assert (await bench.run(plan, "resume")).result == "verified"
