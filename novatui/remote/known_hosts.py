"""known_hosts as OpenSSH keeps it: plain, patterned and hashed names, @revoked, @cert-authority. Read and added to."""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh

from novatui.errors import HostKeyUnknown
from novatui.remote.ssh_config import patterns_match


@dataclass(frozen=True)
class Line:
    """One line that names this host. ``marker``: empty, ``revoked`` or ``cert-authority``. ``exact``: with its port."""

    path: str
    number: int
    marker: str
    key: asyncssh.SSHKey
    exact: bool = True

    @property
    def place(self) -> str:
        return f"{self.path}:{self.number}"


@dataclass(frozen=True)
class Known:
    """What the files say of one host."""

    lines: tuple[Line, ...]

    def marked(self, marker: str) -> list[Line]:
        return [line for line in self.lines if line.marker == marker]

    def trusted(self) -> tuple[list[asyncssh.SSHKey], ...]:
        """As asyncssh takes them: host keys, CA keys, revoked keys; X.509 is not believed at all."""
        by_marker = [[line.key for line in self.marked(name)] for name in ("", "cert-authority", "revoked")]
        return (*by_marker, [], [], [], [])

    def revoking(self, fingerprint: str) -> Line | None:
        return next((ln for ln in self.marked("revoked") if ln.key.get_fingerprint() == fingerprint), None)


def known(
    files: Sequence[str], name: str, *, revoked_by: Sequence[str] = (), revoked_keys: str = ""
) -> Known:
    """All lines for ``name`` (``host`` or ``[host]:port``). Without one for the port, those of the plain host count, as for
    ssh. Of ``revoked_by`` only what they revoke counts; all of ``revoked_keys``. Raises HostKeyUnknown when a file cannot
    be read."""
    lines = _naming(files, name, revoked_by)
    if name.startswith("["):
        bare = _naming(files, name[1:].partition("]")[0], revoked_by)
        trusting = any(line.marker != "revoked" for line in lines)
        # Revoked is revoked whatever the port.
        lines += [replace(ln, exact=False) for ln in bare if not trusting or ln.marker == "revoked"]
    if revoked_keys:
        lines += _revoked(revoked_keys)
    return Known(tuple(lines))


def _revoked(path: str) -> list[Line]:
    """RevokedHostKeys: public keys, one a line. One that cannot be read lets nobody in, as for ssh."""
    try:
        data = Path(path).read_bytes()
    except OSError as exc:
        raise HostKeyUnknown(
            f"{path} cannot be read", exc.strerror or str(exc), "RevokedHostKeys of ssh_config names it"
        ) from exc
    if data.startswith(b"SSHKRL\n"):
        raise HostKeyUnknown(
            f"{path} is a KRL",
            "RevokedHostKeys of ssh_config names it, and novatui reads lists of public keys only",
            "name a file of public keys there, one a line",
        )
    lines = []
    for number, text in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if text.strip() and not text.lstrip().startswith("#"):
            try:
                lines.append(Line(path, number, "revoked", asyncssh.import_public_key(text.strip())))
            except asyncssh.KeyImportError as exc:
                raise HostKeyUnknown(
                    f"{path}:{number} is no public key",
                    "RevokedHostKeys of ssh_config names it",
                    "correct that line",
                ) from exc
    return lines


def _naming(files: Sequence[str], name: str, revoked_by: Sequence[str]) -> list[Line]:
    lines = [line for path in files for line in _lines(path, name)]
    return lines + [line for path in revoked_by for line in _lines(path, name) if line.marker == "revoked"]


def add(path: str, name: str, key: asyncssh.SSHKey, *, hashed: bool) -> None:
    """Append one line, 0600, on disk when this returns. Raises OSError. Hashed also where the file's own entries are."""
    file = Path(path)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        before = file.read_bytes()
        shown = hash_name(name) if hashed or _is_hashed(before) else name
        line = f"{shown} {key.export_public_key().decode().split(' ')[0]} {_blob(key)}\n".encode()
        os.write(fd, (b"" if not before or before.endswith(b"\n") else b"\n") + line)
        os.fsync(fd)
    finally:
        os.close(fd)


def hash_name(name: str, salt: bytes | None = None) -> str:
    """``|1|salt|hash``, HMAC-SHA1 as OpenSSH writes it."""
    salt = salt or secrets.token_bytes(20)
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def _blob(key: asyncssh.SSHKey) -> str:
    return base64.b64encode(key.public_data).decode()


def _is_hashed(text: bytes) -> bool:
    return any(line.startswith(b"|1|") for line in text.splitlines())


def _lines(path: str, name: str) -> Iterator[Line]:
    """Lines that cannot be understood name nobody, as for ssh."""
    for number, text in enumerate(_read(path).splitlines(), 1):
        words = text.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0)[1:] if words[0].startswith("@") else ""
        if marker not in ("", "revoked", "cert-authority") or len(words) < 3 or not _names(words[0], name):
            continue
        try:
            yield Line(path, number, marker, asyncssh.import_public_key(f"{words[1]} {words[2]}"))
        except asyncssh.KeyImportError:
            continue


def _names(pattern: str, name: str) -> bool:
    if not pattern.startswith("|"):
        return patterns_match([pattern], name)
    try:
        _, kind, salt, _ = pattern.split("|")
        return kind == "1" and hmac.compare_digest(hash_name(name, base64.b64decode(salt)), pattern)
    except (ValueError, binascii.Error):
        return False


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as exc:
        raise HostKeyUnknown(
            f"{path} cannot be read", exc.strerror or str(exc), f"check who owns {path}"
        ) from exc
