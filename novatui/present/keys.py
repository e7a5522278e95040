"""The help page: one row a key."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.present.rows import Role, Row, row, spread

_KEY_CELLS = 7
_NAME_CELLS = 15


def keys_page(entries: Sequence[tuple[str, str, str, str]], width: int) -> list[Row]:
    """``entries`` are (key, name, description, why it cannot act now). Same name in a row: one line for all keys."""
    rows: list[Row] = []
    at = 0
    while at < len(entries):
        key, name, description, why_not = entries[at]
        last = at
        while last + 1 < len(entries) and entries[last + 1][1:] == entries[at][1:]:
            last += 1
        label = key if last == at else f"{key} - {entries[last][0]}"
        left = row((label.ljust(_KEY_CELLS), Role.KEY), name.ljust(_NAME_CELLS), (description, Role.DIM))
        rows.append(spread(left, row((why_not, Role.WARN)), width) if why_not else left)
        at = last + 1
    return rows
