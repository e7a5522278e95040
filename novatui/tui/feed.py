"""Where the screen's data comes from. The live feed brings its own connections and never changes a master."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from novatui import logs
from novatui.config import ClusterConfig
from novatui.errors import RemoteError
from novatui.model.cluster import ClusterSnapshot
from novatui.model.entries import Entry, Record

if TYPE_CHECKING:
    from novatui.probes.lookback import Older
    from novatui.remote.command import Command, Outcome
    from novatui.remote.secrets import Keeper, NewHostKeys
    from novatui.remote.transport import Transport

OnSnapshot = Callable[[ClusterSnapshot], None]
OnEntries = Callable[[str, Sequence[Entry]], None]


class Feed(Protocol):
    """Snapshots and journal lines, delivered in the loop that called ``start``."""

    async def start(self, on_snapshot: OnSnapshot, on_entries: OnEntries) -> None:
        """Deliver until cancelled."""

    def refresh(self) -> None:
        """Ask all masters now; connections that were given up are tried again."""

    async def close(self) -> None:
        """Let go of every connection."""


class LiveFeed:
    """The collector over SSH. Its modules (asyncssh: 0.2 s) are loaded after the first paint, off the loop."""

    def __init__(
        self,
        cluster: ClusterConfig,
        keeper: Keeper | None = None,
        new_host_keys: NewHostKeys | None = None,
    ) -> None:
        self.cluster = cluster
        self._keeper, self._new_host_keys = keeper, new_host_keys
        self._collector: Any = None
        self._transport: Transport | None = None

    @property
    def transport(self) -> Transport | None:
        """The connections, once there are any: the wizard asks its read-only questions over them too."""
        return self._transport

    async def start(self, on_snapshot: OnSnapshot, on_entries: OnEntries) -> None:
        ssh = await asyncio.to_thread(importlib.import_module, "novatui.remote.ssh")
        collector = await asyncio.to_thread(importlib.import_module, "novatui.probes.collector")
        transport = ssh.SshTransport(self.cluster, self._keeper, self._new_host_keys)
        self._transport = transport
        logs.links(transport, "novatui.links")
        self._collector = collector.Collector(self.cluster, self._transport)
        await self._collector.run(on_snapshot, on_entries)

    async def older(self, node: str, cursor: str) -> Older:
        """Journal lines of a master from right before the record ``cursor``."""
        from novatui.probes import lookback

        return lookback.older(node, cursor, await self._ask(node, lookback.older_command, cursor))

    async def record(self, node: str, cursor: str) -> Record:
        """One record of a master's journal with all its fields."""
        from novatui.probes import lookback

        return lookback.record(cursor, await self._ask(node, lookback.record_command, cursor))

    async def _ask(self, node: str, command: Callable[[str, str], Command], cursor: str) -> Outcome:
        if self._transport is None:
            raise RemoteError("there is no connection yet")
        unit = next(one.etcd.unit for one in self.cluster.nodes if one.name == node)
        return await self._transport.run(node, command(unit, cursor))

    def refresh(self) -> None:
        if self._collector is not None:
            self._collector.refresh()

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.close()
