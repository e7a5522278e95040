"""What one may ask of a service unit: start, stop, restart, signals; and what its power cut does."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from novatui.demo.lifecycle import Lifecycle
from novatui.demo.machine import Machine
from novatui.demo.main_process import Transient
from novatui.demo.unit_state import DOWN
from novatui.demo.unitfile import Definition


class Service(Lifecycle):
    """``start``, ``stop`` and ``restart`` give the future of a job result: done, failed, timeout, assert, canceled."""

    def __init__(
        self,
        definition: Definition,
        machine: Machine,
        *,
        transient: Transient | None = None,
        on_gone: Callable[[Service], None] = lambda service: None,
    ) -> None:
        super().__init__(definition, machine, transient=transient)
        self._on_gone = on_gone

    def start(self) -> asyncio.Future[str]:
        job = self._starters.new()
        if self.active == "active":
            self._starters.finish("done")
        elif self.active == "deactivating":
            self._start_after_stop = True
        elif self.sub in ("dead", "failed"):
            self._begin()
        # start and auto-restart: the job waits for what is under way, as systemd's does
        return job

    def stop(self) -> asyncio.Future[str]:
        job = self._stoppers.new()
        self._start_after_stop = False
        self._starters.finish("canceled")
        if self.active in DOWN:
            self._stoppers.finish("done")
        elif self.sub == "auto-restart":
            self._disarm()
            self._flush_restarts = True
            self._enter("dead")
            self._ended_by_job()
        elif self.active != "deactivating":
            self._log.say(6, f"Stopping {self.description}...")
            self._forbid_restart = True
            self._terminate()
        return job

    def restart(self) -> asyncio.Future[str]:
        if self.active in DOWN:
            return self.start()
        self.stop()
        job = self._starters.new()
        if self.active in DOWN:
            self._begin()
        else:
            self._start_after_stop = True
        return job

    def reset_failed(self) -> None:
        self._limit.forget()
        self.restarts = 0
        if self.sub == "failed":
            self.result = "success"
            self._enter("dead")
            self._gone()

    def kill(self, number: int) -> bool:
        """A signal to the main process; False when there is none."""
        if self._process is None:
            return False
        self._process.child.signal(number)
        return True

    def kill_on_request(self, number: int) -> None:
        """``systemctl kill``: the same, with systemd's word about it."""
        if self._process:
            name = signal.Signals(number).name
            program = Path(self.argv()[0]).name
            self._log.of_unit(
                6, f"Sent signal {name} to main process {self.main_pid} ({program}) on client request."
            )
            self._process.child.signal(number)

    def print_line(self, line: bytes) -> None:
        """As if the main process had written it."""
        self._log.printed(self.main_pid, self.argv()[0], line)

    def vanish(self) -> None:
        """The power went: no message, no restart, nothing remembered."""
        self._disarm()
        self._starters.finish("canceled")
        self._stoppers.finish("canceled")
        self._let_go()
        self.sub = "dead"
        self._idle.set()

    def _gone(self) -> None:
        self._on_gone(self)
