"""All masters on one line, or one line each: for narrow terminals, for more than three masters, and for tiny ones."""

from __future__ import annotations

from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.present.i18n import translated
from novatui.present.numbers import age, grouped, size
from novatui.present.rows import Role, Row, fit, joined, row, spread, width_of
from novatui.present.standing import current, standing


def short_name(name: str, names: list[str]) -> str:
    """``nova-master-2`` -> ``m2`` when all names end in different numbers; else the name itself."""
    digits = [_trailing(other) for other in names]
    if all(digits) and len(set(digits)) == len(digits):
        return f"m{_trailing(name)}"
    return name


def _trailing(name: str) -> str:
    return name[len(name.rstrip("0123456789")) :]


def cells(snapshot: ClusterSnapshot, now_ms: int, width: int) -> list[Row]:
    """One piece per master, the longest form in which all fit ``width``: what the strip shows, and where clicks land."""
    names = [node.name for node in snapshot.nodes]
    for form in (_long, _middle, _short):
        pieces = [form(i, node, names, now_ms) for i, node in enumerate(snapshot.nodes)]
        if sum(width_of(piece) + 3 for piece in pieces) <= width:
            return pieces
    return [_tiny(i, node) for i, node in enumerate(snapshot.nodes)]


def _long(i: int, node: NodeSnapshot, names: list[str], now_ms: int) -> Row:
    state = standing(node)
    since = (
        f" {age(now_ms - state.since_ms)}" if state.since_ms is not None and state.role is not Role.OK else ""
    )
    return row(
        (f"{i + 1} ", Role.KEY),
        (f"{state.glyph} ", state.role),
        node.name,
        (f" {state.word}{since}", _dim(state.role)),
    )


def _middle(i: int, node: NodeSnapshot, names: list[str], now_ms: int) -> Row:
    state = standing(node)
    since = (
        f" {age(now_ms - state.since_ms)}" if state.since_ms is not None and state.role is not Role.OK else ""
    )
    return row(
        (f"{i + 1} ", Role.KEY),
        (f"{state.glyph} ", state.role),
        short_name(node.name, names),
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


def status_list(snapshot: ClusterSnapshot, now_ms: int, width: int) -> list[Row]:
    """One row a master: the whole screen when there is no room for panes."""
    rows = []
    for i, node in enumerate(snapshot.nodes):
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
        right = joined([figures, since])
        rows.append(
            spread(left, (*right, (" ", Role.NORMAL)), width)
            if width_of(left) + width_of(right) + 1 < width
            else fit(left, width)
        )
        if node.error:
            rows.append(fit(row("     ", (translated(node.error.title), Role.DIM)), width))
    return rows
