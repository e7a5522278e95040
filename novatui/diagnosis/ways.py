"""Every recovery there is, with why it fits now or why it does not: for the menu, the recommended one first.

This is what can be seen from here. The wizard of each looks closer, and says itself what speaks against it.
"""

from __future__ import annotations

from collections.abc import Sequence

from novatui.diagnosis.data import Usability
from novatui.diagnosis.key_findings import KEYS_DIFFER
from novatui.diagnosis.list_findings import UNSTARTED
from novatui.diagnosis.recommend import (
    DATA_DIFFERS,
    Advice,
    Judged,
    bare,
    cause_of,
    data_lost,
    no_log,
    sort_out,
    stands,
    taken,
)
from novatui.diagnosis.rights import blind
from novatui.model.cluster import NodeSnapshot
from novatui.model.findings import Verdict, Way
from novatui.model.words import N_, Words

RUNBOOKS = ("restart-member", "start-cluster", "recover-member", "restore-cluster")


def ways(seen: Judged, advice: Advice) -> tuple[Way, ...]:
    """One row a runbook: what is recommended, then what is possible, then the rest."""
    if seen.verdict is Verdict.HEALTHY:
        calm = Words(N_("every member answers and has quorum"))
        return tuple(Way(runbook=name, why_not=calm) for name in RUNBOOKS)
    if (run := taken(seen)) is not None:
        return tuple(Way(runbook=name, why_not=run.title) for name in RUNBOOKS)
    found = [_restart(seen), _start(seen), _recover(seen), _restore(seen)]
    if advice.runbook not in (*RUNBOOKS, "wait", ""):
        found.append(Way(runbook=advice.runbook, node=advice.node, why=advice.why))
    found = [_advised(_seen_by_root(way, seen), advice) for way in found]
    return tuple(sorted(found, key=lambda way: (way.runbook != advice.runbook, bool(way.why_not))))


def _seen_by_root(way: Way, seen: Judged) -> Way:
    """What only root can see does not speak against anything."""
    plain = blind(seen.snapshot.nodes)
    if not plain or not way.why_not:
        return way
    said = N_("it needs root on {names}")
    return Way(runbook=way.runbook, why_not=Words(said, names=names(plain)))


def _advised(way: Way, advice: Advice) -> Way:
    if way.runbook != advice.runbook:
        return way
    return Way(runbook=way.runbook, node=advice.node or way.node, why=advice.why)


def _restart(seen: Judged) -> Way:
    bad, stopped, hung, blocked = sort_out(seen)
    name = "restart-member"
    if len(stopped) > 1:
        said = N_("{names} are stopped: they are started together, not one by one")
        return Way(runbook=name, why_not=Words(said, names=names(stopped)))
    if stopped or hung:
        node = [*stopped, *hung][0]
        said = N_("etcd on {node} is stopped") if stopped else N_("etcd on {node} does not answer")
        return Way(runbook=name, node=node.name, why=Words(said, node=node.name))
    if bad:
        node, cause = bad[0], seen.data[bad[0].name].words
        said = N_("{node}: {cause}; a restart does not mend that")
        return Way(runbook=name, why_not=Words(said, node=node.name, cause=cause))
    if blocked:
        node, finding = blocked[0]
        said = N_("{node}: {cause}; a restart does not mend that")
        if finding.id == UNSTARTED:
            said = N_("{node}: {cause}; what is on its disk is most likely of a member that was removed")
        return Way(runbook=name, why_not=Words(said, node=node.name, cause=cause_of(finding)))
    return Way(runbook=name, why_not=Words(N_("no member is seen to be stopped or hung")))


def _start(seen: Judged) -> Way:
    _bad, stopped, _hung, _blocked = sort_out(seen)
    if len(stopped) > 1:
        why = Words(N_("{names} are stopped"), names=names(stopped))
        return Way(runbook="start-cluster", why=why)
    why_not = Words(N_("fewer than two members are stopped with their data not in doubt"))
    return Way(runbook="start-cluster", why_not=why_not)


def _recover(seen: Judged) -> Way:
    bad, stopped, hung, blocked = sort_out(seen)
    name = "recover-member"
    if not stands(seen):
        return Way(runbook=name, why_not=Words(N_("it needs a quorum of the others, and none is seen")))
    if bad:
        why = Words(N_("{node}: {cause}"), node=bad[0].name, cause=seen.data[bad[0].name].words)
        return Way(runbook=name, node=bad[0].name, why=why)
    odd = next((f for f in seen.findings if f.id == KEYS_DIFFER and f.node), None)
    for node, finding in blocked:
        if node in bare(seen, blocked):
            why = Words(N_("{node}: {cause}"), node=node.name, cause=finding.title)
            return Way(runbook=name, node=node.name, why=why)
    if odd is not None:
        return Way(runbook=name, node=odd.node, why=odd.title)
    if out := [*stopped, *hung]:
        why = Words(N_("if a restart does not bring {node} back"), node=out[0].name)
        return Way(runbook=name, node=out[0].name, why=why)
    if blocked:
        node, finding = blocked[0]
        if finding.id == DATA_DIFFERS:
            why = Words(N_("if it is the keys of {node} that differ from the majority's"), node=node.name)
            return Way(runbook=name, node=node.name, why=why)
        if no_log(seen, node) is not None:
            why = Words(N_("once this is mended: {cause}"), cause=cause_of(finding))
            return Way(runbook=name, node=node.name, why=why)
        said = N_("{node}: {cause}; its data is not in question")
        return Way(runbook=name, why_not=Words(said, node=node.name, cause=cause_of(finding)))
    return Way(runbook=name, why_not=Words(N_("no member is seen to be out of service")))


def _restore(seen: Judged) -> Way:
    bad, _stopped, _hung, _blocked = sort_out(seen)
    name = "restore-cluster"
    if seen.verdict is Verdict.DEGRADED:
        said = N_("quorum stands: a restore would take everything back in time")
        return Way(runbook=name, why_not=Words(said))
    if seen.verdict is Verdict.NO_QUORUM and (seated := data_lost(seen, bad)):
        said = N_("too few members have usable data: {names} lost theirs")
        return Way(runbook=name, why=Words(said, names=names(seated)))
    lost = [name for name, data in seen.data.items() if data.state is Usability.UNUSABLE]
    if lost:
        said = N_(
            "nothing says that too few members have usable data: only {names} is known to have lost its data"
        )
        return Way(runbook=name, why_not=Words(said, names=", ".join(lost)))
    said = N_("nothing says that too few members have usable data: down is not lost")
    return Way(runbook=name, why_not=Words(said))


def names(nodes: Sequence[NodeSnapshot]) -> str:
    return ", ".join(node.name for node in nodes)
