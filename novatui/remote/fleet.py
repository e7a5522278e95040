"""All masters of a cluster: one connection each, shared by its channels; commands, streams and relays over them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack

from novatui.config import ClusterConfig
from novatui.errors import RemoteError
from novatui.model.cluster import Link, NodeError
from novatui.model.sanitize import clean
from novatui.remote.call import Call, NotRun
from novatui.remote.command import Command, Fence, Outcome, Status
from novatui.remote.feed import fed
from novatui.remote.link import Connect, MasterLink, said
from novatui.remote.relay import relayed, tie
from novatui.remote.stream import streamed
from novatui.remote.transport import OnOutput, Transport

# Beyond the master's own limit: connecting, opening the channel, the way back.
GRACE_S = 15.0
# MaxSessions is 10 by default: streams, a lease and SFTP need theirs.
RUNS_AT_ONCE = 5
STAGGER_S = 0.03

_log = logging.getLogger(__name__)


class Fleet(Transport):
    """``Transport`` over anything that connects. Each master is alone: none waits for another."""

    def __init__(self, cluster: ClusterConfig, connect: Connect) -> None:
        self._watchers: list[Callable[[str], None]] = []
        self._links = {
            node.name: MasterLink(node, connect, self._changed, delay_s=STAGGER_S * at)
            for at, node in enumerate(cluster.nodes)
        }
        self._slots = {node.name: asyncio.Semaphore(RUNS_AT_ONCE) for node in cluster.nodes}

    def start(self) -> None:
        """Begin to connect to all; otherwise each connects at its first use."""
        for link in self._links.values():
            link.start()

    def link(self, node: str) -> tuple[Link, NodeError | None, str]:
        """The life of the connection: its state, why it is not better, and while connecting the step it is at."""
        return self._links[node].seen()

    def notes(self, node: str) -> tuple[str, ...]:
        """What else is to be said of the way to ``node``."""
        return ()

    def watch(self, changed: Callable[[str], None]) -> Callable[[], None]:
        """Call ``changed(node)`` whenever ``link(node)`` may have changed; returns what ends it."""
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed)

    def retry(self, node: str | None = None) -> None:
        """Try to connect now, also after a refusal."""
        for name in [node] if node else self._links:
            self._links[name].retry()

    async def close(self) -> None:
        await asyncio.gather(*(link.close() for link in self._links.values()))

    async def run(
        self, node: str, command: Command, *, fence: Fence | None = None, on_output: OnOutput | None = None
    ) -> Outcome:
        call = Call(command, on_output)

        async def whole() -> Outcome:
            await call.start(await self._links[node].connection(hurry=True), fence)
            call.session.write(command.stdin)
            call.session.write_eof()
            await call.session.wait()
            return call.outcome()

        outcome = await self._bounded(call, whole, (node,), _bound(command, fence))
        if _log.isEnabledFor(logging.DEBUG):
            line = clean(command.shown_line(), cap=400)
            _log.debug("%s: %s: %s exit %s, %.0f ms", node, line, outcome.status, outcome.exit, outcome.ms)
        return outcome

    async def relay(
        self,
        source: tuple[str, Command],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        giver, taker = Call(source[1]), Call(target[1])
        tie(giver, taker, on_progress)

        async def whole() -> Outcome:
            of, to = await asyncio.gather(
                self._links[source[0]].connection(hurry=True), self._links[target[0]].connection(hurry=True)
            )
            await taker.start(to, fence)
            await giver.start(of, fence)
            return await relayed(giver, taker)

        bound = max(_bound(source[1], fence), _bound(target[1], fence))
        try:
            return await self._bounded(taker, whole, sorted({source[0], target[0]}), bound)
        finally:
            giver.session.stop()

    async def feed(
        self,
        pieces: Iterator[bytes],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        node, call = target[0], Call(target[1])

        async def whole() -> Outcome:
            await call.start(await self._links[node].connection(hurry=True), fence)
            return await fed(call, pieces, on_progress)

        return await self._bounded(call, whole, (node,), _bound(target[1], fence))

    async def stream(
        self,
        node: str,
        command: Command,
        *,
        keepalive_s: float = 0.0,
        words: asyncio.Queue[bytes] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Lines without their ends. ``words``: what is written to its stdin as it comes, besides the keepalive."""
        conn = await self._links[node].connection()
        lines = streamed(conn, command, keepalive_s, words)
        try:
            async for line in lines:
                yield line
        finally:
            await lines.aclose()

    async def _bounded(
        self, call: Call, whole: Callable[[], Awaitable[Outcome]], nodes: Sequence[str], bound: float
    ) -> Outcome:
        """Whatever happens is an outcome of ``call``, in time, and its channel is given back."""
        try:
            async with asyncio.timeout(bound), AsyncExitStack() as slots:
                for node in nodes:  # always in the order of names: two relays cannot wait for each other
                    await slots.enter_async_context(self._slots[node])
                return await whole()
        except TimeoutError:
            return call.outcome(Status.TIMEOUT, f"no end within {bound:g} s, seen from here")
        except RemoteError as exc:
            return call.outcome(Status.UNKNOWN, said(exc))
        except NotRun as exc:
            return call.outcome(Status.FAILED, str(exc))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Of something this waited for, not of its caller: that one's task would end without a word.
            return call.outcome(Status.UNKNOWN, "the connection was given up")
        finally:
            call.session.stop()

    def _changed(self, node: str) -> None:
        for changed in tuple(self._watchers):
            changed(node)


def _bound(command: Command, fence: Fence | None) -> float:
    """How long we wait in all, seconds."""
    return command.timeout_s + GRACE_S + (fence.wait_s if fence is not None and command.changes else 0)
