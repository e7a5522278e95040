"""What a watched runner needs of the person at this screen: asked one at a time, answered on its socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from novatui.model.sanitize import clean
from novatui.present.asking import not_taken, secret_title
from novatui.present.i18n import _
from novatui.remote.secrets import SecretAsk, SecretKind

if TYPE_CHECKING:
    from novatui.runner.client import Need
    from novatui.tui.people import AtScreen
    from novatui.tui.screens.run_client import Following


class Answering:
    """The prompts of one run screen. ``say`` hears why an answer was not taken, or what a declined one means."""

    def __init__(self, people: AtScreen, say: Callable[[str], None]) -> None:
        self._people = people
        self._say = say
        self._asking: dict[str, asyncio.Task[None]] = {}

    def mind(self, follower: Following) -> None:
        """Ask for what is open and not asked yet; take away what is open no more."""
        for secret_id in [one for one in self._asking if one not in follower.needs]:
            self._asking.pop(secret_id).cancel()

    def begin(self, follower: Following, need: Need) -> None:
        if (before := self._asking.pop(need.secret_id, None)) is not None:
            before.cancel()
        self._asking[need.secret_id] = asyncio.create_task(self._answer(follower, need))

    def again(self, follower: Following) -> None:
        """The person wants to give what was declined."""
        self._people.wallet.again()
        for need in follower.needs.values():
            if self._asking.get(need.secret_id) is None or self._asking[need.secret_id].done():
                self.begin(follower, need)

    def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        self._asking.clear()

    async def _answer(self, follower: Following, need: Need) -> None:
        answer = await self._people.wallet.ask(asked(need))
        if answer is None:
            self._say(_("the run waits for it; c asks again, A aborts"))
            return
        reply = await follower.give(need, answer)
        if not reply.taken and reply.code != "already_answered":
            self._say(not_taken(reply.code, reply.why))


def asked(need: Need) -> SecretAsk:
    """The need as a keeper is asked for it."""
    return SecretAsk(
        kind=SecretKind(need.secret),
        node=clean(need.node),
        what=clean(need.what),
        echo=need.echo,
        attempt=need.attempt,
    )


def needed(need: Need) -> str:
    """In a few words, for the line under the header."""
    return secret_title(need.secret, clean(need.node), clean(need.what))
