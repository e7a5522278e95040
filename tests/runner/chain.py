"""A run on a demo whose runner is killed at every next point and resumed, until it is verified."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable
from typing import Any

from novatui.model.plan import Plan, Request
from novatui.model.run import RunState
from novatui.runner import client, places
from novatui.runner.spawn import Orders, spawn
from tests.runner.killing_process import COMMAND

MOST = 80
GONE_S = 300.0
PHASES = ("before-act", "after-act", "after-outcome", "verified", "gate-opened", "gate-answered")


def chain(
    demo: Any, request: Request, answer: str, between: Callable[[str], object] = lambda point: None
) -> str:
    """The run's id. ``between`` is told each point (``step phase``) after the runner died there, before it is resumed.
    Raises AssertionError where the run ends otherwise, with why."""
    return asyncio.run(_chain(demo, request, answer, between))


def halted(demo: Any, request: Request, answer: str, point: str) -> str:
    """The run's id. Its runner dies at ``point`` (``step phase``) and nowhere else; from then on nobody kills it."""
    return asyncio.run(_halted(demo, request, answer, point))


def points(run: str) -> list[str]:
    """Where it was killed, in order."""
    return (places.find(run).path / "killed-at").read_text().splitlines()


def story(demo: Any, run: str) -> str:
    """What was done and what became of etcd, for a failure that may not come again."""
    told = [f"killed at {points(run)}", places.find(run).journal.read_text()[-40_000:]]
    for node in demo.nodes:
        look = [demo.root(node) / "bin/journalctl", "-u", "etcd", "-n", "40", "--no-pager"]
        told += [node, subprocess.run(look, capture_output=True, text=True, check=False).stdout[-8_000:]]
    return "\n".join(told)


async def _begun(demo: Any, request: Request) -> tuple[Plan, places.RunDir]:
    """A plan, and the directory of its run: nothing of it is begun."""
    from novatui.config import load
    from novatui.remote.ssh import SshTransport

    cluster = load(demo.config_path).pick(None)
    transport = SshTransport(cluster)
    try:
        plan = await client.make_plan(cluster, request, transport)
    finally:
        await transport.close()
    return plan, places.create(plan, places.Launch(config=str(demo.config_path), cluster=cluster.name))


async def _chain(demo: Any, request: Request, answer: str, between: Callable[[str], object]) -> str:
    plan, place = await _begun(demo, request)
    killed_at = place.path / "killed-at"
    killed_at.touch()
    for _ in range(MOST):
        met = len(killed_at.read_text().splitlines())
        await _on(place, answer)
        state = await _gone(place)
        if state.ended:
            assert state.result == "verified", f"{state.result}: {state.detail}\n{story(demo, plan.run)}"
            return plan.run
        if new := killed_at.read_text().splitlines()[met:]:
            await asyncio.to_thread(between, new[-1])
    raise AssertionError("it does not end")


async def _halted(demo: Any, request: Request, answer: str, point: str) -> str:
    plan, place = await _begun(demo, request)
    every = [f"{step.id} {phase}" for step in (*plan.steps, *plan.undo) for phase in PHASES]
    killed_at = place.path / "killed-at"
    killed_at.write_text("".join(f"{one}\n" for one in every if one != point))
    await _on(place, answer)
    state = await _gone(place)
    assert not state.ended, state.detail
    killed_at.unlink()
    return plan.run


async def _on(place: places.RunDir, answer: str) -> None:
    """Begin, or go on."""
    do = "resume" if place.journal.exists() else "run"
    await spawn(place, Orders(do=do, answers=(answer,)), COMMAND)


async def _gone(place: places.RunDir) -> RunState:
    deadline = time.monotonic() + GONE_S
    while place.alive():
        assert time.monotonic() < deadline, f"waited {GONE_S:g} s for the runner to end"
        await asyncio.sleep(0.05)
    return client.load(place.run)[1]
