"""The list of runs: what, when, how long, how it ended, who."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from novatui.model.sanitize import clean
from novatui.present.i18n import _
from novatui.present.numbers import dated, dated_briefly
from novatui.present.rows import BLANK, Role, Row, clip, fit, recolour, row, wrap
from novatui.present.run import minutes, result_word


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the list."""

    run: str
    runbook: str
    started_ms: int
    ended_ms: int | None
    result: str
    verified: bool
    operator: str
    alive: bool


_WHOLE_CELLS = 98  # from here on there is room for the date to the second, and for who began it


def history_rows(runs: Sequence[Told], chosen: int, now_ms: int, width: int) -> list[Row]:
    """A head, then one row a run; the chosen one marked."""
    if not runs:
        return _none(width)
    began, ending, by = (21, 28, _("BY")) if width >= _WHOLE_CELLS else (13, width, "")
    head = f"  {_('RUN'):<10}{_('RUNBOOK'):<17}{_('STARTED'):<{began}}{_('TOOK'):>8}  {_('RESULT'):<{ending}}{by}"
    rows = [clip(row((head.rstrip(), Role.DIM)), width)]
    for number, one in enumerate(runs):
        rows.append(_row(one, now_ms, width, chosen=number == chosen))
    return rows


def _row(one: Told, now_ms: int, width: int, *, chosen: bool) -> Row:
    until = one.ended_ms if one.ended_ms is not None else now_ms if one.alive else None
    took = minutes(until - one.started_ms) if until is not None and one.started_ms else "–"
    whole = width >= _WHOLE_CELLS
    began = (
        f"{dated(one.started_ms, now_ms):<21}" if whole else f"{dated_briefly(one.started_ms, now_ms):<13}"
    )
    by = row((clean(one.operator), Role.DIM))
    line = (
        *row(
            ("› " if chosen else "  ", Role.ACCENT),
            (f"{clean(one.run):<10}", Role.BRIGHT if chosen else Role.NORMAL),
        ),
        *row(f"{clean(one.runbook):<17}", (began, Role.DIM), f"{took:>8}  "),
        *((*fit(_ending(one), 28), *by) if whole else _ending(one)),
    )
    return fit(recolour(fit(line, width), Role.CURSOR), width) if chosen else clip(line, width)


def _ending(one: Told) -> Row:
    if one.alive:
        return row(("▶ " + _("under way"), Role.ACCENT))
    return (
        result_word(one.result, verified=one.verified)
        if one.result
        else row(("✖ " + _("the runner is gone"), Role.BAD))
    )


def _none(width: int) -> list[Row]:
    said = _(
        "No run was started from this machine yet. R on the dashboard opens the restore; novatui runs lists the same."
    )
    return [BLANK, *(row("  ", (piece, Role.DIM)) for piece in wrap(said, width - 4))]
