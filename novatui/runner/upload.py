"""A snapshot on the operator's machine: proved here before it is planned with, and read again when it is sent.

The same forms and the same distrust as ``archive.sh``: a tar with exactly one regular ``.db`` in it, or a bare ``.db``.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from novatui.errors import Refused
from novatui.model.plan import Upload
from novatui.runbooks.parts.archives import date_in, urls

PIECE = 256 * 1024
TRAILER = 32  # etcd's own SHA-256 of all before it
_MOST_ENTRIES = 1000
_PEER_URLS = re.compile(rb'"peerURLs":\["[^\]]*\]')
_LONGEST = 4096  # of one such list, across the border of two pieces


def describe(path: Path) -> Upload:
    """Reads it to its end. Raises Refused, with what is wrong, for anything that is not one whole etcd snapshot."""
    path = path.expanduser().absolute()
    whole, body = hashlib.sha256(), hashlib.sha256()
    held, size, found = b"", 0, set[bytes]()
    window = b""
    try:
        for piece in content(path):
            size += len(piece)
            whole.update(piece)
            held += piece
            body.update(held[:-TRAILER])
            held = held[-TRAILER:]
            window = window[-_LONGEST:] + piece
            found.update(_PEER_URLS.findall(window))
        mtime = int(path.stat().st_mtime * 1000)
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise _refused(path, f"cannot be read: {error.strerror}") from None
        raise _refused(path, f"cannot be read, truncated or damaged: {error}") from None
    if size % 512 != TRAILER:
        raise _refused(
            path, "not a whole etcd snapshot: its size is not a multiple of 512 plus the 32 bytes of its hash"
        )
    if held != body.digest():
        raise _refused(path, "the hash at its end does not match its content: damaged")
    dated = date_in(path.name, time.strftime("%z"))
    return Upload(
        path=str(path),
        sha256=whole.hexdigest(),
        size=size,
        taken_ms=dated if dated is not None else mtime,
        dated_by="name" if dated is not None else "mtime",
        urls=urls(b"\n".join(sorted(found)).decode("utf-8", "replace")),
    )


def pieces(path: Path, size: int) -> Iterator[bytes]:
    """As ``archive.sh receive`` wants it: a line with the size, then the database. Raises as ``content`` does."""
    yield b"\nnv-stream %d\n" % size
    yield from content(path)


def content(path: Path) -> Iterator[bytes]:
    """The database inside. Raises OSError, EOFError, zlib.error, tarfile.TarError, and ValueError with words for a tar that
    is not trusted."""
    with path.open("rb") as raw:
        if not path.name.endswith((".tar.gz", ".tgz", ".tar")):
            yield from _read(raw)
            return
        with _member(raw) as inner:
            yield from _read(inner)


@contextmanager
def _member(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    with tarfile.open(fileobj=raw, mode="r:*") as tar:
        found: list[tarfile.TarInfo] = []
        for number, entry in enumerate(tar, 1):
            name = entry.name
            if number > _MOST_ENTRIES:
                raise ValueError(f"more than {_MOST_ENTRIES} entries inside")
            if not (entry.isreg() or entry.isdir()):
                raise ValueError(f"neither a file nor a directory inside: {name!r}")
            if name.startswith("/") or ".." in name.split("/"):
                raise ValueError(f"a name inside that would leave its directory: {name!r}")
            if entry.isreg() and name.endswith(".db"):
                found.append(entry)
        if len(found) != 1:
            raise ValueError(f"{len(found)} .db files inside, there must be one")
        inner = tar.extractfile(found[0])
        assert inner is not None
        with inner:
            yield inner


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _refused(path: Path, why: str) -> Refused:
    return Refused(f"--upload {path}", why, "nothing was changed")
