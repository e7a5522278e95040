"""What a cluster could be restored from, as found on its masters: archives, and the masters' own data."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Trust(StrEnum):
    """How far a source is known to be good, before the run proves it once more."""

    VERIFIED = "verified"  # unpacked, its own hash right, its revision read, of this cluster
    LIVE = "live"  # a member that answers: its snapshot is taken and proved in the run
    UNREAD = "unread"  # may be good: it was not opened, or can only be read in the run
    FOREIGN = "foreign"  # whole, but no peer URL of this cluster is inside
    BAD = "bad"  # can never be used


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One archive (one content under one path, on ``nodes``), or one survivor (``nodes`` is that master).

    ``taken_ms``: UTC ms; of a survivor when its data was written last. ``why``: why it is not simply to be trusted.
    """

    kind: str  # archive | survivor
    trust: Trust
    nodes: tuple[str, ...]
    path: str = ""
    size: int | None = None  # bytes of the file; of a survivor, of its database
    taken_ms: int | None = None
    dated_by: str = ""  # name | mtime | now
    revision: int | None = None
    keys: int | None = None
    sha256: str = ""
    why: str = ""

    @property
    def usable(self) -> bool:
        """Whether it may be chosen; what speaks against it all the same, the plan says."""
        return self.trust is not Trust.BAD


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """A master that did not tell what it has."""

    node: str
    why: str


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """The whole listing, the best first. ``looked_in``: per master the directories that were searched."""

    sources: tuple[Source, ...] = ()
    silent: tuple[Silent, ...] = ()
    looked_in: dict[str, tuple[str, ...]] = {}
    nodes: tuple[str, ...] = ()
