"""All masters watched at once -> a ClusterSnapshot whenever something is learned, at most twenty a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from novatui.config import ClusterConfig
from novatui.model.cluster import ClusterSnapshot
from novatui.model.entries import Entry
from novatui.probes.agreement import compared
from novatui.probes.watch import Watch, Watchable, now_ms

OnSnapshot = Callable[[ClusterSnapshot], None]
OnEntries = Callable[[str, Sequence[Entry]], None]

EVERY_S = 0.05  # snapshots are this far apart at least
AGEING_S = 0.25  # how often the age of the samples is looked at


class Collector:
    """Per master one poll task and one journal task; nothing waits for another master. Read-only."""

    def __init__(self, cluster: ClusterConfig, transport: Watchable) -> None:
        self._cluster = cluster
        self._transport = transport
        self._dirty = asyncio.Event()
        self._on_entries: OnEntries = lambda _node, _entries: None
        self._watches = {
            node.name: Watch(node, transport, self._dirty.set, partial(self._heard, node.name))
            for node in cluster.nodes
        }

    def snapshot(self) -> ClusterSnapshot:
        """What is known now."""
        return ClusterSnapshot(
            cluster=self._cluster.name,
            environment=self._cluster.environment,
            at_ms=now_ms(),
            nodes=tuple(watch.sight.snapshot for watch in self._watches.values()),
        )

    def refresh(self) -> None:
        """Look now, on all masters; connect now where there is no connection, also after a refusal."""
        self._transport.retry()
        for watch in self._watches.values():
            watch.poll_now()

    async def run(self, on_snapshot: OnSnapshot, on_entries: OnEntries) -> None:
        """Until cancelled. Both are called in the loop's thread; entries oldest first."""
        self._on_entries = on_entries
        with self._linked():
            async with asyncio.TaskGroup() as tasks:
                for watch in self._watches.values():
                    tasks.create_task(watch.run())
                tasks.create_task(self._emit(on_snapshot))
                tasks.create_task(self._age())
                tasks.create_task(compared(list(self._watches.values())))

    async def once(self, timeout_s: float) -> ClusterSnapshot:
        """One look at every master, none waited for longer than ``timeout_s``; then what is known."""
        with self._linked():
            looks = [asyncio.create_task(watch.poll_until_complete()) for watch in self._watches.values()]
            enough = [
                asyncio.create_task(self._enough(watch, look))
                for watch, look in zip(self._watches.values(), looks, strict=True)
            ]
            await asyncio.wait(enough, timeout=timeout_s)
            for task in (*looks, *enough):
                task.cancel()
            await asyncio.wait([*looks, *enough], timeout=2.0)
            for watch in self._watches.values():
                watch.connection()
        return self.snapshot()

    async def _enough(self, watch: Watch, look: asyncio.Task[None]) -> None:
        """Until the master was looked at, or will not be."""
        complete = asyncio.create_task(watch.complete.wait())
        try:
            await asyncio.wait({complete, look}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            complete.cancel()

    @contextlib.contextmanager
    def _linked(self) -> Iterator[None]:
        """Hear of every change of a link, from before the first connection on."""
        end = self._transport.watch(self._link_changed)
        try:
            self._transport.start()
            for watch in self._watches.values():
                watch.connection()
            self._dirty.set()
            yield
        finally:
            end()

    def _link_changed(self, node: str) -> None:
        self._watches[node].connection()
        self._dirty.set()

    def _heard(self, node: str, entries: Sequence[Entry]) -> None:
        self._on_entries(node, entries)

    async def _emit(self, on_snapshot: OnSnapshot) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            on_snapshot(self.snapshot())
            await asyncio.sleep(EVERY_S)

    async def _age(self) -> None:
        while True:
            await asyncio.sleep(AGEING_S)
            for watch in self._watches.values():
                before = watch.sight.snapshot
                watch.connection()
                if watch.sight.snapshot is not before:
                    self._dirty.set()
