"""What the runner must be told to get in: asked of whoever is connected to its socket, kept open until somebody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from novatui.remote.secrets import SecretAsk
from novatui.runner.events import GiveSecret, Live, Met, Need, Reply


class Needs:
    """A keeper that never declines: a client that will not answer leaves the need open for the next one."""

    def __init__(self) -> None:
        self.tell: Callable[[Live], None] = lambda _: None
        self._open: dict[str, tuple[Need, asyncio.Future[str]]] = {}
        self._changed = asyncio.Event()

    def standing(self) -> list[Need]:
        """All that are open now."""
        return [need for need, _ in self._open.values()]

    async def ask(self, ask: SecretAsk) -> str | None:
        need = Need(
            secret_id=ask.secret_id,
            secret=ask.kind.value,
            node=ask.node,
            what=ask.what,
            echo=ask.echo,
            attempt=ask.attempt,
        )
        answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._open[ask.secret_id] = need, answered
        self._news()
        self.tell(need)
        try:
            return await answered
        finally:
            del self._open[ask.secret_id]
            self._news()
            if not answered.done() or answered.cancelled():
                self.tell(Met(secret_id=ask.secret_id))

    def answer(self, given: GiveSecret, by: str) -> Reply:
        """The first answer to an open need is taken; whether it is right, the server it is for will say."""
        need, answered = self._open.get(given.secret_id, (None, None))
        if need is None or answered is None or answered.done():
            return Reply(id=0, code="already_answered", why="nobody waits for it now")
        if need.attempt != given.attempt:
            return Reply(id=0, code="stale", why="it was answered before, and that was not it")
        answered.set_result(given.answer)
        self.tell(Met(secret_id=given.secret_id, by=by))
        return Reply(id=0, code="taken", by=by)

    async def changed(self) -> None:
        """Returns when a need was opened or closed since the last call."""
        await self._changed.wait()
        self._changed.clear()

    def _news(self) -> None:
        self._changed.set()
