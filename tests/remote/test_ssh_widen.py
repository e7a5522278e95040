"""Further connections to a master that gives few sessions each. asyncssh is a fake here: what is looked at is the order of
events, which a real sshd gives by chance only."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import asyncssh
import pytest

from novatui.config import NodeConfig
from novatui.errors import Unreachable
from novatui.remote import ssh
from novatui.remote.channel import Exec
from novatui.remote.login import Entered


class Conn:
    """Gives ``room`` sessions."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.aborted = False

    async def create_session(self, factory: object, line: str, *, encoding: None) -> None:
        if not self.room:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "open failed")
        self.room -= 1

    def abort(self) -> None:
        self.aborted = True


class Fake:
    blame = ""

    def __init__(self, room: int) -> None:
        self.conn = Conn(room)
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()


async def test_a_connection_that_several_wait_for_is_used_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "FULL_S", 0.0)
    made: list[Fake] = []
    asked, may_enter = asyncio.Event(), asyncio.Event()

    async def enter() -> Entered:
        asked.set()
        await may_enter.wait()
        made.append(Fake(5))
        return cast(Entered, made[-1])

    first = cast(Any, Fake(1))
    config = NodeConfig(name="m1", host="127.0.0.1")
    conn = ssh.SshConnection(config, first, enter, cast(Any, None), lambda _note: None)

    def start() -> asyncio.Task[None]:
        return asyncio.ensure_future(conn.start("true", Exec("", lambda _: None, lambda _: None)))

    await start()
    waiting = [start()]
    await asyncio.wait_for(asked.wait(), 30)
    waiting.append(start())  # while the further connection is being made
    await asyncio.sleep(0)
    may_enter.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 30)
    assert [one.conn.room for one in made] == [3]
    conn.abort()
    assert all(one.conn.aborted for one in made)


async def test_who_waits_for_a_further_connection_is_told_when_the_first_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Giving it up ends the making; that is no cancellation of the callers, whose tasks would end without a word."""
    monkeypatch.setattr(ssh, "FULL_S", 0.0)
    asked = asyncio.Event()

    async def enter() -> Entered:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    first = Fake(0)
    config = NodeConfig(name="m1", host="127.0.0.1")
    conn = ssh.SshConnection(config, cast(Any, first), enter, cast(Any, None), lambda _note: None)
    conn._lines[0].most = conn._lines[0].sessions = 1
    waiting = asyncio.ensure_future(conn.start("true", Exec("", lambda _: None, lambda _: None)))
    await asyncio.wait_for(asked.wait(), 30)
    conn.abort()
    first.lost.set_result("power off")
    with pytest.raises(Unreachable, match="the connection was lost"):
        await asyncio.wait_for(waiting, 30)
