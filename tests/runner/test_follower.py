"""A follower whose runner behaves oddly: stopped, silent, gone without its last words. What it says is so, and it never hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from novatui.errors import NovatuiError
from novatui.model import records as rec
from novatui.model.plan import Plan, Request
from novatui.runner import client, events, follower, places
from novatui.runner.clock import SystemClock
from novatui.runner.events import CaughtUp, Met, Need
from novatui.runner.follower import Follower
from novatui.runner.journal import Journal

PLAN = Plan(
    run="r1",
    runbook="tiny",
    runbook_version=1,
    cluster="tiny",
    nodes=("m1",),
    request=Request(runbook="tiny"),
    params={},
    facts={},
    steps=(),
)
CAUGHT_UP = CaughtUp(run="r1", pid=1)
Serve = Callable[[asyncio.StreamWriter, int], Awaitable[None]]


class Runner:
    """The lock of a journal, and a socket that says what a test wants."""

    def __init__(self) -> None:
        self.place = places.create(PLAN, places.Launch(config="c.toml", cluster="tiny"))
        self.journal = Journal.create(self.place.journal, SystemClock())
        self.server: asyncio.Server | None = None
        self.met = 0

    async def serve(self, how: Serve) -> None:
        async def one(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.met += 1
            await how(writer, self.met)

        path = self.place.listen()
        self.server = await asyncio.start_unix_server(one, path)
        path.chmod(0o600)

    async def deaf(self) -> None:
        """Nobody listens any more."""
        assert self.server is not None
        self.server.close()
        self.place.socket.unlink()


@pytest.fixture
async def runner(home: Path) -> AsyncIterator[Runner]:
    made = Runner()
    yield made
    if made.server is not None:
        made.server.close()


def say(writer: asyncio.StreamWriter, *what: Any) -> None:
    writer.write(b"".join(map(events.line, what)))


async def stay(writer: asyncio.StreamWriter, number: int) -> None:
    say(writer, CAUGHT_UP)


@pytest.mark.invariant("INV-1")
async def test_a_runner_that_is_stopped_is_said_to_say_nothing(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP: the kernel takes the connection, and nobody ever answers."""
    monkeypatch.setattr(follower, "_SAY_S", 0.1)

    async def silent(writer: asyncio.StreamWriter, number: int) -> None:
        return None

    await runner.serve(silent)
    with pytest.raises(NovatuiError, match="lives but says nothing"):
        async with Follower.open("r1"):
            pass


async def test_a_runner_that_lives_and_cannot_be_come_back_to_is_not_gone(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_LISTEN_S", 0.1)
    await runner.serve(stay)
    async with Follower.open("r1") as one:
        await runner.deaf()
        assert one._writer is not None
        one._writer.transport.abort()
        with pytest.raises(NovatuiError, match="lives but cannot be reached"):
            async for _ in one.events():
                pass
        assert (await one.request("abort")).why == "The runner of r1 lives but cannot be reached"


async def test_a_run_that_ended_is_ended_though_its_process_takes_its_time(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections to the masters are being closed; the lock is held until then."""
    monkeypatch.setattr(follower, "_LISTEN_S", 0.1)
    await runner.serve(stay)
    async with Follower.open("r1") as one:
        await runner.deaf()
        runner.journal.write(rec.RunEnded(result="verified", exit_code=0))
        assert one._writer is not None
        one._writer.transport.abort()
        assert [event async for event in one.events()] == one.records
        assert (one.state.result, one.live) == ("verified", False)
    async with Follower.open("r1") as late:
        assert (late.state.result, late.live) == ("verified", False)


def test_a_run_that_cannot_be_read_costs_the_others_nothing(runner: Runner) -> None:
    for name in ("r2", "r3"):
        place = places.create(replace(PLAN, run=name), places.Launch(config="c.toml", cluster="tiny"))
        Journal.create(place.journal, SystemClock()).close()
    (places.find("r2").path / "plan.json").write_text('{"of": "the future"}')
    places.find("r3").journal.chmod(0o644)  # others could have written it
    told: list[tuple[str, str]] = []
    assert [one.run for one in client.runs(lambda run, why: told.append((run, why)))] == ["r1"]
    assert [run for run, _ in told] == ["r2", "r3"] and "is not private" in told[1][1]


async def test_needs_that_came_and_went_meanwhile_are_told(runner: Runner) -> None:
    old, new = (Need(secret_id=name, secret="sudo", node="m1", what="ops") for name in ("old", "new"))

    async def serve(writer: asyncio.StreamWriter, number: int) -> None:
        say(writer, old if number == 1 else new, CAUGHT_UP)
        if number == 1:
            writer.close()

    await runner.serve(serve)
    async with Follower.open("r1") as one, asyncio.timeout(60):
        told = one.events()
        assert [await anext(told), await anext(told)] == [Met(secret_id="old"), new]
        assert list(one.needs) == ["new"]


async def test_a_wish_without_an_answer_is_neither_taken_nor_refused(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_REPLY_S", 0.1)
    await runner.serve(stay)
    async with Follower.open("r1") as one:
        reply = await one.request("abort")
        assert (reply.code, reply.taken) == ("unknown", False)
        assert "may have taken it" in reply.why


@pytest.mark.invariant("INV-1")
async def test_a_session_with_another_runtime_directory_finds_the_runner(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun over ssh (logind's directory), attached to from cron or su (none)."""
    await runner.serve(stay)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    async with Follower.open("r1") as one:
        assert one.live
