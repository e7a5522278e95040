"""What the wizard and the run screen need of the runner, as one seam: the real one here, fakes in tests."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from novatui.config import ClusterConfig
from novatui.model.plan import Plan, Request
from novatui.model.records import Record
from novatui.model.run import RunState
from novatui.model.sources import Sources

if TYPE_CHECKING:
    from novatui.remote.transport import Transport
    from novatui.runner.client import Event, Need, Reply, RunSummary
    from novatui.tui.feed import Feed
    from novatui.tui.people import AtScreen


class Following(Protocol):
    """One run, watched: ``runner.client.Follower``."""

    plan: Plan
    state: RunState
    records: list[Record]
    needs: dict[str, Need]
    live: bool

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None: ...

    def events(self) -> AsyncIterator[Event]: ...

    async def answer(self, gate: str, nonce: str, words: Sequence[str]) -> Reply: ...

    async def give(self, need: Need, answer: str) -> Reply: ...

    async def request(self, what: str) -> Reply: ...


class RunClient(Protocol):
    """Nothing here changes a master by itself: ``start``, ``resume`` and ``undo`` start a runner that does."""

    async def look(self, request: Request) -> Sources:
        """Read-only: what the masters could be restored from."""
        ...

    async def make_plan(self, request: Request, tell: Callable[[str], None]) -> Plan:
        """Read-only. ``tell`` hears in words what is waited for."""
        ...

    async def start(self, plan: Plan) -> str: ...

    async def resume(self, run: str) -> None: ...

    async def undo(self, run: str) -> None: ...

    async def abandon(self, run: str) -> None: ...

    def follow(self, run: str) -> Following: ...

    async def runs(self) -> list[RunSummary]: ...

    async def close(self) -> None: ...


class LiveClient:
    """The runner's client, over the connections the screen has already. Loaded when it is first needed."""

    def __init__(self, cluster: ClusterConfig, feed: Feed, people: AtScreen) -> None:
        self._cluster = cluster
        self._feed = feed
        self._people = people
        self._own: Transport | None = None

    @property
    def _client(self) -> Any:
        return importlib.import_module("novatui.runner.client")

    async def _loaded(self) -> Any:
        """The same, its imports off the loop: the screen goes on painting."""
        return await asyncio.to_thread(importlib.import_module, "novatui.runner.client")

    async def _transport(self) -> Transport:
        """The feed's; one of our own while it has none."""
        transport: Transport | None = getattr(self._feed, "transport", None)
        if transport is not None:
            return transport
        if self._own is None:
            ssh = await asyncio.to_thread(importlib.import_module, "novatui.remote.ssh")
            self._own = ssh.SshTransport(self._cluster, self._people.wallet, self._people)
        return self._own

    async def look(self, request: Request) -> Sources:
        found: Sources = await (await self._loaded()).sources(self._cluster, await self._transport())
        return found

    async def make_plan(self, request: Request, tell: Callable[[str], None]) -> Plan:
        client, transport = await self._loaded(), await self._transport()
        plan: Plan = await client.make_plan(self._cluster, request, transport, tell)
        return plan

    async def start(self, plan: Plan) -> str:
        run: str = await self._client.start(
            self._cluster.path, self._cluster.name, plan, secrets=self._people.wallet.known()
        )
        return run

    async def resume(self, run: str) -> None:
        await self._client.resume(run, secrets=self._people.wallet.known())

    async def undo(self, run: str) -> None:
        await self._client.undo(run, secrets=self._people.wallet.known())

    async def abandon(self, run: str) -> None:
        await self._client.abandon(run, secrets=self._people.wallet.known())

    def follow(self, run: str) -> Following:
        following: Following = self._client.Follower.open(run)
        return following

    async def runs(self) -> list[RunSummary]:
        """Of this cluster. Every journal is read: in a thread, the loop must go on painting."""
        found: list[RunSummary] = await asyncio.to_thread((await self._loaded()).runs)
        return [one for one in found if one.cluster == self._cluster.name]

    async def close(self) -> None:
        if self._own is not None:
            await self._own.close()
