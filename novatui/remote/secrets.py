"""What only a person knows: asked through a ``Keeper``, held in memory alone, shown nowhere."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Protocol

import msgspec


class SecretKind(StrEnum):
    """What a secret opens."""

    PASSPHRASE = "passphrase"
    PASSWORD = "password"
    KEYBOARD_INTERACTIVE = "keyboard-interactive"
    SUDO = "sudo"


class SecretAsk(msgspec.Struct, frozen=True):
    """One question. ``what``: the key's path, ``user@host``, or the server's own prompt, cleaned.

    ``echo``: the answer may be shown while it is typed (the server says so). ``attempt`` counts from 1: a higher one
    means that the answer before was wrong.
    """

    kind: SecretKind
    node: str
    what: str
    echo: bool = False
    attempt: int = 1

    @property
    def secret_id(self) -> str:
        """One id is asked once. A key's passphrase is the same on every master, the rest belongs to one login."""
        match self.kind:
            case SecretKind.PASSPHRASE | SecretKind.PASSWORD:
                return f"{self.kind}:{self.what}"
            case SecretKind.SUDO | SecretKind.KEYBOARD_INTERACTIVE:
                return f"{self.kind}:{self.node}-{self.what}"


class Keeper(Protocol):
    """Whoever can ask the person."""

    async def ask(self, ask: SecretAsk) -> str | None:
        """The answer; None = the person declined, or nobody is there."""
        ...


class NewHostKeys(Protocol):
    """Whoever decides about a host that was never seen. Never called for a changed or a revoked key."""

    async def accept(self, node: str, host: str, port: int, key_type: str, fingerprint_sha256: str) -> bool:
        """``fingerprint_sha256`` as ssh shows it, ``SHA256:...``."""
        ...


class Remembered:
    """A keeper that asks another once for each id: asks that come together share one prompt, a wrong answer is
    forgotten. Memory only, for as long as it lives; it shows nothing of what it holds.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        # Secret id -> the attempt it was asked as, the answer, whether a login has begun with it since.
        self._answers: dict[str, tuple[int, str, bool]] = {}
        self._asking: dict[str, asyncio.Task[str | None]] = {}

    def __repr__(self) -> str:
        return "<Remembered>"

    async def ask(self, ask: SecretAsk) -> str | None:
        """The first attempt gets what is known. A later one says that what it got was wrong: it gets what somebody else
        was asked for meanwhile, or the question goes to the person."""
        known = self._answers.get(ask.secret_id)
        if known is not None and (ask.attempt == 1 or (known[0] >= ask.attempt and not known[2])):
            self._answers[ask.secret_id] = (known[0], known[1], ask.attempt == 1)
            return known[1]
        task = self._asking.get(ask.secret_id)
        if task is None:
            task = asyncio.create_task(self._ask(ask))
            self._asking[ask.secret_id] = task
        # Shielded: one master giving up must not take the prompt from the others.
        return await asyncio.shield(task)

    async def _ask(self, ask: SecretAsk) -> str | None:
        try:
            self._answers.pop(ask.secret_id, None)
            answer = await self._keeper.ask(ask)
            # What a server asks in words of its own may be a one-time code: never twice.
            if answer is not None and ask.kind is not SecretKind.KEYBOARD_INTERACTIVE:
                self._answers[ask.secret_id] = (ask.attempt, answer, ask.attempt == 1)
            return answer
        finally:
            self._asking.pop(ask.secret_id, None)

    def forget(self, secret_id: str) -> None:
        """The answer was wrong: the next ask goes to the person again."""
        self._answers.pop(secret_id, None)
