"""Every recovery there is, with why it fits now or why it does not: for the menu, the recommended one first.

This is what can be seen from here. The wizard of each looks closer, and says itself what speaks against it.
"""

from __future__ import annotations

from collections.abc import Sequence

from novatui.diagnosis.data import Usability
from novatui.diagnosis.recommend import Advice, Judged, data_lost, sort_out
from novatui.model.cluster import NodeSnapshot
from novatui.model.findings import Verdict, Way

RUNBOOKS = ("restart-member", "start-cluster", "recover-member", "restore-cluster")


def ways(seen: Judged, advice: Advice) -> tuple[Way, ...]:
    """One row a runbook: what is recommended, then what is possible, then the rest."""
    if seen.verdict is Verdict.HEALTHY:
        return tuple(Way(runbook=name, why_not="every member answers and agrees") for name in RUNBOOKS)
    found = [_restart(seen), _start(seen), _recover(seen), _restore(seen)]
    found = [_advised(way, advice) for way in found]
    return tuple(sorted(found, key=lambda way: (way.runbook != advice.runbook, bool(way.why_not))))


def _advised(way: Way, advice: Advice) -> Way:
    if way.runbook != advice.runbook:
        return way
    return Way(runbook=way.runbook, node=advice.node or way.node, why=advice.why)


def _restart(seen: Judged) -> Way:
    bad, stopped, hung, _blocked = sort_out(seen)
    name = "restart-member"
    if len(stopped) > 1:
        return Way(
            runbook=name, why_not=f"{names(stopped)} are stopped: they are started together, not one by one"
        )
    if stopped or hung:
        node = [*stopped, *hung][0]
        state = "is stopped" if stopped else "does not answer"
        return Way(runbook=name, node=node.name, why=f"etcd on {node.name} {state}")
    if bad:
        why = f"{bad[0].name}: {seen.data[bad[0].name].why}; a restart does not mend that"
        return Way(runbook=name, why_not=why)
    return Way(runbook=name, why_not="no member is stopped or hung")


def _start(seen: Judged) -> Way:
    _bad, stopped, _hung, _blocked = sort_out(seen)
    if len(stopped) > 1:
        return Way(runbook="start-cluster", why=f"{names(stopped)} are stopped")
    return Way(
        runbook="start-cluster", why_not="fewer than two members are stopped with their data not in doubt"
    )


def _recover(seen: Judged) -> Way:
    bad, stopped, hung, _blocked = sort_out(seen)
    name = "recover-member"
    if seen.verdict is not Verdict.DEGRADED or seen.quorum.healthy < seen.quorum.needed:
        return Way(runbook=name, why_not="it needs a quorum of the others, and none is seen")
    if bad:
        return Way(runbook=name, node=bad[0].name, why=f"{bad[0].name}: {seen.data[bad[0].name].why}")
    if out := [*stopped, *hung]:
        return Way(runbook=name, node=out[0].name, why=f"if a restart does not bring {out[0].name} back")
    return Way(runbook=name, why_not="no member is out of service")


def _restore(seen: Judged) -> Way:
    bad, _stopped, _hung, _blocked = sort_out(seen)
    name = "restore-cluster"
    if seen.verdict is Verdict.DEGRADED:
        return Way(runbook=name, why_not="quorum stands: a restore would take everything back in time")
    if seen.verdict is Verdict.NO_QUORUM and data_lost(seen, bad):
        return Way(runbook=name, why=f"too few members have usable data: {names(bad)} lost theirs")
    lost = [name for name, data in seen.data.items() if data.state is Usability.UNUSABLE]
    words = f"only {', '.join(lost)} is known to have lost its data" if lost else "down is not lost"
    return Way(runbook=name, why_not=f"nothing says that too few members have usable data: {words}")


def names(nodes: Sequence[NodeSnapshot]) -> str:
    return ", ".join(node.name for node in nodes)
