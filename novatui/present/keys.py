"""The help page: one entry a key."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.present.rows import BLANK, Role, Row, cells_of, row, width_of, wrap

_KEY_CELLS = 7
_NAME_CELLS = (15, 24)


def keys_page(entries: Sequence[tuple[str, str, str, str]], width: int, note: str = "") -> list[Row]:
    """``entries`` are (key, name, description, why it cannot act now). Same name in a row: one line for all keys. ``note`` is
    what else the screen has to say of itself."""
    rows: list[Row] = []
    least, most = _NAME_CELLS
    names = min(most, max((cells_of(name) + 2 for _key, name, _description, _why in entries), default=least))
    names = max(least, names)
    at = 0
    while at < len(entries):
        key, name, description, why_not = entries[at]
        last = at
        while last + 1 < len(entries) and entries[last + 1][1:] == entries[at][1:]:
            last += 1
        label = key if last == at else f"{key} - {entries[last][0]}"
        head = row((label.ljust(_KEY_CELLS), Role.KEY), name + " " * (names - cells_of(name)))
        rows += _entry(head, description, why_not, width)
        at = last + 1
    return [*rows, BLANK, *(row((piece, Role.DIM)) for piece in wrap(note, width))] if note else rows


def _entry(head: Row, description: str, why_not: str, width: int) -> list[Row]:
    indent = width_of(head)
    room = max(20, width - indent)
    said = [row((piece, Role.DIM)) for piece in wrap(description, room)]
    reason = [row((piece, Role.WARN)) for piece in wrap(why_not, room)] if why_not else []
    if len(reason) == 1 and width_of(said[-1]) + 2 + width_of(reason[0]) <= room:
        said[-1] = (*said[-1], ("  ", Role.NORMAL), *reason.pop())
    first, *others = [*said, *reason]
    return [(*head, *first), *((((" " * indent), Role.NORMAL), *line) for line in others)]
