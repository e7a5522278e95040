"""The runner as a real detached process: it outlives its starter, is killed and resumed, serves many clients."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from novatui import logs
from novatui.errors import HeldByAnother, NovatuiError
from novatui.model.records import Record, RunEnded
from novatui.model.run import Phase
from novatui.runner import client, journal, places, spawn
from novatui.runner.client import Follower
from tests.runner.stage import EVERYWHERE, Stage, ended, until
from tests.runner.tiny_process import COMMAND


@pytest.mark.invariant("INV-1")
async def test_a_run_by_answers_given_beforehand(stage: Stage) -> None:
    run = await stage.start(await stage.plan(), "tiny")
    state = await ended(stage, run)
    assert (state.result, state.exit_code) == ("verified", 0), state.detail
    assert stage.ledgers() == EVERYWHERE
    place = places.find(run)
    assert not place.socket.exists()
    for path in (place.path / "plan.json", place.journal, place.log):
        assert path.stat().st_mode & 0o777 == 0o600, path
    assert place.path.stat().st_mode & 0o777 == 0o700


@pytest.mark.invariant("INV-1")
async def test_the_runner_is_nobodys_child_and_outlives_a_killed_starter(stage: Stage) -> None:
    plan = await stage.plan()
    starter = (
        "import asyncio, sys, time; from pathlib import Path; import msgspec;"
        "from novatui.model.plan import Plan; from novatui.runner import client;"
        "plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan);"
        f"asyncio.run(client.start(Path({str(stage.config)!r}), 'tiny', plan, command={COMMAND!r}));"
        "print('started', flush=True); time.sleep(60)"
    )
    import msgspec

    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(msgspec.json.encode(plan))
    process.stdin.close()
    assert (await asyncio.to_thread(process.stdout.readline)).strip() == b"started"
    os.killpg(process.pid, signal.SIGHUP)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    pid = stage.pid()
    assert os.getsid(pid) not in (os.getsid(0), process.pid) or os.getpgid(pid) != process.pid
    os.kill(pid, signal.SIGHUP)
    async with Follower.open("r1") as one:
        gate = await _gate(one)
        assert (await one.answer("gate", gate, ["tiny"])).taken
    assert (await ended(stage)).result == "verified"


async def _gate(one: Follower) -> str:
    """The nonce of the open gate, waited for."""
    if (gate := one.state.open_gate) is not None:
        return gate.nonce
    async for _ in one.events():
        if (gate := one.state.open_gate) is not None:
            return gate.nonce
    raise AssertionError(f"no gate was opened: {one.state.result} {one.state.detail}")


@pytest.mark.invariant("INV-1")
async def test_two_clients_see_the_same_and_the_first_answer_wins(stage: Stage) -> None:
    await stage.start(await stage.plan())
    async with Follower.open("r1") as one, Follower.open("r1") as two:
        nonce = await _gate(one)
        assert await _gate(two) == nonce
        assert (await two.answer("gate", "other", ["tiny"])).code == "stale"
        assert (await two.answer("gate", nonce, ["Tiny"])).wrong == ("tiny",)
        replies = await asyncio.gather(
            one.answer("gate", nonce, ["tiny"]), two.answer("gate", nonce, ["tiny"])
        )
        assert sorted(reply.code for reply in replies) == ["already_answered", "taken"]
        assert (await two.request("pause")).code == "refused"
        seen_one = [event async for event in one.events()]
        async for _ in two.events():
            pass
        assert one.records == two.records == journal.read(places.find("r1").journal)
        assert one.state.result == "verified"
        assert any(getattr(event, "node", "") for event in seen_one)
    assert sum(record.__class__.__name__ == "GateAnswered" for record in one.records) == 1


@pytest.mark.invariant("INV-1")
async def test_a_stalled_client_slows_nothing(stage: Stage) -> None:
    """A client that never reads, its buffers tiny, is no reason to wait."""
    await stage.start(await stage.plan())
    stalled = socket.socket(socket.AF_UNIX)
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    stalled.connect(str(places.find("r1").socket))
    async with Follower.open("r1") as one:
        assert (await one.answer("gate", await _gate(one), ["tiny"])).taken
        async with asyncio.timeout(60):
            async for _ in one.events():
                pass
    state = await ended(stage)
    stalled.close()
    assert state.result == "verified"


async def test_a_client_lets_it_wait_and_another_lets_it_go_on(stage: Stage) -> None:
    await stage.start(await stage.plan(), at=("slow-at", "stage m1 before-act"))
    await until(lambda: stage.state().at("stage", "m1").state == "acting", "the staging to begin")
    async with Follower.open("r1") as one, Follower.open("r1") as two:
        assert (await one.request("continue")).why == "nothing is paused"
        reply = await one.request("pause")
        assert reply.taken and reply.why == "stage beside it"
        assert (await two.request("pause")).why == "it was asked"
        (places.find("r1").path / "go").touch()
        await until(lambda: two.state.pause is not None and two.state.pause.at == "stage", "the pause")
        assert two.state.open_gate is None and not two.state.gates
        assert (await two.request("continue")).taken
        gate = await _gate(one)
        assert (await one.request("retry")).why.startswith("nothing has failed")
        assert (await one.answer("gate", gate, ["tiny"])).taken
    assert (await ended(stage)).result == "verified"


@pytest.mark.invariant("INV-1")
async def test_a_follower_whose_connection_broke_comes_back_and_misses_nothing(stage: Stage) -> None:
    await stage.start(await stage.plan(), "tiny", at=("slow-at", "swap m1 before-act"))
    await until(lambda: stage.state().at("swap", "m1").state == "acting", "the swap to begin")
    async with Follower.open("r1") as one:
        assert one._writer is not None
        one._writer.transport.abort()
        (places.find("r1").path / "go").touch()
        seen = [event.seq async for event in one.events() if isinstance(event, Record)]
        assert one.state.result == "verified"
        assert one.records == journal.read(places.find("r1").journal)
        assert seen == sorted(set(seen)) and seen[-1] == one.state.last_seq


@pytest.mark.invariant("INV-1")
async def test_what_a_runner_could_not_tell_any_more_is_read_from_its_journal(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine so busy that the runner was gone before its last words were taken: it did not fail for that."""
    await stage.start(await stage.plan(), "tiny", at=("slow-at", "swap m1 before-act"))
    await until(lambda: stage.state().at("swap", "m1").state == "acting", "the swap to begin")

    def nobody(path: Path) -> None:
        raise FileNotFoundError(path)

    async with Follower.open("r1") as one:
        monkeypatch.setattr("novatui.runner.follower.private_socket", nobody)
        monkeypatch.setattr("novatui.runner.follower._LISTEN_S", 120)
        assert one._writer is not None
        one._writer.transport.abort()
        (places.find("r1").path / "go").touch()
        last = [event async for event in one.events()][-1]
        assert isinstance(last, RunEnded) and last.result == "verified"
        assert one.state.result == "verified" and not one.live


async def test_garbage_on_the_socket_hurts_nobody(stage: Stage) -> None:
    await stage.start(await stage.plan())
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(places.find("r1").socket))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # hung up in the middle of it
            rude.sendall(b'{"kind": "answer"}\n\xff\xfe\n[]\n' + b"x" * 200_000)
        async with Follower.open("r1") as one:
            assert (await one.answer("gate", await _gate(one), ["tiny"])).taken
    assert (await ended(stage)).result == "verified"


@pytest.mark.invariant("INV-1", "INV-2")
async def test_killed_and_resumed_nothing_is_done_twice(stage: Stage) -> None:
    await stage.start(await stage.plan(), "tiny", at=("kill-at", "swap m2 after-act"))
    state = await ended(stage)
    assert not state.ended and state.committed
    async with Follower.open("r1") as one:
        assert not one.live and one.state == state
        assert [event async for event in one.events()] == []
    assert client.runs()[0].alive is False
    await client.resume("r1", answers=["tiny"], command=COMMAND)
    state = await ended(stage)
    assert state.result == "verified" and state.resumes == 1, state.detail
    assert stage.ledgers() == EVERYWHERE


@pytest.mark.invariant("INV-1")
async def test_a_living_runner_cannot_be_joined_by_a_second(stage: Stage) -> None:
    await stage.start(await stage.plan())
    with pytest.raises(NovatuiError) as refused:
        await client.resume("r1", answers=["tiny"], command=COMMAND)
    assert refused.value.exit_code == HeldByAnother.exit_code
    async with Follower.open("r1") as one:
        assert (await one.request("abort")).taken
    state = await ended(stage)
    assert (state.result, state.exit_code) == ("aborted", 3)


async def test_sigterm_before_the_gate_takes_back_what_was_staged(stage: Stage) -> None:
    await stage.start(await stage.plan())
    async with Follower.open("r1") as one:
        await _gate(one)
    os.kill(stage.pid(), signal.SIGTERM)
    state = await ended(stage)
    assert (state.result, state.exit_code) == ("aborted", 3)
    assert stage.ledgers()["m1"] == ["stage", "undo-stage"]
    assert not (stage.root / "m1/work/active").exists()


async def test_sigterm_past_the_gate_stops_at_a_safe_point_and_can_be_undone(stage: Stage) -> None:
    await stage.start(await stage.plan(), "tiny", at=("slow-at", "stop m1 before-act"))
    await until(lambda: stage.state().at("stop", "m1").state == "acting", "the stop to begin")
    os.kill(stage.pid(), signal.SIGTERM)
    await until(
        lambda: stage.state().asked and stage.state().asked[-1].what == "abort", "the wish to be noted"
    )
    (places.find("r1").path / "go").touch()
    state = await ended(stage)
    assert (state.result, state.exit_code) == ("aborted", 3)
    assert state.at("stop", "m1").status == "ok", "the act under way was awaited"
    assert (stage.root / "m1/work/active/owner").read_text().startswith("r1:")
    await client.undo("r1", command=COMMAND)
    state = await ended(stage)
    assert (state.result, state.exit_code, state.phase) == ("undone", 0, Phase.ENDED)
    assert "undo-stop" in stage.ledgers()["m1"]


@pytest.mark.slow
@pytest.mark.invariant("INV-5")
async def test_a_stopped_runner_that_wakes_up_is_fenced(
    stage: Stage, tmp_path: Path, monkeypatch: Any
) -> None:
    """SIGSTOP; its run is resumed from a copy elsewhere once its heartbeat is silent; SIGCONT: it acts no more."""
    await stage.start(await stage.plan(), "tiny", at=("stop-at", "swap m1 before-act"))
    await until(lambda: stage.state().at("swap", "m1").state == "acting", "the swap to begin")
    place = places.find("r1")
    pid = await until(lambda: _stopped(place.path), "the runner to be stopped")
    try:
        copy = tmp_path / "state/novatui/runs/r1"
        copy.mkdir(parents=True, mode=0o700)
        for path in (tmp_path / "state/novatui", tmp_path / "state/novatui/runs"):
            path.chmod(0o700)
        for name in ("plan.json", "launch.json", "journal.jsonl"):
            (copy / name).touch(mode=0o600)
            (copy / name).write_bytes((place.path / name).read_bytes())
        first = monkeypatch.setattr("os.environ", dict(os.environ)) or dict(os.environ)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        (Path(os.environ["XDG_RUNTIME_DIR"]) / "2").mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", os.environ["XDG_RUNTIME_DIR"] + "/2")
        await client.resume("r1", answers=["tiny"], command=COMMAND)
        assert (await ended(stage)).result == "verified"
        assert stage.ledgers() == EVERYWHERE
        for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
            monkeypatch.setenv(name, first[name])
    finally:
        os.kill(pid, signal.SIGCONT)
    state = await ended(stage)
    assert (state.result, state.exit_code) == ("fenced", 4), state.detail
    assert stage.ledgers() == EVERYWHERE


def _stopped(place: Path) -> int | None:
    """The pid of the runner of ``place`` once it is stopped (state T)."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if str(place).encode() in words and state == "T":
                return int(entry.name)
    return None


async def test_a_runner_that_cannot_begin_says_why(stage: Stage) -> None:
    plan = await stage.plan()
    stage.config.write_text("no such key = 1\n")
    with pytest.raises(NovatuiError) as refused:
        await stage.start(plan, "tiny")
    assert refused.value.exit_code == 78
    assert not places.find("r1").alive()


async def test_abandoning_gives_free_what_a_dead_runner_left(stage: Stage) -> None:
    await stage.start(await stage.plan(), "tiny", at=("kill-at", "stage m3 after-act"))
    assert not (await ended(stage)).ended
    assert (stage.root / "m1/work/active/owner").exists()
    await client.abandon("r1", command=COMMAND)
    state = await ended(stage)
    assert (state.result, state.exit_code) == ("aborted", 3), state.detail
    assert not [n for n in ("m1", "m2", "m3") if (stage.root / n / "work" / "active").exists()]
    assert not list(stage.root.glob("m*/stage"))
    with pytest.raises(NovatuiError, match="is over"):
        await client.abandon("r1", command=COMMAND)
    with pytest.raises(NovatuiError, match="before it changed anything"):
        await client.resume("r1", answers=["tiny"], command=COMMAND)
    with pytest.raises(NovatuiError, match="nothing to undo"):
        await client.undo("r1", command=COMMAND)


@pytest.mark.parametrize("level", ["warning", "debug"])
async def test_the_runners_log_says_as_much_as_was_asked_for(
    stage: Stage, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_level", level)
    plan = await stage.plan()
    run = await client.start(stage.config, "tiny", plan, answers=("tiny",), command=COMMAND)
    assert (await ended(stage)).result == "verified"
    await until(lambda: not places.find(run).alive(), "the end of the runner")
    told = places.find(run).log.read_text()
    assert ("INFO" in told and "verified" in told) is (level == "debug"), told


async def test_one_that_says_nothing_in_time_did_not_begin(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawn, "_BEGIN_S", 0.2)
    silent = ("sh", "-c", "sleep 2")
    with pytest.raises(NovatuiError, match="The runner did not begin"):
        await client.start(stage.config, "tiny", await stage.plan(), command=silent)
