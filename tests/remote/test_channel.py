"""One command on one channel, its callbacks called as asyncssh does."""

from __future__ import annotations

import asyncio

import pytest

from novatui.remote import channel
from novatui.remote.call import Call
from novatui.remote.channel import Exec
from novatui.remote.command import Command, Status


async def test_output_that_comes_after_the_exit_status_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long answer over a slow line: sshd tells the exit while the rest of it still waits for the window."""
    monkeypatch.setattr(channel, "LINGER_S", 0.3)
    out = bytearray()
    session = Exec("", out.extend, lambda _data: None)
    session.exit_status_received(0)

    async def rest() -> None:
        for _ in range(30):
            await asyncio.sleep(0.02)
            session.data_received(b"x" * 100, None)
        session.eof_received()
        session.connection_lost(None)

    coming = asyncio.create_task(rest())
    await session.wait()
    assert len(out) == 3000 and session.whole
    await coming


async def test_a_child_that_keeps_the_pipe_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "LINGER_S", 0.05)
    session = Exec("", lambda _data: None, lambda _data: None)
    session.exit_status_received(0)
    session.data_received(b"done\n", None)
    async with asyncio.timeout(60):
        await session.wait()
    assert not session.over


def test_an_output_that_could_not_be_taken_after_the_exit_is_no_success() -> None:
    def full(_data: bytes) -> None:
        raise OverflowError("more than 32 MiB of output")

    call = Call(Command(argv=("true",)), full)
    call.session.data_received(b"x\n", None)  # chatter before the marker is dropped
    call.session.exit_status_received(0)
    call.session.data_received(f"{call._nonce}\nword\n".encode(), None)
    call.session.eof_received()
    call.session.connection_lost(None)
    outcome = call.outcome()
    assert outcome.status is Status.UNKNOWN and "more than 32 MiB" in outcome.error
