"""The engine on real shells and the real fence: what is done once, what is refused, what is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from novatui.config import ClusterConfig
from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.model.run import At, Phase
from novatui.remote.command import Command, Outcome, Status
from novatui.runbooks.step import Gate, Step, always
from novatui.runner.events import Reply
from novatui.runner.refusing import refusal
from novatui.runner.work import Pace
from tests.runner import masters, tiny
from tests.runner.bench import ALL_DONE, Bench, Killed, losing
from tests.runner.stage import until


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_a_run_does_every_act_once_and_gives_the_masters_free(bench: Bench) -> None:
    plan = await bench.plan()
    ending = await bench.run(plan)
    assert (ending.result, ending.exit_code) == ("verified", 0), ending
    assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}
    assert bench.leased() == []
    assert bench.state.phase is Phase.ENDED
    assert bench.state.at("swap", "m1").state is At.DONE


@pytest.mark.invariant("INV-2")
async def test_every_act_has_an_earlier_intent_and_a_later_outcome(bench: Bench) -> None:
    plan = await bench.plan()
    engine = bench.engine(plan)
    await engine.run()
    records = engine.work.journal.records
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    intents = {one.seq: one for one in records if isinstance(one, rec.Intent)}
    outcomes = [one for one in records if isinstance(one, rec.Done)]
    assert len(intents) == len(outcomes) == 9
    assert all(one.intent in intents and one.intent < one.seq for one in outcomes)


async def test_the_leader_goes_last(bench: Bench) -> None:
    plan = await bench.plan()
    await bench.run(plan)
    stops = [node for node, line in bench.masters.sent if line.endswith(" stop") and "ledger" in line]
    assert stops[-1] == "m2" and sorted(stops) == ["m1", "m2", "m3"]


@pytest.mark.invariant("INV-4")
async def test_a_failure_before_the_gate_takes_back_what_was_staged(bench: Bench) -> None:
    bench.put("m3", "fail-stage")
    plan = await bench.plan()
    ending = await bench.run(plan)
    assert (ending.result, ending.exit_code) == ("refused", 2)
    assert "m3: no room for stage (exit 3)" in ending.detail
    assert bench.ledgers() == {
        "m1": ["stage", "undo-stage"],
        "m2": ["stage", "undo-stage"],
        "m3": ["undo-stage"],
    }
    assert bench.leased() == []
    assert not bench.state.committed


@pytest.mark.invariant("INV-9")
async def test_a_failure_after_the_gate_stops_and_says_how_to_go_on(bench: Bench) -> None:
    bench.put("m1", "fail-swap")
    plan = await bench.plan()
    ending = await bench.run(plan)
    assert (ending.result, ending.exit_code) == ("failed", 1)
    assert "novatui resume|undo r1" in ending.detail
    ledgers = bench.ledgers()
    assert ledgers["m1"] == ["stage", "stop"]
    assert ledgers["m2"] == ledgers["m3"] == ALL_DONE, (
        "one bad master must not stop the others within the step"
    )
    assert bench.leased() == ["m1", "m2", "m3"], "the lease is kept"
    finish = Path(tiny.home(bench.cluster, "m2"), "work/r1/FINISH.txt").read_text()
    assert bench.kept["FINISH.txt"].decode() == finish
    assert "on m2: done" in finish and "swap" in finish and "novatui resume r1" in finish

    Path(tiny.home(bench.cluster, "m1"), "fail-swap").unlink()
    ending = await bench.run(plan, "resume")
    assert ending.result == "verified"
    assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}


async def test_undo_after_a_failure_and_after_success(bench: Bench) -> None:
    plan = await bench.plan()
    assert (await bench.run(plan)).result == "verified"
    ending = await bench.run(plan, "undo")
    assert (ending.result, ending.exit_code) == ("undone", 0)
    assert bench.ledgers()["m1"] == [*ALL_DONE, "undo-swap", "undo-stop"]
    assert bench.state.at("swap", "m1").state is At.UNDONE
    assert bench.state.at("undo-swap", "m1").state is At.DONE
    assert bench.leased() == []


async def test_an_undo_that_cannot_begin_leaves_a_verified_run_and_free_masters(bench: Bench) -> None:
    plan = await bench.plan()
    assert (await bench.run(plan)).result == "verified"
    bench.fault = lambda node, command: "gone" if node == "m3" else None
    ending = await bench.run(plan, "undo")
    assert (ending.result, ending.exit_code) == ("refused", 2)
    assert "nothing was changed" in ending.detail
    assert bench.ledgers()["m1"] == ALL_DONE
    assert bench.leased() == [], "no master stays locked for an undo that never began"
    bench.fault = lambda node, command: None
    assert (await bench.run(plan, "undo")).result == "undone"


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize("do", ["resume", "abandon"])
async def test_a_journal_that_lost_its_end_takes_nothing_back(bench: Bench, do: str) -> None:
    """A disk that lied, a home directory put back from a backup: the masters were changed, the journal does not say so."""
    plan = await bench.plan()
    bench.put("m1", "fail-swap")
    assert (await bench.run(plan)).result == "failed"
    lines = bench.journal(plan).read_bytes().splitlines(keepends=True)
    gate = next(number for number, line in enumerate(lines) if b"gate_opened" in line)
    bench.journal(plan).write_bytes(b"".join(lines[:gate]))
    before = bench.ledgers()
    bench.put("m2", "fact", "other")
    ending = await bench.run(plan, do)
    assert (ending.result, ending.exit_code) == ("fenced", 4)
    assert "UNDO.txt" in ending.detail and "nothing was changed" not in ending.detail
    assert "novatui resume|undo r1 --from m1" in ending.detail
    assert bench.ledgers() == before
    assert bench.leased() == ["m1", "m2", "m3"]


@pytest.mark.invariant("INV-2", "INV-5")
async def test_a_machine_left_behind_does_not_go_on_from_where_it_was(bench: Bench) -> None:
    """Another machine went on in the same direction, further; the first one comes back with its own journal: both are past
    the gate, and yet it knows less."""
    plan = await bench.plan()
    bench.put("m1", "fail-swap")
    assert (await bench.run(plan)).result == "failed"
    behind = bench.journal(plan).read_bytes()
    home = Path(tiny.home(bench.cluster, "m1"))
    (home / "fail-swap").unlink()
    bench.fault = lambda node, command: "gone" if node == "m3" and (home / "swap").exists() else None
    assert (await bench.run(plan, "resume")).result == "failed"
    bench.fault = lambda node, command: None
    ahead = bench.journal(plan).read_bytes()
    bench.journal(plan).write_bytes(behind)
    before = bench.ledgers()
    ending = await bench.run(plan, "resume")
    assert (ending.result, ending.exit_code) == ("fenced", 4)
    assert "novatui resume|undo r1 --from m" in ending.detail and bench.ledgers() == before
    bench.journal(plan).write_bytes(ahead)
    assert (await bench.run(plan, "resume")).result == "verified"


@pytest.mark.invariant("INV-11")
async def test_a_machine_left_behind_does_not_go_forward_while_its_run_is_taken_back(bench: Bench) -> None:
    """Another machine took the run over and began to undo it; the first one comes back with its own journal."""
    plan = await bench.plan()
    bench.put("m1", "fail-swap")
    assert (await bench.run(plan)).result == "failed"
    behind = bench.journal(plan).read_bytes()
    bench.fault = lambda node, command: "gone" if node == "m3" and "undo-" in command.shown_line() else None
    assert (await bench.run(plan, "undo")).result == "failed"
    bench.fault = lambda node, command: None
    Path(tiny.home(bench.cluster, "m1"), "fail-swap").unlink()
    bench.journal(plan).write_bytes(behind)
    before = bench.ledgers()
    ending = await bench.run(plan, "resume")
    assert (ending.result, ending.exit_code) == ("fenced", 4)
    assert bench.ledgers() == before


@pytest.mark.invariant("INV-3")
async def test_a_resume_looks_again_at_what_was_proved_before_it(bench: Bench) -> None:
    """Killed after the last check and before the end: meanwhile one master lost what was checked."""
    plan = await bench.plan()
    assert (await bench.run(plan)).result == "verified"
    lines = bench.journal(plan).read_bytes().splitlines(keepends=True)
    checked = next(n for n, line in enumerate(lines) if b'"judged"' in line and b'"check"' in line)
    bench.journal(plan).write_bytes(b"".join(lines[: checked + 1]))
    Path(tiny.home(bench.cluster, "m2"), "swap").unlink()
    assert (await bench.run(plan, "resume")).result == "failed"


@pytest.mark.invariant("INV-3")
async def test_a_resume_sees_that_a_done_change_was_taken_back(bench: Bench) -> None:
    """Somebody undid the stop of one master by hand: nothing is done on top of that, and what is to be done is said."""
    plan = await bench.plan()
    bench.put("m1", "fail-swap")
    assert (await bench.run(plan)).result == "failed"
    Path(tiny.home(bench.cluster, "m1"), "fail-swap").unlink()
    stopped = Path(tiny.home(bench.cluster, "m3"), "stop")
    stopped.unlink()
    before = bench.ledgers()
    ending = await bench.run(plan, "resume")
    assert (ending.result, ending.exit_code) == ("failed", 1)
    assert "somebody changed it since" in ending.detail and "m3: stop all: it is todo" in ending.detail
    assert "novatui undo r1" in ending.detail and bench.ledgers() == before
    stopped.touch()
    assert (await bench.run(plan, "resume")).result == "verified"


async def test_a_resume_does_again_what_may_be_done_again(bench: Bench) -> None:
    bench.runbook = replace(tiny.TINY, steps=_stops_again)
    plan = await bench.plan()
    bench.put("m1", "fail-swap")
    assert (await bench.run(plan)).result == "failed"
    for node, name in (("m1", "fail-swap"), ("m3", "stop")):
        Path(tiny.home(bench.cluster, node), name).unlink()
    assert (await bench.run(plan, "resume")).result == "verified"
    assert bench.ledgers()["m3"] == [*ALL_DONE, "stop"] and bench.ledgers()["m2"] == ALL_DONE


def _stops_again(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    return [
        replace(one, again=always) if isinstance(one, Step) and one.id == "stop" else one
        for one in tiny.steps(cluster, plan)
    ]


@pytest.mark.invariant("INV-11")
async def test_while_it_is_taken_back_nothing_says_how_to_finish(bench: Bench) -> None:
    """One master on its old data and another one finished by hand would be a cluster of both."""
    plan = await bench.plan()
    bench.put("m1", "fail-swap")
    assert (await bench.run(plan)).result == "failed"
    assert "# 4." in bench.kept["FINISH.txt"].decode()
    bench.fault = lambda node, command: "gone" if node == "m3" else None
    assert (await bench.run(plan, "undo")).result == "failed"
    bench.fault = lambda node, command: "gone" if node == "m3" and "undo-" in command.shown_line() else None
    assert (await bench.run(plan, "resume")).result == "failed"
    said = bench.kept["FINISH.txt"].decode()
    assert all(line.startswith("#") for line in said.splitlines()) and "UNDO.txt" in said
    assert "sh -c" in bench.kept["UNDO.txt"].decode()


async def test_on_failure_undo_takes_back_at_once(bench: Bench) -> None:
    bench.put("m1", "fail-swap")
    ending = await bench.run(await bench.plan(), on_failure="undo")
    assert ending.result == "undone"
    assert bench.ledgers()["m1"] == ["stage", "stop", "undo-stop"]
    assert bench.ledgers()["m2"] == [*ALL_DONE, "undo-swap", "undo-stop"]


@pytest.mark.invariant("INV-12")
async def test_a_fact_that_changed_since_the_plan_refuses(bench: Bench) -> None:
    plan = await bench.plan()
    bench.put("m2", "fact", "other")
    ending = await bench.run(plan)
    assert ending.result == "refused"
    assert "m2: fact was none, is other" in ending.detail
    assert all(ledger == [] for ledger in bench.ledgers().values())


@pytest.mark.invariant("INV-12")
async def test_a_fact_that_changes_while_the_gate_is_open_refuses(bench: Bench) -> None:
    plan = await bench.plan()

    async def meddle(step: str, node: str, phase: str) -> None:
        if phase == "gate-opened":
            bench.put("m2", "fact", "other")

    ending = await bench.run(plan, checkpoint=meddle)
    assert (ending.result, ending.exit_code) == ("refused", 2)
    assert not bench.state.committed
    assert bench.ledgers()["m1"] == ["stage", "undo-stage"]


@pytest.mark.invariant("INV-12")
async def test_facts_are_looked_at_after_the_answer_also_when_the_runner_died_right_after_it(
    bench: Bench,
) -> None:
    """Gate answered, runner killed, resumed a day later: nothing was changed yet, so what was confirmed must still be so."""

    async def kill(step: str, node: str, phase: str) -> None:
        if phase == "gate-answered":
            raise Killed

    plan = await bench.plan()
    with pytest.raises(Killed):
        await bench.run(plan, checkpoint=kill)
    bench.put("m2", "fact", "other")
    ending = await bench.run(plan, "resume")
    assert ending.result == "failed" and "m2: fact was none, is other" in ending.detail
    assert bench.ledgers()["m1"] == ["stage"]
    bench.put("m2", "fact", "none")
    assert (await bench.run(plan, "resume")).result == "verified"


async def test_an_abort_while_the_answered_gate_is_checked_changes_nothing(bench: Bench) -> None:
    plan = await bench.plan()
    engine = bench.engine(plan)
    asked: list[Reply] = []

    def fault(node: str, command: Command) -> str | None:
        gate = engine.work.state.gates.get("gate")
        if (
            gate is not None
            and command.argv[:2] == ("sh", "-c")
            and "fact" in command.shown_line()
            and not asked
        ):
            asked.append(engine.request("abort", "ann"))
        return None

    bench.fault = fault
    ending = await engine.run()
    assert asked and asked[0].taken
    assert (ending.result, ending.exit_code) == ("aborted", 3)
    assert not engine.work.state.committed
    assert bench.ledgers()["m1"] == ["stage", "undo-stage"] and bench.leased() == []


@pytest.mark.invariant("INV-12")
async def test_a_plan_with_other_words_is_refused(bench: Bench) -> None:
    from msgspec.structs import replace

    plan = await bench.plan()
    swap = plan.steps[4]
    other = replace(swap, commands={**swap.commands, "m1": ("rm -rf /",)})
    ending = await bench.run(replace(plan, steps=(*plan.steps[:4], other, *plan.steps[5:])))
    assert ending.result == "refused" and "swap" in ending.detail
    assert bench.masters.sent[-1][1].endswith(tiny.home(bench.cluster, "m3")), (
        "only the plan's survey was run"
    )


async def test_the_gate_wants_every_word(bench: Bench) -> None:
    plan = await bench.plan(snapshot="/an/older/one")
    ending = await bench.run(plan)
    assert (ending.result, ending.exit_code) == ("refused", 2)
    assert "--overrule newer-survivor" in ending.detail and "'OLDER'" in ending.detail

    plan = await bench.plan("r2", snapshot="/an/older/one", overrule=("newer-survivor",))
    assert (await bench.run(plan)).result == "verified"
    assert bench.state.overruled == ("newer-survivor",)


async def test_a_guard_of_a_judge_refuses_until_it_is_overruled(bench: Bench) -> None:
    bench.put("m1", "doubt")
    ending = await bench.run(await bench.plan())
    assert ending.result == "refused" and "m1: there is a doubt (--overrule doubtful)" in ending.detail
    assert (await bench.run(await bench.plan("r2", overrule=("",)))).result == "refused"
    assert (await bench.run(await bench.plan("r3", overrule=("doubtful",)))).result == "verified"
    assert bench.state.overruled == ("doubtful",)


async def test_somebody_elses_doing_stops_the_step(bench: Bench) -> None:
    bench.put("m2", "foreign")
    ending = await bench.run(await bench.plan())
    assert ending.result == "refused" and "m2: somebody else's doing" in ending.detail


async def test_two_clients_answer_the_first_valid_one_wins(bench: Bench) -> None:
    plan = await bench.plan()
    engine = bench.engine(plan, answers=None)
    running = asyncio.create_task(engine.run())
    gate = await until(lambda: engine.work.state.open_gate, "the gate")
    assert engine.answer("gate", "guess", ["tiny"], "eve").code == "stale"
    wrong = engine.answer("gate", gate.nonce, ["tin"], "bob")
    assert (wrong.code, wrong.wrong) == ("wrong_words", ("tiny",))
    assert engine.answer("gate", gate.nonce, ["tiny"], "ann").taken
    second = engine.answer("gate", gate.nonce, ["tiny"], "bob")
    assert (second.code, second.by) == ("already_answered", "ann")
    assert (await running).result == "verified"
    late = engine.answer("gate", gate.nonce, ["tiny"], "bob")
    assert (late.code, late.by) == ("already_answered", "ann")
    assert engine.work.state.gates["gate"].answered_by == "ann"


async def test_a_gate_nobody_answers_closes_and_nothing_was_changed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, pace=Pace(poll_s=0.02, poll_most_s=0.05, gate_s=0.3))
    ending = await bench.run(await bench.plan(), answers=None)
    assert (ending.result, ending.exit_code) == ("aborted", 3)
    assert bench.ledgers()["m1"] == ["stage", "undo-stage"] and bench.leased() == []


async def test_an_abort_past_the_gate_keeps_the_hold_and_can_be_resumed(bench: Bench) -> None:
    plan = await bench.plan()
    engine = bench.engine(plan)

    async def stop_there(step: str, node: str, phase: str) -> None:
        if (step, phase) == ("stop", "after-outcome"):
            engine.request("abort", "ann")

    engine.work.checkpoint = stop_there
    ending = await engine.run()
    engine.work.journal.close()  # type: ignore[attr-defined]
    assert (ending.result, ending.exit_code) == ("aborted", 3)
    assert engine.work.state.held == ("m1", "m2", "m3")
    assert all("swap" not in ledger for ledger in bench.ledgers().values())
    assert (await bench.run(plan, "resume")).result == "verified"
    assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}


@pytest.mark.invariant("INV-6")
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_unknown_outcome_is_probed_never_repeated_blindly(bench: Bench, when: str) -> None:
    bench.fault = losing("swap", "m2", when)
    engine = bench.engine(await bench.plan())
    assert (await engine.run()).result == "verified"
    assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}
    leases = [
        one.state for one in engine.work.journal.records if isinstance(one, rec.Lease) and one.node == "m2"
    ]
    assert leases == ["asked", "acquired", "adopted", "releasing", "released"], (
        "the epoch is raised after an unknown outcome"
    )


@pytest.mark.invariant("INV-6")
async def test_an_act_that_arrives_late_is_shut_out(bench: Bench) -> None:
    """The link broke before the act was sent; the master gets it after our renewal: the fence must refuse it."""
    plan = await bench.plan()
    late: list[asyncio.Task[Any]] = []
    bench.fault = losing("swap", "m2", "before")
    engine = bench.engine(plan)

    async def resend(step: str, node: str, phase: str) -> None:
        if (step, node, phase) == ("swap", "m2", "before-act") and not late:
            old = engine._leases.fence("m2")
            act = tiny._does("swap")(engine.work.context("m2"))[0]

            async def later() -> Any:
                while engine.work.state.epochs["m2"] == old.epoch:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
                return await masters.Masters(bench.cluster).run("m2", act, fence=old)

            late.append(asyncio.create_task(later()))

    engine.work.checkpoint = resend
    assert (await engine.run()).result == "verified"
    outcome = await late[0]
    assert outcome.exit == 75
    assert bench.ledgers()["m2"] == ALL_DONE


async def test_a_master_that_is_gone_fails_the_step_in_bounded_time(bench: Bench) -> None:
    gone = [False]

    def fault(node: str, command: Command) -> str | None:
        if node == "m3" and command.changes and command.argv[-1] == "swap":
            gone[0] = True
        return "gone" if node == "m3" and gone[0] else None

    bench.fault = fault
    plan = await bench.plan()
    ending = await bench.run(plan)
    assert ending.result == "failed"
    assert "m3: the outcome of the last command is not known" in ending.detail
    assert bench.ledgers()["m1"] == ALL_DONE
    bench.fault = lambda node, command: None
    assert (await bench.run(plan, "resume")).result == "verified"
    assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}


async def test_a_lease_that_could_not_be_given_back_is_said_and_given_back_later(bench: Bench) -> None:
    bench.fault = lambda node, command: "gone" if node == "m2" and "release" in command.argv else None
    plan = await bench.plan()
    ending = await bench.run(plan)
    assert ending.result == "verified" and "m2: the lease could not be given back" in ending.detail
    assert bench.leased() == ["m2"]
    bench.fault = lambda node, command: None
    ending = await bench.run(plan, "abandon")
    assert (ending.result, ending.exit_code, ending.detail) == ("verified", 0, "")
    assert bench.leased() == []
    assert bench.ledgers()["m2"] == ALL_DONE


@pytest.mark.invariant("INV-5", "INV-6")
async def test_a_lease_whose_answer_was_lost_is_known_and_given_back_later(bench: Bench) -> None:
    """The master took it, or takes it late: nobody else could ever free it."""

    def fault(node: str, command: Command) -> str | None:
        return "after" if node == "m2" and "acquire" in command.argv else None

    bench.fault = fault
    plan = await bench.plan()
    ending = await bench.run(plan)
    assert (ending.result, ending.exit_code) == ("refused", 2)
    assert "m2: was asked for the lease and did not answer" in ending.detail
    assert "novatui abort r1" in ending.detail
    assert bench.leased() == ["m2"]
    bench.fault = lambda node, command: None
    assert refusal("abandon", bench.state) is None
    assert (await bench.run(plan, "abandon")).result == "aborted"
    assert bench.leased() == []
    assert refusal("abandon", bench.state) is not None


@pytest.mark.invariant("INV-5")
async def test_another_run_is_told_who_holds_the_masters(bench: Bench) -> None:
    bench.put("m1", "fail-swap")
    first = await bench.plan("r1")
    await bench.run(first)
    second = await bench.plan("r2")
    ending = await bench.run(second, operator="bob@there")
    assert (ending.result, ending.exit_code) == ("refused", 4)
    assert "run r1 of ops@here" in ending.detail and "its runner is silent" in ending.detail
    assert bench.ledgers()["m2"] == ALL_DONE


@pytest.mark.invariant("INV-5")
async def test_a_run_that_another_took_over_meanwhile_is_not_taken_from_it(bench: Bench) -> None:
    """Both waited on the master for an act to end; the other was first, and its heart does not beat there yet."""
    bench.put("m1", "fail-swap")
    plan = await bench.plan()
    await bench.run(plan)
    before, run, asked = bench.ledgers(), bench.masters.run, []

    async def overtaken(node: str, command: Command, **more: Any) -> Outcome:
        if command.script == "lease":
            asked.append((node, command.argv[0]))
            return Outcome(status=Status.FAILED, exit=80, stdout=b"owner r1:2\nalive no\n")
        return await run(node, command, **more)

    bench.masters.run = overtaken  # type: ignore[method-assign]
    ending = await bench.run(plan, "resume")
    assert (ending.result, ending.exit_code) == ("failed", 4)
    assert "m1: it took the run over a moment ago" in ending.detail and "attach to it" in ending.detail
    assert asked == [("m1", "adopt")], "it asks once, and gives nothing free"
    assert bench.ledgers() == before


@pytest.mark.invariant("INV-5")
async def test_a_runner_that_was_taken_over_acts_no_more(bench: Bench) -> None:
    """Stopped in the middle (as by SIGSTOP); its run is adopted elsewhere and finished; it wakes up: fenced."""
    plan = await bench.plan()
    asleep, wake = asyncio.Event(), asyncio.Event()

    async def sleep(step: str, node: str, phase: str) -> None:
        if (step, node, phase) == ("swap", "m1", "before-act"):
            asleep.set()
            await wake.wait()

    old = bench.engine(plan, checkpoint=sleep)
    running = asyncio.create_task(old.run())
    await asleep.wait()
    others = ("m2", "m3")
    await until(lambda: all(old.work.state.at("swap", one).state is At.DONE for one in others), "the others")
    elsewhere = Bench(bench.root)
    copy = bench.root / "r1.jsonl.copy"
    copy.touch(mode=0o600)
    copy.write_bytes(bench.journal(plan).read_bytes())
    elsewhere.journal = lambda plan: copy  # type: ignore[method-assign]
    assert (await elsewhere.run(plan, "resume")).result == "verified"
    wake.set()
    ending = await running
    assert (ending.result, ending.exit_code) == ("fenced", 4)
    assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}


@pytest.mark.invariant("INV-5")
async def test_a_runner_that_was_taken_over_says_nothing_of_how_the_run_stands(bench: Bench) -> None:
    """It sleeps after its act; its run is finished and taken back elsewhere. What it finds then is not its step undone: it is
    not its run any more, and it neither fails nor tells anybody to go on with it."""
    plan = await bench.plan()
    asleep, wake = asyncio.Event(), asyncio.Event()

    async def sleep(step: str, node: str, phase: str) -> None:
        if (step, node, phase) == ("swap", "m1", "after-outcome"):
            asleep.set()
            await wake.wait()

    old = bench.engine(plan, checkpoint=sleep)
    running = asyncio.create_task(old.run())
    await asleep.wait()
    others = ("m2", "m3")
    await until(lambda: all(old.work.state.at("swap", one).state is At.DONE for one in others), "the others")
    elsewhere = Bench(bench.root)
    copy = bench.root / "r1.jsonl.copy"
    copy.touch(mode=0o600)
    copy.write_bytes(bench.journal(plan).read_bytes())
    elsewhere.journal = lambda plan: copy  # type: ignore[method-assign]
    assert (await elsewhere.run(plan, "undo")).result == "undone"
    done = bench.ledgers()
    wake.set()
    ending = await running
    assert (ending.result, ending.exit_code) == ("fenced", 4), ending.detail
    assert "stays held" not in ending.detail
    assert bench.ledgers() == done


@pytest.mark.invariant("INV-3")
async def test_an_act_that_says_ok_and_did_nothing_is_not_believed(bench: Bench) -> None:
    plan = await bench.plan()

    async def meddle(step: str, node: str, phase: str) -> None:
        if (step, node, phase) == ("swap", "m2", "after-act"):
            Path(tiny.home(bench.cluster, "m2"), "swap").unlink()

    ending = await bench.run(plan, checkpoint=meddle)
    assert ending.result == "failed" and "m2: it is todo" in ending.detail


@pytest.mark.invariant("INV-3")
async def test_an_act_that_says_it_failed_and_did_all_is_not_believed_either(bench: Bench) -> None:
    """A stop that another job of systemd overtook: the exit is 1, and etcd is down."""
    bench.fault = losing("stop", "m1", "lies")
    assert (await bench.run(await bench.plan())).result == "verified"
    assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}


async def test_our_own_bug_ends_in_words_and_70(bench: Bench) -> None:
    async def bug(step: str, node: str, phase: str) -> None:
        if (step, phase) == ("swap", "after-act"):
            raise KeyError("oops")

    ending = await bench.run(await bench.plan(), checkpoint=bug)
    assert (ending.result, ending.exit_code) == ("failed", 70)
    assert "KeyError" in ending.detail
