"""The screen without masters: it is fed a healthy cluster's snapshot a second, and journals as fast as one says.

``python -m tests.bench.fed_screen [LINES [TOTAL FILE]]``: lines a second and master, and of all masters together, after which
none come; at a tenth, the half and the end of them it waits until they were drawn, and says in the file how many came.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import msgspec
from msgspec.structs import replace

from novatui.probes import journald
from novatui.remote.stream import FAIR
from novatui.tui.app import NovatuiApp
from novatui.tui.feed import OnEntries, OnSnapshot
from tests.tui import screen_cases as cases

BATCH_S = 0.05  # the collector's own
DRAWN_S = 0.5


class Fed:
    """A feed whose raft index moves, as in a cluster that works a little."""

    def __init__(self, lines: int = 0, total: int = 0, file: str = "") -> None:
        self._lines = lines  # a second and master
        self._each = total // 3  # of one master, 0 without end
        self._file = Path(file)

    async def start(self, on_snapshot: OnSnapshot, on_entries: OnEntries) -> None:
        pouring = asyncio.create_task(self._pour(on_entries))
        try:
            await self._look(on_snapshot)
        finally:
            pouring.cancel()

    async def _look(self, on_snapshot: OnSnapshot) -> None:
        index = 376_222
        while True:
            now, index = time.time_ns() // 1_000_000, index + 3
            nodes = [
                replace(node, at_ms=now, endpoint=replace(node.endpoint, index=index, answered_ms=now))
                for node in cases.healthy_cluster().nodes
            ]
            on_snapshot(replace(cases.cluster(*nodes), at_ms=now))
            await asyncio.sleep(1.0)

    async def _pour(self, on_entries: OnEntries) -> None:
        """Records as journalctl writes them, read by the collector's own reader: that is part of the load."""
        began, sent = time.monotonic(), 0
        stops = [self._each // 10, self._each // 2, self._each] if self._each else []
        while self._lines and (stops or not self._each):
            due = min(int((time.monotonic() - began) * self._lines), sent + FAIR, *stops[:1])
            for name in (node.name for node in cases.healthy_cluster().nodes):
                found = [journald.entry(name, _record(number)) for number in range(sent, due)]
                on_entries(name, [entry for entry in found if entry is not None])
                await asyncio.sleep(0)
            behind = due == sent + FAIR
            sent = due
            if stops and sent == stops[0]:
                del stops[0]
                await asyncio.sleep(DRAWN_S)
                self._file.write_text(str(sent * 3))
            await asyncio.sleep(0 if behind else BATCH_S)

    def refresh(self) -> None:
        """Nothing to ask."""

    async def close(self) -> None:
        """Nothing to let go of."""


def _record(number: int) -> bytes:
    said = {
        "level": "warn",
        "ts": "2024-06-14T08:15:00.042Z",
        "caller": "etcdserver/util.go:170",
        "msg": f"apply took too long, number {number}",
        "took": "112.4ms",
        "expected-duration": "100ms",
        "prefix": "read-only range ",
        "request": f'key:"/registry/pods/shop/app-{number % 977}" ',
        "response": "range_response_count:1 size:873",
    }
    record = {
        "__CURSOR": f"s=1;i={number:x}",
        "__REALTIME_TIMESTAMP": str(time.time_ns() // 1000),
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "etcd",
        "MESSAGE": msgspec.json.encode(said).decode(),
    }
    return msgspec.json.encode(record)


if __name__ == "__main__":
    given = sys.argv[1:4]
    lines, total, file = [*given, *("0", "0", "")[len(given) :]]
    NovatuiApp(cases.config(3), feed=Fed(int(lines), int(total), file)).run()
