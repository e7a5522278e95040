"""The bastions: one connection for all masters behind them, kept alive and strict like any other, told of as themselves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import asyncssh
from msgspec.structs import replace

from novatui.errors import BastionUnreachable, RemoteError, Unreachable
from novatui.remote.login import Entered, Login
from novatui.remote.route import Hop

# The masters that ask right after a failed attempt get its result instead of one of their own.
SHARED_FAILURE_S = 1.0


class Bastions:
    """``to(jumps)`` gives the connection to the last of them; equal chains share it."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._tasks: dict[tuple[Hop, ...], asyncio.Task[Entered]] = {}
        self._failed_at: dict[tuple[Hop, ...], float] = {}

    async def to(self, jumps: tuple[Hop, ...], say: Callable[[str], None]) -> Entered | None:
        """None = straight to the master. Raises RemoteError that names the bastion."""
        if not jumps:
            return None
        key = tuple(replace(hop, name="") for hop in jumps)
        task = self._tasks.get(key)
        if task is None or self._is_over(key, task):
            task = asyncio.create_task(self._enter(key, jumps, say), name=f"bastion {jumps[-1].where}")
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._tasks[key] = task
        say(f"through {jumps[-1].where}")
        return await asyncio.shield(task)

    async def close(self) -> None:
        """After the masters' own goodbyes."""
        tasks, self._tasks = self._tasks, {}
        for task in reversed(tasks.values()):
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=2.0)
            elif not task.cancelled() and task.exception() is None:
                conn = task.result().conn
                conn.close()
                with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
                    async with asyncio.timeout(1.0):
                        await conn.wait_closed()
                conn.abort()

    def _is_over(self, key: tuple[Hop, ...], task: asyncio.Task[Entered]) -> bool:
        if not task.done():
            return False
        if task.cancelled():
            return True
        if task.exception() is not None:
            return asyncio.get_running_loop().time() - self._failed_at.get(key, 0.0) > SHARED_FAILURE_S
        return task.result().lost.done()

    async def _enter(
        self, key: tuple[Hop, ...], jumps: tuple[Hop, ...], say: Callable[[str], None]
    ) -> Entered:
        hop = jumps[-1]
        try:
            before = await self.to(jumps[:-1], say)
            try:
                return await self._login.enter(hop, before, say)
            except RemoteError as exc:
                raise _of_bastion(hop, exc) from exc
        except RemoteError:
            self._failed_at[key] = asyncio.get_running_loop().time()
            raise


def _of_bastion(hop: Hop, exc: RemoteError) -> RemoteError:
    """The same refusal, told as the bastion's."""
    title = f"the bastion {hop.where}: {exc.title}"
    kind = BastionUnreachable if isinstance(exc, Unreachable) else type(exc)
    return kind(title, exc.detail, exc.hint)
