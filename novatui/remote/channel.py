"""One command on one channel: what it says, how it ends. Knows SSH by the shape of its callbacks only."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from novatui.model.sanitize import clean

# After the exit status, the wait for more of the output: a child that keeps the pipe must not keep us.
LINGER_S = 3.0
# What may come before the marker: a login shell's chatter.
NOISE_MAX = 256 * 1024


class Channel(Protocol):
    """What is used of an SSH channel."""

    def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def terminate(self) -> None: ...
    def abort(self) -> None: ...
    def is_closing(self) -> bool: ...


class Abandoned(Exception):
    """The channel opened after its caller had gone; the command was not sent."""


class Marked:
    """Passes on what follows the marker's line; what a login shell printed before it is dropped."""

    def __init__(self, marker: str, sink: Callable[[bytes], None]) -> None:
        self._marker = marker.encode() + b"\n"
        self._sink = sink
        self._head = bytearray()
        self.seen = not marker

    def feed(self, data: bytes) -> None:
        if self.seen:
            self._sink(data)
            return
        self._head += data
        at = self._head.find(self._marker)
        if at >= 0:
            self.seen = True
            rest = bytes(self._head[at + len(self._marker) :])
            self._head.clear()
            if rest:
                self._sink(rest)
        elif len(self._head) > NOISE_MAX:
            del self._head[: -len(self._marker)]


class Exec:
    """The session of one exec request.

    ``exit`` and ``signal`` both None after ``wait`` means that the connection went away: nothing is known of the end.
    Callbacks never raise: an exception in one would end the whole connection.
    """

    def __init__(
        self,
        marker: str,
        on_stdout: Callable[[bytes], None],
        on_stderr: Callable[[bytes], None],
    ) -> None:
        self._stdout = Marked(marker, on_stdout)
        self._stderr = Marked(marker, on_stderr)
        self._chan: Channel | None = None
        self._over = asyncio.Event()
        self._exited = asyncio.Event()
        self.abandoned = False
        self.on_pause: Callable[[], None] | None = None  # the other side takes no more for now
        self.on_resume: Callable[[], None] | None = None
        self.on_over: Callable[[], None] | None = None  # the channel is closed
        self.whole = False  # all of the output came: its end was seen
        self.exit: int | None = None
        self.signal: str | None = None
        self.failure = ""
        self.cut = False  # its output could not be taken to the end
        self._pieces = 0  # how often something came

    @property
    def began(self) -> bool:
        """Our own words were seen: the login shell did run the command."""
        return self._stdout.seen

    @property
    def over(self) -> bool:
        return self._over.is_set()

    # -- asyncssh calls these

    def connection_made(self, chan: Channel) -> None:
        if self.abandoned:  # raised before the exec request is sent: nothing will run
            chan.abort()
            raise Abandoned
        self._chan = chan

    def session_started(self) -> None:
        pass

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._pieces += 1
        try:
            (self._stdout if datatype is None else self._stderr).feed(data)
        except Exception as exc:
            self.failure = self.failure or clean(f"{type(exc).__name__}: {exc}", cap=400)
            self.cut = True
            self.stop()

    def eof_received(self) -> bool:
        self.whole = True
        return True  # keeps our own direction open

    def exit_status_received(self, status: int) -> None:
        self.exit = status
        self._exited.set()

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self.signal = clean(signal, cap=40)
        self._exited.set()

    def pause_writing(self) -> None:
        if self.on_pause is not None:
            self.on_pause()

    def resume_writing(self) -> None:
        if self.on_resume is not None:
            self.on_resume()

    def xon_xoff_requested(self, client_can_do: bool) -> None:
        pass

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.failure = self.failure or clean(str(exc), cap=400)
        elif self.exit is not None:
            self.whole = True  # closed in order by the other side
        self._over.set()
        self._exited.set()
        self.resume_writing()
        if self.on_over is not None:
            self.on_over()

    # -- we call these

    def write(self, data: bytes) -> None:
        """Lost without a word when the channel is closing: the end of the command tells."""
        if self._chan is not None and not self._chan.is_closing():
            with contextlib.suppress(OSError):
                self._chan.write(data)

    def write_eof(self) -> None:
        if self._chan is not None and not self._chan.is_closing():
            with contextlib.suppress(OSError):
                self._chan.write_eof()

    def pause(self) -> None:
        if self._chan is not None and not self.over:
            self._chan.pause_reading()

    def resume(self) -> None:
        if self._chan is not None and not self.over:
            self._chan.resume_reading()

    async def wait(self, *, linger: bool = True) -> None:
        """Until the channel is closed and all output was taken; with ``linger`` only a little longer than the exit
        status, when a child of the command keeps it open. sshd tells the exit before the rest of the output: as long as
        that comes, it is waited for."""
        if not linger:
            await self._over.wait()
        await self._exited.wait()
        pieces = -1
        while pieces != self._pieces and not self.over:
            pieces = self._pieces
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._over.wait()

    def stop(self) -> None:
        """TERM, then the channel away at once, unsent data with it; the master's own limit does the rest."""
        self.abandoned = True
        if self._chan is None or self.over:
            return
        with contextlib.suppress(OSError):
            if not self._exited.is_set():
                self._chan.terminate()
            self._chan.abort()
