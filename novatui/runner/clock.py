"""Time, waiting and chance as the engine takes them: injected, so that a simulator can drive all three."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """All that the engine knows of time and randomness."""

    def now_ms(self) -> int:
        """UTC milliseconds."""
        ...

    def mono_ns(self) -> int:
        """A clock that never goes back; nanoseconds."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def within(self, seconds: float, what: Awaitable[T]) -> T:
        """``what``, or TimeoutError (and ``what`` cancelled) after ``seconds``."""
        ...

    def nonce(self) -> str:
        """A word nobody can guess, new at each call."""
        ...


class SystemClock:
    """The real one."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def mono_ns(self) -> int:
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def within(self, seconds: float, what: Awaitable[T]) -> T:
        async with asyncio.timeout(seconds):
            return await what

    def nonce(self) -> str:
        return secrets.token_hex(8)
