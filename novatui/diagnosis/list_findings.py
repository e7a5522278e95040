"""The masters against the member list: who has no row, which row has no master, stale IDs, unstarted members, learners."""

from __future__ import annotations

from collections.abc import Iterator

from novatui.diagnosis.finding import of_node
from novatui.diagnosis.membership import Membership, answering, fresh, holder, row_of
from novatui.model.cluster import ClusterSnapshot, Member, NodeSnapshot
from novatui.model.findings import Finding, Severity
from novatui.model.words import N_, Words

UNSTARTED = "unstarted"
# A learner this many entries behind the newest is still catching up.
CAUGHT_UP = 1_000


def list_findings(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> Iterator[Finding]:
    """Nothing is said without a list that the believable masters agree on."""
    if not group.members:
        return
    by = ", ".join(node.name for node in answering(snapshot, now_ms) if node.members)
    for node in snapshot.nodes:
        yield from _of_master(node, snapshot, group, now_ms, by)
    for member in group.members:
        yield from _of_member(member, snapshot, now_ms)


def _of_master(
    node: NodeSnapshot, snapshot: ClusterSnapshot, group: Membership, now_ms: int, by: str
) -> Iterator[Finding]:
    ids = {member.id for member in group.members}
    own = node.endpoint.member_id
    row = row_of(node, group.members, snapshot.nodes)
    stranger = fresh(node, now_ms) and bool(node.endpoint.answers) and own not in (None, *ids)
    if stranger and row is not None:
        yield of_node(
            "stale-id",
            Severity.BAD,
            Words(N_("it runs as member {own}, the list has {listed} for it"), own=str(own), listed=row.id),
            Words(N_("old data under a member ID that was given up: stop it, then recover-member")),
            node=node.name,
            source="members",
            value=f"{own} / {row.id} ({by})",
            at_ms=node.endpoint.answered_ms,
        )
    elif stranger or (row is None and bool(node.env.name or own)):
        running = fresh(node, now_ms) and node.unit.active in ("active", "activating")
        running = running and node.unit.sub != "auto-restart"
        runs, absent = N_("not a member, and etcd runs there"), N_("not a member of the cluster")
        yield of_node(
            "not-a-member",
            Severity.BAD,
            Words(runs if running else absent),
            Words(N_("removed, never added, or its name and URLs differ")),
            node=node.name,
            source="members",
            value=f"{', '.join(sorted(m.name or m.id for m in group.members))} ({by or '-'})",
            at_ms=_listed_ms(snapshot, now_ms),
        )


def _of_member(member: Member, snapshot: ClusterSnapshot, now_ms: int) -> Iterator[Finding]:
    found = holder(member, snapshot.nodes)
    where = found.name if found else ""
    named = member.name or ", ".join(member.peer_urls) or member.id
    if not member.started:
        yield of_node(
            UNSTARTED,
            Severity.BAD,
            Words(N_("member {name} was added and has never started"), name=named),
            Words(N_("it counts as a vote: recover-member on its master goes on from there, or remove it")),
            node=where,
            source="members",
            value=f"{member.id} unstarted",
            at_ms=_listed_ms(snapshot, now_ms),
        )
    if found is None and not any(_unknown(node) for node in snapshot.nodes):
        yield of_node(
            "unknown-member",
            Severity.WARN,
            Words(N_("member {name} is on no master of the configuration"), name=named),
            Words(N_("it cannot be asked; add its master to the configuration")),
            node="",
            source="members",
            value=f"{member.id} {named}",
            at_ms=_listed_ms(snapshot, now_ms),
        )
    if member.learner:
        yield _learner(member, found, snapshot, now_ms, named)


def _listed_ms(snapshot: ClusterSnapshot, now_ms: int) -> int | None:
    """When the newest of the lists came; the last known one where nobody answers now."""
    tells = answering(snapshot, now_ms) or snapshot.nodes
    return max((node.members_at_ms or 0 for node in tells), default=0) or None


def _unknown(node: NodeSnapshot) -> bool:
    """Nobody knows yet which member is on it: it may be any."""
    return not node.env.name and not node.env.peer_urls and not node.endpoint.member_id


def _learner(
    member: Member, found: NodeSnapshot | None, snapshot: ClusterSnapshot, now_ms: int, named: str
) -> Finding:
    """A learner that has caught up was left behind: somebody still has to make it a voter."""
    live = answering(snapshot, now_ms)
    newest = max((node.endpoint.index or 0 for node in live), default=0)
    own = found.endpoint.index if found in live and found is not None else None
    behind = None if own is None else newest - own
    hint = Words(N_("it has to catch up first, then it is promoted"))
    if behind is not None and behind > CAUGHT_UP:
        hint = Words(N_("{n} entries behind: it is catching up; promote it after that"), n=behind)
    elif behind is not None:
        hint = Words(
            N_("it has caught up and was left so: promote it (etcdctl member promote {id})"), id=member.id
        )
    return of_node(
        "learner",
        Severity.WARN,
        Words(N_("member {name} is a learner: it has no vote"), name=named),
        hint,
        node=found.name if found else "",
        source="members",
        value=f"{member.id} learner",
        at_ms=_listed_ms(snapshot, now_ms),
    )
