"""A master of the tests: a real SSH server in this process that runs real commands, and a proxy that breaks the way to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from novatui.config import ClusterConfig, NodeConfig, SshConfig


@dataclass
class Sshd:
    """``noise`` is printed before every command, as a chatty ``.bashrc`` does. ``refuse_sessions``: MaxSessions."""

    host_key: asyncssh.SSHKey
    user_key: asyncssh.SSHKey
    noise: bytes = b""
    max_sessions: int = 10
    path: str = ""
    forced: str = ""  # run instead of what was asked, as sshd's ForceCommand
    ran: list[str] = field(default_factory=list)
    sessions: int = 0
    connections: int = 0
    _acceptor: asyncssh.SSHAcceptor | None = None
    _children: list[asyncio.subprocess.Process] = field(default_factory=list)
    port: int = 0

    async def start(self, port: int = 0) -> None:
        sshd = self

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                sshd.connections += 1

            def begin_auth(self, username: str) -> bool:
                return True

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
                return key.public_data == sshd.user_key.public_data

            def session_requested(self) -> Any:
                if sshd.sessions >= sshd.max_sessions:
                    return False
                return asyncssh.SSHServerProcess(sshd._process, None, 3, False)

        self._acceptor = await asyncssh.create_server(
            Server,
            "127.0.0.1",
            port,
            server_host_keys=[self.host_key],
            encoding=None,
            allow_pty=False,
        )
        self.port = self._acceptor.get_port()

    async def stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
        for child in self._children:  # what outlived its connection, as it does on a real master
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
            await child.wait()

    async def _process(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self.sessions += 1
        try:
            await self._run(process)
        except (OSError, asyncssh.Error):
            pass  # the client went away
        finally:
            self.sessions -= 1

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = process.command or ""
        self.ran.append(command)
        process.stdout.write(self.noise)
        process.stderr.write(self.noise)
        env = {"PATH": f"{self.path}:/usr/bin:/bin"} if self.path else None
        pipe = asyncio.subprocess.PIPE
        early: list[str] = []  # signals that come before the command is there
        setattr(process, "signal_received", early.append)  # noqa: B010
        child = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            self.forced or command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=env,
            start_new_session=True,
        )
        self._children.append(child)
        assert child.stdin is not None and child.stdout is not None and child.stderr is not None

        def signalled(name: str) -> None:
            """As sshd: to the whole process group."""
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, getattr(signal, f"SIG{name}"))

        setattr(process, "signal_received", signalled)  # noqa: B010 - the channel calls it at once, also after the end of input
        for name in early:
            signalled(name)
        stdin = asyncio.create_task(_feed(process, child))
        outputs = [
            asyncio.create_task(_copy(child.stdout, process.stdout)),
            asyncio.create_task(_copy(child.stderr, process.stderr)),
        ]
        try:
            code = await child.wait()
            await asyncio.wait(outputs, timeout=25)
            if code < 0:
                process.exit_with_signal("KILL" if code == -9 else "TERM")
            else:
                process.exit(code)
        finally:
            for task in (stdin, *outputs):
                task.cancel()


async def _feed(process: asyncssh.SSHServerProcess[bytes], child: asyncio.subprocess.Process) -> None:
    """Input and its end. A gone client is the end of input."""
    assert child.stdin is not None
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await process.stdin.read(65536):
            child.stdin.write(data)
            await child.stdin.drain()
    child.stdin.close()


async def _copy(source: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()


class Proxy:
    """Between us and a master. ``hole``: everything is swallowed, nothing closed. ``reset``: RST to both."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay_s = 0.0

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def hole(self, on: bool = True) -> None:
        if on:
            self._open.clear()
        else:
            self._open.set()

    def reset(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        self.reset()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._open.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(far_writer)
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
            self._writers.discard(writer)


@dataclass
class Fixture:
    """One sshd, a proxy in front of it, and the configuration of a cluster of that one node (or of more)."""

    sshd: Sshd
    proxy: Proxy
    directory: Path

    def node(self, name: str = "m1", **ssh: Any) -> NodeConfig:
        values: dict[str, Any] = {
            "user": "ops",
            "identity_files": (str(self.directory / "id"),),
            "known_hosts": str(self.directory / "known_hosts"),
            "become": "none",
        }
        return NodeConfig(
            name=name, host="127.0.0.1", port=self.proxy.port, ssh=SshConfig(**{**values, **ssh})
        )

    def cluster(self, **ssh: Any) -> ClusterConfig:
        return ClusterConfig(name="test", nodes=(self.node(**ssh),))

    def know(self, key: asyncssh.SSHKey | None = None) -> None:
        """Write known_hosts: the sshd's own key, or another."""
        public = (key or self.sshd.host_key).export_public_key().decode()
        (self.directory / "known_hosts").write_text(f"[127.0.0.1]:{self.proxy.port} {public}")


async def make(directory: Path) -> Fixture:
    """Started; known to its client. ``become`` is none unless a test says otherwise."""
    sshd = Sshd(asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519"))
    await sshd.start()
    proxy = Proxy(sshd.port)
    await proxy.start()
    sshd.user_key.write_private_key(str(directory / "id"))
    (directory / "id").chmod(0o600)
    fixture = Fixture(sshd, proxy, directory)
    fixture.know()
    return fixture
