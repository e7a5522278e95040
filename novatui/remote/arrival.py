"""Wait until every master is connected or has said why not; the time a person takes to type does not count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from novatui.errors import SudoPasswordWrong
from novatui.model.cluster import Link
from novatui.present.asking import TRIES
from novatui.remote.fleet import Fleet

_LOOK_S = 0.05
_LEAVE_S = 2.0  # for a connection that is made anew to go


async def arrived(
    fleet: Fleet, nodes: Sequence[str], asking: Callable[[], bool], limit_s: float = 15.0
) -> float:
    """Connect to all. Returns when each has an answer, or after ``limit_s`` in which nobody was being asked; the seconds
    that are left of it. A wrong sudo password is asked for again: for the screen a key does that, here nobody would."""
    fleet.start()
    left = await _until(lambda node: fleet.link(node)[0] is not Link.CONNECTING, nodes, asking, limit_s)
    for _ in range(TRIES - 1):
        wrong = [node for node in nodes if _wrong(fleet, node)]
        if not wrong or left <= 0:
            break
        for node in wrong:
            fleet.retry(node)
        await _until(lambda node: fleet.link(node)[0] is not Link.LIVE, wrong, lambda: False, _LEAVE_S)
        left = await _until(
            lambda node: fleet.link(node)[0] in (Link.LIVE, Link.REFUSED), wrong, asking, left
        )
    return left


def _wrong(fleet: Fleet, node: str) -> bool:
    error = fleet.link(node)[1]
    return error is not None and error.code == SudoPasswordWrong.code


async def _until(
    true: Callable[[str], bool], nodes: Sequence[str], asking: Callable[[], bool], left: float
) -> float:
    while left > 0 and not all(map(true, nodes)):
        await asyncio.sleep(_LOOK_S)
        if not asking():
            left -= _LOOK_S
    return max(0.0, left)
