"""``novatui status`` in words: the verdict, each master, the members, what is wrong and what to do. Rows only."""

from __future__ import annotations

from novatui.model.cluster import ClusterSnapshot
from novatui.model.findings import Diagnosis, Finding, Severity
from novatui.present.headline import ranked, severity_mark, verdict_bar
from novatui.present.i18n import _, translated
from novatui.present.member_table import table
from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.present.strip import status_list

# The terminal's own sixteen colours: they follow the operator's theme, light or dark.
STYLES: dict[Role, str] = {
    Role.NORMAL: "",
    Role.DIM: "dim",
    Role.BRIGHT: "bold",
    Role.ACCENT: "bold cyan",
    Role.KEY: "cyan",
    Role.OK: "green",
    Role.WARN: "yellow",
    Role.BAD: "bold red",
    Role.ENV_PROD: "bold white on red",
    Role.ENV_STAGE: "bold black on yellow",
    Role.ENV_TEST: "bold black on cyan",
    Role.ENV_OTHER: "bold white on blue",
}


def status_rows(snapshot: ClusterSnapshot, diagnosis: Diagnosis, now_ms: int, width: int) -> list[Row]:
    """Rows of at most ``width`` cells, worst news first after the overview."""
    rows = [verdict_bar(snapshot, diagnosis, now_ms, width), BLANK]
    rows += [*status_list(snapshot, now_ms, width), BLANK]
    if any(node.members for node in snapshot.nodes):
        rows += [*table(snapshot, width), BLANK]
    for finding in ranked(diagnosis.findings):
        if finding.severity in (Severity.BAD, Severity.WARN):
            glyph, role = severity_mark(finding.severity)
            rows += _hanging(row((f" {glyph} ", role)), _reason(finding), Role.NORMAL, width)
            rows += _hanging(row("   "), translated(finding.hint), Role.DIM, width)
    rows += _next(diagnosis, width)
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _reason(finding: Finding) -> str:
    return f"{finding.node}: {translated(finding.title)}" if finding.node else translated(finding.title)


def _next(diagnosis: Diagnosis, width: int) -> list[Row]:
    if not diagnosis.recommend and not diagnosis.recommend_why:
        return []
    what = _("wait") if diagnosis.recommend == "wait" else diagnosis.recommend
    where = f" {diagnosis.recommend_node}" if diagnosis.recommend_node else ""
    rows: list[Row] = [BLANK]
    if what:
        rows.append(row((" " + _("What to do") + "  ", Role.DIM), (what + where, Role.ACCENT)))
    return rows + _hanging(row(" "), translated(diagnosis.recommend_why), Role.NORMAL, width)


def _hanging(head: Row, text: str, role: Role, width: int) -> list[Row]:
    """``text`` wrapped behind ``head``, the further lines indented as far."""
    if not text:
        return []
    indent = sum(len(part) for part, _role in head)
    first, *rest = wrap(text, width - indent)
    return [(*head, (first, role)), *(row(" " * indent, (line, role)) for line in rest)]
