"""Why: every finding with what it was concluded from, and what is recommended."""

from __future__ import annotations

from novatui.model.cluster import ClusterSnapshot
from novatui.model.findings import Diagnosis, Finding, Severity, Verdict
from novatui.model.words import N_
from novatui.present.headline import about, quorum_words, ranked, severity_mark, verdict_mark, verdict_word
from novatui.present.i18n import _, translated
from novatui.present.numbers import dated
from novatui.present.pointing import Spans
from novatui.present.rows import BLANK, Role, Row, row, width_of, wrap

# The words of ``Evidence.source``, for the catalogues.
SOURCES = (
    N_("journal"),
    N_("unit"),
    N_("endpoint"),
    N_("members"),
    N_("ssh"),
    N_("env"),
    N_("disk"),
    N_("clock"),
    N_("lease"),
    N_("keys"),
    N_("certificate"),
    N_("snapshots"),
)


def evidence_rows(snapshot: ClusterSnapshot, diagnosis: Diagnosis, now_ms: int, width: int) -> list[Row]:
    """Recommendation first, then the findings, worst first; rows of at most ``width`` cells."""
    rows = [*_recommendation(diagnosis, width), BLANK]
    found, _spans = _findings(diagnosis, now_ms, width)
    return _closed([*rows, *found, *_unasked(snapshot, diagnosis, width)])


def evidence_page(
    snapshot: ClusterSnapshot, diagnosis: Diagnosis, now_ms: int, width: int, chosen: int
) -> tuple[list[Row], Spans]:
    """The same in full: also why nothing else is recommended, and which finding keys act on."""
    head = [*_recommendation(diagnosis, width), BLANK]
    found, spans = _findings(diagnosis, now_ms, width - 2)
    shown = [row("  " if line else "", *line) for line in found]
    if spans:
        first = spans[min(chosen, len(spans) - 1)][0]
        shown[first] = row(("› ", Role.ACCENT), *found[first])
    spans = [(begin + len(head), end + len(head)) for begin, end in spans]
    tail = [*_unasked(snapshot, diagnosis, width), *_others(diagnosis, width)]
    return _closed([*head, *shown, *tail]), spans


def _findings(diagnosis: Diagnosis, now_ms: int, width: int) -> tuple[list[Row], Spans]:
    rows: list[Row] = []
    spans: Spans = []
    for finding in ranked(diagnosis.findings):
        begin = len(rows)
        rows += _finding(finding, now_ms, width)
        spans.append((begin, len(rows)))
        rows.append(BLANK)
    return rows, spans


def _unasked(snapshot: ClusterSnapshot, diagnosis: Diagnosis, width: int) -> list[Row]:
    """Why masters cannot be asked, in full."""
    rows: list[Row] = []
    for node in snapshot.nodes:
        if node.error:
            rows.append(row(("✖ ", Role.BAD), (node.name, Role.BRIGHT)))
            rows += _indented(translated(node.error.title), width, Role.NORMAL)
            rows += [*_indented(translated(node.error.hint), width, Role.DIM), BLANK]
    if not diagnosis.findings:
        rows += _paragraph(_("No findings."), width, Role.DIM)
    return rows


def _closed(rows: list[Row]) -> list[Row]:
    """Without blank rows at the end."""
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _others(diagnosis: Diagnosis, width: int) -> list[Row]:
    """The runbooks that are not recommended: what else is possible, then what is not, and why."""
    if diagnosis.verdict is Verdict.HEALTHY:
        return []
    rows: list[Row] = []
    for way in diagnosis.ways:
        if way.runbook == diagnosis.recommend:
            continue
        name = f"{way.runbook} {way.node}".rstrip()
        said = _("not {runbook}: {why}") if way.why_not else _("or {runbook}: {why}")
        rows += _paragraph(said.format(runbook=name, why=translated(way.why_not or way.why)), width, Role.DIM)
    return rows


def _recommendation(diagnosis: Diagnosis, width: int) -> list[Row]:
    figure, meaning = quorum_words(diagnosis.verdict, diagnosis.quorum)
    glyph, role = verdict_mark(diagnosis.verdict)
    rows = [row((f"{glyph} {verdict_word(diagnosis.verdict)}", role))]
    rows += _paragraph(f"{figure} {meaning}", width, Role.NORMAL)
    if diagnosis.recommend:
        what = _("wait") if diagnosis.recommend == "wait" else diagnosis.recommend
        where = f" {diagnosis.recommend_node}" if diagnosis.recommend_node else ""
        line = row((_("What to do") + "  ", Role.DIM), (what + where, Role.ACCENT))
        rows += (
            [BLANK, line]
            if width_of(line) <= width
            else [BLANK, *_paragraph(what + where, width, Role.ACCENT)]
        )
    if diagnosis.recommend_why:
        rows += _paragraph(translated(diagnosis.recommend_why), width, Role.NORMAL)
    return rows


def _finding(finding: Finding, now_ms: int, width: int) -> list[Row]:
    glyph, role = severity_mark(finding.severity)
    title = wrap(about(finding), width - 2)
    loud = Role.NORMAL if finding.severity is Severity.INFO else Role.BRIGHT
    rows = [row((f"{glyph} ", role), (title[0], loud))]
    rows += [row("  ", (line, loud)) for line in title[1:]]
    rows += _indented(translated(finding.hint), width, Role.NORMAL)
    for evidence in finding.evidence:
        head = " ".join(part for part in (evidence.node, translated(evidence.source)) if part)
        when = f" {dated(evidence.at_ms, now_ms)}" if evidence.at_ms is not None else ""
        rows += _indented(f"{head}{when}: {evidence.value}", width, Role.DIM)
    return rows


def _paragraph(text: str, width: int, role: Role) -> list[Row]:
    return [row((line, role)) for line in wrap(text, width)] if text else []


def _indented(text: str, width: int, role: Role) -> list[Row]:
    return [row("  ", (line, role)) for line in wrap(text, width - 2)] if text else []
