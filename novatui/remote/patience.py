"""A time limit that stands still while a person is being asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType


class Patience:
    """``async with patience: ..`` raises TimeoutError after ``limit_s`` of the machines' time."""

    def __init__(self, limit_s: float, say: Callable[[str], None]) -> None:
        self._limit_s = limit_s
        self._say = say
        self._timeout: asyncio.Timeout | None = None
        self._asking = 0
        self.asked = False  # a person was

    async def __aenter__(self) -> Patience:
        self._timeout = asyncio.timeout(self._limit_s)
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        timeout, self._timeout = self._timeout, None
        assert timeout is not None
        await timeout.__aexit__(kind, exc, trace)

    @asynccontextmanager
    async def asking(self, doing: str) -> AsyncIterator[None]:
        """The clock begins anew when the last question is answered."""
        self._say(doing)
        self._asking += 1
        self.asked = True
        self._move(None)
        try:
            yield
        finally:
            self._asking -= 1
            if not self._asking:
                self._move(asyncio.get_running_loop().time() + self._limit_s)
                self._say("logging in")

    def _move(self, when: float | None) -> None:
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(when)
