"""Archives that must not be restored, each made from the good one of the demo."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.bad_input.masters import Masters

TRAILER = 32
Make = Callable[[bytes], bytes]  # the good archive -> a bad one
DB = "opt/backup/x.db"


def on(make: Make, *nodes: str) -> Callable[[Masters], None]:
    """The platform's archive is exchanged on ``nodes`` (m1, m2, m3; all of them when none is named)."""

    def spoil(masters: Masters) -> None:
        for node in nodes or ("m1", "m2", "m3"):
            path = masters.at(f"tmp/{masters.archive}", getattr(masters, node))
            masters.write(path, make(path.read_bytes()))

    return spoil


def gone(*nodes: str) -> Callable[[Masters], None]:
    def spoil(masters: Masters) -> None:
        name = masters.archive
        for node in nodes:
            masters.away(masters.at(f"tmp/{name}", getattr(masters, node)))

    return spoil


def instead(make: Callable[[Path], object], *nodes: str) -> Callable[[Masters], None]:
    """Something else than a file has the archive's name."""

    def spoil(masters: Masters) -> None:
        name = masters.archive
        for node in nodes or ("m2",):
            path = masters.at(f"tmp/{name}", getattr(masters, node))
            masters.away(path)
            make(path)

    return spoil


def db_of(archive: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        inner = tar.extractfile(tar.getmembers()[0])
        assert inner is not None
        return inner.read()


def packed(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz", compresslevel=1) as tar:
        for entry, content in entries:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return whole.getvalue()


def file(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def special(name: str, kind: bytes, goal: str = "") -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, goal
    return entry, b""


def named(*names: str) -> Make:
    """The good database under other names."""
    return lambda good: packed(*(file(name, db_of(good)) for name in names))


def beside(name: str, kind: bytes, goal: str = "") -> Make:
    """The good database, and something that is no file."""
    return lambda good: packed(file(DB, db_of(good)), special(name, kind, goal))


def cut(good: bytes) -> bytes:
    return good[: len(good) // 2]


def flipped(good: bytes) -> bytes:
    """One bit of the archive, of those that matter: where the content is copies of zeros, another distance copies the same."""
    whole = gzip.decompress(good)
    return next(bad for at in range(len(good) // 2, len(good)) if _unpacked(bad := _flip(good, at)) != whole)


def flipped_inside(good: bytes) -> bytes:
    """One bit of the database; archive and compression are right."""
    db = db_of(good)
    return packed(file(DB, _flip(db, len(db) // 2)))


def _flip(good: bytes, at: int) -> bytes:
    return good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :]


def _unpacked(archive: bytes) -> bytes | None:
    try:
        return gzip.decompress(archive)
    except (OSError, EOFError, zlib.error):
        return None


def without_trailer(good: bytes) -> bytes:
    return packed(file(DB, db_of(good)[:-TRAILER]))


def cut_inside(good: bytes) -> bytes:
    """A whole archive of half a snapshot."""
    db = db_of(good)
    return packed(file(DB, db[: len(db) // 2 // 512 * 512 + TRAILER]))


def no_database(good: bytes) -> bytes:
    """Its own hash is right; it is no etcd's."""
    body = b"not a database. " * 4096
    return packed(file(DB, body + hashlib.sha256(body).digest()))


def of(host: str) -> Make:
    """A whole snapshot whose members have other addresses: of a foreign cluster."""

    def make(good: bytes) -> bytes:
        body = db_of(good)[:-TRAILER]
        at = body.index(b'"peerURLs":["https://')
        start = at + len(b'"peerURLs":["https://')
        end = body.index(b".", start)
        body = body.replace(
            b'["https://' + body[start:end],
            b'["https://' + host.encode()[: end - start].ljust(end - start, b"9"),
        )
        return packed(file(DB, body + hashlib.sha256(body).digest()))

    return make


def other(good: bytes) -> bytes:
    """Whole, of this cluster, and not the same: one value differs."""
    body = db_of(good)[:-TRAILER].replace(b"written before the snapshot", b"written BEFORE the snapshot")
    return packed(file(DB, body + hashlib.sha256(body).digest()))


def plain_text(good: bytes) -> bytes:
    return b"<html><body>404 Not Found</body></html>\n"


def zipped_text(good: bytes) -> bytes:
    return gzip.compress(b"not a tar\n" * 400)


def empty(good: bytes) -> bytes:
    return b""
