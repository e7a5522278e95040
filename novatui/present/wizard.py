"""What all pages of a wizard have: where one is, and what is being waited for."""

from __future__ import annotations

import msgspec

from novatui.model.findings import Finding, Way
from novatui.model.plan import Plan
from novatui.present.environment import badges
from novatui.present.guides import guide, page_names
from novatui.present.i18n import _, translated
from novatui.present.preflight import (
    NOT_ROOT,
    check_rows,
    instead,
    left_out_rows,
    not_root_rows,
    refusal_rows,
    unchecked_rows,
)
from novatui.present.rows import BLANK, Role, Row, clip, first_that_fits, fit, joined, row, wrap
from novatui.present.run import minutes

_SPIN = "⠋⠙⠸⠴⠦⠇"
_LEAST_COLUMN = 24


def wizard_header(cluster: str, environment: str, runbook: str, page: int, width: int) -> Row:
    """Cluster, runbook, and the pages with the present one marked."""
    badge, brief = badges(cluster, environment)
    pages = page_names(runbook)
    trail: list[tuple[str, Role]] = []
    for number, word in enumerate(pages):
        here = Role.BRIGHT if number == page else Role.DIM
        mark = "✔" if number < page else str(number + 1)
        trail += [
            ("  ›  " if number else "", Role.DIM),
            (f"{mark} ", Role.ACCENT if number == page else Role.DIM),
            (word, here),
        ]
    path = tuple(trail)
    short = row(
        (_("page {n} of {total}").format(n=page + 1, total=len(pages) - 1), Role.DIM),
        "  ",
        (pages[page], Role.BRIGHT),
    )
    what = row((runbook, Role.BRIGHT))
    choices = [
        joined([badge, what, path], "   "),
        joined([badge, what, path]),
        joined([badge, what, short]),
        joined([brief, what, short]),
        joined([brief, what]),
        brief,
    ]
    return fit(first_that_fits(choices, width), width)


def waiting_rows(words: str, since_ms: int, now_ms: int, width: int) -> list[Row]:
    """A spinner at four pictures a second, what is awaited, and for how long."""
    spin = _SPIN[now_ms // 250 % len(_SPIN)]
    return [
        clip(
            row(
                (f"{spin} ", Role.ACCENT), (words, Role.NORMAL), (f"  {minutes(now_ms - since_ms)}", Role.DIM)
            ),
            width,
        )
    ]


def trouble_rows(title: str, detail: str, hint: str, width: int) -> list[Row]:
    """An error in its three parts."""
    title, detail, hint = translated(title), translated(detail), translated(hint)
    rows = [
        row(("✖ " if i == 0 else "  ", Role.BAD), (p, Role.BRIGHT))
        for i, p in enumerate(wrap(title, width - 2))
    ]
    for line in detail.split("\n"):
        rows += [row("  ", piece) for piece in wrap(line, width - 2)] if line else []
    if hint:
        rows += [BLANK, *(row("  ", (piece, Role.DIM)) for piece in wrap(hint, width - 2))]
    return rows


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """What the second page knows. ``plan`` is None when it was refused; ``nodes`` are all masters of the configuration,
    ``target`` is the chosen one; ``ways`` are what the dashboard sees as possible, ``silent`` the masters whose etcd does
    not answer."""

    runbook: str
    nodes: tuple[str, ...]
    target: str = ""
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    overruled: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def instead(self) -> list[str]:
        return instead(self.findings, self.runbook, self.ways)


def preflight_rows(seen: Preflight, width: int) -> list[Row]:
    """Why not, in words, when it is refused, and what to open instead; then a column of checks a master."""
    rows = refused_rows(seen, width) if seen.findings else [*_verdict(seen, width), BLANK]
    across = max(1, min(len(seen.nodes), width // _LEAST_COLUMN))
    size = width // across
    for begin in range(0, len(seen.nodes), across):
        columns = [
            _column(seen, node, begin + i + 1, size - 2)
            for i, node in enumerate(seen.nodes[begin : begin + across])
        ]
        for y in range(max(map(len, columns))):
            out: list[tuple[str, Role]] = []
            for column in columns:
                out += fit(column[y] if y < len(column) else BLANK, size)
            rows.append(tuple(out))
        rows.append(BLANK)
    return rows


def refused_rows(seen: Preflight, width: int) -> list[Row]:
    """Why not, in words, and what to open instead."""
    reasons = refusal_rows(seen.findings, seen.overruled, width, seen.runbook)
    return [*_verdict(seen, width), *reasons, BLANK, *_instead(seen, width)]


def _column(seen: Preflight, node: str, number: int, width: int) -> list[Row]:
    book = guide(seen.runbook)
    if any(finding.id == NOT_ROOT and finding.node == node for finding in seen.findings):
        return not_root_rows(node, number, width)
    if seen.plan is not None and node not in seen.plan.nodes:
        return left_out_rows(node, number, width)
    whole = not book.about or node == seen.target or (seen.plan is not None and node in _started(seen.plan))
    if not whole and seen.plan is None:
        return unchecked_rows(seen.findings, node, number, width)
    checks = book.checks if whole else book.others
    return check_rows(seen.findings, seen.overruled, node, number, width, checks, silent=node in seen.silent)


def _started(plan: Plan) -> tuple[str, ...]:
    """The masters that start-cluster starts: those are what it looked at in full."""
    return tuple(plan.params.get("starts") or ())


def _verdict(seen: Preflight, width: int) -> list[Row]:
    rows = [
        row(("▲ ", Role.WARN), (_("overruled by you: {guard}").format(guard=g), Role.WARN))
        for g in seen.overruled
    ]
    if seen.findings:
        return [*rows, row((_("Refused, nothing was changed:"), Role.BAD)), BLANK]
    if seen.plan is None:
        return rows
    said = _("Nothing speaks against it. n shows the plan; nothing is changed by looking.")
    rows += [row((piece, Role.BRIGHT)) for piece in wrap(said, width)]
    if not seen.overruled:
        pieces = wrap(_(guide(seen.runbook).fits), width - 2)
        rows += [row(("✔ " if i == 0 else "  ", Role.OK), piece) for i, piece in enumerate(pieces)]
    return rows


def _instead(seen: Preflight, width: int) -> list[Row]:
    """The runbook that the reasons name, and the key that opens it."""
    named = seen.instead
    if not named:
        return []
    does = _(guide(named[0]).does)
    pieces = wrap(_("opens {runbook} instead: {does}").format(runbook=named[0], does=does), width - 2)
    return [
        *(row(("w " if i == 0 else "  ", Role.KEY), (piece, Role.BRIGHT)) for i, piece in enumerate(pieces)),
        BLANK,
    ]
