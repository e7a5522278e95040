"""A runner process in the simulator: the real engine, journal, heartbeat and clock protocol, put together as
``novatui.runner.process`` does; only its way to the masters, its time and its operating system are make-believe."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from novatui.errors import NovatuiError
from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.model.run import RunState, fold
from novatui.remote.command import Command, Fence
from novatui.runbooks.step import Runbook
from novatui.runner import journal as journal_module
from novatui.runner.engine import Ending, Engine
from novatui.runner.hearts import Hearts
from novatui.runner.journal import Journal, read
from novatui.runner.refusing import refusal
from novatui.runner.work import Fenced, Pace, Work
from tests.sim.fleet import Fleet, SimTransport
from tests.sim.loop import Killed, Process, SimClock

ANSWER_S = 3.0


class SyncedOs:
    """``os`` as the journal uses it; remembers how much of each file is really on disk."""

    def __init__(self) -> None:
        self.synced: dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fdatasync(self, fd: int) -> None:
        os.fdatasync(fd)
        self.synced[os.fstat(fd).st_ino] = os.fstat(fd).st_size

    def fsync(self, fd: int) -> None:
        os.fsync(fd)
        self.synced[os.fstat(fd).st_ino] = os.fstat(fd).st_size


SYNCED = SyncedOs()


class Log:
    """The real journal, with the moments at which a kill may come: before a record, in the middle of it, after it."""

    def __init__(self, runner: Runner, journal: Journal) -> None:
        self._runner = runner
        self._journal = journal
        self.open: dict[int, tuple[rec.Intent, int]] = {}  # seq -> intent, size of the file with it

    @property
    def records(self) -> list[rec.Record]:
        return self._journal.records

    def write(self, record: rec.Record) -> rec.Record:
        runner = self._runner
        if runner.process.dead:
            raise Killed
        runner.at_record(runner, record, False)
        if runner.process.dead:
            raise Killed
        stamped = self._journal.write(record)
        if isinstance(stamped, rec.Intent):
            self.open[stamped.seq] = (stamped, runner.journal_path.stat().st_size)
        elif isinstance(stamped, rec.Done):
            self.open.pop(stamped.intent, None)
        runner.at_record(runner, stamped, True)
        if runner.process.dead:
            raise Killed
        return stamped

    def close(self) -> None:
        self._journal.close()


class Runner:
    """One runner process. ``home`` is its machine's directory of the run; ``at_record`` is called around each record."""

    def __init__(
        self,
        fleet: Fleet,
        runbook: Runbook,
        plan: Plan,
        home: Path,
        name: str,
        seed: int,
        at_record: Callable[[Runner, rec.Record, bool], None],
    ) -> None:
        self.fleet = fleet
        self.runbook = runbook
        self.plan = plan
        self.home = home
        self.name = name
        self.journal_path = home / "journal.jsonl"
        self.process = Process(fleet.loop, name)
        self.at_record = at_record
        self.answers = True  # a person types the words at the gate
        self.on_failure = "stop"
        self.ending: Ending | None = None
        self.refused = ""
        self.log: Log | None = None
        self.engine: Engine | None = None
        self._clock = SimClock(fleet.loop, seed)
        self._random = Random(seed)
        self._task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        return self.process.dead or (self._task is not None and self._task.done())

    @property
    def state(self) -> RunState:
        return fold(read(self.journal_path))

    def start(self, do: str) -> None:
        self._task = self.process.start(self._live(do))

    def kill(self) -> None:
        """SIGKILL, or the machine's power: the journal's lock is free, its connections are closed."""
        self.process.kill()
        if self.log is not None:
            self.log.close()
            self.log = None

    def crash_result(self) -> BaseException | None:
        """Our own bug, if this runner ended by one."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        error = self._task.exception()
        return None if isinstance(error, Killed) else error

    async def _live(self, do: str) -> None:
        try:
            self.log = Log(self, self._open(do))
        except NovatuiError as error:
            self.refused = str(error)
            return
        transport = SimTransport(self.fleet, self.process, lambda: work.runner_id)
        transport.before_act = self._act
        work = Work(
            cluster=self.fleet.cluster,
            runbook=self.runbook,
            plan=self.plan,
            transport=transport,
            journal=self.log,
            clock=self._clock,
            operator=f"op@{self.name}",
            pace=Pace(),
        )
        hearts = Hearts(
            transport,
            self.fleet.cluster,
            self.plan.run,
            work.runner_id,
            lambda node, owner: work.halt(Fenced(node, owner)),
        )
        engine = self.engine = Engine(work, on_failure=self.on_failure, leased=hearts.begin)
        try:
            self.ending = await self._do(do, engine)
        finally:
            await hearts.close()
            if self.log is not None:
                self.log.close()
                self.log = None

    async def _do(self, do: str, engine: Engine) -> Ending:
        if do == "undo":
            return await engine.undo()
        if do == "abandon":
            return await engine.abandon()
        return await (engine.resume() if engine.work.state.run else engine.run())

    def _open(self, do: str) -> Journal:
        if do == "run":
            return Journal.create(self.journal_path, self._clock)
        if why := refusal(do, fold(read(self.journal_path))):
            raise NovatuiError(*why)
        if not self.journal_path.exists():
            return Journal.create(self.journal_path, self._clock)
        return Journal.resume(self.journal_path, self._clock, runbook_version=self.runbook.version)

    def answer_gate(self, opened: rec.GateOpened) -> None:
        """A person reads what the gate says, and types it."""
        words = [one["word"] for one in opened.words]

        def typed() -> None:
            if self.engine is not None:
                self.engine.answer(opened.gate, opened.nonce, words, "person")

        if self.answers:
            self.process.call(self._random.uniform(0.5, ANSWER_S), typed)

    def _act(self, node: str, command: Command, fence: Fence) -> None:
        """INV: each act has an earlier intent, and it is on disk."""
        log, checks = self.log, self.fleet.checks
        assert log is not None
        shown = command.shown()
        for intent, size in log.open.values():
            if intent.node == node and intent.argv_masked[-len(shown) :] == shown:
                if SYNCED.synced.get(self.journal_path.stat().st_ino, 0) < size:
                    checks.breach(f"{node}: the intent of {command.shown_line()} is not on disk")
                return
        checks.breach(f"{node}: no intent for {command.shown_line()}")


def install() -> None:
    """From now on it is known how much of a journal would outlive the power of its machine."""
    setattr(journal_module, "os", SYNCED)  # noqa: B010 - mypy knows it as a module
