"""What is under the pointer: of rows that were laid out, which key or choice a cell belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.present.i18n import _
from novatui.present.rows import Role, Row, cells_of, row, wrap

Spans = list[tuple[int, int]]  # of each choice, in the order shown: its first row and the one after its last


def choice_at(spans: Sequence[tuple[int, int]], y: int) -> int | None:
    """The number of the choice that row ``y`` is of."""
    return next((number for number, (begin, end) in enumerate(spans) if begin <= y < end), None)


def key_at(line: Row, x: int) -> str:
    """The key that cell ``x`` names: on its label or on the words after it; empty where none is."""
    at, key = 0, ""
    for text, role in line:
        if role is Role.KEY:
            key = text.strip()
        at += cells_of(text)
        if x < at:
            return key
    return ""


def mouse_rows(width: int) -> list[Row]:
    """For the help."""
    said = _(
        "Mouse: a click chooses, on what is chosen it is Enter, on a key of the last line it is that key; a double click on "
        "the head of a pane zooms, the wheel scrolls. What acts on a run is done by its key alone. Shift and drag selects "
        "text, as ever."
    )
    return [row((piece, Role.DIM)) for piece in wrap(said, width)]


def by_key_alone(key: str, name: str) -> str:
    """Said instead of doing by a click what acts on a run."""
    return _("{name}: only its key does it, {key}").format(key=key, name=name)
