"""Getting in before anything is begun, and waiting for people when a connection needs something only they know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

from novatui.model.cluster import Link
from novatui.model.sanitize import clean
from novatui.remote.arrival import arrived
from novatui.remote.command import Command, Fence, Outcome
from novatui.remote.fleet import Fleet
from novatui.remote.transport import OnOutput, Transport
from novatui.remote.wallet import Wallet
from novatui.runner.work import Stop, Work

_LOOK_S = 0.2
_HOST_KEYS = ("host-key-unknown", "host-key-changed")


class Patient(Transport):
    """The transport of a runner: a command for a master that cannot be entered now waits for the people, not for its
    own limit. Before the gate at most ``work.pace.gate_s``; an abort ends the waiting."""

    def __init__(self, inner: Transport, wallet: Wallet) -> None:
        self._inner = inner
        self._wallet = wallet
        self.work: Work | None = None

    async def run(
        self, node: str, command: Command, *, fence: Fence | None = None, on_output: OnOutput | None = None
    ) -> Outcome:
        await self._while_asking(node)
        return await self._inner.run(node, command, fence=fence, on_output=on_output)

    async def relay(
        self,
        source: tuple[str, Command],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        await self._while_asking(source[0])
        await self._while_asking(target[0])
        return await self._inner.relay(source, target, fence=fence, on_progress=on_progress)

    async def feed(
        self,
        pieces: Iterator[bytes],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        await self._while_asking(target[0])
        return await self._inner.feed(pieces, target, fence=fence, on_progress=on_progress)

    def stream(self, node: str, command: Command, *, keepalive_s: float = 0.0) -> AsyncIterator[bytes]:
        return self._inner.stream(node, command, keepalive_s=keepalive_s)

    async def close(self) -> None:
        await self._inner.close()

    async def enter(self) -> None:
        """Connect to all participants, as long as people need to let us in. Raises Stop: nobody came before the gate's
        time was over, somebody aborted, or a host key is not the one that is known."""
        work, fleet = self.work, self._inner
        if work is None or not isinstance(fleet, Fleet):
            return
        nodes = work.plan.nodes
        entering = asyncio.create_task(arrived(fleet, nodes, lambda: bool(self._wallet.asking)))
        entering.add_done_callback(lambda _: work.wake())
        deadline = work.now_s() + work.pace.gate_s
        try:
            while not entering.done():
                if not work.state.committed and work.now_s() >= deadline:
                    minutes = round(work.pace.gate_s / 60)
                    raise Stop(
                        "aborted", f"Nobody gave the credentials within {minutes} min: nothing was changed"
                    )
                await work.wait(1.0)
        finally:
            entering.cancel()
        _refuse_host_keys(fleet, nodes)

    async def _while_asking(self, node: str) -> None:
        waited = 0.0
        while self._wallet.asking and not self._let_in(node) and self._may_wait(waited):
            await asyncio.sleep(_LOOK_S)
            waited += _LOOK_S

    def _may_wait(self, waited: float) -> bool:
        work = self.work
        if work is None or work.abort_by or work.halted is not None:
            return False
        return work.state.committed or waited < work.pace.gate_s

    def _let_in(self, node: str) -> bool:
        return isinstance(self._inner, Fleet) and self._inner.link(node)[0] is Link.LIVE


def _refuse_host_keys(fleet: Fleet, nodes: tuple[str, ...]) -> None:
    """A runner asks nobody about host keys."""
    wrong = [
        f"{node}: {clean(error.title)}"
        for node in nodes
        if (error := fleet.link(node)[1]) is not None and error.code in _HOST_KEYS
    ]
    if wrong:
        raise Stop(
            "refused",
            "The runner asks nobody about host keys",
            "\n".join(
                [*wrong, "look with novatui status at a terminal, or on the screen: there it is decided"]
            ),
            exit_code=2,
        )
