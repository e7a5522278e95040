"""What is wrong between the masters: different clusters, lists that differ, leaders, versions, alarms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from novatui.diagnosis.finding import of_all
from novatui.diagnosis.membership import Membership, answering, holder
from novatui.model.cluster import Alarm, ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Evidence, Finding, Severity
from novatui.model.words import N_, Words

_ALARM_HINTS = {
    "NOSPACE": N_("quorum stands, writes are refused: compact, defragment each member, then disarm"),
    "CORRUPT": N_("members hold different data: compare hashkv, recover the minority, then disarm"),
}


def cluster_findings(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> Iterator[Finding]:
    """Findings that need more than one master to see."""
    live = answering(snapshot, now_ms)
    times = _times(snapshot.nodes)
    yield from _cluster_ids(snapshot, group)
    if group.lists_differ:
        yield of_all(
            "lists-differ",
            Severity.BAD,
            Words(N_("members hold different member lists")),
            Words(N_("a change of members is under way, or one of them is of another time")),
            {node.name: _list_words(node) for node in live if node.members},
            "members",
            {node.name: node.members_at_ms for node in live},
        )
    yield from _leaders(live)
    yield from _alarms(snapshot, group, live)
    versions = {node.name: node.endpoint.version for node in live if node.endpoint.version}
    if len(set(versions.values())) > 1:
        title, hint = N_("members run different versions"), N_("finish the upgrade before a recovery")
        yield of_all("versions-differ", Severity.WARN, Words(title), Words(hint), versions, "endpoint", times)


def _cluster_ids(snapshot: ClusterSnapshot, group: Membership) -> Iterator[Finding]:
    if len(group.cluster_ids) <= 1:
        return
    seen = {node.name: node.endpoint.cluster_id for node in snapshot.nodes if node.endpoint.cluster_id}
    odd = sorted(name for name, id in seen.items() if id != group.cluster_id) if group.cluster_id else []
    title = Words(N_("masters belong to different clusters"))
    if odd:
        title = Words(
            N_("masters belong to different clusters: {names} is not of ours"), names=", ".join(odd)
        )
    hint = Words(N_("mixed tokens or old data: the majority's cluster wins; stop the odd one first"))
    yield of_all("clusters-differ", Severity.BAD, title, hint, seen, "endpoint", _times(snapshot.nodes))


def _leaders(live: list[NodeSnapshot]) -> Iterator[Finding]:
    named = {node.name: node.endpoint.leader_id for node in live if node.endpoint.leader_id is not None}
    real = {id for id in named.values() if id.strip("0")}
    if named and not real:
        title = N_("no member knows a leader")
        hint = N_("an election, a slow disk or too few members: wait, start those that are down")
        yield of_all("no-leader", Severity.BAD, Words(title), Words(hint), named, "endpoint", _times(live))
    elif len(real) > 1 and len({n.endpoint.cluster_id for n in live if n.endpoint.cluster_id}) <= 1:
        title = N_("members name different leaders")
        hint = N_("an election is passing, or one of them is cut off from its peers")
        yield of_all(
            "leaders-differ", Severity.WARN, Words(title), Words(hint), named, "endpoint", _times(live)
        )


def _alarms(snapshot: ClusterSnapshot, group: Membership, live: list[NodeSnapshot]) -> Iterator[Finding]:
    seen: dict[Alarm, list[str]] = defaultdict(list)
    times = _times(live)
    for node in live:
        for alarm in node.endpoint.alarms:
            seen[alarm].append(node.name)
    for alarm, by in seen.items():
        member = next((m for m in group.members if m.id == alarm.member_id), None)
        on = holder(member, snapshot.nodes) if member else None
        title = Words(N_("alarm {kind}"), kind=alarm.kind)
        if on is None and alarm.member_id.strip("0"):
            title = Words(N_("alarm {kind} on member {id}"), kind=alarm.kind, id=alarm.member_id)
        yield Finding(
            id=f"alarm-{alarm.kind.lower()}",
            severity=Severity.BAD,
            title=title,
            hint=Words(_ALARM_HINTS.get(alarm.kind, "")),
            node=on.name if on else "",
            evidence=tuple(
                Evidence(
                    node=name,
                    source="endpoint",
                    value=f"{alarm.kind} {alarm.member_id}",
                    at_ms=times.get(name),
                )
                for name in by
            ),
        )


def _times(nodes: Iterable[NodeSnapshot]) -> dict[str, int | None]:
    """When each last answered."""
    return {node.name: node.endpoint.answered_ms for node in nodes}


def _list_words(node: NodeSnapshot) -> str:
    return ", ".join(sorted(f"{member.name or '-'} {member.id}" for member in node.members))
