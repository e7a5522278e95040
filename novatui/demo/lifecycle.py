"""What happens to one service unit: systemd's states, timers and messages (v252: src/core/service.c), driven by events."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import signal
from collections.abc import Callable
from pathlib import Path

from novatui.demo import unitfile
from novatui.demo.children import Child
from novatui.demo.jobs import Jobs
from novatui.demo.machine import Machine
from novatui.demo.main_process import Process, Transient, environment, spawn
from novatui.demo.start_limit import StartLimit
from novatui.demo.unit_log import UnitLog
from novatui.demo.unit_state import ACTIVE_OF, MainProcess, Stamp, Stamps
from novatui.demo.unitfile import INFINITE, Definition

CLEAN_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)
# systemd's defaults: DefaultTimeoutStart/StopSec.
TIMEOUT_S = 90.0


class Lifecycle:
    """From a start that began to the end of the process, and to the next start; ``Service`` is how one asks for it."""

    def __init__(
        self,
        definition: Definition,
        machine: Machine,
        *,
        transient: Transient | None = None,
    ) -> None:
        self.definition = definition
        self.machine = machine
        self.transient = transient
        self.name = definition.name
        self.sub = "dead"
        self.result = "success"
        self.restarts = 0
        self.main = MainProcess()
        self.status_text = ""
        self.assert_result = True
        self.stamps = Stamps()
        self._log = UnitLog(machine.journal, definition.name)
        self._process: Process | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._starters, self._stoppers = Jobs(), Jobs()
        self._start_after_stop = False
        self._forbid_restart = False
        self._flush_restarts = False
        self._limit = StartLimit()
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
        return self._process.child.pid if self._process else 0

    @property
    def invocation_id(self) -> str:
        return self._log.invocation_id

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

    def _gone(self) -> None:
        """It is down and nothing more will come of it."""

    # -- start --------------------------------------------------------------------------------------------------

    def _begin(self, *, again: bool = False) -> None:
        self.stamps.asserted = Stamp.now()
        self.assert_result = not unitfile.failed_assertions(self.definition)
        if not self.assert_result:
            self._log.of_unit(5, "Starting requested but asserts failed.")
            self._log.say(3, f"Assertion failed for {self.description}.")
            self._starters.finish("assert")
            return
        if self._limit.reached():
            self._log.of_unit(4, "Start request repeated too quickly.")
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
        self._log.invocation_id = secrets.token_hex(16)
        if self.transient is None:
            self._log.say(6, f"Starting {self.description}...")
        self._launch()

    def _launch(self) -> None:
        try:
            env = environment(self.definition, self.machine, self.transient, self.invocation_id)
        except OSError as why:
            self._log.of_unit(4, f"Failed to load environment files: {why.strerror}")
            self._log.of_unit(4, f"Failed to run 'start' task: {why.strerror}")
            self._dead("resources")
            return
        argv = self.argv()
        if not os.access(argv[0], os.X_OK) and "/" in argv[0]:
            self._log.of_unit(3, f"Failed to locate executable {argv[0]}: No such file or directory")
            self._log.of_unit(4, "Main process exited, code=exited, status=203/EXEC")
            self.main = MainProcess(started=Stamp.now(), ended=Stamp.now(), code=1, status=203)
            self._dead("exit-code")
            return
        self._spawn(argv, env)
        if self.type in ("notify", "oneshot"):
            self._enter("start")
            self._arm(self.definition.seconds("TimeoutStartSec", TIMEOUT_S), self._start_took_too_long)
        else:
            self._up()

    def _spawn(self, argv: list[str], env: dict[str, str]) -> None:
        socket = self.machine.files.root / f"run/notify-{self.name[:20]}"
        self._process = spawn(
            argv,
            env,
            self.machine,
            self.transient,
            notify=(socket, self._notified) if self.type == "notify" else None,
            printed=self._log.printed,
        )
        child = self._process.child
        self.main = MainProcess(pid=child.pid, started=Stamp.now())
        child.ended.add_done_callback(lambda future: self._exited(child, future.result()))

    def _up(self) -> None:
        self._disarm()
        self._enter("running")
        self._log.say(6, f"Started {self.description}.")
        self._starters.finish("done")
        limit = self.definition.seconds("RuntimeMaxSec", INFINITE)
        if limit != INFINITE:
            self._arm(limit, self._ran_too_long)

    # -- events -------------------------------------------------------------------------------------------------

    def _notified(self, words: dict[str, str]) -> None:
        self.status_text = words.get("STATUS", self.status_text)
        if words.get("READY") == "1" and self.sub == "start":
            self._up()

    def _exited(self, child: Child, code: int) -> None:
        if self._process is None or child is not self._process.child:
            return
        self._let_go()
        killed = os.WIFSIGNALED(code)
        status = os.WTERMSIG(code) if killed else os.WEXITSTATUS(code)
        self.main.ended = Stamp.now()
        self.main.code = (3 if os.WCOREDUMP(code) else 2) if killed else 1
        self.main.status = status
        clean = status in CLEAN_SIGNALS if killed else status == 0
        if not clean:
            self._log.exited(self.main)
        failure = {1: "exit-code", 2: "signal", 3: "core-dump"}[self.main.code]
        self._main_gone("success" if clean else failure)

    def _main_gone(self, result: str) -> None:
        self._disarm()
        if self.sub == "start" and self.type == "notify" and result == "success":
            result = "protocol"
        stays = self.definition.one("Service", "RemainAfterExit") in ("yes", "true", "1")
        if result == "success" and stays and self.active != "deactivating" and self.result == "success":
            self._enter("exited")
            self._starters.finish("done")
            return
        self._dead(result)

    def _start_took_too_long(self) -> None:
        self._log.of_unit(4, "start operation timed out. Terminating.")
        self.result = "timeout"
        self._terminate()

    def _ran_too_long(self) -> None:
        self._log.of_unit(4, "Service reached runtime time limit. Stopping.")
        self.result = "timeout"
        self._terminate()

    def _stop_took_too_long(self) -> None:
        self._log.of_unit(4, "State 'stop-sigterm' timed out. Killing.")
        self.result = "timeout"
        if self._process:
            program = Path(self.argv()[0]).name
            self._log.of_unit(5, f"Killing process {self.main_pid} ({program}) with signal SIGKILL.")
            self._process.child.kill_group()
        self._enter("stop-sigkill")

    def _restart_due(self) -> None:
        self.restarts += 1
        self._log.of_unit(6, f"Scheduled restart job, restart counter is at {self.restarts}.")
        self._enter("dead")
        self._log.say(6, f"Stopped {self.description}.")
        self._begin(again=True)

    # -- end ----------------------------------------------------------------------------------------------------

    def _terminate(self) -> None:
        """SIGTERM, then SIGCONT so that a stopped process hears it, as systemd does; SIGKILL after TimeoutStopSec."""
        if self._process is None:
            self._dead("success")
            return
        self._enter("stop-sigterm")
        for number in (signal.SIGTERM, signal.SIGCONT):
            self._process.child.signal(number)
        self._arm(self.definition.seconds("TimeoutStopSec", TIMEOUT_S), self._stop_took_too_long)

    def _dead(self, result: str) -> None:
        self._disarm()
        if self.result == "success":
            self.result = result
        if self.result == "success":
            self._log.of_unit(6, "Deactivated successfully.")
        else:
            self._log.of_unit(4, f"Failed with result '{self.result}'.")
        again = self._shall_restart()
        self._flush_restarts = not again
        self._enter("dead" if self.result == "success" else "failed")
        if self._starters and not self._start_after_stop:
            if self.result == "success":  # a oneshot has started when it is over
                self._log.say(6, f"Finished {self.description}.")
                self._starters.finish("done")
            else:
                self._log.say(3, f"Failed to start {self.description}.")
                self._starters.finish("timeout" if self.result == "timeout" else "failed")
        if again:
            self._enter("auto-restart")
            self._arm(self.definition.seconds("RestartSec", 0.1), self._restart_due)
            return
        self._ended_by_job()
        if self.sub == "dead":
            self._gone()

    def _ended_by_job(self) -> None:
        if self._stoppers:
            self._log.say(6, f"Stopped {self.description}.")
            self._stoppers.finish("done")
        if self._start_after_stop:
            self._start_after_stop = False
            self._begin()

    def _shall_restart(self) -> bool:
        policy = self.definition.one("Service", "Restart", "no")
        if self._forbid_restart or policy == "no":
            return False
        return policy == "always" or (policy == "on-failure") == (self.result != "success")

    def _fail_quietly(self) -> None:
        self._log.of_unit(4, f"Failed with result '{self.result}'.")
        self._flush_restarts = True
        self._enter("failed")
        if self._starters:
            self._log.say(3, f"Failed to start {self.description}.")
        self._starters.finish("failed")

    # -- small things -------------------------------------------------------------------------------------------

    def _enter(self, sub: str) -> None:
        before, self.sub = self.active, sub
        self.stamps.moved(before, self.active)
        if sub in ("dead", "failed"):
            self._idle.set()
        else:
            self._idle.clear()

    def _let_go(self) -> None:
        if self._process:
            self._process.close()
            self._process = None

    def _arm(self, seconds: float, then: Callable[[], None]) -> None:
        self._disarm()
        if seconds != INFINITE:
            self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
