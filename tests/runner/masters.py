"""Masters that are directories of this machine: every command really runs, in the real shell, behind the real fence.

``Masters`` is a Transport; ``fault`` lets a test lose a command before it is run, or its outcome after.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from novatui.config import ClusterConfig, EtcdConfig, NodeConfig
from novatui.errors import RemoteError
from novatui.remote.command import Command, Fence, Outcome, Status, classify, shell_line
from novatui.remote.secrets import Keeper, SecretAsk, SecretKind

# What befalls a command: None, "before" (never arrives, the link breaks), "after" (runs, its outcome is lost),
# "gone" (the master does not answer), "lies" (runs, and says that it failed).
Fault = Callable[[str, Command], str | None]


def cluster(root: Path, nodes: int = 3) -> ClusterConfig:
    """``nodes`` masters m1.. with their directories under ``root``."""
    made = []
    for number in range(1, nodes + 1):
        name = f"m{number}"
        (root / name).mkdir(parents=True, exist_ok=True)
        made.append(
            NodeConfig(name=name, host="127.0.0.1", etcd=EtcdConfig(work_dir=str(root / name / "work")))
        )
    return ClusterConfig(name="tiny", nodes=tuple(made))


class Masters:
    """``sent`` are the commands that were run, as shown, in order: (node, line)."""

    def __init__(self, config: ClusterConfig, fault: Fault = lambda node, command: None) -> None:
        self.config = config
        self.fault = fault
        self.sent: list[tuple[str, str]] = []

    async def run(
        self,
        node: str,
        command: Command,
        *,
        fence: Fence | None = None,
        on_output: Callable[[bytes], None] | None = None,
    ) -> Outcome:
        fault = self.fault(node, command)
        if fault in ("before", "gone"):
            return Outcome(status=Status.UNKNOWN, error="the connection was lost")
        self.sent.append((node, command.shown_line()))
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            shell_line(command, fence=fence),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        out, err = await process.communicate(command.stdin)
        if on_output is not None and out:
            on_output(out)
        if fault == "after":
            return Outcome(status=Status.UNKNOWN, error="the connection was lost")
        if fault == "lies":
            return Outcome(status=Status.FAILED, exit=1, stderr=b"another job took its place")
        assert process.returncode is not None
        status = classify(process.returncode, None, changes=command.changes)
        return Outcome(status=status, exit=process.returncode, stdout=out, stderr=err)

    async def relay(
        self,
        source: tuple[str, Command],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        read = await self.run(source[0], source[1])
        if not read.ok:
            return read
        if on_progress is not None:
            on_progress(len(read.stdout))
        taker = Command(
            argv=target[1].argv, script=target[1].script, stdin=read.stdout, changes=target[1].changes
        )
        return await self.run(target[0], taker, fence=fence)

    async def feed(
        self,
        pieces: Iterator[bytes],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        stdin = b"".join(pieces)
        if on_progress is not None:
            on_progress(len(stdin))
        taker = Command(argv=target[1].argv, script=target[1].script, stdin=stdin, changes=target[1].changes)
        return await self.run(target[0], taker, fence=fence)

    async def stream(self, node: str, command: Command, *, keepalive_s: float = 0.0) -> AsyncIterator[bytes]:
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            shell_line(Command(argv=command.argv, script=command.script, timeout_s=0)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None and process.stdout is not None

        async def beat() -> None:
            while True:
                await asyncio.sleep(keepalive_s or 3600)
                assert process.stdin is not None
                process.stdin.write(b"\n")

        beating = asyncio.create_task(beat())
        try:
            while line := await process.stdout.readline():
                yield line.rstrip(b"\n")
            code = await process.wait()
            if code:
                raise RemoteError("a command on the master ended", f"exit {code}")
        finally:
            beating.cancel()
            process.stdin.close()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def close(self) -> None:
        return None


class Locked(Masters):
    """A master with a file ``locked`` takes nobody in who does not know what is in it; asked once a process, in the
    background as a connection does: a command waits for a moment only."""

    def __init__(self, config: ClusterConfig, keeper: Keeper) -> None:
        super().__init__(config)
        self._keeper = keeper
        self._entering: dict[str, asyncio.Task[None]] = {}

    async def run(
        self,
        node: str,
        command: Command,
        *,
        fence: Fence | None = None,
        on_output: Callable[[bytes], None] | None = None,
    ) -> Outcome:
        lock = Path(self.config.node(node).etcd.work_dir).parent / "locked"
        if lock.exists():
            if node not in self._entering:
                self._entering[node] = asyncio.create_task(self._enter(node, lock))
            entering = self._entering[node]
            if not (await asyncio.wait({entering}, timeout=0.2))[0]:
                return Outcome(status=Status.UNKNOWN, error="not let in yet")
        return await super().run(node, command, fence=fence, on_output=on_output)

    async def _enter(self, node: str, lock: Path) -> None:
        said, attempt = "", 0
        while said != lock.read_text():
            attempt += 1
            said = await self._keeper.ask(SecretAsk(SecretKind.SUDO, node, "ops", attempt=attempt)) or ""
