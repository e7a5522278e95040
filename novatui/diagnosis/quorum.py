"""Quorum arithmetic. Alarms never enter it: one alarm makes etcd call every member unhealthy while quorum stands.

A linearizable read answered by any member proves quorum, whatever SSH says; quorum is called lost only when even with
all members that could not be asked there would be too few.
"""

from __future__ import annotations

from enum import StrEnum

from novatui.diagnosis.membership import Membership, Seat, fresh
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Quorum

_DOWN_UNITS = ("inactive", "failed")


class Vote(StrEnum):
    HEALTHY = "healthy"  # answers and has quorum, now
    DOWN = "down"  # asked now, and not so
    UNKNOWN = "unknown"  # could not be asked


def needed(voters: int) -> int:
    """How many of ``voters`` make a quorum."""
    return voters // 2 + 1


def count(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> Quorum:
    """The votes of the cluster that is judged."""
    votes = [vote(seat, group.cluster_id, now_ms) for seat in group.seats]
    return Quorum(
        healthy=votes.count(Vote.HEALTHY),
        unknown=votes.count(Vote.UNKNOWN),
        needed=needed(len(votes)),
        total=len(votes),
    )


def proven(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> bool:
    """Whether any member of the judged cluster answered a linearizable read just now."""
    return any(reads(node, group.cluster_id, now_ms) for node in snapshot.nodes)


def reads(node: NodeSnapshot, cluster_id: str, now_ms: int) -> bool:
    """Whether this node's member of ``cluster_id`` has quorum, now. A master without a known ID counts as ours."""
    endpoint = node.endpoint
    if not (fresh(node, now_ms) and endpoint.answers and endpoint.has_quorum):
        return False
    return endpoint.cluster_id in (None, "", cluster_id)


def vote(seat: Seat, cluster_id: str, now_ms: int) -> Vote:
    """What one seat adds to the quorum."""
    node = seat.node
    if node is None or not fresh(node, now_ms):
        return Vote.UNKNOWN
    endpoint = node.endpoint
    if endpoint.answers:
        stranger = bool(seat.member and endpoint.member_id and endpoint.member_id != seat.member.id)
        if stranger:
            return Vote.DOWN  # another member runs where this vote should be
        if reads(node, cluster_id, now_ms):
            return Vote.HEALTHY
        return Vote.UNKNOWN if endpoint.has_quorum is None else Vote.DOWN
    # That unit is not its etcd: one under another name, or in a container, may well serve.
    elsewhere = node.unit.load == "not-found" or bool(node.listening)
    if endpoint.answers is None and elsewhere:
        return Vote.UNKNOWN
    ended = node.unit.active in _DOWN_UNITS or node.unit.sub == "auto-restart"
    if endpoint.answers is False or ended:
        return Vote.DOWN
    return Vote.UNKNOWN
