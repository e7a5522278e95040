"""A master that the cluster's own list proves to be no member: its data is of no use there, whatever a start would say."""

from __future__ import annotations

from novatui.diagnosis.data import UNMOUNTED, DataState, Usability, log_seen
from novatui.diagnosis.membership import Membership, fresh, holder, row_of
from novatui.diagnosis.quorum import reads
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Evidence
from novatui.model.words import N_, Words


def outside(
    node: NodeSnapshot, snapshot: ClusterSnapshot, group: Membership, now_ms: int
) -> DataState | None:
    """None where that is not proved: without a list from a quorum, or with a row that is on no master of ours, for that
    may be this one under another name. What is not mounted is mounted first, whatever it is then good for."""
    listed = [one for one in snapshot.nodes if reads(one, group.cluster_id, now_ms) and one.members]
    if not listed or not group.members or not fresh(node, now_ms) or node in listed:
        return None
    if node.endpoint.answers or not node.env.name or log_seen(node) == UNMOUNTED:
        return None
    if row_of(node, group.members, snapshot.nodes) is not None:
        return None
    if any(holder(member, snapshot.nodes) is None for member in group.members):
        return None
    names = ", ".join(sorted(member.name or member.id for member in group.members))
    return DataState(
        state=Usability.UNUSABLE,
        words=Words(N_("it is not in the member list of those that have quorum")),
        evidence=tuple(
            Evidence(node=one.name, source="members", value=names, at_ms=one.members_at_ms) for one in listed
        ),
    )
