"""The recoveries as a menu shows them, and whether there is anything to choose between."""

from __future__ import annotations

from novatui.model.findings import Diagnosis, Way
from novatui.present.guides import guide
from novatui.present.i18n import _, translated
from novatui.present.rows import BLANK, Role, Row, clip, row, spread, wrap


def only_one(diagnosis: Diagnosis) -> Way | None:
    """The way to go when it is recommended and no other is possible: then there is nothing to ask."""
    if not diagnosis.ways:  # a judge that knows of no others
        runbook = diagnosis.recommend
        return Way(runbook=runbook, node=diagnosis.recommend_node) if runbook not in ("", "wait") else None
    possible = [way for way in diagnosis.ways if not way.why_not]
    return possible[0] if len(possible) == 1 and possible[0].runbook == diagnosis.recommend else None


def menu_rows(way: Way, recommended: str, width: int, *, chosen: bool, brief: bool = False) -> list[Row]:
    """One recovery: its key and name, what it does (but for ``brief``), and why it fits or does not."""
    book = guide(way.runbook)
    name = f"{way.runbook}  {way.node}".rstrip()
    role = Role.DIM if way.why_not and not chosen else Role.BRIGHT
    head = row(("› " if chosen else "  ", Role.ACCENT), (f"{book.key} ", Role.KEY), (name, role))
    tip = row((_("recommended"), Role.ACCENT)) if way.runbook == recommended else BLANK
    rows = [spread(head, tip, width)]
    if not brief:
        rows += [row("    ", (piece, Role.DIM)) for piece in wrap(_(book.does), width - 4)]
    glyph, tone = ("✖ ", Role.DIM) if way.why_not else ("✔ ", Role.NORMAL)
    said = translated(way.why_not or way.why)
    pieces = wrap(said, width - 6) if said else ()
    rows += [
        row("    ", (glyph if i == 0 else "  ", Role.OK if not way.why_not else Role.DIM), (piece, tone))
        for i, piece in enumerate(pieces)
    ]
    return [clip(line, width) for line in rows]
