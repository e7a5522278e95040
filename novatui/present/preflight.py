"""The wizard's second page: every check of every master, glyph and word; refusals with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from novatui.model.findings import Finding, Way, together
from novatui.model.sanitize import clean
from novatui.present.i18n import _, translated
from novatui.present.rows import BLANK, Role, Row, fit, row, wrap

N_ = str  # marks for the catalogue

# name of a check -> its label, and the beginnings of the ids of findings that fail it
CHECKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "reached": (N_("reached, asked whole"), ("unreachable", "silent", "no-answer", "unknown-node")),
    "free": (N_("free of other runs"), ("held", "hold-left", "leftover")),
    "unit": (N_("systemd unit"), ("unit-",)),
    "tools": (N_("etcd's tools"), ("tool-",)),
    "env": (N_("env file"), ("env-",)),
    "data-dir": (N_("data directory"), ("data-dir",)),
    "data": (N_("its data"), ("data-lost",)),
    "space": (N_("room on the disk"), ("space",)),
    "privilege": (N_("privilege"), ("no-privilege", "work-dir")),
    "api-server": (N_("API server fenced, if any"), ("api-server",)),
    "auth": (N_("authentication off"), ("auth",)),
    "endpoint": (N_("own endpoint"), ("endpoint",)),
    "source": (N_("the source"), ("archive", "foreign-snapshot", "no-survivor", "survivor-unread")),
}
NOT_ROOT = "not-root"
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
    "quorum-without": N_("If quorum rests on this member, the cluster stops serving while it is restarted."),
    "member-serves": N_("A member that serves is stopped for the time of a restart."),
    "left-out-quorum": N_(
        "Each master that is left out is powered off: together they could form a cluster of their own, with the old data."
    ),
    "other-writers": N_("Something may write to etcd while it goes back in time."),
    "foreign-snapshot": N_("The snapshot names no master of this cluster; it may be another cluster's data."),
}


def meaning(guard: str, runbook: str = "") -> str:
    """What overruling it means; where that differs by runbook, for ``runbook``."""
    found = _FOR.get((runbook, guard)) or MEANINGS.get(guard)
    return _(found) if found else _("The check is passed over.")


# what a guard means where it is not a restore's
_FOR = {
    ("recover-member", "data-intact"): N_(
        "A member whose data may be good is replaced: a restart, or its own cluster, might be what is wanted. The data is kept aside."
    ),
}


def of_node(findings: Sequence[Finding], node: str) -> list[Finding]:
    return [finding for finding in findings if finding.node == node]


def of_cluster(findings: Sequence[Finding], nodes: Sequence[str]) -> list[Finding]:
    return [finding for finding in findings if finding.node not in nodes]


# a finding -> the checks that were not made because of it
_NEED_ENV = frozenset({"data-dir", "data", "space", "privilege", "api-server", "auth", "endpoint"})
_NOT_MADE = {"unreachable": frozenset(CHECKS) - {"reached"}, "env-missing": _NEED_ENV}
_NO_SOURCE = ("no-source", "archive", "no-survivor", "unreachable")  # room is judged only for a source


def check_rows(
    findings: Sequence[Finding],
    overruled: Sequence[str],
    node: str,
    number: int,
    width: int,
    checks: Sequence[str] = tuple(CHECKS),
    *,
    silent: bool = False,
) -> list[Row]:
    """One master's checks. One that was not made is said to be so: no mark is green that nothing stands behind. ``silent``:
    its etcd does not answer, and tells nothing of authentication."""
    rows = [_head(node, number, width)]
    own = of_node(findings, node)
    unmade = {name for finding in own for name in _NOT_MADE.get(finding.id, ())}
    if silent:
        unmade.add("auth")
    if "source" in checks and any(f.id in _NO_SOURCE for f in findings):
        unmade.add("space")
    taken: set[str] = set()
    for name in [name for name in CHECKS if name in checks]:
        label, prefixes = CHECKS[name]
        failed = [finding for finding in own if _is_of(finding, prefixes) and finding.id not in taken]
        taken.update(finding.id for finding in failed)
        passed_over = name == "source" and "foreign-snapshot" in overruled
        rows += _check(_(label), failed, width, made=name not in unmade, passed_over=passed_over)
    left = [finding for finding in own if finding.id not in taken]
    return rows + [line for f in left for line in _check(clean(f.id), [f], width)]


def left_out_rows(node: str, number: int, width: int) -> list[Row]:
    """A master the plan does without."""
    said = wrap(_("takes no part in this run: the plan says why"), width - 2)
    return [
        _head(node, number, width),
        *(fit(row(("▲ " if i == 0 else "  ", Role.WARN), (p, Role.WARN)), width) for i, p in enumerate(said)),
    ]


def not_root_rows(node: str, number: int, width: int) -> list[Row]:
    """A master of which only what anybody may see was seen."""
    marks = [row(("✔ ", Role.OK), _("reached")), row(("✖ ", Role.BAD), (_("not root"), Role.BRIGHT))]
    rest = row(("· ", Role.DIM), (_("all else: not checked"), Role.DIM))
    return [_head(node, number, width), *(fit(mark, width) for mark in (*marks, rest))]


def unchecked_rows(findings: Sequence[Finding], node: str, number: int, width: int) -> list[Row]:
    """A master of which, when it was refused, only what failed is known."""
    failed = of_node(findings, node)
    if not failed:
        return [_head(node, number, width), fit(row((_("not what this is about"), Role.DIM)), width)]
    return [_head(node, number, width), *(line for f in failed for line in _check(clean(f.id), [f], width))]


def _head(node: str, number: int, width: int) -> Row:
    return fit(row((f"{number} ", Role.KEY), (node, Role.BRIGHT)), width)


# a refusal -> the runbook that answers it, where its words name none
_INSTEAD = {"data-intact": "start-cluster", "quorum-stands": "recover-member"}
_NAMES = re.compile(r"\b(?:restart-member|start-cluster|recover-member|restore-cluster)\b")


def instead(findings: Sequence[Finding], runbook: str, ways: Sequence[Way] = ()) -> list[str]:
    """Runbooks that the refusals of ``runbook`` name in its place, each once; those that fit what is seen now first."""
    named: list[str] = []
    for finding in findings:
        found = _NAMES.findall(f"{finding.hint} {finding.title}")
        named += found or [_INSTEAD.get(finding.id, "")]
    once = [name for name in dict.fromkeys(named) if name and name != runbook]
    fits = [way.runbook for way in ways if not way.why_not]
    return sorted(once, key=lambda name: fits.index(name) if name in fits else len(fits))


def _is_of(finding: Finding, prefixes: Sequence[str]) -> bool:
    return any(finding.id == p or (p.endswith("-") and finding.id.startswith(p)) for p in prefixes)


def _check(
    label: str, failed: Sequence[Finding], width: int, *, made: bool = True, passed_over: bool = False
) -> list[Row]:
    """One check's mark and words, on as many rows as a narrow column makes of them."""
    mark, words, role = ("✔ ", Role.OK), label, Role.NORMAL
    if failed:
        mark = ("▲ ", Role.WARN) if all(f.guard for f in failed) else ("✖ ", Role.BAD)
        role = Role.BRIGHT
    elif not made:
        mark, words, role = ("· ", Role.DIM), _("not checked: {check}").format(check=label), Role.DIM
    elif passed_over:
        mark, words, role = ("▲ ", Role.WARN), _("{check}: overruled").format(check=label), Role.WARN
    return [
        fit(row(mark if i == 0 else "  ", (piece, role)), width)
        for i, piece in enumerate(wrap(words, width - 2))
    ]


def refusal_rows(
    findings: Sequence[Finding], overruled: Sequence[str], width: int, runbook: str = ""
) -> list[Row]:
    """Every reason in words, each with what to do instead; guards with what overruling them means."""
    rows: list[Row] = []
    for nodes, finding in together(findings):
        done = bool(finding.guard) and finding.guard in overruled
        glyph, role = ("▲", Role.WARN) if finding.guard else ("✖", Role.BAD)
        where = f"{', '.join(nodes)}: " if nodes else ""
        pieces = wrap(where + translated(clean(finding.title)), width - 2)
        rows.append(row((f"{glyph} ", role), (pieces[0], Role.DIM if done else Role.BRIGHT)))
        rows += [row("  ", (piece, Role.DIM if done else Role.BRIGHT)) for piece in pieces[1:]]
        rows += (
            [row("  ", piece) for piece in wrap(translated(clean(finding.hint)), width - 2)]
            if finding.hint
            else []
        )
        if finding.guard:
            said = _("overruled") if done else _("o overrules it")
            rows += [
                row("  ", (piece, Role.WARN))
                for piece in wrap(f"{said} ({finding.guard}): {meaning(finding.guard, runbook)}", width - 2)
            ]
        rows.append(BLANK)
    return rows[:-1] if rows else rows


def overrulable(findings: Sequence[Finding], overruled: Sequence[str]) -> list[str]:
    """Guards that stand now and may be overruled, each once."""
    return list(dict.fromkeys(f.guard for f in findings if f.guard and f.guard not in overruled))


def refuses(findings: Sequence[Finding], overruled: Sequence[str]) -> bool:
    return any(not f.guard or f.guard not in overruled for f in findings)
