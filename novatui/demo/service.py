"""One service unit with systemd's states, timers and messages (v252: src/core/service.c), driven by events."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from novatui.demo import envfile, unitfile
from novatui.demo.children import Child, Children, Stdio
from novatui.demo.journal import Journal
from novatui.demo.layout import MasterFiles, ordinary_environment
from novatui.demo.lines import PipeLines
from novatui.demo.notify import NotifySocket
from novatui.demo.unitfile import INFINITE, Definition

ACTIVE_OF = {
    "dead": "inactive",
    "failed": "failed",
    "start": "activating",
    "auto-restart": "activating",
    "running": "active",
    "exited": "active",
    "stop-sigterm": "deactivating",
    "stop-sigkill": "deactivating",
}
DOWN = ("inactive", "failed")
CLEAN_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)
EXIT_NAMES = {
    0: "SUCCESS",
    1: "FAILURE",
    2: "INVALIDARGUMENT",
    3: "NOTIMPLEMENTED",
    4: "NOPERMISSION",
    5: "NOTINSTALLED",
    6: "NOTCONFIGURED",
    7: "NOTRUNNING",
    200: "CHDIR",
    203: "EXEC",
}
# systemd's defaults: DefaultTimeoutStart/StopSec, DefaultStartLimitIntervalSec and -Burst.
TIMEOUT_S = 90.0
LIMIT_INTERVAL_S = 10.0
LIMIT_BURST = 5


@dataclass
class Machine:
    """What a unit needs of its master."""

    files: MasterFiles
    journal: Journal
    children: Children

    @property
    def owner(self) -> str:
        return str(self.files.root)


@dataclass(frozen=True)
class Stamp:
    """A moment in both clocks, microseconds; zero is never."""

    realtime_us: int = 0
    monotonic_us: int = 0

    @staticmethod
    def now() -> Stamp:
        return Stamp(time.time_ns() // 1000, time.monotonic_ns() // 1000)


@dataclass
class MainProcess:
    """The last main process: ``code`` and ``status`` as siginfo has them (CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3)."""

    pid: int = 0
    started: Stamp = Stamp()
    ended: Stamp = Stamp()
    code: int = 0
    status: int = 0


@dataclass(frozen=True)
class Transient:
    """What ``systemd-run`` adds to a unit that has no file."""

    argv: tuple[str, ...]
    stdio: tuple[Stdio, Stdio, Stdio] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    cwd: str = "/"


class Service:
    """Public: ``start``, ``stop``, ``restart`` (futures of a job result), ``reset_failed``, ``kill``, and the state."""

    def __init__(
        self,
        definition: Definition,
        machine: Machine,
        *,
        transient: Transient | None = None,
        on_gone: Callable[[Service], None] = lambda service: None,
    ) -> None:
        self.definition = definition
        self.machine = machine
        self.transient = transient
        self.name = definition.name
        self.sub = "dead"
        self.result = "success"
        self.restarts = 0
        self.main = MainProcess()
        self.invocation_id = ""
        self.status_text = ""
        self.assert_result = True
        self.asserted = Stamp()
        self.changed = self.inactive_exit = self.active_enter = self.active_exit = self.inactive_enter = (
            Stamp()
        )
        self._child: Child | None = None
        self._output: PipeLines | None = None
        self._notify: NotifySocket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._starters: list[asyncio.Future[str]] = []
        self._stoppers: list[asyncio.Future[str]] = []
        self._start_after_stop = False
        self._forbid_restart = False
        self._flush_restarts = False
        self._starts: deque[float] = deque(maxlen=LIMIT_BURST)
        self._on_gone = on_gone
        self._idle = asyncio.Event()  # set while no process of it runs and none is about to
        self._idle.set()

    # -- what it is ---------------------------------------------------------------------------------------------

    @property
    def active(self) -> str:
        return ACTIVE_OF[self.sub]

    @property
    def description(self) -> str:
        return self.definition.one("Unit", "Description", self.name)

    @property
    def type(self) -> str:
        return self.definition.one("Service", "Type", "simple")

    @property
    def main_pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def has_job(self) -> bool:
        return bool(self._starters or self._stoppers)

    async def ended(self) -> None:
        """Wait until it is down; one that remains after its exit is not."""
        while self.sub not in ("dead", "failed"):
            await self._idle.wait()

    def argv(self) -> list[str]:
        if self.transient:
            return list(self.transient.argv)
        return shlex.split(self.definition.one("Service", "ExecStart").lstrip("-+!@:"))

    # -- jobs ---------------------------------------------------------------------------------------------------

    def start(self) -> asyncio.Future[str]:
        """Job results: done, failed, timeout, assert, canceled."""
        job = self._job(self._starters)
        if self.active == "active":
            self._finish(self._starters, "done")
        elif self.active == "deactivating":
            self._start_after_stop = True
        elif self.sub in ("dead", "failed"):
            self._begin()
        # start and auto-restart: the job waits for what is under way, as systemd's does
        return job

    def stop(self) -> asyncio.Future[str]:
        job = self._job(self._stoppers)
        self._start_after_stop = False
        self._finish(self._starters, "canceled")
        if self.active in DOWN:
            self._finish(self._stoppers, "done")
        elif self.sub == "auto-restart":
            self._disarm()
            self._flush_restarts = True
            self._enter("dead")
            self._ended_by_job()
        elif self.active != "deactivating":
            self._log(6, f"Stopping {self.description}...")
            self._forbid_restart = True
            self._terminate()
        return job

    def restart(self) -> asyncio.Future[str]:
        if self.active in DOWN:
            return self.start()
        self.stop()
        job = self._job(self._starters)
        if self.active in DOWN:
            self._begin()
        else:
            self._start_after_stop = True
        return job

    def reset_failed(self) -> None:
        self._starts.clear()
        self.restarts = 0
        if self.sub == "failed":
            self.result = "success"
            self._enter("dead")
            self._on_gone(self)

    def kill(self, number: int) -> bool:
        """A signal to the main process; False when there is none."""
        if self._child is None:
            return False
        self._child.signal(number)
        return True

    def kill_on_request(self, number: int) -> None:
        """``systemctl kill``: the same, with systemd's word about it."""
        if self._child:
            name = signal.Signals(number).name
            program = Path(self.argv()[0]).name
            self._say(
                6, f"Sent signal {name} to main process {self._child.pid} ({program}) on client request."
            )
            self._child.signal(number)

    def print_line(self, line: bytes) -> None:
        """As if the main process had written it."""
        self._printed(self.main_pid, self.argv()[0], line)

    def vanish(self) -> None:
        """The power went: no message, no restart, nothing remembered."""
        self._disarm()
        self._finish(self._starters, "canceled")
        self._finish(self._stoppers, "canceled")
        self._close()
        self._child = None
        self.sub = "dead"
        self._idle.set()

    # -- start --------------------------------------------------------------------------------------------------

    def _begin(self, *, again: bool = False) -> None:
        self.asserted = Stamp.now()
        self.assert_result = not unitfile.failed_assertions(self.definition)
        if not self.assert_result:
            self._say(5, "Starting requested but asserts failed.")
            self._log(3, f"Assertion failed for {self.description}.")
            self._finish(self._starters, "assert")
            return
        if self._too_often():
            self._say(4, "Start request repeated too quickly.")
            if self.result == "success":  # else it keeps saying how it failed before
                self.result = "start-limit-hit"
            self._fail_quietly()
            return
        if not again and self._flush_restarts:
            self.restarts = 0
        self._flush_restarts = False
        self._forbid_restart = False
        self.result = "success"
        self.status_text = ""
        self.main = MainProcess()
        self.invocation_id = secrets.token_hex(16)
        if self.transient is None:
            self._log(6, f"Starting {self.description}...")
        self._launch()

    def _too_often(self) -> bool:
        now = time.monotonic()
        while self._starts and now - self._starts[0] > LIMIT_INTERVAL_S:
            self._starts.popleft()
        if len(self._starts) >= LIMIT_BURST:
            return True
        self._starts.append(now)
        return False

    def _launch(self) -> None:
        try:
            env = self._environment()
        except OSError as why:
            self._say(4, f"Failed to load environment files: {why.strerror}")
            self._say(4, f"Failed to run 'start' task: {why.strerror}")
            self._dead("resources")
            return
        argv = self.argv()
        if not os.access(argv[0], os.X_OK) and "/" in argv[0]:
            self._say(3, f"Failed to locate executable {argv[0]}: No such file or directory")
            self._say(4, "Main process exited, code=exited, status=203/EXEC")
            self.main = MainProcess(started=Stamp.now(), ended=Stamp.now(), code=1, status=203)
            self._dead("exit-code")
            return
        self._spawn(argv, env)
        if self.type in ("notify", "oneshot"):
            self._enter("start")
            self._arm(self.definition.seconds("TimeoutStartSec", TIMEOUT_S), self._start_took_too_long)
        else:
            self._up()

    def _environment(self) -> dict[str, str]:
        env = ordinary_environment(self.machine.files)
        env["INVOCATION_ID"] = self.invocation_id
        for line in self.definition.all("Service", "Environment"):
            for word in shlex.split(line):
                key, _, value = word.partition("=")
                env[key] = value
        for line in self.definition.all("Service", "EnvironmentFile"):
            path = Path(line.removeprefix("-"))
            if line.startswith("-") and not path.exists():
                continue
            env |= envfile.parse(path.read_text("utf-8", "replace"))
        return env | (self.transient.environment if self.transient else {})

    def _spawn(self, argv: list[str], env: dict[str, str]) -> None:
        if self.type == "notify":
            self._notify = NotifySocket(
                self.machine.files.root / f"run/notify-{self.name[:20]}", self._notified
            )
            env["NOTIFY_SOCKET"] = str(self._notify.path)
        stdio = self.transient.stdio if self.transient else None
        ours = -1
        if stdio is None:
            ours, theirs = os.pipe()
            stdio = (None, theirs, theirs)
        cwd = Path(self.transient.cwd if self.transient else "/")
        child = self.machine.children.start(
            argv,
            owner=self.machine.owner,
            env=env,
            cwd=cwd,
            stdin=stdio[0] if stdio[0] is not None else -3,  # subprocess.DEVNULL
            stdout=stdio[1],
            stderr=stdio[2],
        )
        if ours >= 0:
            os.close(theirs)
            self._output = PipeLines(ours, lambda line: self._printed(child.pid, argv[0], line))
        self._child = child
        self.main = MainProcess(pid=child.pid, started=Stamp.now())
        child.ended.add_done_callback(lambda future: self._exited(child, future.result()))

    def _up(self) -> None:
        self._disarm()
        self._enter("running")
        self._log(6, f"Started {self.description}.")
        self._finish(self._starters, "done")
        limit = self.definition.seconds("RuntimeMaxSec", INFINITE)
        if limit != INFINITE:
            self._arm(limit, self._ran_too_long)

    # -- events -------------------------------------------------------------------------------------------------

    def _notified(self, words: dict[str, str]) -> None:
        self.status_text = words.get("STATUS", self.status_text)
        if words.get("READY") == "1" and self.sub == "start":
            self._up()

    def _exited(self, child: Child, code: int) -> None:
        if child is not self._child:
            return
        self._child = None
        self._close()
        _kill_group(child.pid)
        killed = os.WIFSIGNALED(code)
        status = os.WTERMSIG(code) if killed else os.WEXITSTATUS(code)
        self.main.ended = Stamp.now()
        self.main.code = (3 if os.WCOREDUMP(code) else 2) if killed else 1
        self.main.status = status
        clean = status in CLEAN_SIGNALS if killed else status == 0
        if not clean:
            self._say_exit()
        failure = {1: "exit-code", 2: "signal", 3: "core-dump"}[self.main.code]
        self._main_gone("success" if clean else failure)

    def _main_gone(self, result: str) -> None:
        self._disarm()
        if self.sub == "start" and self.type == "notify" and result == "success":
            result = "protocol"
        stays = self.definition.one("Service", "RemainAfterExit") in ("yes", "true", "1")
        if result == "success" and stays and self.active != "deactivating" and self.result == "success":
            self._enter("exited")
            self._finish(self._starters, "done")
            return
        self._dead(result)

    def _start_took_too_long(self) -> None:
        self._say(4, "start operation timed out. Terminating.")
        self.result = "timeout"
        self._terminate()

    def _ran_too_long(self) -> None:
        self._say(4, "Service reached runtime time limit. Stopping.")
        self.result = "timeout"
        self._terminate()

    def _stop_took_too_long(self) -> None:
        self._say(4, "State 'stop-sigterm' timed out. Killing.")
        self.result = "timeout"
        if self._child:
            self._say(
                5, f"Killing process {self._child.pid} ({Path(self.argv()[0]).name}) with signal SIGKILL."
            )
            _kill_group(self._child.pid)
        self._enter("stop-sigkill")

    def _restart_due(self) -> None:
        self.restarts += 1
        self._say(6, f"Scheduled restart job, restart counter is at {self.restarts}.")
        self._enter("dead")
        self._log(6, f"Stopped {self.description}.")
        self._begin(again=True)

    # -- end ----------------------------------------------------------------------------------------------------

    def _terminate(self) -> None:
        """SIGTERM, then SIGCONT so that a stopped process hears it, as systemd does; SIGKILL after TimeoutStopSec."""
        if self._child is None:
            self._dead("success")
            return
        self._enter("stop-sigterm")
        for number in (signal.SIGTERM, signal.SIGCONT):
            self._child.signal(number)
        self._arm(self.definition.seconds("TimeoutStopSec", TIMEOUT_S), self._stop_took_too_long)

    def _dead(self, result: str) -> None:
        self._disarm()
        if self.result == "success":
            self.result = result
        if self.result == "success":
            self._say(6, "Deactivated successfully.")
        else:
            self._say(4, f"Failed with result '{self.result}'.")
        again = self._shall_restart()
        self._flush_restarts = not again
        self._enter("dead" if self.result == "success" else "failed")
        if self._starters and not self._start_after_stop:
            if self.result == "success":  # a oneshot has started when it is over
                self._log(6, f"Finished {self.description}.")
                self._finish(self._starters, "done")
            else:
                self._log(3, f"Failed to start {self.description}.")
                self._finish(self._starters, "timeout" if self.result == "timeout" else "failed")
        if again:
            self._enter("auto-restart")
            self._arm(self.definition.seconds("RestartSec", 0.1), self._restart_due)
            return
        self._ended_by_job()
        if self.sub == "dead":
            self._on_gone(self)

    def _ended_by_job(self) -> None:
        if self._stoppers:
            self._log(6, f"Stopped {self.description}.")
            self._finish(self._stoppers, "done")
        if self._start_after_stop:
            self._start_after_stop = False
            self._begin()

    def _shall_restart(self) -> bool:
        policy = self.definition.one("Service", "Restart", "no")
        if self._forbid_restart or policy == "no":
            return False
        return policy == "always" or (policy == "on-failure") == (self.result != "success")

    def _fail_quietly(self) -> None:
        self._say(4, f"Failed with result '{self.result}'.")
        self._flush_restarts = True
        self._enter("failed")
        if self._starters:
            self._log(3, f"Failed to start {self.description}.")
        self._finish(self._starters, "failed")

    # -- small things -------------------------------------------------------------------------------------------

    def _enter(self, sub: str) -> None:
        before, self.sub = self.active, sub
        now = self.changed = Stamp.now()
        if before in DOWN and self.active not in DOWN:
            self.inactive_exit = now
        if before not in DOWN and self.active in DOWN:
            self.inactive_enter = now
        if sub in ("dead", "failed"):
            self._idle.set()
        else:
            self._idle.clear()
        if before != "active" and self.active == "active":
            self.active_enter = now
        if before == "active" and self.active != "active":
            self.active_exit = now

    def _close(self) -> None:
        if self._output:
            self._output.drain()
            self._output.close()
            self._output = None
        if self._notify:
            self._notify.close()
            self._notify = None

    def _arm(self, seconds: float, then: Callable[[], None]) -> None:
        self._disarm()
        if seconds != INFINITE:
            self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _job(self, queue: list[asyncio.Future[str]]) -> asyncio.Future[str]:
        job: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        queue.append(job)
        return job

    def _finish(self, queue: list[asyncio.Future[str]], result: str) -> None:
        for job in queue:
            if not job.done():
                job.set_result(result)
        queue.clear()

    def _printed(self, pid: int, program: str, line: bytes) -> None:
        priority = 6
        if len(line) > 2 and line[:1] == b"<" and line[2:3] == b">" and line[1:2] in b"01234567":
            priority, line = int(line[1:2]), line[3:]
        self.machine.journal.write(
            line,
            PRIORITY=str(priority),
            SYSLOG_IDENTIFIER=Path(program).name,
            _TRANSPORT="stdout",
            _PID=str(pid),
            _UID=str(os.getuid()),
            _COMM=Path(program).name[:15],
            _SYSTEMD_UNIT=self.name,
            _SYSTEMD_INVOCATION_ID=self.invocation_id,
        )

    def _say_exit(self) -> None:
        status = self.main.status
        if self.main.code == 1:
            words = f"code=exited, status={status}/{EXIT_NAMES.get(status, 'n/a')}"
        else:
            how = "dumped" if self.main.code == 3 else "killed"
            words = f"code={how}, status={status}/{signal.Signals(status).name.removeprefix('SIG')}"
        self._say(5 if self.main.code == 1 else 4, f"Main process exited, {words}")

    def _say(self, priority: int, words: str) -> None:
        self._log(priority, f"{self.name}: {words}")

    def _log(self, priority: int, words: str) -> None:
        """systemd's own line about this unit."""
        self.machine.journal.write(
            words.encode(),
            PRIORITY=str(priority),
            SYSLOG_IDENTIFIER="systemd",
            _TRANSPORT="journal",
            _PID="1",
            _UID="0",
            _COMM="systemd",
            _SYSTEMD_UNIT="init.scope",
            UNIT=self.name,
            INVOCATION_ID=self.invocation_id,
        )


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
