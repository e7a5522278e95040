"""One login over SSH: the host proves itself, then we do. Used for bastions and masters alike."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

import asyncssh

from novatui.errors import HostKeyUnknown, RemoteError
from novatui.remote import hostkeys, known_hosts
from novatui.remote.client import Client, shown
from novatui.remote.identities import Identities, Opened
from novatui.remote.patience import Patience
from novatui.remote.proxy_command import Proxied
from novatui.remote.refusals import words
from novatui.remote.route import Hop
from novatui.remote.secrets import Keeper, NewHostKeys
from novatui.remote.tunnel import Tunnel

KEEPALIVE_S = 3.0
KEEPALIVE_COUNT = 2  # lost after interval x (count + 1)
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
            if self._new_host_keys is None or hop.strict:
                raise exc.refusal from None
            if not await self._accepted(hop, exc.key, say):
                raise hostkeys.declined(hop, shown(exc.key)) from None
        return await self._enter_known(hop, through, say)

    async def _enter_known(self, hop: Hop, through: Entered | None, say: Callable[[str], None]) -> Entered:
        try:
            return await self._enter(hop, through, say)
        except _Unknown as exc:  # another key than a moment ago
            raise exc.refusal from None

    async def _enter(self, hop: Hop, through: Entered | None, say: Callable[[str], None]) -> Entered:
        known = await asyncio.to_thread(
            known_hosts.known,
            hop.known_hosts,
            hop.known_as,
            revoked_by=hop.revoked_by,
            revoked_keys=hop.revoked_keys,
        )
        patience = Patience(hop.timeout_s, say)
        proxied: Proxied | None = None
        identities = Identities(hop, self._opened, patience)
        client = Client(hop, known, identities, self.keeper, patience, through, say)
        try:
            async with patience:
                pairs = await identities.pairs()
                if hop.command:
                    client.proxied = proxied = await Proxied.start(hop.command)
                conn = await _connected(hop, known, pairs, client, through)
            proxied = None  # it ends with the connection
        except RemoteError:
            raise
        except (OSError, asyncssh.Error, TimeoutError, ValueError) as exc:
            if client.unknown is not None and client.refusal is not None:
                raise _Unknown(client.unknown, client.refusal) from exc
            if proxied is not None and client.refusal is None:
                await proxied.gone(0.5)  # its last words
            raise client.refusal or words(hop, exc, client, known) from exc
        finally:
            identities.close()
            if proxied is not None:
                proxied.end()
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
        sock=client.proxied.sock if client.proxied is not None else None,
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
