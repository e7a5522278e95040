"""Snapshot archives as archive.sh saw them on one master: is it whole, is it one, whose is it, how old, which revision."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from novatui.remote.command import Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.reading import Reading, read

_DATE = re.compile(r"(20\d\d)-(\d\d)-(\d\d)(?:[_T-](\d\d)[:-]?(\d\d)[:-]?(\d\d))?")
_URL = re.compile(r'"([^"\\]*)"')
_ZONE = re.compile(r"([+-])(\d\d)(\d\d)")


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """One file. Times in UTC ms. ``problem``: why it can never be used. ``unread``: why it was not opened (it may be good).

    ``urls`` are the peer URLs found inside, of whatever members its database has known.
    """

    path: str
    size: int
    mtime: int
    dated: int | None  # by its name, in the master's own time zone
    member: str = ""
    db_size: int | None = None
    sha256: str = ""
    revision: int | None = None
    keys: int | None = None
    urls: tuple[str, ...] = ()
    problem: str = ""
    unread: str = ""

    @property
    def verified(self) -> bool:
        """Unpacked, its own hash right, its revision read."""
        return not self.problem and not self.unread and self.revision is not None and bool(self.sha256)

    @property
    def taken_ms(self) -> int:
        return self.dated if self.dated is not None else self.mtime


def archives(outcome: Outcome | None, zone: str = "") -> tuple[Archive, ...] | None:
    """All archives of one answer, in its order; None when it did not come, or not whole."""
    reading = read(outcome)
    if not reading.whole:
        return None
    return tuple(archive(piece, zone) for piece in reading.groups("archive64"))


def archive(piece: Reading, zone: str = "") -> Archive:
    """One archive from its lines; total."""
    path = piece.text("archive")
    snapshot = answer.snapshot(piece.json("status"))
    return Archive(
        path=path,
        size=piece.number("size") or 0,
        mtime=(piece.number("mtime") or 0) * 1000,
        dated=date_in(path, zone),
        member=piece.text("member"),
        db_size=piece.number("db_size"),
        sha256=piece.get("sha256"),
        revision=snapshot.revision if snapshot else None,
        keys=snapshot.keys if snapshot else None,
        urls=urls(piece.raw("urls")),
        problem=_problem(piece, snapshot),
        unread=piece.get("unread"),
    )


def urls(text: str) -> tuple[str, ...]:
    """The URLs of lines like ``"peerURLs":["https://10.0.0.1:2380"]``, each once, sorted."""
    found = {url for line in text.splitlines() for url in _URL.findall(line.partition("[")[2])}
    return tuple(sorted(found))


def date_in(path: str, zone: str = "") -> int | None:
    """``.._2024-06-14_081538.db..``: local time of the master that wrote it, ``zone`` its offset as ``+0300``."""
    found = _DATE.search(path.rpartition("/")[2])
    if found is None:
        return None
    offset = _ZONE.fullmatch(zone)
    where = UTC if offset is None else timezone(_offset(offset))
    try:
        numbers = [int(part) if part else 0 for part in found.groups()]
        return int(datetime(*numbers, tzinfo=where).timestamp() * 1000)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def _offset(found: re.Match[str]) -> timedelta:
    span = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return span if found[1] == "+" else -span


def _problem(piece: Reading, snapshot: answer.SnapshotStatus | None) -> str:
    if refused := piece.text("refused"):
        return refused
    if any(key == "damaged64" for key, _ in piece.pairs):
        said = piece.text("damaged")
        return f"cannot be unpacked, truncated or damaged{f' ({said})' if said else ''}"
    match piece.get("trailer"):
        case "none":
            return (
                "not a whole etcd snapshot: its size is not a multiple of 512 plus the 32 bytes of its hash"
            )
        case "bad":
            return "the hash at its end does not match its content: damaged"
        case "ok" if snapshot is None:
            return "its revision cannot be read by the tool"
    return ""
