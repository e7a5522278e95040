"""A unit's process as systemd makes it: its environment, where its output goes, its notify socket, its end."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from novatui.demo import envfile
from novatui.demo.children import Child, Stdio
from novatui.demo.layout import ordinary_environment
from novatui.demo.lines import PipeLines
from novatui.demo.machine import Machine
from novatui.demo.notify import NotifySocket
from novatui.demo.unitfile import Definition


@dataclass(frozen=True)
class Transient:
    """What ``systemd-run`` adds to a unit that has no file."""

    argv: tuple[str, ...]
    stdio: tuple[Stdio, Stdio, Stdio] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    cwd: str = "/"


class Process:
    """A started main process, with what has to be closed after it."""

    def __init__(self, child: Child, notify: NotifySocket | None) -> None:
        self.child = child
        self.output: PipeLines | None = None
        self._notify = notify

    def close(self) -> None:
        """Take what it still said, then let go of its pipe and socket."""
        if self.output:
            self.output.drain()
            self.output.close()
            self.output = None
        if self._notify:
            self._notify.close()
            self._notify = None


def environment(
    definition: Definition, machine: Machine, transient: Transient | None, invocation_id: str
) -> dict[str, str]:
    """Raises OSError when an environment file cannot be read."""
    env = ordinary_environment(machine.files)
    env["INVOCATION_ID"] = invocation_id
    for line in definition.all("Service", "Environment"):
        for word in shlex.split(line):
            key, _, value = word.partition("=")
            env[key] = value
    for line in definition.all("Service", "EnvironmentFile"):
        path = Path(line.removeprefix("-"))
        if line.startswith("-") and not path.exists():
            continue
        env |= envfile.parse(path.read_text("utf-8", "replace"))
    return env | (transient.environment if transient else {})


def spawn(
    argv: list[str],
    env: dict[str, str],
    machine: Machine,
    transient: Transient | None,
    *,
    notify: tuple[Path, Callable[[dict[str, str]], None]] | None,
    printed: Callable[[int, str, bytes], None],
) -> Process:
    """``notify``: where the process tells its state, and who hears it; ``printed``: pid, program, line."""
    socket = NotifySocket(*notify) if notify else None
    if socket:
        env["NOTIFY_SOCKET"] = str(socket.path)
    stdio = transient.stdio if transient else None
    ours = theirs = -1
    if stdio is None:
        ours, theirs = os.pipe()
        stdio = (None, theirs, theirs)
    child = machine.children.start(
        argv,
        owner=machine.owner,
        env=env,
        cwd=Path(transient.cwd if transient else "/"),
        stdin=stdio[0] if stdio[0] is not None else -3,  # subprocess.DEVNULL
        stdout=stdio[1],
        stderr=stdio[2],
        takes_group=True,
    )
    process = Process(child, socket)
    if ours >= 0:
        os.close(theirs)
        process.output = PipeLines(ours, lambda line: printed(child.pid, argv[0], line))
    return process
