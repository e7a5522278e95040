"""Virtual time: an asyncio event loop that never waits. Time jumps to the next timer; every run of it is the same.

A ``Process`` is what the operating system would call one: the tasks of one runner. It can be frozen (SIGSTOP), thawed
and killed; the loop simply does not run the handles of a frozen one.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH_MS = 1_718_352_000_000  # the virtual clock begins at 2024-06-14 08:00:00 UTC
_PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class Endless(Exception):
    """A schedule did not end within its bounds: a livelock, or nothing left that could happen."""


class Killed(BaseException):
    """Raised into a process that was killed; nothing of it may reach the world any more."""


class SimLoop(asyncio.BaseEventLoop):
    """``run_until_complete`` as usual; ``most_s`` and ``most_events`` bound what it may take."""

    def __init__(self, most_s: float, most_events: int) -> None:
        super().__init__()
        self._now = 0.0
        self._most_s = most_s
        self._left = most_events
        self._ready: deque[asyncio.Handle] = deque()
        self._scheduled: list[asyncio.TimerHandle] = []
        self.errors: list[dict[str, Any]] = []
        self.outside = contextvars.copy_context()
        self.set_exception_handler(lambda _, context: self.errors.append(context))
        self.set_task_factory(_owned)

    def time(self) -> float:
        return self._now

    def after(self, seconds: float, what: Callable[[], None]) -> asyncio.TimerHandle:
        """``what`` happens to the world then, whoever runs now."""
        return self.call_later(seconds, what, context=self.outside)

    def _run_once(self) -> None:
        timers = self._scheduled
        while timers and timers[0]._cancelled:
            heapq.heappop(timers)._scheduled = False  # type: ignore[attr-defined]
        if not self._ready and not self._stopping:  # type: ignore[attr-defined]
            if not timers:
                raise Endless("nothing left that could happen")
            self._now = max(self._now, timers[0].when())
        if self._now > self._most_s:
            raise Endless(f"not over after {self._most_s:g} virtual seconds")
        while timers and timers[0].when() <= self._now:
            timer = heapq.heappop(timers)
            timer._scheduled = False  # type: ignore[attr-defined]
            self._ready.append(timer)
        self._left -= len(self._ready)
        if self._left < 0:
            raise Endless("too many events: something runs in circles")
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(_PROCESS)  # type: ignore[attr-defined]
            if process is not None and process.frozen:
                process.parked.append(handle)
            else:
                handle._run()

    def resume(self, handles: list[asyncio.Handle]) -> None:
        self._ready.extend(handles)

    def _process_events(self, event_list: list[Any]) -> None:
        return None

    def _write_to_self(self) -> None:
        return None


class Process:
    """The tasks of one program. ``dead`` is looked at by all that connects it with the world."""

    def __init__(self, loop: SimLoop, name: str) -> None:
        self.loop = loop
        self.name = name
        self.frozen = False
        self.dead = False
        self.parked: list[asyncio.Handle] = []
        self._context = contextvars.copy_context()
        self._context.run(_PROCESS.set, self)
        self.tasks: list[asyncio.Task[Any]] = []
        self.ends: list[Callable[[], None]] = []  # what its death ends elsewhere, since its connections close

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        return self.loop.create_task(work, context=self._context.copy())

    def call(self, seconds: float, what: Callable[[], None]) -> None:
        """As an event within this process: not while it is frozen, never once it is dead."""

        def unless_dead() -> None:
            if not self.dead:
                what()

        self.loop.call_later(seconds, unless_dead, context=self._context.copy())

    def freeze(self) -> None:
        self.frozen = True

    def thaw(self) -> None:
        self.frozen = False
        parked, self.parked = self.parked, []
        self.loop.resume(parked)

    def kill(self) -> None:
        """SIGKILL: what its handlers still do while they are unwound reaches nothing, since ``dead`` is set first."""
        self.dead = True
        for end in list(self.ends):
            end()
        self.thaw()
        for task in self.tasks:
            task.cancel()


def _owned(
    loop: asyncio.AbstractEventLoop, work: Any, *, context: contextvars.Context | None = None, **more: Any
) -> asyncio.Task[Any]:
    """The loop's task factory: each process knows its tasks, so that it can be killed."""
    process = context.get(_PROCESS) if context is not None else _PROCESS.get()
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context, **more)
    if process is not None:
        process.tasks.append(task)
    return task


class SimClock:
    """The engine's Clock on virtual time. Nonces come from a generator of this process's own."""

    def __init__(self, loop: SimLoop, seed: int) -> None:
        self._loop = loop
        self._random = Random(seed)

    def now_ms(self) -> int:
        return EPOCH_MS + int(self._loop.time() * 1000)

    def mono_ns(self) -> int:
        return int(self._loop.time() * 1e9)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def within(self, seconds: float, what: Awaitable[T]) -> T:
        async with asyncio.timeout(seconds):
            return await what

    def nonce(self) -> str:
        return f"{self._random.getrandbits(64):016x}"
