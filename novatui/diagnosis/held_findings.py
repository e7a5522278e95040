"""Runs that have masters: under way, left behind by a runner that fell silent, or gone but for their hold on etcd."""

from __future__ import annotations

from collections.abc import Iterator

from novatui.diagnosis.membership import fresh
from novatui.model.cluster import ClusterSnapshot, Held, NodeSnapshot
from novatui.model.findings import Evidence, Finding, Severity
from novatui.model.words import N_, Words

UNDER_WAY = "run-under-way"
LEFT_BEHIND = "run-left-behind"
HOLD_LEFT = "hold-left-behind"


def held_findings(snapshot: ClusterSnapshot, now_ms: int) -> Iterator[Finding]:
    """One finding a run, over all masters it has."""
    seen = [(node, node.held) for node in snapshot.nodes if node.held is not None and fresh(node, now_ms)]
    for run in dict.fromkeys(held.run for _node, held in seen if held.run):
        mine = [(node, held) for node, held in seen if held.run == run]
        yield _under_way(run, mine) if any(held.alive for _node, held in mine) else _left(run, mine)
    leased = {held.run for _node, held in seen if held.run}
    for run in dict.fromkeys(held.hold for _node, held in seen if held.hold and held.hold not in leased):
        yield _hold(run, [(node, held) for node, held in seen if held.hold == run])


def _under_way(run: str, mine: list[tuple[NodeSnapshot, Held]]) -> Finding:
    title = Words(
        N_("run {run} of {operator} works on {names}"), run=run, operator=_who(mine), names=_names(mine)
    )
    hint = Words(N_("L says how it can be followed; leave etcd to it until it ends"))
    return _finding(UNDER_WAY, Severity.INFO, title, hint, mine)


def _left(run: str, mine: list[tuple[NodeSnapshot, Held]]) -> Finding:
    said = N_("run {run} of {operator} was left behind on {names}: its runner is silent")
    if any(held.hold for _node, held in mine):
        said = N_(
            "run {run} of {operator} was left behind on {names}: its runner is silent, etcd is held down there"
        )
    title = Words(said, run=run, operator=_who(mine), names=_names(mine))
    hint = Words(N_("L says how it is gone on with, taken back or broken"))
    return _finding(LEFT_BEHIND, Severity.WARN, title, hint, mine)


def _hold(run: str, mine: list[tuple[NodeSnapshot, Held]]) -> Finding:
    title = Words(
        N_("run {run} is gone, but its hold keeps etcd from being started on {names}"),
        run=run,
        names=_names(mine),
    )
    return _finding(HOLD_LEFT, Severity.WARN, title, Words(N_("L says what to do")), mine)


def _finding(
    id: str, severity: Severity, title: Words, hint: Words, mine: list[tuple[NodeSnapshot, Held]]
) -> Finding:
    evidence = tuple(
        Evidence(node=node.name, source="lease", value=_value(held), at_ms=held.since_ms or node.at_ms)
        for node, held in mine
    )
    return Finding(id=id, severity=severity, title=title, hint=hint, evidence=evidence)


def _value(held: Held) -> str:
    parts = [f"run {held.run}, epoch {held.epoch}" if held.run else "no lease"]
    parts += [f"by {_named(held)}"] if held.operator else []
    parts += ["its runner lives" if held.alive else "its runner is silent"] if held.run else []
    parts += [f"hold of {held.hold}"] if held.hold else []
    return ", ".join(parts)


def _named(held: Held) -> str:
    return (
        f"{held.operator} on {held.host}" if held.host and held.host not in held.operator else held.operator
    )


def _who(mine: list[tuple[NodeSnapshot, Held]]) -> str:
    return next((_named(held) for _node, held in mine if held.operator), "an unknown operator")


def _names(mine: list[tuple[NodeSnapshot, Held]]) -> str:
    return ", ".join(node.name for node, _held in mine)
