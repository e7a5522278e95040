"""What a diagnosis says: findings with their evidence, quorum arithmetic, one verdict, one recommendation."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """Ordered as ``status`` exits: 0, 1, 2, 3."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    NO_QUORUM = "no-quorum"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    OK = "ok"
    INFO = "info"
    WARN = "warn"
    BAD = "bad"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finding comes from: node, source (``journal``, ``unit``, ``endpoint`` ..), the value or line, its time."""

    node: str = ""
    source: str = ""
    value: str = ""
    at_ms: int | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One judged fact. ``guard`` is set when it forbids a run and may be overruled by that id; ``refuses`` when it forbids at all."""

    id: str
    severity: Severity
    title: str
    hint: str = ""
    node: str = ""
    evidence: tuple[Evidence, ...] = ()
    refuses: bool = False
    guard: str = ""


def together(findings: Iterable[Finding]) -> list[tuple[tuple[str, ...], Finding]]:
    """What several masters have in common is said once: (their names, none for what concerns no one master; the first of
    these findings), in the order of the first ones."""
    found: dict[tuple[str, str, str, str, bool], tuple[list[str], Finding]] = {}
    for finding in findings:
        same = (finding.id, finding.title, finding.hint, finding.guard, bool(finding.node))
        names = found.setdefault(same, ([], finding))[0]
        if finding.node:
            names.append(finding.node)
    return [(tuple(dict.fromkeys(names)), first) for names, first in found.values()]


class Quorum(msgspec.Struct, frozen=True, kw_only=True):
    """``healthy`` voters answer and have quorum; ``unknown`` could not be asked; ``needed`` of ``total`` voters."""

    healthy: int
    unknown: int
    needed: int
    total: int


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One recovery: why it fits what is seen, or ``why_not``. ``node``: the master it is about, where that is one."""

    runbook: str
    node: str = ""
    why: str = ""
    why_not: str = ""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The judgement of one snapshot. ``recommend`` is a runbook's name, ``wait``, or empty; ``ways`` are all recoveries,
    the recommended one first."""

    verdict: Verdict
    quorum: Quorum
    findings: tuple[Finding, ...] = ()
    recommend: str = ""
    recommend_node: str = ""
    recommend_why: str = ""
    ways: tuple[Way, ...] = ()
    leader: str = ""  # node name
    cluster_id: str = ""
    revision: int | None = None
