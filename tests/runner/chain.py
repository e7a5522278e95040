"""A run on a demo whose runner is killed at every next point and resumed, until it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from novatui.model.plan import Request
from novatui.model.run import RunState
from novatui.runner import client, places
from tests.runner.killing_process import COMMAND

MOST = 80


def chain(
    demo: Any, request: Request, answer: str, between: Callable[[str], object] = lambda point: None
) -> str:
    """The run's id. ``between`` is told each point (``step phase``) after the runner died there, before it is resumed."""
    return asyncio.run(_chain(demo, request, answer, between))


def points(run: str) -> list[str]:
    """Where it was killed, in order."""
    return (places.find(run).path / "killed-at").read_text().splitlines()


async def _chain(demo: Any, request: Request, answer: str, between: Callable[[str], object]) -> str:
    from novatui.config import load
    from novatui.remote.ssh import SshTransport

    cluster = load(demo.config_path).pick(None)
    transport = SshTransport(cluster)
    try:
        plan = await client.make_plan(cluster, request, transport)
    finally:
        await transport.close()
    place = places.create(plan, places.Launch(config=str(demo.config_path), cluster=cluster.name))
    killed_at = place.path / "killed-at"
    killed_at.touch()
    for _ in range(MOST):
        met = len(killed_at.read_text().splitlines())
        await client.resume(plan.run, answers=[answer], command=COMMAND)
        state = await _gone(place)
        if state.ended:
            return plan.run
        if new := killed_at.read_text().splitlines()[met:]:
            await asyncio.to_thread(between, new[-1])
    raise AssertionError("it does not end")


async def _gone(place: places.RunDir) -> RunState:
    deadline = time.monotonic() + 120
    while place.alive():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    return client.load(place.run)[1]
