"""A long-lived read-only command: its lines as they come, our words into its stdin, a keepalive."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

from novatui.errors import RemoteError, Unreachable
from novatui.model.sanitize import clean
from novatui.remote.call import Call, NotRun
from novatui.remote.channel import Exec
from novatui.remote.command import Command
from novatui.remote.lines import Lines
from novatui.remote.link import Connection

# Bytes of lines that wait for their reader before the master is told to wait.
AHEAD_MAX = 4 * 1024 * 1024
# After so many lines the others have their turn, and so have keys: a third of a millisecond.
FAIR = 50


async def streamed(
    conn: Connection, command: Command, keepalive_s: float, words: asyncio.Queue[bytes] | None
) -> AsyncGenerator[bytes, None]:
    """Lines without their ends. Ends when the command exits 0; raises RemoteError when it does not or the link breaks."""
    call = Call(command)
    inbox = _Inbox(call)
    taken = 0
    helpers: list[asyncio.Task[None]] = []
    try:
        try:
            await call.start(conn, None, unlimited=True)
        except NotRun as exc:
            raise RemoteError("the command could not be sent", str(exc)) from exc
        helpers.append(asyncio.create_task(_talk(call.session, keepalive_s, words)))
        helpers.append(asyncio.create_task(inbox.close_at_end()))
        while True:
            await inbox.news.wait()
            inbox.news.clear()
            while inbox.lines:
                yield inbox.take()
                taken += 1
                if not taken % FAIR:
                    await asyncio.sleep(0)
            if inbox.closed:
                break
        _raise_unless_ended_well(call)
    finally:
        for helper in helpers:
            helper.cancel()
        call.session.stop()


class _Inbox:
    """Lines that wait for their reader; reading from the master pauses while there are too many."""

    def __init__(self, call: Call) -> None:
        self.lines: deque[bytes] = deque()
        self.news = asyncio.Event()
        self.closed = False
        self._held = 0
        self._paused = False
        self._splitter = Lines()
        self._call = call
        call.on_stdout = self._feed
        call.on_stderr = call.keep_stderr_tail

    def take(self) -> bytes:
        line = self.lines.popleft()
        self._held -= len(line) + 1
        if self._paused and self._held < AHEAD_MAX // 2:
            self._paused = False
            self._call.session.resume()
        return line

    async def close_at_end(self) -> None:
        await self._call.session.wait()
        if self._paused:  # there is more on our side of the wire
            await self._call.session.wait(linger=False)
        rest = self._splitter.rest()
        if rest:
            self.lines.append(rest)
            self._held += len(rest) + 1
        self.closed = True
        self.news.set()

    def _feed(self, data: bytes) -> None:
        for line in self._splitter.feed(data):
            self.lines.append(line)
            self._held += len(line) + 1
        if self._held > AHEAD_MAX and not self._paused:
            self._paused = True
            self._call.session.pause()
        if self.lines:
            self.news.set()


async def _talk(session: Exec, keepalive_s: float, words: asyncio.Queue[bytes] | None) -> None:
    """Our side of the conversation: ``words`` as they come, an empty line when there were none for ``keepalive_s``."""
    if words is None and not keepalive_s:
        return
    queue: asyncio.Queue[bytes] = words if words is not None else asyncio.Queue()
    while True:
        try:
            async with asyncio.timeout(keepalive_s or None):
                word = await queue.get()
        except TimeoutError:
            word = b"\n"
        session.write(word)


def _raise_unless_ended_well(call: Call) -> None:
    outcome = call.outcome()
    if outcome.ok:
        return
    if outcome.exit is None:
        raise Unreachable("the connection was lost", outcome.error)
    said = clean(outcome.stderr[-400:].strip(), cap=400)
    raise RemoteError(
        "a command on the master ended", f"{call.command.shown_line()[:80]}: exit {outcome.exit} {said}"
    )
