"""How a run ends that came to nothing: a verified one stays verified, one that was brought over never says too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.runner import bringing
from novatui.runner.engine import Ending
from novatui.runner.journal import read
from novatui.runner.refusing import refusal
from tests.runner import tiny
from tests.runner.bench import ALL_DONE, Bench, Killed


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def lose(bench: Bench, node: str = "m3") -> None:
    bench.fault = lambda at, command: "gone" if at == node else None


def well(bench: Bench) -> None:
    bench.fault = lambda at, command: None


async def aborted(bench: Bench, plan: Plan, do: str) -> Ending:
    """One that is told to stop before its first step."""
    engine = bench.engine(plan)
    engine.work.abort("ann")
    ending: Ending = await getattr(engine, do)()
    engine.work.journal.close()  # type: ignore[attr-defined]
    bench.state = engine.work.state
    return ending


@pytest.mark.invariant("INV-2")
@pytest.mark.parametrize("why", ["unreachable", "aborted"])
async def test_an_undo_that_did_nothing_is_not_gone_on_with(bench: Bench, why: str) -> None:
    """Said was: the run stays as it was verified. A resume, days later, must not take the whole cluster back."""
    plan = await bench.plan()
    assert (await bench.run(plan)).result == "verified"
    if why == "unreachable":
        lose(bench)
        ending = await bench.run(plan, "undo")
        well(bench)
    else:
        ending = await aborted(bench, plan, "undo")
    assert ending.result == "refused" and "stays as it was verified" in ending.detail
    assert bench.leased() == [] and not bench.state.undoing
    title, detail, hint = refusal("resume", bench.state) or ("", "", "")
    assert (title, detail) == ("Run r1 is over", "it is verified") and "novatui undo r1" in hint
    over = refusal("abandon", bench.state)
    if why == "unreachable":
        assert over is None, "m3 was asked for its lease, and did not answer"
    else:
        assert over == ("Run r1 is over", "it is verified; nothing of it is left to take back", "")
    assert (await bench.run(plan, "abandon")).result == "verified", "nothing of it was taken back"
    assert refusal("undo", bench.state) is None
    assert (await bench.run(plan, "undo")).result == "undone"
    assert bench.ledgers()["m3"] == [*ALL_DONE, "undo-swap", "undo-stop"]


async def test_an_undo_that_began_is_gone_on_with(bench: Bench) -> None:
    plan = await bench.plan()
    assert (await bench.run(plan)).result == "verified"
    bench.fault = lambda node, command: "gone" if node == "m3" and "undo-" in command.shown_line() else None
    assert (await bench.run(plan, "undo")).result == "failed"
    well(bench)
    assert refusal("resume", bench.state) is None
    assert (await bench.run(plan, "resume")).result == "undone"


async def behind(bench: Bench, plan: Plan, step: str, do: str = "run", *, acted: bool = True) -> None:
    """The machine dies in this step, and no master was told anything of it yet; another machine brings the run over."""

    async def dies(at: str, node: str, phase: str) -> None:
        if (at, phase) == (step, "after-act" if acted else "before-act"):
            raise Killed

    with pytest.raises(Killed):
        await bench.run(plan, do, checkpoint=dies)
    path = bench.journal(plan)
    kept = [one for one in read(path) if getattr(one, "step", "") != step]
    path.write_bytes(bringing.as_journal(kept, "m2"))


@pytest.mark.invariant("INV-5")
async def test_one_that_leaves_nothing_half_done_does_not_say_that_nothing_was_done(bench: Bench) -> None:
    bench.runbook = replace(
        tiny.TINY,
        undo=lambda cluster, plan: (),
        no_undo="none is needed",
        instead=lambda cluster, plan: f"nothing is held. Again: novatui resume {plan.run}",
    )
    plan = await bench.plan()
    await behind(bench, plan, "stop")
    ending = await aborted(bench, plan, "resume")
    assert ending.result == "aborted" and "nothing was changed" not in ending.detail
    assert ending.detail.endswith("novatui resume r1")
    assert bench.leased() == [] and "undo-stage" not in bench.ledgers()["m1"]
    lose(bench)
    ending = await bench.run(plan, "resume")
    assert ending.result == "failed" and "nothing was changed" not in ending.detail
    well(bench)
    assert (await bench.run(plan, "resume")).result == "verified"
    assert sorted(bench.ledgers()["m2"]) == sorted(ALL_DONE)


@pytest.mark.invariant("INV-5")
async def test_an_undo_that_may_have_begun_keeps_its_masters(bench: Bench) -> None:
    plan = await bench.plan()
    assert (await bench.run(plan)).result == "verified"
    await behind(bench, plan, "undo-swap", "undo")
    lose(bench)
    ending = await bench.run(plan, "resume")
    assert ending.result == "failed" and "verified" not in ending.detail
    assert bench.leased() == ["m1", "m2", "m3"]
    well(bench)
    assert (await bench.run(plan, "resume")).result == "undone"


async def test_one_that_was_verified_after_it_was_brought_is_free_again(bench: Bench) -> None:
    """From there on its journal is whole."""
    plan = await bench.plan()
    await behind(bench, plan, "swap")
    assert (await bench.run(plan, "resume")).result == "verified"
    lose(bench)
    ending = await bench.run(plan, "undo")
    assert ending.result == "refused" and "stays as it was verified" in ending.detail
    assert bench.leased() == []


@pytest.mark.invariant("INV-14")
@pytest.mark.parametrize("done", [True, False])
async def test_what_is_let_go_before_a_change_stays_when_that_may_have_been_done(
    bench: Bench, done: bool
) -> None:
    """The masters are looked at: what the journal lacks they show."""
    bench.runbook = replace(tiny.TINY, steps=tiny.lets_go)
    plan = await bench.plan()
    await behind(bench, plan, "swap", acted=done)
    ending = await aborted(bench, plan, "resume")
    assert ending.result == "aborted" and bench.leased() == ["m1", "m2", "m3"]
    back = {name: "undo-stop" in ledger for name, ledger in bench.ledgers().items()}
    assert back == dict.fromkeys(bench.ledgers(), not done)
    assert (await bench.run(plan, "resume")).result == "verified"


@pytest.mark.invariant("INV-14")
async def test_what_is_let_go_stays_where_not_every_master_can_be_seen(bench: Bench) -> None:
    bench.runbook = replace(tiny.TINY, steps=tiny.lets_go)
    plan = await bench.plan()
    await behind(bench, plan, "swap", acted=False)
    lose(bench)
    assert (await bench.run(plan, "resume")).result == "failed"
    assert "undo-stop" not in bench.ledgers()["m1"]
    well(bench)
    assert (await bench.run(plan, "resume")).result == "verified"


@pytest.mark.invariant("INV-14")
async def test_what_is_let_go_is_also_what_the_journal_lacks(bench: Bench) -> None:
    bench.runbook = replace(tiny.TINY, steps=tiny.lets_go)
    plan = await bench.plan()
    await behind(bench, plan, "stop")
    done = [name for name, ledger in bench.ledgers().items() if "stop" in ledger]
    assert done and not any(
        isinstance(one, rec.Intent) and one.step == "stop" for one in read(bench.journal(plan))
    )
    assert (await aborted(bench, plan, "resume")).result == "aborted"
    assert all("undo-stop" in bench.ledgers()[name] for name in done)
    assert (await bench.run(plan, "resume")).result == "verified"
