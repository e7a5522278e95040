"""Which runbook, by data lost and not by "down": what puts data aside is named only on evidence, never on silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from novatui.diagnosis.data import DataState, Usability
from novatui.diagnosis.membership import Membership, fresh
from novatui.diagnosis.patterns import BY_ID, Remedy
from novatui.diagnosis.quorum import reads
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Finding, Quorum, Severity, Verdict

# A process that has not answered for this long is taken for hung, not for slow.
HUNG_MS = 10_000


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """``runbook`` is a runbook's name, ``wait`` or empty."""

    runbook: str = ""
    node: str = ""
    why: str = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """All that a recommendation rests on. ``findings`` are ordered worst first."""

    snapshot: ClusterSnapshot
    group: Membership
    quorum: Quorum
    verdict: Verdict
    data: Mapping[str, DataState]
    findings: Sequence[Finding]
    now_ms: int


def advise(seen: Judged) -> Advice:
    """One next step, or the reason why none is named."""
    if seen.verdict is Verdict.HEALTHY:
        return Advice()
    if seen.verdict is Verdict.UNKNOWN or _has(seen, "clusters-differ"):
        return Advice(why=_unjudged(seen))
    bad, stopped, hung, blocked = sort_out(seen)
    if seen.verdict is Verdict.NO_QUORUM and data_lost(seen, bad):
        names = _names(bad)
        why = f"{len(bad)} of {seen.quorum.total} members have no usable data ({names}): too few are left for a quorum"
        return Advice(runbook="restore-cluster", why=why)
    if len(stopped) > 1:
        why = (
            f"{_names(stopped)} are stopped and nothing says that their data is damaged: start them together"
        )
        return Advice(runbook="start-cluster", why=why)
    for node in [*stopped, *hung]:
        state = "is hung" if node in hung else "is stopped"
        why = f"etcd on {node.name} {state} and nothing says that its data is damaged"
        return Advice(runbook="restart-member", node=node.name, why=why)
    return _recover(seen, bad) or _mend_first(blocked) or _patience(seen)


def _recover(seen: Judged, bad: Sequence[NodeSnapshot]) -> Advice | None:
    if not bad:
        return None
    node = bad[0]
    why = f"{node.name}: {seen.data[node.name].why}"
    if seen.verdict is Verdict.DEGRADED and seen.quorum.healthy >= seen.quorum.needed:
        return Advice(runbook="recover-member", node=node.name, why=f"{why}; quorum stands without it")
    return Advice(why=f"{why}; a quorum of the others must be seen before it is recovered")


def _mend_first(blocked: Sequence[tuple[NodeSnapshot, Finding]]) -> Advice | None:
    for node, finding in blocked:
        return Advice(
            why=f"{node.name}: {finding.title}. {finding.hint}; then start it. Its data is not in question"
        )
    return None


def _patience(seen: Judged) -> Advice:
    """Nothing to start, nothing to recover: what is under way, or what else is wrong, in words."""
    live = [node for node in seen.snapshot.nodes if fresh(node, seen.now_ms)]
    if any(node.unit.active in ("activating", "deactivating", "reloading") for node in live):
        return Advice(runbook="wait", why="etcd is starting or stopping somewhere: wait for it")
    silent = [node for node in live if node.unit.active == "active" and node.endpoint.answers is False]
    if silent:
        why = f"etcd on {_names(silent)} does not answer for the moment: slow or hung, {HUNG_MS // 1000} s will tell"
        return Advice(runbook="wait", why=why)
    if seen.verdict is Verdict.NO_QUORUM:
        return Advice(
            runbook="wait",
            why="no quorum for the moment: an election or slow disks; the data is up, leave it",
        )
    for finding in seen.findings:
        if finding.severity in (Severity.BAD, Severity.WARN):
            return Advice(why=finding.hint or finding.title)
    return Advice()


def sort_out(
    seen: Judged,
) -> tuple[list[NodeSnapshot], list[NodeSnapshot], list[NodeSnapshot], list[tuple[NodeSnapshot, Finding]]]:
    """Members that do not serve: data unusable; stopped; hung; kept down by something else. Unseen ones are in none."""
    bad, stopped, hung, blocked = [], [], [], []
    for node in seen.snapshot.nodes:
        if not fresh(node, seen.now_ms) or reads(node, seen.group.cluster_id, seen.now_ms):
            continue
        cause = _blocker(node, seen.findings)
        if seen.data[node.name].state is Usability.UNUSABLE:
            bad.append(node)
        elif cause and not node.endpoint.answers:
            blocked.append((node, cause))
        elif _stopped(node):
            stopped.append(node)
        elif _hung(node, seen.now_ms):
            hung.append(node)
    return bad, stopped, hung, blocked


def _stopped(node: NodeSnapshot) -> bool:
    unit = node.unit
    down = unit.active in ("inactive", "failed") or (
        unit.active == "activating" and unit.sub == "auto-restart"
    )
    return down and unit.load in (None, "loaded") and not node.endpoint.answers


def _hung(node: NodeSnapshot, now_ms: int) -> bool:
    if node.unit.active != "active" or node.endpoint.answers is not False:
        return False
    last = node.endpoint.answered_ms or node.unit.since_ms
    return last is None or now_ms - last > HUNG_MS


def _blocker(node: NodeSnapshot, findings: Sequence[Finding]) -> Finding | None:
    """A cause outside of the data that keeps a member down."""
    for finding in findings:
        pattern = BY_ID.get(finding.id.removeprefix("journal-"))
        if finding.node == node.name and pattern is not None and pattern.remedy is Remedy.FIX:
            return finding
    return None


def data_lost(seen: Judged, bad: Sequence[NodeSnapshot]) -> bool:
    """Whether too few votes are left even if every member that is not proven bad is good."""
    names = {node.name for node in bad}
    lost = sum(1 for seat in seen.group.seats if seat.node is not None and seat.node.name in names)
    return seen.quorum.total - lost < seen.quorum.needed


def _unjudged(seen: Judged) -> str:
    if _has(seen, "clusters-differ"):
        return "masters belong to different clusters: find out which one is meant before anything is changed"
    unseen = [node.name for node in seen.snapshot.nodes if not fresh(node, seen.now_ms)]
    if unseen:
        return f"{', '.join(unseen)} cannot be asked: what is not seen is not judged. Reach them first"
    return "the members have not been asked yet"


def _has(seen: Judged, id: str) -> bool:
    return any(finding.id == id for finding in seen.findings)


def _names(nodes: Sequence[NodeSnapshot]) -> str:
    return ", ".join(node.name for node in nodes)
