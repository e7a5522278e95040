"""One snapshot and a window of the journals in, one diagnosis out. Pure: same input, same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from novatui.diagnosis.cluster_findings import cluster_findings
from novatui.diagnosis.data import DataState, data_state
from novatui.diagnosis.env_findings import env_findings
from novatui.diagnosis.held_findings import held_findings
from novatui.diagnosis.journal_findings import journal_findings, leader_changes
from novatui.diagnosis.key_findings import KEYS_DIFFER, key_findings
from novatui.diagnosis.list_findings import list_findings
from novatui.diagnosis.membership import Membership, answering, fresh, holder, membership
from novatui.diagnosis.node_findings import node_findings
from novatui.diagnosis.outside import outside
from novatui.diagnosis.quorum import count, proven, reads
from novatui.diagnosis.recommend import Judged, advise
from novatui.diagnosis.rights import rights_findings
from novatui.diagnosis.surroundings import FILLS_UP, NEAR_QUOTA, surroundings
from novatui.diagnosis.upkeep_findings import ENDS, EXPIRED, NO_LOG, PROBLEM, upkeep_findings
from novatui.diagnosis.ways import ways
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.entries import Entry
from novatui.model.findings import Diagnosis, Finding, Quorum, Severity, Verdict

_SEVERITIES = [Severity.BAD, Severity.WARN, Severity.INFO, Severity.OK]
# Among equals causes come before their symptoms, and what concerns all before what concerns one.
_CAUSES = [
    "clusters-differ",
    "lists-differ",
    "host-key-changed",
    KEYS_DIFFER,
    "alarm-corrupt",
    "alarm-nospace",
    EXPIRED,
    PROBLEM,
    "unit-held",
    "journal-",
    "disk-low",
    NO_LOG,
]
# What will be wrong before long: to be told, and nothing that makes the cluster less healthy now.
_AHEAD = (ENDS, NEAR_QUOTA, FILLS_UP)
_SYMPTOMS = ["stale-id", "not-a-member", "unstarted", "unit-", "no-answer", "no-leader", "no-quorum-here"]


def diagnose(snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]], now_ms: int) -> Diagnosis:
    """Judge ``snapshot``; ``entries`` are journal lines per node name, oldest first; ``now_ms`` is our clock, UTC ms."""
    own = {node.name: data_state(node, entries.get(node.name, ())) for node in snapshot.nodes}
    gone = [node.name for node in snapshot.nodes if own[node.name].removed and fresh(node, now_ms)]
    group = membership(snapshot, now_ms, gone)
    quorum = count(snapshot, group, now_ms)
    data = {node.name: outside(node, snapshot, group, now_ms) or own[node.name] for node in snapshot.nodes}
    findings = _findings(snapshot, entries, group, data, now_ms)
    verdict = _verdict(snapshot, group, quorum, findings, now_ms)
    judged = Judged(
        snapshot=snapshot,
        group=group,
        quorum=quorum,
        verdict=verdict,
        data=data,
        findings=findings,
        now_ms=now_ms,
    )
    advice = advise(judged)
    return Diagnosis(
        verdict=verdict,
        quorum=quorum,
        findings=findings,
        recommend=advice.runbook,
        recommend_node=advice.node,
        recommend_why=advice.why,
        ways=ways(judged, advice),
        leader=_leader(snapshot, group, now_ms),
        cluster_id=group.cluster_id if answering(snapshot, now_ms) else "",
        revision=_revision(snapshot, group, now_ms),
    )


def _findings(
    snapshot: ClusterSnapshot,
    entries: Mapping[str, Sequence[Entry]],
    group: Membership,
    data: Mapping[str, DataState],
    now_ms: int,
) -> tuple[Finding, ...]:
    live = [node for node in snapshot.nodes if fresh(node, now_ms)]
    found = [*cluster_findings(snapshot, group, now_ms), *held_findings(snapshot, now_ms)]
    found += list_findings(snapshot, group, now_ms)
    found += key_findings(snapshot, group, now_ms)
    found += leader_changes(entries, live, now_ms)
    found += upkeep_findings(live, now_ms)
    found += rights_findings(live)
    found += surroundings(live)
    found += env_findings(live, group)
    for node in snapshot.nodes:
        found += node_findings(node, now_ms)
        lines, serves = entries.get(node.name, ()), reads(node, group.cluster_id, now_ms)
        found += journal_findings(node, lines, data[node.name], serves=serves, now_ms=now_ms)
    return tuple(sorted(found, key=_rank))


def _rank(finding: Finding) -> tuple[int, int]:
    order = _CAUSES + _SYMPTOMS
    place = next((i for i, start in enumerate(order) if finding.id.startswith(start)), len(order))
    return _SEVERITIES.index(finding.severity), place


def _verdict(
    snapshot: ClusterSnapshot, group: Membership, quorum: Quorum, findings: Sequence[Finding], now_ms: int
) -> Verdict:
    if proven(snapshot, group, now_ms):
        calm = all(f.severity in (Severity.INFO, Severity.OK) or f.id in _AHEAD for f in findings)
        calm = calm and all(fresh(node, now_ms) for node in snapshot.nodes)
        return Verdict.HEALTHY if calm and quorum.healthy == quorum.total else Verdict.DEGRADED
    # A member of another cluster reads: that is no proof for ours, and no proof against it either.
    if any(node.endpoint.has_quorum for node in answering(snapshot, now_ms)):
        return Verdict.UNKNOWN
    return Verdict.NO_QUORUM if quorum.healthy + quorum.unknown < quorum.needed else Verdict.UNKNOWN


def _serving(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> list[NodeSnapshot]:
    return [node for node in snapshot.nodes if reads(node, group.cluster_id, now_ms)]


def _leader(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> str:
    """The master of the leader that members with quorum name in the newest term; "" when there is none."""
    named = [node for node in _serving(snapshot, group, now_ms) if (node.endpoint.leader_id or "").strip("0")]
    if not named:
        return ""
    leader = max(named, key=lambda node: node.endpoint.term or 0).endpoint.leader_id
    own = next((node for node in snapshot.nodes if node.endpoint.member_id == leader), None)
    member = next((member for member in group.members if member.id == leader), None)
    found = own or (holder(member, snapshot.nodes) if member else None)
    return found.name if found else ""


def _revision(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> int | None:
    seen = [node.endpoint.revision for node in _serving(snapshot, group, now_ms)]
    return max((revision for revision in seen if revision is not None), default=None)
