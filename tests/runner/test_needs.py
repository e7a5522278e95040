"""Secrets of a runner: given over the inherited socket or asked of its clients, in memory alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.config import NodeConfig
from novatui.errors import AuthFailed, HostKeyUnknown, NovatuiError
from novatui.model.plan import Plan, Request
from novatui.remote.fleet import Fleet
from novatui.remote.link import Connection
from novatui.remote.secrets import Keeper, SecretAsk, SecretKind
from novatui.remote.wallet import Wallet
from novatui.runner import client, journal, places
from novatui.runner import plan as planner
from novatui.runner.client import Follower, Met, Need
from novatui.runner.clock import SystemClock
from novatui.runner.engine import Engine
from novatui.runner.entering import Patient
from novatui.runner.journal import Journal
from novatui.runner.needs import Needs
from novatui.runner.work import Pace, Work
from tests.runner import masters, tiny
from tests.runner.stage import EVERYWHERE, Stage, ended, stage, until
from tests.runner.tiny_process import COMMAND

__all__ = ["stage"]
SECRET = "pl4nted-sud0-w0rd"
IDS = {f"sudo:m{n}-ops": SECRET for n in (1, 2, 3)}


def lock(stage: Stage, secret: str = SECRET) -> None:
    for n in (1, 2, 3):
        (stage.root / f"m{n}" / "locked").write_text(secret)


async def begun(stage: Stage, plan: Plan, secrets: dict[str, str] | None = None) -> str:
    return await client.start(stage.config, "tiny", plan, answers=("tiny",), secrets=secrets, command=COMMAND)


def told_of(stage: Stage, run: str) -> bytes:
    """All that a run leaves on this machine."""
    return b"".join(path.read_bytes() for path in places.find(run).path.rglob("*") if path.is_file())


async def needed(one: Follower, count: int = 1) -> Need:
    await until(lambda: len(one.needs) == count, "a need")
    return next(iter(one.needs.values()))


async def test_what_the_starter_knows_is_not_asked_again(stage: Stage) -> None:
    plan = await stage.plan()
    lock(stage)
    run = await begun(stage, plan, IDS)
    seen: list[object] = []
    async with Follower.open(run) as one:
        seen += [event async for event in one.events()]
    assert (await ended(stage)).result == "verified"
    assert stage.ledgers() == EVERYWHERE
    assert not [event for event in seen if isinstance(event, Need)]
    assert SECRET.encode() not in told_of(stage, run)


async def test_a_need_is_told_to_whoever_comes_and_a_wrong_answer_comes_back(stage: Stage) -> None:
    plan = await stage.plan()
    lock(stage)
    run = await begun(stage, plan)
    pid = stage.pid()
    async with Follower.open(run) as one, Follower.open(run) as late:
        need = await needed(one)
        assert (need.secret, need.node, need.what, need.attempt) == ("sudo", "m1", "ops", 1)
        assert await needed(late) == need
        assert (await one.give(need, "wrong")).taken
        second = (await late.give(need, "late")).code
        assert second in ("already_answered", "stale")
        await until(lambda: [n.attempt for n in one.needs.values()] == [2], "it comes back")
        proc = Path(f"/proc/{pid}")
        told = (proc / "cmdline").read_bytes()
        # An ordinary user may not read what cannot be dumped: so be it.
        with contextlib.suppress(PermissionError):
            told += (proc / "environ").read_bytes()
        assert b"Max core file size        0                    0" in (proc / "limits").read_bytes()
        assert (await one.give(await needed(one), SECRET)).taken
        met = [event async for event in one.events() if isinstance(event, Met)]
    assert (await ended(stage)).result == "verified", "one answer opened all three masters"
    assert stage.ledgers() == EVERYWHERE
    assert met and all(SECRET not in repr(event) for event in met)
    assert SECRET.encode() not in told_of(stage, run) + told


async def test_a_run_that_nobody_helps_can_be_aborted_and_changed_nothing(stage: Stage) -> None:
    plan = await stage.plan()
    lock(stage)
    run = await begun(stage, plan)
    async with Follower.open(run) as one:
        await needed(one)
        assert (await one.request("abort")).taken
    state = await ended(stage)
    assert (state.result, state.exit_code) == ("aborted", 3)
    assert stage.ledgers() == {"m1": [], "m2": [], "m3": []}


async def test_resume_asks_again(stage: Stage) -> None:
    plan = await stage.plan()
    lock(stage)
    place = places.create(plan, places.Launch(config=str(stage.config), cluster="tiny"))
    (place.path / "kill-at").write_text("swap m2 after-act")
    await client.resume(plan.run, answers=("tiny",), secrets=IDS, command=COMMAND)
    await until(lambda: not place.alive(), "it kills itself")
    await client.resume(plan.run, answers=("tiny",), command=COMMAND)
    async with Follower.open(plan.run) as one:
        assert (await one.give(await needed(one), SECRET)).taken
        async for _ in one.events():
            pass
    assert (await ended(stage)).result == "verified"


def test_a_process_with_secrets_is_not_dumpable() -> None:
    code = (
        "import ctypes, resource\n"
        "from novatui.hardening import no_dumps\n"
        "no_dumps()\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "0 (0, 0)"


# the time before the first lease, on a real Fleet whose connections are made here


class Entered:
    """A run of the tiny runbook whose masters are entered by ``connect``."""

    def __init__(self, root: Path, connect: Callable[[NodeConfig, Keeper], object], gate_s: float) -> None:
        self.cluster = masters.cluster(root)
        self.needs = Needs()
        self.wallet = Wallet(self.needs)

        async def connected(node: NodeConfig, say: Callable[[str], None]) -> Connection:
            await connect(node, self.wallet)  # type: ignore[misc]
            raise AuthFailed("not in this test")

        self.fleet = Fleet(self.cluster, connected)
        self.patient = Patient(self.fleet, self.wallet)
        self.root, self.gate_s = root, gate_s

    async def run(self) -> tuple[Engine, str, str, int]:
        way = masters.Masters(self.cluster)
        request = Request(runbook="tiny")
        plan = await planner.make(self.cluster, request, way, find=lambda name: tiny.TINY, run="r1")
        book = Journal.create(self.root / "r1.jsonl", SystemClock())
        work = Work(
            cluster=self.cluster,
            runbook=tiny.TINY,
            plan=plan,
            transport=self.patient,
            journal=book,
            clock=SystemClock(),
            pace=Pace(gate_s=self.gate_s, reach_s=0.1, alive_s=0.1),
        )
        self.patient.work = work
        engine = Engine(work, answers=("tiny",), enter=self.patient.enter)
        try:
            ending = await engine.run()
        finally:
            book.close()
            await self.fleet.close()
        return engine, ending.result, ending.detail, ending.exit_code


async def test_before_the_gate_nobody_is_waited_for_longer_than_the_gates_own_time(tmp_path: Path) -> None:
    async def locked(node: NodeConfig, keeper: Keeper) -> None:
        await keeper.ask(SecretAsk(SecretKind.PASSPHRASE, node.name, "/keys/id"))

    _engine, result, detail, code = await Entered(tmp_path, locked, 1.2).run()
    assert (result, code) == ("aborted", 3)
    assert "Nobody gave the credentials" in detail and "nothing was changed" in detail


async def test_unknown_host_keys_end_a_runner_with_2_and_say_where_it_is_decided(tmp_path: Path) -> None:
    async def stranger(node: NodeConfig, keeper: Keeper) -> None:
        raise HostKeyUnknown("the host key is not known")

    engine, result, detail, code = await Entered(tmp_path, stranger, 60).run()
    assert (result, code) == ("refused", 2)
    assert "m1: the host key is not known" in detail and "novatui status" in detail
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "r1.jsonl").read_text().splitlines()]
    assert kinds == ["run_started", "run_ended"]
    assert journal.read(tmp_path / "r1.jsonl")[-1].seq == engine.work.state.last_seq


# the wallet


class Typed:
    """A person with these answers; ``asked`` is what was asked of them."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.asked: list[SecretAsk] = []

    async def ask(self, ask: SecretAsk) -> str | None:
        self.asked.append(ask)
        await asyncio.sleep(0)
        return self.answers.pop(0)


def sudo(node: str, attempt: int = 1) -> SecretAsk:
    return SecretAsk(SecretKind.SUDO, node, "ops", attempt=attempt)


async def test_one_sudo_password_serves_all_masters_and_another_one_is_asked_for() -> None:
    person = Typed("a", "b")
    wallet = Wallet(person)
    assert await asyncio.gather(*(wallet.ask(sudo(node)) for node in ("m1", "m2", "m3"))) == ["a", "a", "a"]
    assert len(person.asked) == 1
    assert await wallet.ask(sudo("m3", 2)) == "b"
    assert [await wallet.ask(sudo(node)) for node in ("m1", "m2", "m3")] == ["a", "a", "b"]
    assert repr(wallet) == "<Wallet>" and wallet.known()["sudo:m3-ops"] == "b"


async def test_a_shared_passphrase_is_corrected_once() -> None:
    person = Typed("wrong", "right")
    wallet = Wallet(person)
    asks = [SecretAsk(SecretKind.PASSPHRASE, node, "/keys/id") for node in ("m1", "m2")]
    again = [SecretAsk(SecretKind.PASSPHRASE, node, "/keys/id", attempt=2) for node in ("m1", "m2")]
    assert await asyncio.gather(*map(wallet.ask, asks)) == ["wrong", "wrong"]
    assert await asyncio.gather(*map(wallet.ask, again)) == ["right", "right"]
    assert len(person.asked) == 2


async def test_a_one_time_code_is_never_given_twice() -> None:
    """Not at the next login, and not by the runner that is started after it."""
    person = Typed("111111", "222222")
    wallet = Wallet(person)
    code = SecretAsk(SecretKind.KEYBOARD_INTERACTIVE, "m1", "Verification code:")
    assert [await wallet.ask(code), await wallet.ask(code)] == ["111111", "222222"]
    runners = Wallet(Typed("333333"), wallet.known())
    assert await runners.ask(code) == "333333"


async def test_what_is_declined_is_not_asked_again_before_the_person_wants_it() -> None:
    person = Typed(None, "now")
    wallet = Wallet(person)
    assert await asyncio.gather(*(wallet.ask(sudo(node)) for node in ("m1", "m2"))) == [None, None]
    assert len(person.asked) == 1
    wallet.again()
    assert await wallet.ask(sudo("m2")) == "now"


async def test_after_three_wrong_answers_nobody_is_asked_and_the_wrong_one_is_forgotten() -> None:
    person = Typed("x", "y", "z", "right")
    wallet = Wallet(person)
    said = [await wallet.ask(sudo("m1", attempt)) for attempt in (1, 2, 3, 4)]
    assert said == ["x", "y", "z", None]
    assert await wallet.ask(sudo("m1")) is None
    wallet.again()
    assert await wallet.ask(sudo("m1")) == "right"


@pytest.mark.parametrize("answer", ["", "x" * 70_000])
def test_secrets_of_any_size_pass(answer: str) -> None:
    from novatui.runner.events import GiveSecret, line, read_client

    word = GiveSecret(id=1, secret_id="sudo:m1-ops", attempt=1, answer=answer)
    assert read_client(line(word)) == word
    assert not answer or answer not in repr(word)


# what others could read


@pytest.mark.parametrize("name", ["journal.jsonl", "plan.json", "launch.json", ""])
@pytest.mark.parametrize("mode", [0o040, 0o022])
async def test_a_run_whose_files_others_could_read_or_write_is_refused(
    stage: Stage, name: str, mode: int
) -> None:
    plan = await stage.plan()
    place = places.create(plan, places.Launch(config=str(stage.config), cluster="tiny"))
    (place.path / "kill-at").write_text("stage m1 after-act")
    await client.resume(plan.run, answers=("tiny",), command=COMMAND)
    await until(lambda: not place.alive(), "it kills itself")
    target = place.path / name
    target.chmod(target.stat().st_mode | mode)
    with pytest.raises(NovatuiError, match="is not private"):
        client.load(plan.run)
        await client.resume(plan.run, answers=("tiny",), command=COMMAND)
    assert stage.ledgers()["m1"] == ["stage"], "nothing more was done"


async def test_a_socket_that_others_could_write_to_is_not_talked_to(stage: Stage) -> None:
    plan = await stage.plan()
    lock(stage)
    run = await begun(stage, plan)
    place = places.find(run)
    place.socket.chmod(0o666)
    with pytest.raises(NovatuiError, match="is not private"):
        async with Follower.open(run):
            pass
    place.socket.chmod(0o600)
    async with Follower.open(run) as one:
        assert (await one.request("abort")).taken
    await ended(stage)
