"""What is wrong between the masters: different clusters, lists that differ, leaders, versions, alarms, missing members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from novatui.diagnosis.membership import Membership, answering, fresh, holder, row_of
from novatui.model.cluster import Alarm, ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Evidence, Finding, Severity

_ALARM_HINTS = {
    "NOSPACE": "quorum stands, writes are refused: compact, defragment each member, then disarm",
    "CORRUPT": "members hold different data: compare hashkv, recover the minority, then disarm",
}


def cluster_findings(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> Iterator[Finding]:
    """Findings that need more than one master to see."""
    live = answering(snapshot, now_ms)
    yield from _cluster_ids(snapshot, group)
    if group.lists_differ:
        yield _spread(
            "lists-differ",
            Severity.BAD,
            "members hold different member lists",
            "a change of members is under way, or one of them is of another time",
            {node.name: _list_words(node) for node in live if node.members},
            "members",
        )
    yield from _leaders(live)
    yield from _alarms(snapshot, group, live)
    yield from _absent(snapshot, group, live, now_ms)
    versions = {node.name: node.endpoint.version for node in live if node.endpoint.version}
    if len(set(versions.values())) > 1:
        yield _spread(
            "versions-differ",
            Severity.WARN,
            "members run different versions",
            "finish the upgrade before a recovery",
            versions,
            "endpoint",
        )


def _cluster_ids(snapshot: ClusterSnapshot, group: Membership) -> Iterator[Finding]:
    if len(group.cluster_ids) > 1:
        seen = {node.name: node.endpoint.cluster_id for node in snapshot.nodes if node.endpoint.cluster_id}
        odd = sorted(name for name, id in seen.items() if id != group.cluster_id) if group.cluster_id else []
        title = "masters belong to different clusters" + (f": {', '.join(odd)} is not of ours" if odd else "")
        yield _spread(
            "clusters-differ",
            Severity.BAD,
            title,
            "mixed tokens or old data: the majority's cluster wins; stop the odd one first",
            seen,
            "endpoint",
        )


def _leaders(live: list[NodeSnapshot]) -> Iterator[Finding]:
    named = {node.name: node.endpoint.leader_id for node in live if node.endpoint.leader_id is not None}
    real = {id for id in named.values() if id.strip("0")}
    if named and not real:
        yield _spread(
            "no-leader",
            Severity.BAD,
            "no member knows a leader",
            "an election, a slow disk or too few members: wait, start those that are down",
            named,
            "endpoint",
        )
    elif len(real) > 1 and len({n.endpoint.cluster_id for n in live if n.endpoint.cluster_id}) <= 1:
        yield _spread(
            "leaders-differ",
            Severity.WARN,
            "members name different leaders",
            "an election is passing, or one of them is cut off from its peers",
            named,
            "endpoint",
        )


def _alarms(snapshot: ClusterSnapshot, group: Membership, live: list[NodeSnapshot]) -> Iterator[Finding]:
    seen: dict[Alarm, list[str]] = defaultdict(list)
    for node in live:
        for alarm in node.endpoint.alarms:
            seen[alarm].append(node.name)
    for alarm, by in seen.items():
        member = next((m for m in group.members if m.id == alarm.member_id), None)
        on = holder(member, snapshot.nodes) if member else None
        yield Finding(
            id=f"alarm-{alarm.kind.lower()}",
            severity=Severity.BAD,
            title=f"alarm {alarm.kind}" + ("" if on else f" on member {alarm.member_id}"),
            hint=_ALARM_HINTS.get(alarm.kind, ""),
            node=on.name if on else "",
            evidence=tuple(
                Evidence(node=name, source="endpoint", value=f"{alarm.kind} {alarm.member_id}") for name in by
            ),
        )


def _absent(
    snapshot: ClusterSnapshot, group: Membership, live: list[NodeSnapshot], now_ms: int
) -> Iterator[Finding]:
    """Masters without a row in the list, rows without a master, rows never started, learners."""
    if not group.members:
        return
    by = ", ".join(node.name for node in live if node.members) or "the last list seen"
    ids = {member.id for member in group.members}
    for node in snapshot.nodes:
        known = bool(node.env.name or node.endpoint.member_id)
        stranger = (
            fresh(node, now_ms)
            and bool(node.endpoint.answers)
            and node.endpoint.member_id not in (None, *ids)
        )
        if stranger or (known and row_of(node, group.members, snapshot.nodes) is None):
            running = fresh(node, now_ms) and node.unit.active in ("active", "activating")
            title = "not a member, and etcd runs there" if running else "not a member of the cluster"
            yield _one(
                "not-a-member",
                Severity.BAD,
                title,
                "removed, never added, or its name and URLs differ",
                node.name,
                f"no row for it in the list of {by}",
            )
    for member in group.members:
        found = holder(member, snapshot.nodes)
        where = found.name if found else ""
        named = member.name or ", ".join(member.peer_urls) or member.id
        if not member.started:
            yield _one(
                "unstarted",
                Severity.BAD,
                f"member {named} was added and has never started",
                "it counts as a vote: start it, or remove it",
                where,
                f"{member.id} unstarted",
            )
        if found is None:
            yield _one(
                "unknown-member",
                Severity.WARN,
                f"member {named} is on no master of the configuration",
                "it cannot be asked; add its master to the configuration",
                "",
                f"{member.id} {named}",
            )
        if member.learner:
            yield _one(
                "learner",
                Severity.WARN,
                f"member {named} is a learner: it has no vote",
                "promote it once it has caught up",
                where,
                f"{member.id} learner",
            )


def _list_words(node: NodeSnapshot) -> str:
    return ", ".join(sorted(f"{member.name or 'unstarted'} {member.id}" for member in node.members))


def _spread(
    id: str, severity: Severity, title: str, hint: str, values: dict[str, str], source: str
) -> Finding:
    evidence = tuple(Evidence(node=name, source=source, value=value) for name, value in values.items())
    return Finding(id=id, severity=severity, title=title, hint=hint, evidence=evidence)


def _one(id: str, severity: Severity, title: str, hint: str, node: str, value: str) -> Finding:
    evidence = (Evidence(node=node, source="members", value=value),)
    return Finding(id=id, severity=severity, title=title, hint=hint, node=node, evidence=evidence)
