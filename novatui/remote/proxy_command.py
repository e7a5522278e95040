"""ProxyCommand: the way to a host is whatever a command of the person's own ssh_config makes of its stdin and stdout.

Run as ssh runs it: by the person's shell, after ``exec``. It gets no terminal: it can neither draw over the screen nor ask.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
from collections.abc import Mapping

from novatui.errors import RemoteError
from novatui.model.sanitize import clean

SAID_MAX = 2048
KILL_AFTER_S = 1.0
# What stands for a token is written into a shell's line: nothing in it may mean anything to a shell.
_PLAIN = re.compile(r"[A-Za-z0-9_.:@%+,=/][A-Za-z0-9_.:@%+,=/-]*\Z")
_TOKENS = tuple("%hnprk")


def written(command: str, tokens: Mapping[str, str]) -> str:
    """``command`` with its tokens, ``~`` and variables left to the shell. Raises RemoteError for what cannot be written."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in _TOKENS:
            raise _bad(f"ProxyCommand knows no %{name}", "%h %n %p %r %k and %% are")
        if name != "%" and not _PLAIN.match(tokens[name]):
            raise _bad(f"%{name} of ProxyCommand is {tokens[name]!r}", "a shell would not take that as it is")
        return tokens[name]

    return re.sub(r"%(.?)", value, command)


class Proxied:
    """The running command. ``sock`` is our end of it, closed by whoever takes it."""

    def __init__(self, sock: socket.socket, process: asyncio.subprocess.Process) -> None:
        self.sock = sock
        self._process = process
        self._said = bytearray()
        self._tending = asyncio.create_task(self._tend(), name="ProxyCommand")

    @classmethod
    async def start(cls, command: str) -> Proxied:
        """Raises OSError."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                os.environ.get("SHELL") or "/bin/sh",
                "-c",
                f"exec {command}",
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(ours, process)

    @property
    def said(self) -> str:
        """The end of its stderr, safe to show."""
        return clean(b" ".join(bytes(self._said).split()), cap=300)

    async def gone(self, limit_s: float) -> None:
        """Until it and its stderr ended, or the time is over."""
        await asyncio.wait({self._tending}, timeout=limit_s)

    def end(self) -> None:
        """As ssh does it: a hang-up for all of it; a KILL for what does not hear that."""
        self.sock.close()
        if self._process.returncode is None:
            self._signal(signal.SIGHUP)
            asyncio.get_running_loop().call_later(KILL_AFTER_S, self._signal, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    async def _tend(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while piece := await stderr.read(4096):
            self._said += piece
            del self._said[:-SAID_MAX]
        await self._process.wait()


def _bad(what: str, why: str) -> RemoteError:
    return RemoteError("ssh_config cannot be followed", clean(f"{what}: {why}"), "correct ProxyCommand")
