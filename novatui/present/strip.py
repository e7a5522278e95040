"""All masters on one line, or one line each: for narrow terminals, for more than three masters, and for tiny ones."""

from __future__ import annotations

from collections.abc import Collection

from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.present.i18n import translated
from novatui.present.numbers import age, grouped, size
from novatui.present.rows import Role, Row, Seg, fit, joined, row, spread, width_of
from novatui.present.standing import current, standing


def short_name(name: str, names: list[str]) -> str:
    """``nova-master-2`` -> ``m2`` when all names end in different numbers; else the name itself."""
    digits = [_trailing(other) for other in names]
    if all(digits) and len(set(digits)) == len(digits):
        return f"m{_trailing(name)}"
    return name


def _trailing(name: str) -> str:
    return name[len(name.rstrip("0123456789")) :]


_ENDS, _GAP = 2, 1  # cells around each for a bracket, and after it


def cells(snapshot: ClusterSnapshot, now_ms: int, width: int) -> list[list[Row]]:
    """One piece per master, in one line of the longest form in which all fit ``width``, in two before a word of what is
    wrong is left out: what the strip shows, and where clicks land. Each has a cell to spare at both ends."""
    names = [node.name for node in snapshot.nodes]
    for form in (_long, _middle, _short):
        pieces = [form(i, node, names, now_ms) for i, node in enumerate(snapshot.nodes)]
        lines = _in_lines(pieces, width)
        if any(width_of(piece) + _ENDS + _GAP > width for piece in pieces):
            continue
        if len(lines) == 1 or (form is _short and len(lines) == 2):
            return lines
    return _in_lines([_tiny(i, node) for i, node in enumerate(snapshot.nodes)], width)


def _in_lines(pieces: list[Row], width: int) -> list[list[Row]]:
    lines: list[list[Row]] = [[]]
    left = width
    for piece in pieces:
        wanted = width_of(piece) + _ENDS + _GAP
        if wanted > left and lines[-1]:
            lines.append([])
            left = width
        lines[-1].append(piece)
        left -= wanted
    return lines


def strip_rows(
    lines: list[list[Row]], chosen: int, pinned: Collection[int]
) -> tuple[list[Row], list[tuple[int, int, int]]]:
    """The rows, and for each master on which row it is, from which cell to before which. [ ] is around the chosen one, ‹ ›
    around the others that are pinned."""
    rows: list[Row] = []
    places: list[tuple[int, int, int]] = []
    for y, line in enumerate(lines):
        segments: list[Seg] = []
        at = 0
        for piece in line:
            number = len(places) + 1
            ends, role = (
                ("[]", Role.FOCUS) if number == chosen else ("‹›" if number in pinned else "  ", Role.DIM)
            )
            segments += [(ends[0], role), *piece, (ends[1], role), (" " * _GAP, Role.NORMAL)]
            stop = at + width_of(piece) + _ENDS
            places.append((y, at, stop))
            at = stop + _GAP
        rows.append(tuple(segments))
    return rows, places


def _long(i: int, node: NodeSnapshot, names: list[str], now_ms: int) -> Row:
    return _full(i, node, node.name, now_ms)


def _middle(i: int, node: NodeSnapshot, names: list[str], now_ms: int) -> Row:
    return _full(i, node, short_name(node.name, names), now_ms)


def _full(i: int, node: NodeSnapshot, name: str, now_ms: int) -> Row:
    state = standing(node)
    since = (
        f" {age(now_ms - state.since_ms)}" if state.since_ms is not None and state.role is not Role.OK else ""
    )
    return row(
        (f"{i + 1} ", Role.KEY),
        (f"{state.glyph} ", state.role),
        name,
        (f" {state.word}{since}", _dim(state.role)),
    )


def _short(i: int, node: NodeSnapshot, names: list[str], now_ms: int) -> Row:
    state = standing(node)
    word = "" if state.role is Role.OK else f" {state.word}"
    return row(
        (f"{i + 1}", Role.KEY), (state.glyph, state.role), short_name(node.name, names), (word, state.role)
    )


def _tiny(i: int, node: NodeSnapshot) -> Row:
    state = standing(node)
    return row((f"{i + 1}", Role.KEY), (state.glyph, state.role))


def _dim(role: Role) -> Role:
    return Role.DIM if role is Role.OK else role


def status_list(snapshot: ClusterSnapshot, now_ms: int, width: int, height: int | None = None) -> list[Row]:
    """The whole screen when there is no room for panes: one row a master, and as far as ``height`` allows why it is not heard."""
    count = len(snapshot.nodes)
    left = count if height is None else height - count
    rows = []
    for i, node in enumerate(snapshot.nodes):
        rows.append(_listed(i, node, now_ms, width))
        if node.error and left > 0:
            rows.append(fit(row("     ", (translated(node.error.title), Role.DIM)), width))
            left -= 1
    return rows


def _listed(i: int, node: NodeSnapshot, now_ms: int, width: int) -> Row:
    state = standing(node)
    left = row(
        (f" {i + 1} ", Role.KEY),
        (f"{state.glyph} ", state.role),
        (f"{node.name}  ", Role.BRIGHT),
        (state.word, _dim(state.role)),
    )
    since = row((age(now_ms - state.since_ms), Role.DIM)) if state.since_ms is not None else ()
    figures = (
        row((f"{grouped(node.endpoint.index)}  {size(node.endpoint.db_size)}", Role.DIM))
        if current(node) and node.endpoint.answers
        else ()
    )
    for right in (joined([figures, since]), since):
        if width_of(left) + width_of(right) + 1 < width:
            return spread(left, (*right, (" ", Role.NORMAL)), width)
    return fit(left, width)
