"""Frames of a recording read in passing: of each master only what stands still, as bytes to be compared.

In nearly all frames nothing but times, indexes and latencies differs. Whoever looks for the few others pays a fiftieth of
what it costs to read them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from novatui.model.cluster import Endpoint, Link, NodeSnapshot, UnitState
from novatui.model.entries import Entry
from novatui.recording.coding import damaged

# What always moves and decides nothing by itself: times, indexes, sizes, latencies.
_NODE = ("at_ms", "members_at_ms", "clock_skew_ms", "disk")
_UNIT = ("since_ms",)
_ENDPOINT = (
    "latency_ms",
    "answered_ms",
    "index",
    "applied",
    "revision",
    "db_size",
    "db_in_use",
    "metrics_ms",
    "fsync_p99_ms",
    "proposals_pending",
)


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """One master: when it was seen, and ``whole`` as it is written. ``still`` is equal while nothing but figures moves."""

    name: str
    link: Link
    at_ms: int | None = None
    still: object = None
    whole: msgspec.Raw = msgspec.Raw()
    offset: int = 0

    def snapshot(self) -> NodeSnapshot:
        """Raises BadRecording for what is none."""
        try:
            return msgspec.json.decode(self.whole, type=NodeSnapshot)
        except (msgspec.DecodeError, RecursionError):
            raise damaged(self.offset) from None


class Skim(msgspec.Struct, frozen=True, kw_only=True):
    """A ``Frame``, its journal lines read. What is not as we write it is not made safe here: it is for judging, not to show."""

    at_ms: int
    key: bool = False
    masters: tuple[Master, ...] = ()
    entries: tuple[Entry, ...] = ()


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    key: bool = False
    nodes: tuple[msgspec.Raw, ...] = ()
    entries: tuple[Entry, ...] = ()


def skim(raw: bytes, offset: int) -> Skim:
    """The frame that was written at ``offset``. Raises BadRecording for what is none."""
    try:
        frame = _WRITTEN.decode(raw)
        masters = tuple(
            replace(_MASTER.decode(one), still=_STILL.decode(one), whole=one, offset=offset)
            for one in frame.nodes
        )
    except (msgspec.DecodeError, RecursionError):
        raise damaged(offset) from None
    return Skim(at_ms=frame.at_ms, key=frame.key, masters=masters, entries=frame.entries)


def _still(
    of: type[msgspec.Struct], moves: Sequence[str], parts: Mapping[str, type[msgspec.Struct]]
) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any, Any]] = [
        (name, parts[name], msgspec.UNSET) if name in parts else (name, msgspec.Raw, msgspec.Raw())
        for name in of.__struct_fields__
        if name not in moves
    ]
    return msgspec.defstruct(f"Still{of.__name__}", cast(Any, fields), frozen=True, kw_only=True)


_STILL_PARTS = {"unit": _still(UnitState, _UNIT, {}), "endpoint": _still(Endpoint, _ENDPOINT, {})}
_STILL = msgspec.json.Decoder(_still(NodeSnapshot, _NODE, _STILL_PARTS))
_WRITTEN = msgspec.json.Decoder(_Written)
_MASTER = msgspec.json.Decoder(Master)
