"""What the app holds between snapshots, all of it bounded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from novatui.config import ClusterConfig
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Diagnosis, Quorum, Verdict


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
