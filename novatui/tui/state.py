"""What the app holds between snapshots, all of it bounded."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from novatui.config import ClusterConfig
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.entries import Entry, Level
from novatui.model.findings import Diagnosis, Quorum, Verdict

_NOTABLE = frozenset((Level.WARN, Level.ERROR, Level.FATAL, Level.GAP))


@dataclass(frozen=True, eq=False)
class View:
    """One snapshot and what it means. ``trouble``: why it is not of now, when that is our own fault."""

    snapshot: ClusterSnapshot
    diagnosis: Diagnosis
    trouble: str = ""


def first_view(cluster: ClusterConfig, now_ms: int) -> View:
    """Before anything was asked: every master connecting, nothing known."""
    nodes = tuple(NodeSnapshot(name=node.name, host=node.host, since_ms=now_ms) for node in cluster.nodes)
    snapshot = ClusterSnapshot(
        cluster=cluster.name, environment=cluster.environment, at_ms=now_ms, nodes=nodes
    )
    total = len(nodes)
    quorum = Quorum(healthy=0, unknown=total, needed=total // 2 + 1, total=total)
    return View(snapshot, Diagnosis(verdict=Verdict.UNKNOWN, quorum=quorum))


class Recent:
    """The lines a diagnosis is made from: a flood of information must not push an error out of sight."""

    def __init__(self, notable: int = 300, plain: int = 150) -> None:
        self._notable: deque[Entry] = deque(maxlen=notable)
        self._plain: deque[Entry] = deque(maxlen=plain)

    def append(self, entries: Sequence[Entry]) -> None:
        # Imported with the first lines, not before the first paint.
        from novatui.diagnosis.data import is_landmark

        for entry in entries:
            kept = entry.level in _NOTABLE or entry.unit_line or is_landmark(entry)
            (self._notable if kept else self._plain).append(entry)

    def entries(self) -> list[Entry]:
        """By time, oldest first."""
        return list(heapq.merge(self._notable, self._plain, key=lambda entry: entry.at_ms))


class Fsync:
    """The last minute of each node's fsync p99, for the sparkline; None where it was not measured."""

    def __init__(self, length: int = 60) -> None:
        self._length = length
        self._values: dict[str, deque[float | None]] = {}

    def add(self, snapshot: ClusterSnapshot) -> None:
        for node in snapshot.nodes:
            values = self._values.setdefault(node.name, deque(maxlen=self._length))
            values.append(node.endpoint.fsync_p99_ms if node.endpoint.answers else None)

    def of(self, node: str) -> list[float | None]:
        return list(self._values.get(node, ()))
