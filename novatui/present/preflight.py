"""The wizard's second page: every check of every master, glyph and word; refusals with what to do instead."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.findings import Finding
from novatui.model.sanitize import clean
from novatui.present.i18n import _
from novatui.present.rows import BLANK, Role, Row, fit, row, wrap

N_ = str  # marks for the catalogue

# label of a check -> the beginnings of the ids of findings that fail it
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("reached, asked whole"), ("unreachable", "silent", "no-answer", "unknown-node")),
    (N_("free of other runs"), ("held", "hold-left", "leftover")),
    (N_("systemd unit"), ("unit-",)),
    (N_("etcd's tools"), ("tool-",)),
    (N_("env file"), ("env-",)),
    (N_("data directory"), ("data-dir", "data-")),
    (N_("room on the disk"), ("space",)),
    (N_("privilege"), ("no-privilege",)),
    (N_("no API server to fence"), ("api-server",)),
    (N_("authentication off"), ("auth",)),
    (N_("own endpoint"), ("endpoint",)),
    (N_("the source"), ("archive", "foreign-snapshot", "no-survivor", "survivor-unread")),
)
# guard -> what overruling it means
MEANINGS = {
    "quorum-stands": N_(
        "A cluster that works is taken back in time; every write since the snapshot is lost."
    ),
    "data-intact": N_(
        "Data that may be good is replaced by the snapshot; starting the members might have been enough."
    ),
    "newer-survivor": N_("A master holds newer data than the snapshot; it is kept aside, and not used."),
    "survivor-unread": N_("A master's own data could not be read; it may be newer than the snapshot."),
    "foreign-snapshot": N_("The snapshot names no master of this cluster; it may be another cluster's data."),
}


def meaning(guard: str) -> str:
    return _(MEANINGS[guard]) if guard in MEANINGS else _("The check is passed over.")


def of_node(findings: Sequence[Finding], node: str) -> list[Finding]:
    return [finding for finding in findings if finding.node == node]


def of_cluster(findings: Sequence[Finding], nodes: Sequence[str]) -> list[Finding]:
    return [finding for finding in findings if finding.node not in nodes]


# a finding -> the checks that were not made because of it, by their place in ``CHECKS``
_NOT_MADE = {"unreachable": range(1, len(CHECKS)), "env-missing": range(5, len(CHECKS) - 1)}
_ROOM = 6  # is judged only for a source that can be spoken of


def check_rows(
    findings: Sequence[Finding], overruled: Sequence[str], node: str, number: int, width: int
) -> list[Row]:
    """One master's checks. One that was not made is said to be so: no mark is green that nothing stands behind."""
    rows = [fit(row((f"{number} ", Role.KEY), (node, Role.BRIGHT)), width)]
    own = of_node(findings, node)
    unmade = {at for finding in own for at in _NOT_MADE.get(finding.id, ())}
    if any(f.id in ("no-source", "archive", "no-survivor", "unreachable") for f in findings):
        unmade.add(_ROOM)
    taken: set[str] = set()
    for at, (label, prefixes) in enumerate(CHECKS):
        failed = [finding for finding in own if _is_of(finding, prefixes) and finding.id not in taken]
        taken.update(finding.id for finding in failed)
        passed_over = at == len(CHECKS) - 1 and "foreign-snapshot" in overruled
        rows.append(fit(_check(_(label), failed, made=at not in unmade, passed_over=passed_over), width))
    left = [finding for finding in own if finding.id not in taken]
    return rows + [fit(_check(clean(f.id), [f], made=True, passed_over=False), width) for f in left]


def _is_of(finding: Finding, prefixes: Sequence[str]) -> bool:
    return any(finding.id == p or (p.endswith("-") and finding.id.startswith(p)) for p in prefixes)


def _check(label: str, failed: Sequence[Finding], *, made: bool, passed_over: bool) -> Row:
    if failed:
        glyph = ("▲ ", Role.WARN) if all(f.guard for f in failed) else ("✖ ", Role.BAD)
        return row(glyph, (label, Role.BRIGHT))
    if not made:
        return row(("· ", Role.DIM), (_("{check}: not checked").format(check=label), Role.DIM))
    if passed_over:
        return row(("▲ ", Role.WARN), (_("{check}: overruled").format(check=label), Role.WARN))
    return row(("✔ ", Role.OK), label)


def refusal_rows(findings: Sequence[Finding], overruled: Sequence[str], width: int) -> list[Row]:
    """Every reason in words, each with what to do instead; guards with what overruling them means."""
    rows: list[Row] = []
    for finding in findings:
        done = bool(finding.guard) and finding.guard in overruled
        glyph, role = ("▲", Role.WARN) if finding.guard else ("✖", Role.BAD)
        where = f"{finding.node}: " if finding.node else ""
        pieces = wrap(where + clean(finding.title), width - 2)
        rows.append(row((f"{glyph} ", role), (pieces[0], Role.DIM if done else Role.BRIGHT)))
        rows += [row("  ", (piece, Role.DIM if done else Role.BRIGHT)) for piece in pieces[1:]]
        rows += [row("  ", piece) for piece in wrap(clean(finding.hint), width - 2)] if finding.hint else []
        if finding.guard:
            said = _("overruled") if done else _("o overrules it")
            rows += [
                row("  ", (piece, Role.WARN))
                for piece in wrap(f"{said} ({finding.guard}): {meaning(finding.guard)}", width - 2)
            ]
        rows.append(BLANK)
    return rows[:-1] if rows else rows


def overrulable(findings: Sequence[Finding], overruled: Sequence[str]) -> list[str]:
    """Guards that stand now and may be overruled, each once."""
    return list(dict.fromkeys(f.guard for f in findings if f.guard and f.guard not in overruled))


def refuses(findings: Sequence[Finding], overruled: Sequence[str]) -> bool:
    return any(not f.guard or f.guard not in overruled for f in findings)
