"""What all pages of a wizard have: where one is, and what is being waited for."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.findings import Finding
from novatui.present.headline import environment_role
from novatui.present.i18n import _
from novatui.present.preflight import check_rows, refusal_rows
from novatui.present.rows import BLANK, Role, Row, clip, first_that_fits, fit, joined, row, wrap
from novatui.present.run import minutes

_SPIN = "⠋⠙⠸⠴⠦⠇"
_LEAST_COLUMN = 24


def page_names() -> tuple[str, ...]:
    return (_("source"), _("preflight"), _("plan"), _("gate, in the run"))


def wizard_header(cluster: str, environment: str, runbook: str, page: int, width: int) -> Row:
    """Cluster, runbook, and the pages with the present one marked."""
    env = environment_role(environment)
    name = row((f" {cluster} ", env))
    tagged = (*name, *row((f" {environment.upper()} ", env))) if environment else name
    trail: list[tuple[str, Role]] = []
    for number, word in enumerate(page_names()):
        here = Role.BRIGHT if number == page else Role.DIM
        mark = "✔" if number < page else str(number + 1)
        trail += [
            ("  ›  " if number else "", Role.DIM),
            (f"{mark} ", Role.ACCENT if number == page else Role.DIM),
            (word, here),
        ]
    path = tuple(trail)
    short = row(
        (_("page {n} of {total}").format(n=page + 1, total=3), Role.DIM),
        "  ",
        (page_names()[page], Role.BRIGHT),
    )
    what = row((runbook, Role.BRIGHT))
    choices = [
        joined([tagged, what, path], "   "),
        joined([name, what, path]),
        joined([name, what, short]),
        name,
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
    rows = [
        row(("✖ " if i == 0 else "  ", Role.BAD), (p, Role.BRIGHT))
        for i, p in enumerate(wrap(title, width - 2))
    ]
    for line in detail.split("\n"):
        rows += [row("  ", piece) for piece in wrap(line, width - 2)] if line else []
    if hint:
        rows += [BLANK, *(row("  ", (piece, Role.DIM)) for piece in wrap(hint, width - 2))]
    return rows


def preflight_rows(
    findings: Sequence[Finding], nodes: Sequence[str], overruled: Sequence[str], width: int, *, passed: bool
) -> list[Row]:
    """Why not, in words, when it is refused; then a column of checks a master."""
    rows = _verdict(findings, overruled, passed=passed)
    rows += [*refusal_rows(findings, overruled, width), BLANK] if findings else [BLANK]
    across = max(1, min(len(nodes), width // _LEAST_COLUMN))
    size = width // across
    for begin in range(0, len(nodes), across):
        columns = [
            check_rows(findings, overruled, node, begin + i + 1, size - 2)
            for i, node in enumerate(nodes[begin : begin + across])
        ]
        for y in range(max(map(len, columns))):
            out: list[tuple[str, Role]] = []
            for column in columns:
                out += fit(column[y] if y < len(column) else BLANK, size)
            rows.append(tuple(out))
        rows.append(BLANK)
    return rows


def _verdict(findings: Sequence[Finding], overruled: Sequence[str], *, passed: bool) -> list[Row]:
    rows = [
        row(("▲ ", Role.WARN), (_("overruled by you: {guard}").format(guard=g), Role.WARN)) for g in overruled
    ]
    if findings:
        return [*rows, row((_("Refused, nothing was changed:"), Role.BAD)), BLANK]
    if passed:
        said = _("Nothing speaks against it. n shows the plan; nothing is changed by looking.")
        rows.append(row((said, Role.BRIGHT)))
    if passed and not overruled:
        agreed = _("the masters agree on names, peer URLs, token and versions; a restore is the answer")
        rows.append(row(("✔ ", Role.OK), agreed))
    return rows
