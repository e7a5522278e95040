"""Recorded cases of the diagnosis, one a file: what was seen of a cluster that was really broken, and what it must say.

A file is a recording of one frame (``novatui --replay`` shows it): a header in one line, ``note`` says how it was broken,
``expect`` what the diagnosis must make of it; then the frame. Journals are cut down to what a diagnosis can be made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from novatui.diagnosis.data import is_landmark
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.entries import Entry, Level

PLACE = Path(__file__).parents[1] / "data" / "cases"
_NOTABLE = (Level.WARN, Level.ERROR, Level.FATAL, Level.GAP)
LINES = 60


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """``findings`` are all that are bad or a warning, ``notes`` of the rest those that must be there: ``id`` or ``id node``.
    ``says``: words that must stand in why it recommends what it does."""

    verdict: str
    recommend: str = ""
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    cluster: str
    environment: str = ""
    note: str = ""
    expect: Expected | None = None


class _Frame(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    nodes: tuple[NodeSnapshot, ...]
    entries: tuple[Entry, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    note: str
    expect: Expected | None
    snapshot: ClusterSnapshot
    entries: Mapping[str, Sequence[Entry]]
    now_ms: int


def read(path: Path) -> Case:
    first, second = path.read_bytes().splitlines()
    head, frame = msgspec.json.decode(first, type=_Head), msgspec.json.decode(second, type=_Frame)
    return Case(
        name=path.stem,
        note=head.note,
        expect=head.expect,
        snapshot=ClusterSnapshot(
            cluster=head.cluster, environment=head.environment, at_ms=frame.at_ms, nodes=frame.nodes
        ),
        entries={
            node.name: [entry for entry in frame.entries if entry.node == node.name] for node in frame.nodes
        },
        now_ms=frame.at_ms,
    )


def write(
    path: Path, note: str, snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]], now_ms: int
) -> None:
    """An expectation that the file had is kept."""
    before = read(path).expect if path.exists() else None
    head: dict[str, Any] = {
        "format": "novatui-recording",
        "version": 1,
        "coding": "lines",
        "novatui": "",
        "cluster": snapshot.cluster,
        "environment": snapshot.environment,
        "nodes": [{"name": node.name, "host": node.host} for node in snapshot.nodes],
        "start_ms": now_ms,
        "note": note,
    }
    if before is not None:
        head["expect"] = before
    kept = sorted(
        (line for lines in entries.values() for line in _cut(lines)), key=lambda line: (line.at_ms, line.node)
    )
    frame = {"at_ms": now_ms, "key": True, "nodes": snapshot.nodes, "entries": kept}
    path.write_bytes(b"\n".join((msgspec.json.encode(head), msgspec.json.encode(frame))) + b"\n")


def _cut(lines: Sequence[Entry]) -> list[Entry]:
    """The newest, and of those before them what says something; of their fields the error."""
    telling = [line for line in lines if line.level in _NOTABLE or line.unit_line or is_landmark(line)][
        -LINES:
    ]
    chosen = {id(line) for line in (*telling, *lines[-LINES // 3 :])}
    return [
        replace(line, cursor="", fields=tuple(pair for pair in line.fields if pair[0] == "error"))
        for line in lines
        if id(line) in chosen
    ]
