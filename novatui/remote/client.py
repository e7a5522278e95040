"""What we answer while a login is under way: the host key, questions, the end. asyncssh calls it; nothing here begins anything."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import asyncssh

from novatui.errors import RemoteError
from novatui.model.sanitize import clean
from novatui.remote import hostkeys, known_hosts
from novatui.remote.identities import Identities
from novatui.remote.patience import Patience
from novatui.remote.proxy_command import Proxied
from novatui.remote.route import Hop
from novatui.remote.secrets import Keeper, SecretAsk, SecretKind

if TYPE_CHECKING:
    from novatui.remote.login import Entered

# What is still in the kernel's hands is thrown away when the other side does not take it for so long: a command must not
# arrive after we have given the connection up and said that nobody knows what became of it.
UNSENT_MS = 10_000


class Client(asyncssh.SSHClient):
    """Sets the socket, judges the host key, answers what the server asks, notes the end."""

    def __init__(
        self,
        hop: Hop,
        known: known_hosts.Known,
        identities: Identities,
        keeper: Keeper | None,
        patience: Patience,
        through: Entered | None,
        say: Callable[[str], None],
    ) -> None:
        self._hop = hop
        self._known = known
        self._identities = identities
        self._keeper = keeper
        self._patience = patience
        self._through = through
        self._say = say
        self._tries: dict[str, int] = {}
        self._rounds = 0
        self._declined = False
        self.reached = False
        self.notes: list[str] = []
        self.refusal: RemoteError | None = None
        self.unknown: asyncssh.SSHKey | None = None
        self.blame = ""
        self.proxied: Proxied | None = None
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def asked_somebody(self) -> bool:
        return self._keeper is not None and self._patience.asked

    @property
    def all_notes(self) -> list[str]:
        return [*dict.fromkeys([*self._identities.notes, *self.notes])]

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.reached = True
        self._say("logging in")
        _unsent_is_thrown_away(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        reason = clean(str(exc)) if exc else "closed"
        if self.proxied is not None:
            self.proxied.end()
        if self._through is None:
            self._end(reason)
        else:  # the bastion's end is told to its channels before it is told to us
            asyncio.get_running_loop().call_later(0.05, self._end, reason)

    def _end(self, reason: str) -> None:
        if self._through is not None and self._through.lost.done():
            self.blame = self._through.blame or self._through.hop.where
            reason = f"the bastion {self.blame} was lost: {self._through.lost.result()}"
        if not self.lost.done():
            self.lost.set_result(reason)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Asked for unknown and for changed keys alike; the answer is no, the reason differs."""
        others = self._known.marked("")
        own = [line for line in others if line.exact]
        if own:
            self.refusal = hostkeys.changed(self._hop, shown(key), [line.place for line in own])
        elif self._known.revoking(key.get_fingerprint()) is None:
            self.refusal = hostkeys.unknown(self._hop, shown(key))
            self.unknown = key
        return False

    async def public_key_auth_requested(self) -> asyncssh.SSHKeyPair | None:
        return await self._identities.late()

    async def password_auth_requested(self) -> str | None:
        return await self._ask(SecretKind.PASSWORD, self._hop.where)

    def kbdint_auth_requested(self) -> str | None:
        """Three rounds at most, none when nobody can be asked."""
        self._rounds += 1
        if self._keeper is None:
            self.notes.append("the server asks questions and nobody is here to answer")
        return (
            ""
            if self._keeper is not None and not self._declined and self._rounds <= self._hop.prompts
            else None
        )

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """One round. A lone hidden question for a password is the password; anything else is asked in the server's words."""
        answers = []
        for prompt, echo in prompts:
            plain = (
                not echo
                and len(prompts) == 1
                and "password" in prompt.lower()
                and "one-time" not in prompt.lower()
            )
            if plain:
                answer = await self._ask(SecretKind.PASSWORD, self._hop.where)
            else:
                answer = await self._ask(
                    SecretKind.KEYBOARD_INTERACTIVE, clean(prompt.strip(), cap=200), echo
                )
            if answer is None:
                return None
            answers.append(answer)
        return answers

    async def _ask(self, kind: SecretKind, what: str, echo: bool = False) -> str | None:
        """Asking again says that the answer before was wrong."""
        ask = SecretAsk(kind, self._hop.name, what, echo)
        tries = self._tries[ask.secret_id] = self._tries.get(ask.secret_id, 0) + 1
        if tries > 1:
            self.notes.append(f"the {kind} was wrong" + (f" {tries - 1} times" if tries > 2 else ""))
        if self._keeper is None:
            self.notes.append(f"the server wants a {kind} and nobody is here to be asked")
        if self._keeper is None or self._declined or tries > self._hop.prompts:
            return None
        async with self._patience.asking(f"waiting for the {kind} of {self._hop.where}"):
            answer = await self._keeper.ask(SecretAsk(kind, self._hop.name, what, echo, tries))
        if answer is None:
            self._declined = True
            self.notes.append(f"no {kind} was given")
        return answer


def shown(key: asyncssh.SSHKey) -> str:
    return f"{key.get_algorithm()} {key.get_fingerprint()}"


def _unsent_is_thrown_away(conn: asyncssh.SSHClientConnection) -> None:
    """When we close it, and when the other side does not take it for long."""
    sock = conn.get_extra_info("socket")
    if sock is None:
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux
    if option is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, option, UNSENT_MS)
