"""Somebody who works on a lab from a machine of their own: a home, and novatui in it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from novatui.config import load
from novatui.model.plan import Plan, Request
from novatui.model.run import RunState, fold
from novatui.remote.ssh import SshTransport
from novatui.runbooks.parts.refusal import RefusedPlan
from novatui.runner import client, journal, places
from novatui.runner.spawn import Orders, spawn
from tests.homes import home_in
from tests.lab import halting, operators
from tests.lab.cluster import until
from tests.lab.halting import Point, Points, Reached
from tests.lab.lab import NAME, Lab

T = TypeVar("T")
# Long enough for a machine that does other things too.
END_S = 240.0
LOOKS_S = 90.0
AGAIN_S = 5.0
# Reasons of a refusal that no second look changes: the cluster is well.
NOTHING_TO_DO = {"nothing-to-do", "member-serves"}


def nothing_to_do(refused: RefusedPlan) -> bool:
    return {one.id for one in refused.findings} <= NOTHING_TO_DO


class Person:
    """``user`` is who logs in on the masters. ``close`` takes the home away; what still runs is left to the lab.
    ``refusals``: what their plans were refused for, each time before one was made."""

    def __init__(self, lab: Lab, user: str = "root") -> None:
        self.lab, self.user = lab, user
        self.refusals: list[str] = []
        self._root = Path(tempfile.mkdtemp(prefix="nvp-"))
        self.environment = home_in(self._root)

    def close(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    @contextmanager
    def _here(self) -> Iterator[None]:
        """In their home, in the lab's network; processes begun meanwhile end with the lab."""
        mine = {**self.environment, operators.MARK: str(self.lab.place)}
        before = {name: os.environ.get(name) for name in mine}
        os.environ.update(mine)
        try:
            with self.lab.inside():
                yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def _do(self, what: Callable[[], Coroutine[Any, Any, T]]) -> T:
        with self._here():
            return asyncio.run(what())

    def novatui(self, *words: str, limit_s: float = END_S) -> subprocess.CompletedProcess[str]:
        """Run it to its end; 124 when it does not come to one."""
        try:
            return subprocess.run(
                self.lab.argv(*words, user=self.user),
                env={**os.environ, **self.environment},
                capture_output=True,
                text=True,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            said = [part.decode("utf-8", "replace") for part in (late.stdout or b"", late.stderr or b"")]
            return subprocess.CompletedProcess(late.cmd, 124, *said)

    def plan(self, request: Request) -> Plan:
        """Where it is refused they look again for a while: a busy machine answers late, and a refusal changes nothing.
        Raises RefusedPlan."""
        deadline = time.monotonic() + LOOKS_S
        while True:
            try:
                return self._planned(request)
            except RefusedPlan as refused:
                if time.monotonic() > deadline or nothing_to_do(refused):
                    raise
                self.refusals.append(refused.detail.partition("\n")[0])
                time.sleep(AGAIN_S)

    def _planned(self, request: Request) -> Plan:
        async def make() -> Plan:
            cluster = load(self.lab.config(self.user)).pick(NAME)
            transport = SshTransport(cluster)
            try:
                return await client.make_plan(cluster, request, transport)
            finally:
                await transport.close()

        return self._do(make)

    def begin(self, plan: Plan, answer: str, points: Points | None = None) -> Driven:
        """The run, begun with a runner that stops at ``points``."""
        with self._here():
            place = places.create(
                plan, places.Launch(config=str(self.lab.config(self.user)), cluster=plan.cluster)
            )
        one = self.driven(place.run, answer)
        one.go_on("run", points)
        return one

    def driven(self, run: str, answer: str) -> Driven:
        """A run of theirs."""
        return Driven(self, places.RunDir(self._runs / run), answer)

    def runs(self) -> list[Path]:
        """Directories of their runs that began."""
        return sorted(path.parent for path in self._runs.glob("*/journal.jsonl"))

    @property
    def _runs(self) -> Path:
        return Path(self.environment["XDG_STATE_HOME"]) / "novatui/runs"


class Driven:
    """One run of a person, begun or gone on with by the runner of ``halting``."""

    def __init__(self, person: Person, place: places.RunDir, answer: str) -> None:
        self.person, self.place, self.answer = person, place, answer
        self.run = place.run

    def go_on(self, do: str, points: Points | None = None) -> None:
        """``do``: run | resume | undo. Raises NovatuiError where the runner does not begin."""
        for name in (halting.POINTS, halting.REACHED):
            (self.place.path / name).unlink(missing_ok=True)
        if points is not None:
            (self.place.path / halting.POINTS).write_bytes(msgspec.json.encode(points))
        if do == "run":
            orders = Orders(do="run", answers=(self.answer,))
            self.person._do(lambda: spawn(self.place, orders, halting.COMMAND))
        elif do == "undo":
            self.person._do(lambda: client.undo(self.run, command=halting.COMMAND))
        else:
            self.person._do(lambda: client.resume(self.run, answers=[self.answer], command=halting.COMMAND))

    @property
    def reached(self) -> Reached | None:
        """Where it waits."""
        try:
            return msgspec.json.decode((self.place.path / halting.REACHED).read_bytes(), type=Reached)
        except FileNotFoundError:
            return None

    def until_stopped(self, limit_s: float = END_S) -> Reached | None:
        """Where it waits; None when its runner is gone instead."""
        until(lambda: self.reached or not self.place.alive(), f"run {self.run} to stop or end", limit_s, 0.05)
        return self.reached

    def let_go(self) -> None:
        (self.place.path / halting.REACHED).unlink(missing_ok=True)

    def until_gone(self, limit_s: float = END_S) -> RunState:
        """Until no runner lives; where the run stands then."""
        until(lambda: not self.place.alive(), f"the runner of {self.run} to end", limit_s, 0.05)
        return self.state

    @property
    def state(self) -> RunState:
        return fold(journal.read(self.place.journal))

    def pid(self) -> int | None:
        """Of its runner, whoever began it."""
        for entry in Path("/proc").iterdir() if self.place.alive() else ():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if b"--began-fd" in words and str(self.place.path).encode() in words:
                    return int(entry.name)
        return None

    def stopped_at(self) -> list[Point]:
        """Where it was stopped or killed."""
        return halting.stopped_at(self.place.path)

    def met(self) -> list[str]:
        """Points it came to, as ``step node phase``."""
        path = self.place.path / halting.MET
        return path.read_text().splitlines() if path.exists() else []
