"""The keys on the last line: as many as fit, most used first; help and quit stay whatever the width."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.present.rows import Role, Row, Seg, row, width_of

Entry = tuple[str, str, str, str]  # id, key, name, why it cannot act now
Span = tuple[int, int, str]  # first cell, cell after the last, id

_GAP = 2
_STAY = 2  # the last so many are never dropped


def keys_line(entries: Sequence[Entry], width: int) -> tuple[Row, list[Span]]:
    """The row, and where on it which action is. A key that cannot act is dim, with its reason where there is room."""
    shown = list(entries)
    pieces = [_piece(entry, True) for entry in shown]
    if _cells(pieces) > width:
        pieces = [_piece(entry, False) for entry in shown]
    while _cells(pieces) > width and len(pieces) > _STAY:
        del pieces[-_STAY - 1]
        del shown[-_STAY - 1]
    line: list[Seg] = [(" ", Role.NORMAL)]
    spans: list[Span] = []
    at = 1
    for entry, piece in zip(shown, pieces, strict=True):
        if spans:
            line.append((" " * _GAP, Role.NORMAL))
            at += _GAP
        spans.append((at, at + width_of(piece), entry[0]))
        line.extend(piece)
        at += width_of(piece)
    return tuple(line), spans


def _cells(pieces: Sequence[Row]) -> int:
    return 1 + sum(width_of(piece) for piece in pieces) + _GAP * (len(pieces) - 1)


def _piece(entry: Entry, with_reason: bool) -> Row:
    _id, label, name, why_not = entry
    if not why_not:
        return row((label, Role.KEY), " ", name)
    return row((f"{label} {name} ({why_not})" if with_reason else f"{label} {name}", Role.DIM))
