"""Child processes of the supervisor: started so that they die with it, reaped in one place, found again by master."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

PR_SET_CHILD_SUBREAPER = 36

Stdio = int | IO[Any] | None


class Child:
    """One process. ``code`` is its wait status once it ended (``os.WIFEXITED`` and friends), None before. ``takes_group``: what
    is left of its process group ends with it."""

    def __init__(self, popen: subprocess.Popen[bytes], owner: str, *, takes_group: bool) -> None:
        self.popen = popen
        self.pid = popen.pid
        self.owner = owner
        self.takes_group = takes_group
        self.code: int | None = None
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def take_pipes(self) -> tuple[int, int, int]:
        """Our ends of its stdin, stdout and stderr pipes; the caller closes them."""
        popen = self.popen
        assert popen.stdin is not None and popen.stdout is not None and popen.stderr is not None
        ends = []
        for stream in (popen.stdin, popen.stdout, popen.stderr):
            ends.append(os.dup(stream.fileno()))
            stream.close()
            os.set_blocking(ends[-1], False)
        return ends[0], ends[1], ends[2]

    def signal(self, number: int) -> None:
        """Nothing happens when it has ended: its pid is ours until it is reaped."""
        if self.code is None:
            os.kill(self.pid, number)

    def kill_group(self) -> None:
        """SIGKILL its process group, as long as that is surely its own."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


class Children:
    """All children of this process. The supervisor is a subreaper, so orphans of any depth come back to it."""

    def __init__(self) -> None:
        self._known: dict[int, Child] = {}
        self._sessions: dict[int, str] = {}  # session id -> owner, also of ended children: theirs may live on

    def open(self) -> None:
        become_subreaper()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def start(
        self,
        argv: Sequence[str],
        *,
        owner: str,
        env: Mapping[str, str],
        cwd: Path,
        stdin: Stdio = subprocess.DEVNULL,
        stdout: Stdio = subprocess.DEVNULL,
        stderr: Stdio = subprocess.DEVNULL,
        takes_group: bool = False,
    ) -> Child:
        """Start ``argv`` in a session of its own; the kernel kills it when the supervisor dies.

        Must be called from the main thread: the parent-death signal is tied to the thread that forked.
        """
        popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *argv],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
        child = Child(popen, owner, takes_group=takes_group)
        self._known[child.pid] = child
        self._sessions[child.pid] = owner
        return child

    def of(self, owner: str, *, but: frozenset[int] = frozenset()) -> set[int]:
        """Pids of the living processes of one master, however deep, also those that left their parents behind.

        ``but`` names sessions to leave out, with what descends from them.
        """
        table = dict(processes())
        found = set()
        for pid in table:
            chain = list(_ancestry(pid, table))
            if os.getpid() not in chain:
                continue
            sessions = {table[each].session for each in (pid, *chain) if each in table}
            if sessions & but:
                continue
            if any(self._sessions.get(session) == owner for session in sessions) or _at_home(pid, owner):
                found.add(pid)
        return found

    def kill(self, owner: str, *, but: frozenset[int] = frozenset()) -> None:
        """SIGKILL all of them; stops when a look finds none (a process may fork while it is being looked for)."""
        for _ in range(20):
            pids = self.of(owner, but=but)
            if not pids:
                return
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._reap()

    def _reap(self) -> None:
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                return
            child = self._known.pop(found.si_pid, None)
            if child is not None and child.takes_group:
                child.kill_group()  # before its number is let go: then it may be anybody's
            _, code = os.waitpid(found.si_pid, 0)
            if child is not None:
                child.code = code
                child.popen.returncode = os.waitstatus_to_exitcode(code)
                if not child.ended.done():
                    child.ended.set_result(code)


class _Process:
    __slots__ = ("parent", "session", "state")

    def __init__(self, parent: int, session: int, state: str) -> None:
        self.parent = parent
        self.session = session
        self.state = state


def processes() -> Iterator[tuple[int, _Process]]:
    """Every living process of the machine (zombies left out), from /proc/<pid>/stat."""
    for entry in (path.name for path in Path("/proc").iterdir()):
        if not entry.isdecimal():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text("utf-8", "replace")
        except OSError:
            continue
        fields = stat[stat.rindex(")") + 2 :].split()
        if fields[0] not in "ZX":
            yield int(entry), _Process(parent=int(fields[1]), session=int(fields[3]), state=fields[0])


def kill_descendants(leave: Callable[[int], bool] = lambda pid: False) -> None:
    """SIGKILL every child of this process until there is none: as a subreaper it inherits theirs, one by one."""
    for _ in range(1000):
        mine = {pid for pid, process in processes() if process.parent == os.getpid() and not leave(pid)}
        if not mine:
            return
        for pid in mine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in mine:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def become_subreaper() -> None:
    """Orphaned descendants are reparented to this process from now on (not inherited by children)."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _ancestry(pid: int, table: Mapping[int, _Process]) -> Iterator[int]:
    while pid in table:
        pid = table[pid].parent
        yield pid


def _at_home(pid: int, owner: str) -> bool:
    """Whether an orphan that left its session still stands in a directory of that master (``owner`` is its root)."""
    try:
        cwd = str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return False
    return cwd == owner or cwd.startswith(owner + "/")
