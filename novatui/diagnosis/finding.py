"""The two forms most findings have: of one master with its one piece of evidence, and of all with a value each."""

from __future__ import annotations

from collections.abc import Mapping

from novatui.model.findings import Evidence, Finding, Severity
from novatui.model.words import Words

NOTHING = Words()
NO_TIMES: Mapping[str, int | None] = {}


def of_node(
    id: str,
    severity: Severity,
    title: Words,
    hint: Words = NOTHING,
    *,
    node: str,
    source: str,
    value: str,
    at_ms: int | None = None,
) -> Finding:
    """``node`` is empty when it concerns no one master."""
    evidence = Evidence(node=node, source=source, value=value, at_ms=at_ms)
    return Finding(id=id, severity=severity, title=title, hint=hint, node=node, evidence=(evidence,))


def of_all(
    id: str,
    severity: Severity,
    title: Words,
    hint: Words,
    values: Mapping[str, str],
    source: str,
    times: Mapping[str, int | None] = NO_TIMES,
) -> Finding:
    """``values``: what each master says of it; ``times``: when it was heard."""
    evidence = tuple(
        Evidence(node=name, source=source, value=value, at_ms=times.get(name))
        for name, value in values.items()
    )
    return Finding(id=id, severity=severity, title=title, hint=hint, evidence=evidence)
