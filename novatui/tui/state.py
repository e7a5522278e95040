"""What the app holds between snapshots."""

from __future__ import annotations

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
