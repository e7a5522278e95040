"""The person at the screen, as connections and runners ask for secrets and about unknown host keys: one modal at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from novatui.model.sanitize import clean
from novatui.remote.secrets import SecretAsk
from novatui.remote.wallet import Wallet
from novatui.tui.screens.secret import AskModal, HostKeyModal, SecretModal

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp


class AtScreen:
    """Keeper and judge of new host keys. ``wallet`` is what connections are given; it remembers, this only asks."""

    def __init__(self, app: NovatuiApp, accept_new_host_keys: bool = False) -> None:
        self._app = app
        self._accept_all = accept_new_host_keys
        self._one = asyncio.Lock()
        self.wallet = Wallet(self)

    async def ask(self, ask: SecretAsk) -> str | None:
        return await self._show(lambda: SecretModal(ask))

    async def accept(self, node: str, host: str, port: int, key_type: str, fingerprint_sha256: str) -> bool:
        if self._accept_all:
            return True
        key = (clean(node), clean(host), port, clean(key_type), clean(fingerprint_sha256))
        return await self._show(lambda: HostKeyModal(*key)) == "yes"

    async def _show(self, make: Callable[[], AskModal]) -> str | None:
        """Cancelling it takes the modal away: whoever asked has gone, or somebody else has answered."""
        async with self._one:
            answered: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
            modal = make()

            def done(answer: str | None) -> None:
                if not answered.done():
                    answered.set_result(answer)

            # In the app's own context: a connection's task has none of its own.
            self._app.call_later(self._app.push_screen, modal, done)
            try:
                return await answered
            finally:
                if not answered.done() or answered.cancelled():
                    self._app.call_later(modal.withdraw)
