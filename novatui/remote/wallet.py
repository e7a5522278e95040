"""All secrets that one process was told, so that each is typed once: for every master, and for the runner it starts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from novatui.hardening import no_dumps
from novatui.present.asking import TRIES
from novatui.remote.secrets import Keeper, SecretAsk, SecretKind


class Wallet:
    """A keeper over another one that asks a person. One prompt at a time; what was declined is not asked again before
    ``again``. A master's sudo password is first tried on the other masters of the same user. Shows nothing it holds.
    """

    def __init__(self, keeper: Keeper, known: Mapping[str, str] | None = None) -> None:
        self._keeper = keeper
        self._answers: dict[str, str] = dict(known or {})  # secret id -> answer
        self._kin: dict[str, str] = {}
        self._given: dict[tuple[str, str], str] = {}  # secret id, node -> the answer it was given last
        self._declined: set[str] = set()
        self._one = asyncio.Lock()
        self.asking = 0  # how many wait for the person now

    def __repr__(self) -> str:
        return "<Wallet>"

    def known(self) -> dict[str, str]:
        """All answers by their ids: for the runner's inherited socket, and to be struck out of what is given to others."""
        return dict(self._answers)

    def again(self) -> None:
        """The person wants to be asked again for what was declined."""
        self._declined.clear()

    async def ask(self, ask: SecretAsk) -> str | None:
        no_dumps()
        if (found := self._candidate(ask)) is not None:
            return self._give(ask, found)
        self.asking += 1
        try:
            async with self._one:
                # While another prompt stood here, its answer may have become ours.
                if (found := self._candidate(ask)) is None:
                    found = await self._of_person(ask)
        finally:
            self.asking -= 1
        return None if found is None else self._give(ask, found)

    def _candidate(self, ask: SecretAsk) -> str | None:
        """What is known and was not found wrong at this very place. What a server asks in words of its own may be a one-time
        code: never twice."""
        if ask.kind is SecretKind.KEYBOARD_INTERACTIVE:
            return None
        wrong = self._given.get((ask.secret_id, ask.node)) if ask.attempt > 1 else None
        for found in (self._answers.get(ask.secret_id), self._kin.get(_kin(ask))):
            if found is not None and found != wrong:
                return found
        return None

    async def _of_person(self, ask: SecretAsk) -> str | None:
        if ask.attempt > TRIES:
            self._answers.pop(ask.secret_id, None)
            if self._kin.get(_kin(ask)) == self._given.get((ask.secret_id, ask.node)):
                self._kin.pop(_kin(ask), None)
            self._declined.add(_kin(ask))
        if _kin(ask) in self._declined:
            return None
        answer = await self._keeper.ask(ask)
        if answer is None:
            self._declined.add(_kin(ask))
            return None
        self._kin[_kin(ask)] = answer
        return answer

    def _give(self, ask: SecretAsk, answer: str) -> str:
        self._answers[ask.secret_id] = answer
        self._given[ask.secret_id, ask.node] = answer
        return answer


def _kin(ask: SecretAsk) -> str:
    """Questions that one answer may fit: the same id, or the sudo password of the same user on any master."""
    return f"{ask.kind}:*-{ask.what}" if ask.kind is SecretKind.SUDO else ask.secret_id
