"""The control socket of a runner: every client sees all records and the live news; the runner waits for none of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pwd
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace

from novatui.errors import NovatuiError
from novatui.model.records import Record
from novatui.runner import events
from novatui.runner.events import AnswerGate, CaughtUp, FromClient, GiveSecret, Live, Reply

# A client that does not read: so many lines, or so long without taking one, and it is dropped.
BEHIND_LINES = 20_000
STALLED_S = 10.0
MIND_S = 2.0  # how often it is looked whether the socket is still there
_WORD_BYTES = 64 * 1024
_GOODBYE_S = 2.0

log = logging.getLogger(__name__)


class Server:
    """Serves one run. ``judge`` answers a client's word (``by`` is who said it)."""

    def __init__(self, run: str, judge: Callable[[FromClient, str], Reply]) -> None:
        self._run = run
        self._judge = judge
        self.standing: Callable[[], Iterable[Live]] = lambda: ()  # what whoever comes must be told as well
        self._lines: list[bytes] = []  # all records, as they are replayed
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._minding: asyncio.Task[None] | None = None

    async def start(self, where: Callable[[], Path]) -> None:
        """Listen; a socket that a dead runner left there is replaced (the journal's lock is ours). ``where`` is asked again
        when the socket is gone: logind takes a runtime directory away when its last session ends."""
        await self._listen_at(where)
        self._minding = asyncio.create_task(self._mind(where))

    async def _listen_at(self, where: Callable[[], Path]) -> None:
        path = where()
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path, limit=_WORD_BYTES)
        path.chmod(0o600)
        self._path = path

    async def _mind(self, where: Callable[[], Path]) -> None:
        """Who is connected stays so, whatever becomes of the socket's name."""
        while True:
            await asyncio.sleep(MIND_S)
            if self._path is not None and not self._path.exists():
                try:
                    before = self._server
                    await self._listen_at(where)
                    if before is not None:
                        before.close()
                    log.info("the socket was gone; it is %s now", self._path)
                except (OSError, NovatuiError) as error:
                    log.warning("the socket is gone and cannot be made again: %s", error)

    def record(self, record: Record) -> None:
        """A record that is on disk."""
        line = events.line(record)
        self._lines.append(line)
        self._send(line)

    def live(self, event: Live) -> None:
        """News that is not kept."""
        self._send(events.line(event))

    async def close(self) -> None:
        """Let clients take what is there, for a moment; then nobody is served any more."""
        if self._minding is not None:
            self._minding.cancel()
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.finish()
        tasks = [client.task for client in self._clients if client.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=_GOODBYE_S)
        for client in tuple(self._clients):
            client.drop()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _send(self, line: bytes) -> None:
        for client in tuple(self._clients):
            client.send(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid, pid = _peer(writer)
        if uid != os.getuid():
            writer.transport.abort()
            return
        caught_up = CaughtUp(run=self._run, pid=os.getpid())
        standing = [events.line(event) for event in (*self.standing(), caught_up)]
        client = _Client(writer, [*self._lines, *standing])
        self._clients.add(client)
        client.task = asyncio.create_task(client.pump())
        try:
            await self._listen(reader, client, _who(uid, pid))
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await client.task
            self._clients.discard(client)
            writer.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader, client: _Client, by: str) -> None:
        try:
            while True:
                try:
                    raw = await reader.readline()
                except (OSError, ValueError):  # gone, or a line longer than any word of ours
                    break
                if not raw.endswith(b"\n"):
                    break
                word = events.read_client(raw)
                if word is not None:
                    client.send(events.line(replace(self._judge(word, by), id=word.id)))
        finally:
            client.drop()


class _Client:
    """One connection: what it has not taken yet, bounded."""

    def __init__(self, writer: asyncio.StreamWriter, replay: list[bytes]) -> None:
        self._writer = writer
        self._queue = deque(replay)
        self._most = len(replay) + BEHIND_LINES
        self._news = asyncio.Event()
        self._ending = False
        self.task: asyncio.Task[None] | None = None

    def send(self, line: bytes) -> None:
        self._queue.append(line)
        self._news.set()
        if len(self._queue) > self._most:
            self.drop()

    def finish(self) -> None:
        """End once all is taken."""
        self._ending = True
        self._news.set()

    def drop(self) -> None:
        """Now, whatever was not taken."""
        self._queue.clear()
        self.finish()
        self._writer.transport.abort()

    async def pump(self) -> None:
        try:
            while True:
                while self._queue:
                    self._writer.write(self._queue.popleft())
                    async with asyncio.timeout(STALLED_S):
                        await self._writer.drain()
                if self._ending:
                    break
                self._news.clear()
                await self._news.wait()
            self._writer.close()
            async with asyncio.timeout(_GOODBYE_S):
                await self._writer.wait_closed()  # what the socket did not take yet would be lost with us
        except (OSError, TimeoutError):
            self._writer.transport.abort()


def judge(
    answer: Callable[[AnswerGate, str], Reply],
    secret: Callable[[GiveSecret, str], Reply],
    request: Callable[[str, str], Reply],
) -> Callable[[FromClient, str], Reply]:
    """A client's word to the method for it."""

    def of(word: FromClient, by: str) -> Reply:
        if isinstance(word, AnswerGate):
            return answer(word, by)
        return secret(word, by) if isinstance(word, GiveSecret) else request(word.what, by)

    return of


def _peer(writer: asyncio.StreamWriter) -> tuple[int, int]:
    """uid and pid of the other side, as the kernel says; where it does not say, our own (the directory is 0700)."""
    sock = writer.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return os.getuid(), 0
    pid, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i")))
    return uid, pid


def _who(uid: int, pid: int) -> str:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return f"{name} (pid {pid})"
