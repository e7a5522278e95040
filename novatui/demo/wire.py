"""The network in front of one SSH server: it can pass, go silent (half-open), be slow, reset or refuse."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable

PIECE = 1 << 18
# SO_LINGER on with zero seconds: close sends RST.
RESET = struct.pack("ii", 1, 0)


class Wire:
    """A TCP listener whose connections are pumped, byte for byte, to sockets that ``serve`` takes over."""

    def __init__(self, host: str, port: int, serve: Callable[[socket.socket], Awaitable[None]]) -> None:
        self.host = host
        self.port = port
        self.delay_s = 0.0
        self._serve = serve
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._sockets: set[socket.socket] = set()
        self._passing = asyncio.Event()
        self._passing.set()

    @property
    def cut(self) -> bool:
        return not self._passing.is_set()

    def open(self) -> None:
        """Listen; a taken port gives another one (seen in ``port``)."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._accepting = asyncio.ensure_future(self._accept(listener))

    def close(self) -> None:
        """Refuse from now on, and reset what is open."""
        if self._accepting:
            self._accepting.cancel()
        if self._listener:
            self._listener.close()
            self._listener = None
        self.reset()

    def silence(self) -> None:
        """Half-open: nothing is forwarded, nothing accepted (the kernel still completes a few handshakes)."""
        self._passing.clear()

    def restore(self) -> None:
        self._passing.set()

    def reset(self) -> None:
        """Break every connection with RST; new ones are served."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        for link in self._links:
            link.cancel()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._passing.wait()
            outer, _ = await loop.sock_accept(listener)
            link = asyncio.ensure_future(self._link(outer))
            self._links.add(link)
            link.add_done_callback(self._links.discard)

    async def _link(self, outer: socket.socket) -> None:
        outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        inner, theirs = socket.socketpair()
        inner.setblocking(False)
        theirs.setblocking(False)
        self._sockets.add(outer)
        server = asyncio.ensure_future(self._serve(theirs))
        try:
            there = asyncio.ensure_future(self._pump(outer, inner))
            back = asyncio.ensure_future(self._pump(inner, outer))
            try:
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in (there, back):
                    pump.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        finally:
            self._sockets.discard(outer)
            outer.close()
            inner.close()
            await asyncio.gather(server, return_exceptions=True)

    async def _pump(self, source: socket.socket, target: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            piece = await loop.sock_recv(source, PIECE)
            if not piece:
                return
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            await self._passing.wait()
            await loop.sock_sendall(target, piece)
