"""What the engine and the probes need of a way to the masters; SSH implements it, so does the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

from novatui.remote.command import Command, Fence, Outcome

# Called with pieces of stdout and stderr as they come, raw.
OnOutput = Callable[[bytes], None]


class Transport(Protocol):
    """One master, by its configured name.

    ``run`` and ``relay`` never raise for what a master or a network does: a lost link is an ``Outcome`` of UNKNOWN.
    """

    async def run(
        self, node: str, command: Command, *, fence: Fence | None = None, on_output: OnOutput | None = None
    ) -> Outcome:
        """Run to the end, reconnecting first if there is no connection. Bounded by the command's limit plus 15 s."""
        ...

    async def relay(
        self,
        source: tuple[str, Command],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        """Stream the stdout of one master's command into another's stdin; the outcome is the target's, or the source's failure."""
        ...

    async def feed(
        self,
        pieces: Iterator[bytes],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        """Stream what is here into a master's command's stdin; the outcome is the command's, or FAILED when ``pieces`` raises."""
        ...

    def stream(self, node: str, command: Command, *, keepalive_s: float = 0.0) -> AsyncIterator[bytes]:
        """Lines of a long-lived read-only command (no limit on the master: it ends when its stdin closes or, with
        ``keepalive_s``, goes quiet). Raises RemoteError when the connection cannot be had or is lost."""
        ...

    async def close(self) -> None: ...
