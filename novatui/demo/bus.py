"""The unix socket of one master on which its stand-ins ask: one call a connection, with the caller's descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from novatui.demo import pipes
from novatui.demo.reply import NotHere, Reply

# (tool, words, reply, the caller's descriptors 0 - 2) -> exit status
Handler = Callable[[str, list[str], Reply, tuple[int, int, int]], Awaitable[int]]


class Bus:
    """Serves until closed. A caller that goes away ends its call."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._handler = handler
        self._calls: set[asyncio.Task[None]] = set()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        path.unlink(missing_ok=True)
        self._listener.bind(str(path))
        self._listener.listen(128)
        self._accepting = asyncio.ensure_future(self._accept())

    def drop_calls(self) -> None:
        """The power went: nobody is answered."""
        for call in self._calls:
            call.cancel()

    def close(self) -> None:
        self._accepting.cancel()
        self.drop_calls()
        self._listener.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            link, _ = await loop.sock_accept(self._listener)
            call = asyncio.ensure_future(self._serve(link))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _serve(self, link: socket.socket) -> None:
        descriptors: list[int] = []
        try:
            head, descriptors = await _receive(link)
            reader, writer = await asyncio.open_unix_connection(sock=link)
            try:
                request = await reader.readexactly(int.from_bytes(head, "big"))
                words = [os.fsdecode(word) for word in request.split(b"\0")]
                await self._answer(words, reader, Reply(writer), descriptors)
            finally:
                writer.close()
        except (OSError, EOFError):
            link.close()
        finally:
            for each in descriptors:
                os.close(each)

    async def _answer(
        self, words: list[str], reader: asyncio.StreamReader, reply: Reply, descriptors: list[int]
    ) -> None:
        work = asyncio.ensure_future(self._work(words, reply, descriptors))
        gone = asyncio.ensure_future(reader.read(1))  # the caller says nothing more: this ends when it does
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await task

    async def _work(self, words: list[str], reply: Reply, descriptors: list[int]) -> None:
        stdin, stdout, stderr = descriptors
        try:
            code = await self._handler(words[0], words[1:], reply, (stdin, stdout, stderr))
        except NotHere as why:
            await reply.err(f"{why}\n")
            code = why.exit_code
        await reply.exit(code)


async def _receive(link: socket.socket) -> tuple[bytes, list[int]]:
    """The length of the request and the three descriptors that ride on it."""
    link.setblocking(False)
    await pipes.until(link.fileno(), writable=False)
    head, descriptors, _, _ = socket.recv_fds(link, 4, 3)
    if len(head) != 4 or len(descriptors) != 3:
        for each in descriptors:
            os.close(each)
        raise EOFError
    return head, descriptors
