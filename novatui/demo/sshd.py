"""The SSH server of one master: a real shell runs each command line, as OpenSSH's sshd does without a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal as signals
import socket
import subprocess
from typing import Any

import asyncssh

from novatui.demo import pipes
from novatui.demo.layout import MasterFiles, ordinary_environment
from novatui.demo.machine import Machine

# sshd's default.
MAX_SESSIONS = 10
PIECE = 1 << 18


class _Session(asyncssh.SSHServerProcess[bytes]):
    """One exec request. Signals that a client asks for come at any time, so not by way of stdin as asyncssh has it."""

    pid = 0

    def signal_received(self, signal: str) -> None:
        """As sshd: to the session's process group, and not for root, whose sessions have no separate monitor."""
        number = getattr(signals, f"SIG{signal}", None)
        if number is not None and self.pid and os.getuid() != 0:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def break_received(self, msec: int) -> bool:
        return False

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        return None


class _Guard(asyncssh.SSHServer):
    """One connection: public key only (asyncssh checks it), at most MaxSessions channels."""

    def __init__(self, door: SshDoor) -> None:
        self._door = door
        self._sessions = 0
        self._peer = ("", 0)

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._door.connections.add(conn)
        self._conn = conn

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.connections.discard(self._conn)

    def session_requested(self) -> _Session | bool:
        if self._sessions >= self._door.max_sessions:
            return False
        return _Session(self._serve, None, 3, False)

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        assert isinstance(process, _Session)
        self._sessions += 1
        try:
            await self._door.serve(process)
        finally:
            self._sessions -= 1


class SshDoor:
    """Serves SSH on sockets that a ``Wire`` hands over."""

    def __init__(
        self, machine: Machine, host_key: asyncssh.SSHKey, client_key: asyncssh.SSHAuthorizedKeys
    ) -> None:
        self._machine = machine
        self._host_key = host_key
        self._client_key = client_key
        self.max_sessions = MAX_SESSIONS
        self.connections: set[asyncssh.SSHServerConnection] = set()

    async def take(self, sock: socket.socket) -> None:
        """One accepted connection, until it is closed. What a client does wrong is its own affair."""
        try:
            conn = await asyncssh.run_server(
                sock,
                server_factory=lambda: _Guard(self),
                server_host_keys=[self._host_key],
                authorized_client_keys=self._client_key,
                password_auth=False,
                kbdint_auth=False,
                host_based_auth=False,
                agent_forwarding=False,
                x11_forwarding=False,
                encoding=None,
                allow_scp=False,
                keepalive_interval=0,
                rekey_bytes=1 << 40,
            )
            await conn.wait_closed()
        except (OSError, asyncssh.Error, TimeoutError):
            sock.close()

    def change_host_key(self) -> None:
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")

    def drop(self) -> None:
        for conn in list(self.connections):
            conn.abort()

    async def serve(self, process: _Session) -> None:
        """One exec request. The command outlives a lost connection; its pipes do not."""
        if process.command is None:
            process.stderr.write(
                b"This master of the novatui demo runs commands, it has no interactive shell.\n"
            )
            process.exit(1)
            return
        files = self._machine.files
        child = self._machine.children.start(
            ["/bin/bash", "-c", process.command],
            owner=self._machine.owner,
            env=session_environment(files),
            cwd=files.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.pid = child.pid
        stdin, stdout, stderr = child.take_pipes()
        feeding = asyncio.ensure_future(_feed(process, stdin))
        draining = [
            asyncio.ensure_future(_carry(stdout, process.stdout)),
            asyncio.ensure_future(_carry(stderr, process.stderr)),
        ]
        lost = asyncio.ensure_future(process.wait_closed())
        over: asyncio.Future[Any] = asyncio.gather(*draining, asyncio.shield(child.ended))
        try:
            await asyncio.wait({over, lost}, return_when=asyncio.FIRST_COMPLETED)
            if over.done() and not over.cancelled() and over.exception() is None:
                _report(process, child.ended.result())
        except (OSError, asyncssh.Error):
            pass  # the connection went; the command goes on without us
        finally:
            over.cancel()
            for task in (feeding, lost, *draining):
                task.cancel()
            await asyncio.gather(feeding, lost, over, *draining, return_exceptions=True)


async def _feed(process: _Session, pipe: int) -> None:
    """The client's data into the command's stdin; its end closes it."""
    try:
        while piece := await process.stdin.read(PIECE):
            await pipes.write(pipe, piece)
    except (OSError, asyncssh.Error):
        return  # the command reads no more, or the connection went
    finally:
        os.close(pipe)


async def _carry(pipe: int, target: asyncssh.SSHWriter[bytes]) -> None:
    """The command's output to the client, no faster than the client takes it."""
    try:
        while piece := await pipes.read(pipe, PIECE):
            target.write(piece)
            await target.drain()
    finally:
        os.close(pipe)


def session_environment(files: MasterFiles) -> dict[str, str]:
    """Clean, with what makes bash read ``.bashrc`` for a remote command as it does under sshd."""
    env = ordinary_environment(files)
    env["SSH_CLIENT"] = "127.0.0.1 0 22"
    env["SSH_CONNECTION"] = f"127.0.0.1 0 {files.host} 22"
    return env


def _report(process: _Session, code: int) -> None:
    if os.WIFSIGNALED(code):
        number = os.WTERMSIG(code)
        name = signals.Signals(number).name.removeprefix("SIG")
        process.exit_with_signal(name, os.WCOREDUMP(code), "")
    else:
        process.exit(os.WEXITSTATUS(code))
