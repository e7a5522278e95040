"""Which runbook, by data lost and not by "down": what puts data aside is named only on evidence, never on silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from novatui.diagnosis import silence
from novatui.diagnosis.data import UNMOUNTED, DataState, Usability, log_seen
from novatui.diagnosis.env_findings import NAMED_ONLY
from novatui.diagnosis.held_findings import HOLD_LEFT, LEFT_BEHIND, UNDER_WAY
from novatui.diagnosis.list_findings import UNSTARTED
from novatui.diagnosis.membership import FRESH_MS, Membership, fresh
from novatui.diagnosis.node_findings import has_a_chance
from novatui.diagnosis.outside import unclear
from novatui.diagnosis.pattern import Remedy
from novatui.diagnosis.patterns import BY_ID
from novatui.diagnosis.quorum import reads
from novatui.diagnosis.rights import blind
from novatui.diagnosis.upkeep_findings import EXPIRED, NO_LOG, PROBLEM
from novatui.model.cluster import ClusterSnapshot, Link, NodeSnapshot
from novatui.model.findings import Finding, Quorum, Severity, Verdict
from novatui.model.words import N_, Words

_CERTIFICATE = (EXPIRED, PROBLEM)
# Why one that is seen is not asked.
_NOT_ASKED = (*_CERTIFICATE, "unasked", "unit-missing", "env-problem")
# What recover-member writes anew in the env file is no obstacle to it.
_WRITTEN_NEW = ("journal-initial-cluster-differs", "journal-no-peer-answers")
# One that compares its keys with the others' before it starts, and ends over them, would end so again.
DATA_DIFFERS = "journal-data-differs"
_IN_THE_WAY = ("unit-held", *_CERTIFICATE, NO_LOG, DATA_DIFFERS)


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
    if (run := taken(seen)) is not None:
        said = Words(N_("{cause}; {hint}"), cause=run.title, hint=run.hint)
        return Advice(runbook="wait" if run.id == UNDER_WAY else "", why=said)
    if seen.verdict is Verdict.UNKNOWN or _has(seen, "clusters-differ"):
        return _unjudged(seen)
    if stands(seen) and (out := unclear(seen.snapshot, seen.group, seen.data, seen.now_ms)):
        why = N_(
            "the member list has {n} of {total} masters, and {names} may be of another cluster: find out which one is meant "
            "before anything is changed"
        )
        n, total = len(seen.group.members), len(seen.snapshot.nodes)
        return Advice(why=Words(why, n=n, total=total, names=_names(out)))
    bad, stopped, hung, blocked = sort_out(seen)
    if seen.verdict is Verdict.NO_QUORUM and (lost := data_lost(seen, bad)):
        why = Words(
            N_("{n} of {total} members have no usable data ({names}): too few are left for a quorum"),
            n=len(lost),
            total=seen.quorum.total,
            names=_names(lost),
        )
        return Advice(runbook="restore-cluster", why=why)
    if len(stopped) > 1:
        why = Words(
            N_("{names} are stopped and nothing says that their data is damaged: start them together"),
            names=_names(stopped),
        )
        return Advice(runbook="start-cluster", why=why)
    for node in [*stopped, *hung]:
        return Advice(runbook="restart-member", node=node.name, why=_down(node, hung))
    return (
        _recover(seen, bad)
        or _replace(seen, blocked)
        or _mend_first(seen, blocked)
        or _disarm(seen)
        or _patience(seen)
    )


def stands(seen: Judged) -> bool:
    """Whether quorum is seen, and something is wrong all the same."""
    return seen.verdict is Verdict.DEGRADED and seen.quorum.healthy >= seen.quorum.needed


def taken(seen: Judged) -> Finding | None:
    """A run that has masters: nothing else may be begun before it ends, whatever else would help."""
    return next((f for f in seen.findings if f.id in (UNDER_WAY, LEFT_BEHIND, HOLD_LEFT)), None)


def _down(node: NodeSnapshot, hung: Sequence[NodeSnapshot]) -> Words:
    if node in hung:
        said = N_("etcd on {node} is hung and nothing says that its data is damaged")
    elif node.unit.sub == "auto-restart":
        said = N_("etcd on {node} does not stay up and nothing says that its data is damaged")
    else:
        said = N_("etcd on {node} is stopped and nothing says that its data is damaged")
    return Words(said, node=node.name)


def _recover(seen: Judged, bad: Sequence[NodeSnapshot]) -> Advice | None:
    if not bad:
        return None
    node, cause = bad[0], seen.data[bad[0].name].words
    if stands(seen):
        why = Words(N_("{node}: {cause}; quorum stands without it"), node=node.name, cause=cause)
        if len(bad) > 1:
            said = N_(
                "{names} have no usable data, and quorum stands without them: recovered one at a time, {node} first"
            )
            why = Words(said, names=_names(bad), node=node.name)
        return Advice(runbook="recover-member", node=node.name, why=why)
    said = N_("{node}: {cause}; a quorum of the others must be seen before it is recovered")
    return Advice(why=Words(said, node=node.name, cause=cause))


def _replace(seen: Judged, blocked: Sequence[tuple[NodeSnapshot, Finding]]) -> Advice | None:
    """One whose data is not there, or is not that of the member that was added for it, has nothing to lose, as long as the
    others have quorum and nobody forgot to mount it."""
    if not stands(seen):
        return None
    for node in bare(seen, blocked):
        said = N_("{node}: {cause}; quorum stands without it")
        cause = next(finding.title for other, finding in blocked if other is node)
        if (none := no_log(seen, node)) is not None:
            cause = none.title
        return Advice(runbook="recover-member", node=node.name, why=Words(said, node=node.name, cause=cause))
    return None


def bare(seen: Judged, blocked: Sequence[tuple[NodeSnapshot, Finding]]) -> list[NodeSnapshot]:
    """Those whose data directory has no log, where nothing else is to be mended first; and those that never started."""
    return [
        node
        for node, finding in blocked
        if finding.id == UNSTARTED or (finding.id in (NO_LOG, *_WRITTEN_NEW) and no_log(seen, node))
    ]


def no_log(seen: Judged, node: NodeSnapshot) -> Finding | None:
    """That it has none; None also where only its file system is not mounted. A start would put a blank member under its ID."""
    return _told_no_log(node, seen.findings) if log_seen(node) in ("no", "missing") else None


def _told_no_log(node: NodeSnapshot, findings: Sequence[Finding]) -> Finding | None:
    return next((one for one in findings if one.id == NO_LOG and one.node == node.name), None)


def _mend_first(seen: Judged, blocked: Sequence[tuple[NodeSnapshot, Finding]]) -> Advice | None:
    for node, finding in blocked:
        if finding.id in (NO_LOG, DATA_DIFFERS):
            said = N_("{node}: {cause}; {hint}")
        elif no_log(seen, node) is not None:
            said = N_(
                "{node}: {cause}; {hint}. Its data is not there either: after that recover-member, not a start"
            )
        elif node.endpoint.answers or finding.id in _CERTIFICATE:
            said = N_("{node}: {cause}; {hint}. Its data is not in question")
        else:
            said = N_("{node}: {cause}; {hint}; then start it. Its data is not in question")
        return Advice(why=Words(said, node=node.name, cause=cause_of(finding), hint=finding.hint))
    return None


def cause_of(finding: Finding) -> str:
    """Its title, without the line of the journal that it quotes."""
    cause = finding.title.facts.get("cause") if isinstance(finding.title, Words) else None
    return cause if isinstance(cause, Words) else finding.title


def _disarm(seen: Judged) -> Advice | None:
    """NOSPACE has a runbook of its own; CORRUPT first wants to be known whose data is odd, which is not seen from here."""
    if seen.verdict is Verdict.DEGRADED and _has(seen, "alarm-nospace") and not _has(seen, "alarm-corrupt"):
        said = N_("the database is full and takes no writes; its data is whole: make room in it, then disarm")
        return Advice(runbook="disarm-alarm", why=Words(said))
    return None


def _patience(seen: Judged) -> Advice:
    """Nothing to start, nothing to recover: what is under way, or what else is wrong, in words."""
    live = [node for node in seen.snapshot.nodes if fresh(node, seen.now_ms)]
    if any(node.unit.active in ("activating", "deactivating", "reloading") for node in live):
        return Advice(runbook="wait", why=Words(N_("etcd is starting or stopping somewhere: wait for it")))
    silent = [node for node in live if node.unit.active == "active" and node.endpoint.answers is False]
    if silent:
        said = N_("etcd on {names} does not answer for the moment: slow or hung, {n} s will tell")
        return Advice(runbook="wait", why=Words(said, names=_names(silent), n=silence.HUNG_MS // 1000))
    if seen.verdict is Verdict.NO_QUORUM and any(node.endpoint.answers for node in live):
        said = N_("no quorum for the moment: an election or slow disks; the data is up, leave it")
        return Advice(runbook="wait", why=Words(said))
    worst = next((f for f in seen.findings if f.severity in (Severity.BAD, Severity.WARN)), None)
    if worst is None:
        return _reach(seen) if _unseen(seen) else Advice()
    if any(evidence.source == "ssh" for evidence in worst.evidence) and _unseen(seen):
        return _reach(seen)
    said = cause_of(worst)
    if worst.hint:
        said = Words(N_("{cause}; {hint}"), cause=said, hint=worst.hint)
    return Advice(why=Words(N_("{node}: {cause}"), node=worst.node, cause=said) if worst.node else said)


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
        elif cause:
            blocked.append((node, cause))
        elif _stopped(node) and (added := _added(node, seen)) is not None:
            blocked.append((node, added))
        elif _stopped(node):
            stopped.append(node)
        elif silence.hung(node, seen.now_ms):
            hung.append(node)
    return bad, stopped, hung, blocked


def _stopped(node: NodeSnapshot) -> bool:
    """Also one that systemd has started again in vain."""
    unit = node.unit
    if has_a_chance(unit):
        return False
    down = unit.active in ("inactive", "failed") or (
        unit.active == "activating" and unit.sub == "auto-restart"
    )
    return down and unit.load in (None, "loaded") and not node.endpoint.answers


def _added(node: NodeSnapshot, seen: Judged) -> Finding | None:
    """It was added and never started: what is on its disk is most likely of a member that was removed, and a start of that
    ends at once. Where the others have quorum recover-member goes on from there, whatever is on the disk."""
    never = (one for one in seen.findings if one.id == UNSTARTED and one.node == node.name)
    return next(never, None) if stands(seen) else None


def _blocker(node: NodeSnapshot, findings: Sequence[Finding]) -> Finding | None:
    """A cause outside of the data that keeps a member down: what would be in the way of a start. What is not mounted comes
    first: all that a start says on an empty mount point comes from that."""
    if log_seen(node) == UNMOUNTED and (empty := _told_no_log(node, findings)) is not None:
        return empty
    for finding in findings:
        pattern = BY_ID.get(finding.id.removeprefix("journal-"))
        fixable = pattern is not None and pattern.remedy is Remedy.FIX
        mine = finding.node == node.name and finding.severity is Severity.BAD
        if mine and (fixable or finding.id in _IN_THE_WAY):
            return finding
    return None


def data_lost(seen: Judged, bad: Sequence[NodeSnapshot]) -> list[NodeSnapshot]:
    """Of ``bad`` those that hold a vote, where too few votes are left even if every other one is good; else none."""
    seated = {seat.node.name for seat in seen.group.seats if seat.node is not None}
    lost = [node for node in bad if node.name in seated]
    return lost if seen.quorum.total - len(lost) < seen.quorum.needed else []


def _unjudged(seen: Judged) -> Advice:
    if _has(seen, "clusters-differ"):
        said = N_(
            "masters belong to different clusters: find out which one is meant before anything is changed"
        )
        return Advice(why=Words(said))
    if _unseen(seen):
        return _reach(seen)
    if plain := blind(seen.snapshot.nodes):
        said = N_("etcd is not asked on {names}: novatui is not root there")
        return Advice(why=Words(said, names=_names(plain)))
    silent = [node.name for node in seen.snapshot.nodes if node.endpoint.answers is None]
    if cause := next((one for one in seen.findings if one.node in silent and one.id in _NOT_ASKED), None):
        said = N_("{node}: {cause}; {hint}")
        return Advice(why=Words(said, node=cause.node, cause=cause.title, hint=cause.hint))
    if (named := next((one for one in seen.findings if one.id == NAMED_ONLY), None)) is not None:
        return Advice(why=Words(N_("{cause}; {hint}"), cause=named.title, hint=named.hint))
    if all(seat.node is None for seat in seen.group.seats):
        said = N_(
            "every master says that it was removed: the members are elsewhere. Add their masters to the configuration"
        )
        return Advice(why=Words(said))
    return Advice(why=Words(N_("the members have not been asked yet")))


def _unseen(seen: Judged) -> list[NodeSnapshot]:
    return [node for node in seen.snapshot.nodes if not fresh(node, seen.now_ms)]


def _reach(seen: Judged) -> Advice:
    """Some masters are not seen: late, being connected to, or not to be had."""
    unseen = _unseen(seen)
    changed = next((one for one in seen.findings if one.id == "host-key-changed"), None)
    if changed is not None:
        said = N_("{node}: {cause}; {hint}")
        return Advice(why=Words(said, node=changed.node, cause=changed.title, hint=changed.hint))
    if all(node.link not in (Link.LOST, Link.REFUSED) for node in unseen):
        said = N_("{names}: connecting, or the last sample is late; {n} s will tell")
        return Advice(runbook="wait", why=Words(said, names=_names(unseen), n=FRESH_MS // 1000))
    said = N_("{names} cannot be asked: what is not seen is not judged. Reach them first")
    return Advice(why=Words(said, names=_names(unseen)))


def _has(seen: Judged, id: str) -> bool:
    return any(finding.id == id for finding in seen.findings)


def _names(nodes: Sequence[NodeSnapshot]) -> str:
    return ", ".join(node.name for node in nodes)
