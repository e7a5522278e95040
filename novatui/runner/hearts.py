"""The heartbeat of a runner on each master it leases: tells others that it lives, and tells it when it was replaced.

Only liveness: that a heartbeat is lost stops nothing here. The fence alone decides who may act.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from novatui.config import ClusterConfig
from novatui.errors import RemoteError
from novatui.model.sanitize import clean
from novatui.remote.command import Command
from novatui.remote.transport import Transport

BEAT_S = 5.0
QUIET_S = 15  # after so long without a beat the master lets go
_AGAIN_S = 1.0
_AGAIN_MOST_S = 10.0
_CLOSE_S = 2.0


class Hearts:
    """One task a master. ``replaced(node, owner)`` is called when the lease names another runner process."""

    def __init__(
        self,
        transport: Transport,
        cluster: ClusterConfig,
        run: str,
        runner_id: str,
        replaced: Callable[[str, str], None],
    ) -> None:
        self._transport = transport
        self._cluster = cluster
        self._run = run
        self._runner_id = runner_id
        self._replaced = replaced
        self._beating: dict[str, asyncio.Task[None]] = {}

    def begin(self, node: str, epoch: int) -> None:
        """Beat on ``node`` from now on, whatever its epoch becomes."""
        if node not in self._beating or self._beating[node].done():
            self._beating[node] = asyncio.create_task(self._beat(node))

    async def close(self) -> None:
        for task in self._beating.values():
            task.cancel()
        if self._beating:
            await asyncio.wait(self._beating.values(), timeout=_CLOSE_S)

    async def _beat(self, node: str) -> None:
        work_dir = self._cluster.node(node).etcd.work_dir
        command = Command(script="heartbeat", argv=(work_dir, self._run, str(QUIET_S)))
        pause = _AGAIN_S
        while True:
            try:
                async for line in self._transport.stream(node, command, keepalive_s=BEAT_S):
                    pause = _AGAIN_S
                    owner, _, by = clean(line).partition(" ")
                    if by != self._runner_id:
                        self._replaced(node, owner)
            except RemoteError as error:
                logging.getLogger(__name__).info("heartbeat on %s: %s", node, clean(str(error)))
            await asyncio.sleep(pause)
            pause = min(pause * 2, _AGAIN_MOST_S)
