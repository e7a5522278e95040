"""Reasons not to run, all of them at once, each with where and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.errors import HeldByAnother, Refused
from novatui.model.findings import Evidence, Finding, Severity, together

QUORUM_STANDS = "quorum-stands"
DATA_INTACT = "data-intact"
NEWER_SURVIVOR = "newer-survivor"
SURVIVOR_UNREAD = "survivor-unread"
FOREIGN_SNAPSHOT = "foreign-snapshot"
LEFT_OUT_QUORUM = "left-out-quorum"
OTHER_WRITERS = "other-writers"
QUORUM_WITHOUT = "quorum-without"
MEMBER_SERVES = "member-serves"
HELD = "held"


class RefusedPlan(Refused):
    """``findings`` are the reasons one by one, for a screen; ``guard`` names the guards when they are all there is."""

    def __init__(self, title: str, findings: Sequence[Finding]) -> None:
        guards = [finding.guard for finding in findings]
        super().__init__(
            title,
            _lines(findings),
            "nothing was changed",
            guard=",".join(dict.fromkeys(guards)) if all(guards) else "",
        )
        self.findings = tuple(findings)


def reason(
    id: str,
    title: str,
    hint: str = "",
    *,
    node: str = "",
    guard: str = "",
    evidence: Sequence[Evidence] = (),
) -> Finding:
    return Finding(
        id=id,
        severity=Severity.BAD,
        title=title,
        hint=hint,
        node=node,
        guard=guard,
        refuses=True,
        evidence=tuple(evidence),
    )


def refuse(findings: Sequence[Finding], overruled: Sequence[str]) -> None:
    """Raise RefusedPlan with all that is not overruled; HeldByAnother when a run that holds a master is all there is."""
    standing = [one for one in findings if not one.guard or one.guard not in overruled]
    if not standing:
        return
    if all(one.id == HELD for one in standing):
        raise HeldByAnother("Another run holds masters of this cluster", _lines(standing))
    count = len(together(standing))
    raise RefusedPlan(f"Refused, for {count} reason{'s' if count > 1 else ''}", standing)


def _lines(findings: Sequence[Finding]) -> str:
    return "\n".join(_line(nodes, finding) for nodes, finding in together(findings))


def _line(nodes: Sequence[str], finding: Finding) -> str:
    where = f"{', '.join(nodes)}: " if nodes else ""
    over = f" [--overrule {finding.guard}]" if finding.guard else ""
    return f"{where}{finding.title}{over}" + (f"\n    {finding.hint}" if finding.hint else "")
