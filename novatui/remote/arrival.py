"""Wait until every master is connected or has said why not; the time a person takes to type does not count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from novatui.model.cluster import Link
from novatui.remote.fleet import Fleet

_LOOK_S = 0.05


async def arrived(fleet: Fleet, nodes: Sequence[str], asking: Callable[[], bool], limit_s: float) -> float:
    """Connect to all. Returns when each has an answer, or after ``limit_s`` in which nobody was being asked; the seconds
    that are left of it."""
    fleet.start()
    left = limit_s
    while left > 0 and any(fleet.link(node)[0] is Link.CONNECTING for node in nodes):
        await asyncio.sleep(_LOOK_S)
        if not asking():
            left -= _LOOK_S
    return max(0.0, left)
