"""What we can prove who we are with: key files, their certificates, the agent's keys. Secrets only as they are needed."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh
from asyncssh.public_key import SSHLocalKeyPair  # what load_keypairs makes; the package does not export it

from novatui.errors import AuthFailed
from novatui.model.sanitize import clean
from novatui.remote.patience import Patience
from novatui.remote.route import Hop
from novatui.remote.secrets import Keeper, SecretAsk, SecretKind

TRIES = 3
AGENT_TIMEOUT_S = 5.0

# Gives the private key of a file, or None when nobody would or could open it.
Unlock = Callable[[str, str], Awaitable[asyncssh.SSHKey | None]]


class Opened:
    """Encrypted keys, each opened once for all masters: memory only. A passphrase is not kept longer than it takes."""

    def __init__(self, keeper: Keeper | None) -> None:
        self._keeper = keeper
        self._keys: dict[str, tuple[bytes, asyncssh.SSHKey]] = {}  # path -> file's bytes, key
        self._opening: dict[str, asyncio.Task[asyncssh.SSHKey | None]] = {}

    def __repr__(self) -> str:
        return "<Opened>"

    async def open(self, path: str, node: str) -> asyncssh.SSHKey | None:
        """Ask until it opens, three times at most; those who ask together share the question. None = it stays shut."""
        try:
            data = Path(path).read_bytes()
        except OSError:  # gone since it was offered
            return None
        known = self._keys.get(path)
        if known is not None and known[0] == data:
            return known[1]
        task = self._opening.get(path)
        if task is None:
            task = asyncio.create_task(self._open(path, data, node))
            self._opening[path] = task
        return await asyncio.shield(task)

    async def close(self) -> None:
        for task in tuple(self._opening.values()):
            task.cancel()
            await asyncio.wait({task}, timeout=1.0)
        self._keys.clear()

    async def _open(self, path: str, data: bytes, node: str) -> asyncssh.SSHKey | None:
        try:
            for attempt in range(1, TRIES + 1):
                ask = SecretAsk(SecretKind.PASSPHRASE, node, path, attempt=attempt)
                phrase = await self._keeper.ask(ask) if self._keeper is not None else None
                if phrase is None:
                    return None
                try:  # bcrypt takes its time: not in the loop
                    key = await asyncio.to_thread(asyncssh.import_private_key, data, phrase)
                except (asyncssh.KeyEncryptionError, asyncssh.KeyImportError):
                    continue
                self._keys[path] = (data, key)
                return key
            return None
        finally:
            self._opening.pop(path, None)


class Locked(SSHLocalKeyPair):
    """Offers the public half; the private one is opened only when the server says that it would take it."""

    def __init__(
        self,
        public: asyncssh.SSHKey,
        certificate: asyncssh.SSHCertificate | None,
        path: str,
        node: str,
        unlock: Unlock,
    ) -> None:
        super().__init__(public, None, certificate, None)
        self._path, self._node, self._unlock = path, node, unlock

    async def sign_async(self, data: bytes) -> bytes:
        """ValueError = this key is out, the next one's turn."""
        key = await self._unlock(self._path, self._node)
        if key is None:
            raise ValueError("the key stayed shut")
        return key.sign(data, self.sig_algorithm)


class Identities:
    """What one login offers, in OpenSSH's order: agent keys that match a file, other agent keys, then files.

    ``notes``: what stood in the way, for the person if the login fails.
    """

    def __init__(self, hop: Hop, opened: Opened, patience: Patience) -> None:
        self._hop = hop
        self._opened = opened
        self._patience = patience
        self._agent_client: asyncssh.SSHAgentClient | None = None
        self._late: list[str] = []
        self.notes: list[str] = []

    async def pairs(self) -> list[asyncssh.SSHKeyPair]:
        """Raises AuthFailed for a file that a person named and that cannot be used."""
        if not self._hop.pubkey:
            return []
        files: list[asyncssh.SSHKeyPair] = []
        public: set[bytes] = set()
        certificates = self._certificates()
        for path in self._hop.identities:
            for pair in self._file(path, certificates):
                public.add(pair.public_data)
                files.append(pair)
        public |= {certificate.public_data for certificate in certificates}
        agent = await self._agent()
        first = [pair for pair in agent if pair.public_data in public or pair.key_public_data in public]
        others = [] if self._hop.only else [pair for pair in agent if pair not in first]
        held = {pair.public_data for pair in first}
        # A file without its private half only picks the agent's key.
        rest = [pair for pair in files if pair.public_data not in held and not isinstance(pair, _Picked)]
        for pair in first:  # the agent holds the key, a file its certificate
            for certificate in certificates:
                if (
                    certificate.key.public_data == pair.key_public_data
                    and certificate.public_data not in held
                ):
                    pair.set_certificate(certificate)
                    break
        return [*first, *others, *rest]

    def _file(self, path: str, certificates: list[asyncssh.SSHCertificate]) -> list[asyncssh.SSHKeyPair]:
        """The key with each certificate of its own, then bare."""
        file = Path(path)
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            public = _public(file)
            if public is not None:
                return [_Picked(public)]
            if self._hop.chosen:
                raise AuthFailed("the identity file is missing", path, "correct ssh.identity_files") from None
            return []
        except OSError as exc:
            return self._unusable(path, exc.strerror or str(exc))
        if file.stat().st_mode & 0o077 and b"PRIVATE KEY" in data:
            return self._unusable(path, "others can read it, so ssh does not use it either: chmod 600")
        try:
            key: asyncssh.SSHKey | None = asyncssh.import_private_key(data)
        except asyncssh.KeyImportError as exc:
            key = None
            if b"PRIVATE KEY" not in data:
                public = _public(file) or _bare_public(data)
                return [_Picked(public)] if public else self._unusable(path, clean(str(exc)))
            if "Passphrase" not in str(exc) and "ncrypt" not in str(exc):
                return self._unusable(path, clean(str(exc)))
        public = key.convert_to_public() if key else (_public_half(data) or _public(file))
        if public is None:
            self._late.append(path)
            return []
        own = [
            c
            for c in [*certificates, *_certificate(f"{path}-cert.pub")]
            if c.key.public_data == public.public_data
        ]
        made: list[asyncssh.SSHKeyPair] = []
        for certificate in [*own, None]:
            if key is not None:
                made.append(SSHLocalKeyPair(key, None, certificate, None))
            else:
                made.append(Locked(public, certificate, path, self._hop.name, self._unlock))
        return made

    async def late(self) -> asyncssh.SSHKeyPair | None:
        """A key that does not even show its public half while it is shut; the last resort."""
        while self._late:
            key = await self._unlock(self._late.pop(0), self._hop.name)
            if key is not None:
                return SSHLocalKeyPair(key, None, None, None)
        return None

    async def _unlock(self, path: str, node: str) -> asyncssh.SSHKey | None:
        async with self._patience.asking(f"waiting for the passphrase of {path}"):
            key = await self._opened.open(path, node)
        if key is None:
            self.notes.append(f"{path} has a passphrase and was not opened")
        return key

    def _certificates(self) -> list[asyncssh.SSHCertificate]:
        found = []
        for path in self._hop.certificates:
            certificates = _certificate(path)
            if not certificates:
                self.notes.append(f"{path} is no certificate that can be read")
            found += certificates
        return found

    async def _agent(self) -> list[asyncssh.SSHKeyPair]:
        if not self._hop.agent:
            self.notes.append("there is no ssh-agent (SSH_AUTH_SOCK is not set)")
            return []
        try:
            async with asyncio.timeout(AGENT_TIMEOUT_S):
                self._agent_client = await asyncssh.connect_agent(self._hop.agent)
                keys = list(await self._agent_client.get_keys())
        except (OSError, ValueError, TimeoutError, asyncssh.Error) as exc:
            self.notes.append(
                f"the ssh-agent at {self._hop.agent} does not answer: {clean(str(exc)) or 'time-out'}"
            )
            return []
        if not keys:
            self.notes.append("the ssh-agent holds no key")
        return keys

    def close(self) -> None:
        """The agent is needed for the login alone."""
        if self._agent_client is not None:
            self._agent_client.close()

    def _unusable(self, path: str, why: str) -> list[asyncssh.SSHKeyPair]:
        if self._hop.chosen:
            raise AuthFailed(
                "an identity file cannot be used", f"{path}: {why}", "correct ssh.identity_files"
            )
        self.notes.append(f"{path}: {why}")
        return []


class _Picked(SSHLocalKeyPair):
    """A public key file: it names a key of the agent, it proves nothing itself."""

    def __init__(self, public: asyncssh.SSHKey) -> None:
        super().__init__(public, None, None, None)


def _certificate(path: str) -> list[asyncssh.SSHCertificate]:
    try:
        return [asyncssh.read_certificate(path)]
    except (OSError, asyncssh.KeyImportError):
        return []


def _public(file: Path) -> asyncssh.SSHKey | None:
    try:
        return asyncssh.read_public_key(file.with_name(f"{file.name}.pub"))
    except (OSError, asyncssh.KeyImportError):
        return None


def _bare_public(data: bytes) -> asyncssh.SSHKey | None:
    try:
        return asyncssh.import_public_key(data)
    except asyncssh.KeyImportError:
        return None


def _public_half(data: bytes) -> asyncssh.SSHKey | None:
    """OpenSSH's own format keeps the public key in clear: magic, cipher, kdf, options, count, key."""
    match = re.search(rb"-----BEGIN OPENSSH PRIVATE KEY-----(.+?)-----END", data, re.S)
    try:
        raw = base64.b64decode(match[1]) if match else b""
        at = len(b"openssh-key-v1\0")
        for _ in range(3):
            at += 4 + int.from_bytes(raw[at : at + 4], "big")
        at += 4
        size = int.from_bytes(raw[at : at + 4], "big")
        blob = raw[at + 4 : at + 4 + size]
        kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode()
        return asyncssh.import_public_key(f"{kind} {base64.b64encode(blob).decode()}") if blob else None
    except (ValueError, UnicodeDecodeError, asyncssh.KeyImportError):
        return None
