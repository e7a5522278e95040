"""One login over SSH: the host proves itself, then we do. Used for bastions and masters alike."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable, Sequence

import asyncssh

from novatui.errors import (
    HostKeyUnknown,
    RemoteError,
)
from novatui.model.sanitize import clean
from novatui.remote import hostkeys, known_hosts
from novatui.remote.identities import Identities, Opened
from novatui.remote.patience import Patience
from novatui.remote.refusals import words
from novatui.remote.route import Hop
from novatui.remote.secrets import Keeper, NewHostKeys, SecretAsk, SecretKind
from novatui.remote.tunnel import Tunnel

KEEPALIVE_S = 3.0
KEEPALIVE_COUNT = 2  # lost after interval x (count + 1)
# What is still in the kernel's hands is thrown away when the other side does not take it for so long: a command must not
# arrive after we have given the connection up and said that nobody knows what became of it.
UNSENT_MS = 10_000
METHODS = ("publickey", "keyboard-interactive", "password")
_FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}
_CERTIFICATES = "-*-cert-v01@openssh.com"  # asyncssh: the default algorithms without these

# Without a handler Python would print asyncssh's warnings to stderr, over the screen.
logging.getLogger("asyncssh").addHandler(logging.NullHandler())
_log = logging.getLogger(__name__)


class Entered:
    """A live connection. ``lost`` is done with the reason; ``blame`` then names the bastion, if it was that."""

    def __init__(self, hop: Hop, conn: asyncssh.SSHClientConnection, client: Client) -> None:
        self.hop = hop
        self.conn = conn
        self.lost = client.lost
        self._client = client

    @property
    def blame(self) -> str:
        return self._client.blame


class Login:
    """Logs in to one hop after another, asking a person through ``keeper`` for what only a person knows."""

    def __init__(self, keeper: Keeper | None, new_host_keys: NewHostKeys | None) -> None:
        self.keeper = keeper
        self._new_host_keys = new_host_keys
        self._opened = Opened(keeper)

    async def enter(self, hop: Hop, through: Entered | None, say: Callable[[str], None]) -> Entered:
        """Within the hop's time, a person's not counted. Raises RemoteError, each with what to do next."""
        try:
            return await self._enter(hop, through, say)
        except _Unknown as exc:
            if self._new_host_keys is None:
                raise exc.refusal from None
            if not await self._accepted(hop, exc.key, say):
                raise hostkeys.declined(hop, _shown(exc.key)) from None
        return await self._enter_known(hop, through, say)

    async def _enter_known(self, hop: Hop, through: Entered | None, say: Callable[[str], None]) -> Entered:
        try:
            return await self._enter(hop, through, say)
        except _Unknown as exc:  # another key than a moment ago
            raise exc.refusal from None

    async def _enter(self, hop: Hop, through: Entered | None, say: Callable[[str], None]) -> Entered:
        known = await asyncio.to_thread(
            known_hosts.known, hop.known_hosts, hop.known_as, revoked_by=hop.revoked_by
        )
        patience = Patience(hop.timeout_s, say)
        identities = Identities(hop, self._opened, patience)
        client = Client(hop, known, identities, self.keeper, patience, through, say)
        try:
            async with patience:
                conn = await _connected(hop, known, await identities.pairs(), client, through)
        except RemoteError:
            raise
        except (OSError, asyncssh.Error, TimeoutError, ValueError) as exc:
            if client.unknown is not None and client.refusal is not None:
                raise _Unknown(client.unknown, client.refusal) from exc
            raise client.refusal or words(hop, exc, client, known) from exc
        finally:
            identities.close()
        return Entered(hop, conn, client)

    async def _accepted(self, hop: Hop, key: asyncssh.SSHKey, say: Callable[[str], None]) -> bool:
        """Asked, and if taken written down; the login that follows reads it from the file like any other."""
        if not hop.known_hosts:
            raise HostKeyUnknown(
                "there is no file to keep the host key in",
                f"UserKnownHostsFile of {hop.name} is none",
                "name one in ssh_config, or set ssh.known_hosts",
            )
        say("waiting for a word on the new host key")
        kind, print_ = key.get_algorithm(), key.get_fingerprint()
        assert self._new_host_keys is not None
        if not await self._new_host_keys.accept(hop.name, hop.host, hop.port, kind, print_):
            return False
        try:
            await asyncio.to_thread(
                known_hosts.add, hop.known_hosts[0], hop.known_as, key, hashed=hop.hash_new
            )
        except OSError as exc:
            raise HostKeyUnknown(
                f"{hop.known_hosts[0]} cannot be written", exc.strerror or str(exc), "check who owns it"
            ) from exc
        _log.info("the host key of %s was accepted: %s %s", hop.known_as, kind, print_)
        return True

    async def close(self) -> None:
        """Questions that nobody waits for any more are taken back."""
        await self._opened.close()


class _Unknown(Exception):
    def __init__(self, key: asyncssh.SSHKey, refusal: RemoteError) -> None:
        super().__init__(refusal.title)
        self.key, self.refusal = key, refusal


async def _connected(
    hop: Hop,
    known: known_hosts.Known,
    pairs: list[asyncssh.SSHKeyPair],
    client: Client,
    through: Entered | None,
) -> asyncssh.SSHClientConnection:
    preferred = [method for method in hop.preferred if method in METHODS] or list(METHODS)
    return await asyncssh.connect(
        hop.host,
        hop.port,
        config=None,
        tunnel=Tunnel(through.conn) if through is not None else (),
        family=_FAMILIES.get(hop.family, 0),
        username=hop.user,
        client_keys=pairs or None,  # never empty: asyncssh would look for keys by itself
        agent_path=None,
        known_hosts=known.trusted(),
        host_key_alias=hop.alias or None,
        # A certificate is asked for only where an authority is believed: else the host's own key decides.
        server_host_key_algs=() if known.marked("cert-authority") else _CERTIFICATES,
        x509_trusted_certs=None,
        client_factory=lambda: client,
        agent_forwarding=False,
        public_key_auth=hop.pubkey,
        password_auth=hop.password,
        kbdint_auth=hop.interactive,
        preferred_auth=preferred,
        host_based_auth=False,
        gss_host=None,
        gss_kex=False,
        gss_auth=False,
        encryption_algs="^aes128-gcm@openssh.com",
        compression_algs=["none"],
        connect_timeout=None,
        login_timeout=0,  # Patience counts, and not while a person thinks
        keepalive_interval=KEEPALIVE_S,
        keepalive_count_max=KEEPALIVE_COUNT,
        request_pty=False,
        encoding=None,
        utf8_decode_errors="backslashreplace",  # a banner in another encoding would end the connection
    )


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
            self.refusal = hostkeys.changed(self._hop, _shown(key), [line.place for line in own])
        elif self._known.revoking(key.get_fingerprint()) is None:
            self.refusal = hostkeys.unknown(self._hop, _shown(key))
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


def _shown(key: asyncssh.SSHKey) -> str:
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
