"""The screen without masters: it is fed a healthy cluster's snapshot a second, as the collector would."""

from __future__ import annotations

import asyncio
import time

from msgspec.structs import replace

from novatui.tui.app import NovatuiApp
from novatui.tui.feed import OnEntries, OnSnapshot
from tests.tui import screen_cases as cases


class Fed:
    """A feed whose raft index moves, as in a cluster that works a little."""

    async def start(self, on_snapshot: OnSnapshot, on_entries: OnEntries) -> None:
        index = 376_222
        while True:
            now, index = time.time_ns() // 1_000_000, index + 3
            nodes = [
                replace(node, at_ms=now, endpoint=replace(node.endpoint, index=index, answered_ms=now))
                for node in cases.healthy_cluster().nodes
            ]
            on_snapshot(replace(cases.cluster(*nodes), at_ms=now))
            await asyncio.sleep(1.0)

    def refresh(self) -> None:
        """Nothing to ask."""

    async def close(self) -> None:
        """Nothing to let go of."""


if __name__ == "__main__":
    NovatuiApp(cases.config(3), feed=Fed()).run()
