"""A configuration file, three masters that are directories, and real runner processes on them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from novatui.config import ClusterConfig, load
from novatui.model.plan import Plan, Request
from novatui.model.run import RunState
from novatui.runner import client, places
from novatui.runner import plan as planner
from novatui.runner.spawn import Orders, spawn
from tests.runner import masters, tiny
from tests.runner.tiny_process import COMMAND

ALL_DONE = ["stage", "stop", "swap"]
EVERYWHERE = {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}


class Stage:
    """A configuration file, three masters, and runs on them; every runner that is left at the end is killed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        nodes = "".join(
            f'[[clusters.tiny.nodes]]\nname = "m{n}"\nhost = "127.0.0.{n}"\n'
            f'[clusters.tiny.nodes.etcd]\nwork_dir = "{root}/m{n}/work"\n'
            for n in (1, 2, 3)
        )
        self.config = root / "config.toml"
        self.config.write_text(f'default_cluster = "tiny"\n[clusters.tiny]\n{nodes}')
        for n in (1, 2, 3):
            (root / f"m{n}").mkdir()
        self.cluster: ClusterConfig = load(self.config).pick("tiny")

    async def plan(self, run: str = "r1") -> Plan:
        return await planner.make(
            self.cluster,
            Request(runbook="tiny"),
            masters.Masters(self.cluster),
            find=lambda name: tiny.TINY,
            run=run,
        )

    async def start(self, plan: Plan, *answers: str, at: tuple[str, str] | None = None) -> str:
        """``at``: a file of the run's directory and what is in it, there before the runner begins."""
        if at is None:
            return await client.start(self.config, "tiny", plan, answers=answers or None, command=COMMAND)
        place = places.create(plan, places.Launch(config=str(self.config), cluster="tiny"))
        (place.path / at[0]).write_text(at[1])
        await spawn(place, Orders(do="run", answers=answers or None), COMMAND)
        return plan.run

    def ledgers(self) -> dict[str, list[str]]:
        return {node.name: tiny.ledger(self.cluster, node.name) for node in self.cluster.nodes}

    def state(self, run: str = "r1") -> RunState:
        return client.load(run)[1]

    def pid(self, run: str = "r1") -> int:
        """The runner's, as its socket says it."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(places.find(run).socket))
            sock.settimeout(10)
            said = b""
            while b'"caught_up"' not in said or not said.endswith(b"\n"):
                said += sock.recv(65536)
        line = next(raw for raw in said.splitlines() if b'"caught_up"' in raw)
        return int(json.loads(line)["pid"])

    def stop_all(self) -> None:
        for place in places.every():
            if place.alive():
                try:
                    os.kill(self.pid(place.run), signal.SIGKILL)
                except OSError:
                    continue


@pytest.fixture
async def stage(home: Path) -> AsyncIterator[Stage]:
    root = home / "masters"
    root.mkdir()
    made = Stage(root)
    yield made
    made.stop_all()


async def until(true: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        await asyncio.sleep(0.02)
    return found


def silent(stage: Stage) -> bool:
    """No heartbeat of a killed runner is left on any master; they end a moment after it."""
    for node in stage.cluster.nodes:
        with (
            contextlib.suppress(FileNotFoundError),
            Path(node.etcd.work_dir, "active/alive").open("rb") as file,
        ):
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True


async def ended(stage: Stage, run: str = "r1") -> RunState:
    await until(lambda: not places.find(run).alive(), "the runner to end", 150)
    return stage.state(run)
