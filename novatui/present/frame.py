"""A frame of one pane: title and state in its upper edge, a divider that says what is below it."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.present.rows import Role, Row, clip, fit, width_of


def edge(left: str, right: str, width: int, ends: tuple[Row, Row], role: Role) -> Row:
    """``╭─ title ─────── state ╮``; the state goes first when there is no room for both."""
    title, state = ends
    room = width - 4
    state = clip(state, max(0, room // 2)) if width_of(title) + width_of(state) + 3 > room else state
    title = clip(title, max(0, room - (width_of(state) + 3 if state else 1)))
    line: list[tuple[str, Role]] = [(left + "─", role)]
    used = 2
    if title:
        line += [*title, (" ", role)]
        used += width_of(title) + 1
    tail: list[tuple[str, Role]] = [(" ", role), *state, (" ", role)] if state else []
    tail.append((right, role))
    fill = width - used - sum(width_of((segment,)) for segment in tail)
    return (*line, ("─" * max(0, fill), role), *tail)


def boxed(
    width: int,
    title: tuple[Row, Row],
    upper: Sequence[Row],
    divider: tuple[Row, Row],
    lower: Sequence[Row],
    role: Role,
) -> list[Row]:
    """Rows of exactly ``width`` cells; one blank column inside the frame on either side."""

    def inside(line: Row) -> Row:
        return (("│ ", role), *fit(line, width - 4), (" │", role))

    return [
        edge("╭", "╮", width, title, role),
        *(inside(line) for line in upper),
        edge("├", "┤", width, divider, role),
        *(inside(line) for line in lower),
        edge("╰", "╯", width, ((), ()), role),
    ]
