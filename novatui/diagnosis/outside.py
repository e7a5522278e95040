"""A master that the cluster's own list proves to be no member: its data is of no use there, whatever a start would say."""

from __future__ import annotations

from collections.abc import Mapping

from novatui.diagnosis.data import UNMOUNTED, DataState, Usability, log_seen
from novatui.diagnosis.membership import Membership, fresh, holder, row_of
from novatui.diagnosis.quorum import needed, reads
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Evidence
from novatui.model.words import N_, Words


def outside(
    node: NodeSnapshot, snapshot: ClusterSnapshot, group: Membership, now_ms: int
) -> DataState | None:
    """None where that is not proved: without a list from a quorum, with one of few, or with a row that is on no master of
    ours, for that may be this one under another name. What is not mounted is mounted first, whatever it is then good for."""
    listed = [one for one in snapshot.nodes if reads(one, group.cluster_id, now_ms) and one.members]
    if not listed or not group.members or not fresh(node, now_ms) or node in listed:
        return None
    if node.endpoint.answers or not node.env.name or log_seen(node) == UNMOUNTED:
        return None
    if row_of(node, group.members, snapshot.nodes) is not None:
        return None
    if any(holder(member, snapshot.nodes) is None for member in group.members):
        return None
    if _of_few(node, snapshot, group):
        return None
    names = ", ".join(sorted(member.name or member.id for member in group.members))
    return DataState(
        state=Usability.UNUSABLE,
        words=Words(N_("it is not in the member list of those that have quorum")),
        evidence=tuple(
            Evidence(node=one.name, source="members", value=names, at_ms=one.members_at_ms) for one in listed
        ),
    )


def _of_few(node: NodeSnapshot, snapshot: ClusterSnapshot, group: Membership) -> bool:
    """Whether the list has fewer voters than a quorum of the masters would be, and may be of another cluster than this
    master's data: one that was wiped and came up as a cluster of its own lists itself alone."""
    voters = [member for member in group.members if not member.learner]
    return len(voters) < needed(len(snapshot.nodes)) and node.endpoint.cluster_id != group.cluster_id


def unclear(
    snapshot: ClusterSnapshot, group: Membership, data: Mapping[str, DataState], now_ms: int
) -> list[NodeSnapshot]:
    """Masters that are down and not in a list of few: nothing says which of the two clusters is the one that is meant."""
    return [
        node
        for node in snapshot.nodes
        if group.members
        and fresh(node, now_ms)
        and not node.endpoint.answers
        and row_of(node, group.members, snapshot.nodes) is None
        and _of_few(node, snapshot, group)
        and not data[node.name].removed
    ]
