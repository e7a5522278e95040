"""SSH to the masters: the one place of the product that imports asyncssh. Its measured traps are met here and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import shlex
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import asyncssh

from novatui.config import ClusterConfig, NodeConfig
from novatui.errors import (
    AuthFailed,
    HostKeyUnknown,
    NoPrivilege,
    RemoteError,
    Unreachable,
)
from novatui.model.sanitize import clean
from novatui.remote import hostkeys
from novatui.remote.channel import Abandoned, Exec
from novatui.remote.fleet import Fleet
from novatui.remote.secrets import Keeper, NewHostKeys

KEEPALIVE_S = 3.0
KEEPALIVE_COUNT = 2  # lost after interval x (count + 1)
LOGIN_TIMEOUT_S = 8.0
OPEN_TIMEOUT_S = 8.0
# What is still in the kernel's hands is thrown away when the master does not take it for so long: a command must not
# arrive after we have given the connection up and said that nobody knows what became of it.
UNSENT_MS = 10_000

# Without a handler Python would print asyncssh's warnings to stderr, over the screen.
logging.getLogger("asyncssh").addHandler(logging.NullHandler())


class SshTransport(Fleet):
    """The masters of one cluster over SSH; see ``remote/transport.py`` for what it promises."""

    def __init__(
        self, cluster: ClusterConfig, keeper: Keeper | None = None, new_host_keys: NewHostKeys | None = None
    ) -> None:
        super().__init__(cluster, connect)
        self._keeper, self._new_host_keys = keeper, new_host_keys


class FoundPrivilege:
    """``sudo``: prefix commands with it. ``error``: we are neither root nor can become it."""

    def __init__(self, sudo: bool = False, error: NoPrivilege | None = None) -> None:
        self.sudo = sudo
        self.error = error


class SshConnection:
    """One authenticated connection; all channels of a master share it."""

    def __init__(self, node: NodeConfig, conn: asyncssh.SSHClientConnection, client: _Client) -> None:
        self._node = node
        self._conn = conn
        self.lost: asyncio.Future[str] = client.lost
        self.privilege = FoundPrivilege()

    async def probe_privilege(self) -> None:
        self.privilege = await _privilege(self, self._node)

    async def start(self, line: str, session: Exec) -> None:
        """Open a channel and send the exec request. The opening is shielded: a late channel is closed, nothing runs."""
        deadline = asyncio.get_running_loop().time() + OPEN_TIMEOUT_S
        while True:
            try:
                await self._open(line, session, deadline)
                return
            except asyncssh.ChannelOpenError as exc:
                # The master's MaxSessions: nothing was sent, so asking again is safe.
                if self.lost.done() or asyncio.get_running_loop().time() + 0.3 > deadline:
                    raise Unreachable("the master opens no further session", clean(exc.reason)) from exc
                await asyncio.sleep(0.3)

    async def _open(self, line: str, session: Exec, deadline: float) -> None:
        opening: asyncio.Task[Any] = asyncio.ensure_future(
            self._conn.create_session(
                cast(Callable[[], asyncssh.SSHClientSession[bytes]], lambda: session), line, encoding=None
            )
        )
        try:
            await asyncio.wait({opening}, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        finally:
            if not opening.done():
                session.abandoned = True
                opening.add_done_callback(lambda task: _drop(task, session))
        if not opening.done():
            raise Unreachable("the master opened no channel", f"within {OPEN_TIMEOUT_S:g} s")
        try:
            opening.result()
        except asyncssh.ChannelOpenError:
            raise
        except (OSError, asyncssh.Error) as exc:
            raise Unreachable("the connection was lost", clean(str(exc))) from exc

    def abort(self) -> None:
        self._conn.abort()

    async def close(self) -> None:
        """Say goodbye, bounded."""
        _linger(self._conn, None)
        self._conn.close()
        with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
            async with asyncio.timeout(1.0):
                await self._conn.wait_closed()
        self._conn.abort()


async def connect(node: NodeConfig, say: Callable[[str], None]) -> SshConnection:
    """Connect and log in within the configured time. Raises RemoteError, each with what to do next."""
    if node.ssh.jump:
        raise RemoteError(
            "a jump host is not supported yet",
            f"ssh.jump = {node.ssh.jump!r} of {node.name}",
            "run novatui where the masters can be reached directly",
        )
    known = _known_hosts(node)
    client = _Client(node, known, say)
    limit = node.ssh.connect_timeout
    try:
        async with asyncio.timeout(limit + 0.5):
            conn = await asyncssh.connect(
                node.host,
                node.port,
                config=None,
                username=node.ssh.user,
                client_keys=[str(path) for path in _identities(node)],
                ignore_encrypted=True,  # a key with a passphrase is the agent's business
                known_hosts=known,
                client_factory=lambda: client,
                agent_forwarding=False,
                password_auth=False,
                kbdint_auth=False,
                host_based_auth=False,
                gss_kex=False,
                gss_auth=False,
                encryption_algs="^aes128-gcm@openssh.com",
                compression_algs=["none"],
                connect_timeout=limit,
                login_timeout=LOGIN_TIMEOUT_S,
                keepalive_interval=KEEPALIVE_S,
                keepalive_count_max=KEEPALIVE_COUNT,
                request_pty=False,
                encoding=None,
            )
    except (OSError, asyncssh.Error, TimeoutError, ValueError) as exc:
        raise client.refusal or _words(node, exc) from exc
    return SshConnection(node, conn, client)


class _Client(asyncssh.SSHClient):
    """Sets the socket, judges the host key, notes the end."""

    def __init__(self, node: NodeConfig, known: asyncssh.SSHKnownHosts, say: Callable[[str], None]) -> None:
        self._node = node
        self._known = known
        self._say = say
        self.refusal: RemoteError | None = None
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._say("logging in")
        _linger(conn, 0)
        sock = conn.get_extra_info("socket")
        option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux
        if sock is not None and option is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, UNSENT_MS)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(clean(str(exc)) if exc else "closed")

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Asked for unknown and for changed keys alike; the answer is no, the reason differs."""
        fingerprint = f"{key.get_algorithm()} {key.get_fingerprint()}"
        named = self._known.match(hostkeys.known_hosts_name(self._node), "", None)
        self.refusal = (hostkeys.changed if named[0] else hostkeys.unknown)(self._node, fingerprint)
        return False


def _known_hosts(node: NodeConfig) -> asyncssh.SSHKnownHosts:
    """Always an object: an empty text would make asyncssh read the user's own file instead."""
    text = hostkeys.known_hosts_text(node)
    try:
        return asyncssh.import_known_hosts(text)
    except ValueError as exc:
        path = hostkeys.known_hosts_path(node)
        raise HostKeyUnknown(
            f"{path} cannot be understood", clean(str(exc)), f"mend the line in {path}"
        ) from exc


def _identities(node: NodeConfig) -> list[Path]:
    """The configured keys; none configured = the agent and the usual files, asyncssh's own choice."""
    paths = [Path(name).expanduser() for name in node.ssh.identity_files]
    for path in paths:
        if not path.is_file():
            raise AuthFailed("the identity file is missing", str(path), "correct ssh.identity_files")
    return paths


def _drop(opening: asyncio.Task[Any], session: Exec) -> None:
    """A channel that came after its caller had gone."""
    if not opening.cancelled() and not isinstance(opening.exception(), Abandoned):
        session.stop()


def _linger(conn: asyncssh.SSHClientConnection, seconds: int | None) -> None:
    """0: closing throws unsent data away; None: as usual."""
    sock = conn.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", seconds is not None, seconds or 0)
            )


async def _privilege(conn: SshConnection, node: NodeConfig) -> FoundPrivilege:
    """Root already, or by ``sudo -n``, or neither; asked once a connection."""
    become = node.ssh.become
    if become == "none":
        return FoundPrivilege(
            error=NoPrivilege("no privilege", "ssh.become = none", "read-only: it can look, not recover")
        )
    nonce = secrets.token_hex(8)
    ask = f'if [ "$(id -u)" = 0 ]; then echo {nonce} root; ' + (
        "" if become == "root" else f"elif timeout -k 1 6 sudo -n true; then echo {nonce} sudo; "
    )
    out, err = bytearray(), bytearray()
    session = Exec("", out.extend, err.extend)
    try:
        await conn.start(shlex.join(["sh", "-c", f"{ask}else echo {nonce} none; fi"]), session)
        async with asyncio.timeout(8.0):
            await session.wait()
    except TimeoutError:
        session.stop()
    if session.exit is None and conn.lost.done():
        raise Unreachable("the connection was lost", conn.lost.result())
    if f"{nonce} root".encode() in out:
        return FoundPrivilege(sudo=become == "sudo")
    if f"{nonce} sudo".encode() in out:
        return FoundPrivilege(sudo=True)
    why = clean(bytes(err), cap=300) or (
        "no answer within 8 s" if session.exit is None else f"become = {become}"
    )
    return FoundPrivilege(
        error=NoPrivilege(
            f"{node.ssh.user} is neither root nor may become it",
            why,
            "let the user run sudo without a password, or log in as root",
        )
    )


def _words(node: NodeConfig, exc: Exception) -> RemoteError:
    """asyncssh's and the system's errors in our words."""
    where = f"{node.host}:{node.port}"
    said = clean(str(exc), cap=300)
    match exc:
        case asyncssh.PermissionDenied():
            return AuthFailed(
                "the login was refused",
                f"{node.ssh.user}@{where}: {said}",
                "check ssh.user and ssh.identity_files; a key with a passphrase must be in the ssh-agent",
            )
        case asyncssh.HostKeyNotVerifiable():
            return hostkeys.revoked(node) if "revoked" in said else hostkeys.changed(node, "")
        case asyncssh.KeyExchangeFailed() if "host key" in said.lower():
            return hostkeys.changed(node, "")
        case asyncssh.KeyImportError():
            return AuthFailed("an identity file cannot be read", said, "correct ssh.identity_files")
        case TimeoutError():
            return Unreachable(
                "no answer",
                f"{where} within {node.ssh.connect_timeout:g} s",
                "is the host up, is a firewall in between?",
            )
        case socket.gaierror():
            return Unreachable(
                "the host name is not known", f"{node.host}: {said}", "check nodes.host, or name the address"
            )
        case ConnectionRefusedError():
            return Unreachable(
                "nobody listens", f"{where} refused the connection", "is sshd running, is the port right?"
            )
        case OSError():
            return Unreachable("no way to the host", f"{where}: {said}", "check the network and nodes.host")
    return Unreachable("the connection was not made", f"{where}: {said}")
