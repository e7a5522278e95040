"""The first page of a wizard that is about one master: which, how each stands, and what is known of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Diagnosis, Finding
from novatui.present.guides import guide
from novatui.present.headline import ranked, severity_mark
from novatui.present.i18n import _, translated
from novatui.present.numbers import NONE, age
from novatui.present.pointing import Spans
from novatui.present.rows import BLANK, Role, Row, clip, fit, recolour, row, spread, wrap
from novatui.present.standing import current, standing

_MOST_FINDINGS = 3


def preselected(snapshot: ClusterSnapshot, diagnosis: Diagnosis, runbook: str, asked: str) -> int:
    """The master it was opened for, else the one recommended, else one that does not serve, else the first."""
    names = [node.name for node in snapshot.nodes]
    fits = [way.node for way in diagnosis.ways if way.runbook == runbook]
    out = [node.name for node in snapshot.nodes if current(node) and not node.endpoint.has_quorum]
    for name in (asked, _recommended(diagnosis, runbook), *fits, *out):
        if name in names:
            return names.index(name)
    return 0


def target_page(
    snapshot: ClusterSnapshot, diagnosis: Diagnosis, runbook: str, chosen: int, now_ms: int, width: int
) -> tuple[list[Row], Spans]:
    """A row a master, the chosen one marked; under them what is known of it and what the runbook would do there. And which
    row is whose."""
    rows = [
        *_not_root(snapshot.nodes[chosen], width),
        BLANK,
        row((_("Which master?"), Role.BRIGHT), "  ", (_(guide(runbook).does), Role.DIM)),
        BLANK,
    ]
    rows[-2] = clip(rows[-2], width)
    spans = [(len(rows) + number, len(rows) + number + 1) for number in range(len(snapshot.nodes))]
    for number, node in enumerate(snapshot.nodes):
        rows.append(_row(node, diagnosis, runbook, number, now_ms, width, chosen=number == chosen))
    node = snapshot.nodes[chosen]
    return [*rows, BLANK, *_about(node, snapshot, diagnosis, runbook, width)], spans


def _not_root(node: NodeSnapshot, width: int) -> list[Row]:
    """What makes the choice idle is said before it."""
    if not node.lacks_root or node.error is None:
        return []
    said = _("novatui is not root on {node}, and can do nothing there: {why}")
    pieces = wrap(said.format(node=node.name, why=translated(node.error.title)), width - 2)
    rows = [row(("✖ " if i == 0 else "  ", Role.BAD), (piece, Role.BRIGHT)) for i, piece in enumerate(pieces)]
    return [BLANK, *rows, *(row("  ", piece) for piece in wrap(translated(node.error.hint), width - 2))]


def _row(
    node: NodeSnapshot,
    diagnosis: Diagnosis,
    runbook: str,
    number: int,
    now_ms: int,
    width: int,
    *,
    chosen: bool,
) -> Row:
    state = standing(node)
    span = age(now_ms - state.since_ms) if state.since_ms is not None else ""
    unit = f"{node.unit.active or NONE} {node.unit.sub or ''}".strip()
    left = (
        *row(("› " if chosen else "  ", Role.ACCENT), (f"{number + 1} ", Role.KEY)),
        *fit(row((node.name, Role.BRIGHT if chosen else Role.NORMAL)), 20 if width >= 90 else 15),
        *fit(row((f"{state.glyph} {state.word}", state.role), (f"  {span}", Role.DIM)), 24),
        *row((unit, Role.DIM)),
    )
    tip = _("recommended") if _recommended(diagnosis, runbook) == node.name else ""
    line = spread(left, row((tip, Role.ACCENT)), width)
    return recolour(line, Role.CURSOR) if chosen else line


def _recommended(diagnosis: Diagnosis, runbook: str) -> str:
    return diagnosis.recommend_node if diagnosis.recommend == runbook else ""


def _about(
    node: NodeSnapshot, snapshot: ClusterSnapshot, diagnosis: Diagnosis, runbook: str, width: int
) -> list[Row]:
    rows = [row((node.name, Role.BRIGHT), "  ", (_("as seen from here"), Role.DIM))]
    if _recommended(diagnosis, runbook) == node.name:
        rows += _lines(translated(diagnosis.recommend_why), width, Role.NORMAL)
    rows += _quorum(node, diagnosis, width)
    if not current(node):
        why = translated(node.error.title) if node.error else _("not asked yet")
        rows += _lines(_("it cannot be asked now: {why}").format(why=why), width, Role.WARN)
    for finding in _of(node, ranked(diagnosis.findings)):
        glyph, role = severity_mark(finding.severity)
        pieces = wrap(translated(finding.title), width - 4)
        rows += [row(("  " if i else f"{glyph} ", role), piece) for i, piece in enumerate(pieces)]
    return rows


def _quorum(node: NodeSnapshot, diagnosis: Diagnosis, width: int) -> list[Row]:
    """Whether the others hold quorum without this member: what both runbooks rest on."""
    quorum = diagnosis.quorum
    if not quorum.total:
        return []
    others = quorum.healthy - (1 if current(node) and node.endpoint.has_quorum else 0)
    words = _("without it {n} of {total} members have quorum, {needed} are needed").format(
        n=others, total=quorum.total, needed=quorum.needed
    )
    if others < quorum.needed <= others + quorum.unknown:
        said = _(
            "without it {n} of {total} members are known to have quorum, {needed} are needed; {unknown} could not be asked"
        )
        said = said.format(n=others, total=quorum.total, needed=quorum.needed, unknown=quorum.unknown)
        pieces = wrap(said, width - 2)
        return [row(("▲ " if i == 0 else "  ", Role.WARN), piece) for i, piece in enumerate(pieces)]
    holds = others >= quorum.needed
    said = words + ": " + (_("quorum holds") if holds else _("quorum does not hold"))
    glyph, role = ("✔ ", Role.OK) if holds else ("▲ ", Role.WARN)
    pieces = wrap(said, width - 2)
    return [row((glyph if i == 0 else "  ", role), piece) for i, piece in enumerate(pieces)]


def _of(node: NodeSnapshot, findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.node == node.name][:_MOST_FINDINGS]


def _lines(text: str, width: int, role: Role) -> list[Row]:
    return [row((piece, role)) for piece in wrap(text, width)] if text else []
