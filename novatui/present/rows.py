"""Rows: the one form everything is rendered to. A row is a tuple of (text, role); widths are terminal cells.

A role says what a text *is*; which colour that takes is the theme's affair. State is never told by colour alone:
whoever gives a text the role ok, warn or bad puts a glyph and a word beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from rich.cells import cell_len


class Role(StrEnum):
    NORMAL = "normal"
    DIM = "dim"  # what is as it should be, and labels
    BRIGHT = "bright"  # what the eye should find first
    ACCENT = "accent"
    KEY = "key"  # a key one may press
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    ENV_PROD = "env-prod"
    ENV_STAGE = "env-stage"
    ENV_TEST = "env-test"
    ENV_OTHER = "env-other"
    BORDER = "border"
    FOCUS = "focus"  # the border of the chosen pane
    CURSOR = "cursor"  # the line that keys act on
    FOUND = "found"  # what was looked for


Seg = tuple[str, Role]
Row = tuple[Seg, ...]

BLANK: Row = ()
ELLIPSIS = "…"


def row(*parts: str | Seg) -> Row:
    """Segments, with a bare string standing for a normal one; empty ones are left out."""
    segments = ((part, Role.NORMAL) if isinstance(part, str) else part for part in parts)
    return tuple(segment for segment in segments if segment[0])


def text_of(line: Row) -> str:
    return "".join(text for text, _role in line)


def cells_of(text: str) -> int:
    """Cells a text takes; most texts are plain ASCII, where that is their length."""
    return len(text) if text.isascii() else cell_len(text)


def width_of(line: Row) -> int:
    total = 0
    for text, _role in line:
        total += len(text) if text.isascii() else cell_len(text)
    return total


def clip(line: Row, width: int) -> Row:
    """At most ``width`` cells; what does not fit ends in an ellipsis, so nothing is cut unseen."""
    if width <= 0:
        return BLANK
    if width_of(line) <= width:
        return line
    kept: list[Seg] = []
    left = width - 1
    for text, role in line:
        size = cells_of(text)
        if size > left:
            kept.append((text[: _characters(text, left)].rstrip() + ELLIPSIS, role))
            return tuple(kept)
        kept.append((text, role))
        left -= size
        if left == 0:
            kept.append((ELLIPSIS, role))
            return tuple(kept)
    return tuple(kept)


def fit(line: Row, width: int) -> Row:
    """Exactly ``width`` cells: clipped or padded."""
    missing = width - width_of(line)
    if missing == 0:
        return line
    short = line if missing > 0 else clip(line, width)
    missing = width - width_of(short)
    return (*short, (" " * missing, Role.NORMAL)) if missing > 0 else short


def spread(left: Row, right: Row, width: int, gap: int = 1) -> Row:
    """``left`` and ``right`` at the two ends of ``width`` cells. The right end is kept, the left one is clipped."""
    right = clip(right, width)
    if not right:
        return fit(left, width)
    room = width - width_of(right) - gap
    if room <= 0:
        return fit(right, width)
    return (*fit(left, room), (" " * gap, Role.NORMAL), *right)


def first_that_fits(candidates: Sequence[Row], width: int) -> Row:
    """Candidates from the fullest to the shortest; the last one is clipped if even that is too long."""
    for candidate in candidates:
        if width_of(candidate) <= width:
            return candidate
    return clip(candidates[-1], width) if candidates else BLANK


def recolour(line: Row, role: Role) -> Row:
    """The same text in one role: for values that are no longer current."""
    return tuple((text, role) for text, _role in line)


def joined(parts: Iterable[Row], gap: str = "  ") -> Row:
    """Parts that are not empty, with ``gap`` between."""
    out: list[Seg] = []
    for part in parts:
        if not part:
            continue
        if out:
            out.append((gap, Role.NORMAL))
        out.extend(part)
    return tuple(out)


@lru_cache(maxsize=4096)
def wrap(text: str, width: int, limit: int = 0) -> tuple[str, ...]:
    """``text`` in lines of at most ``width`` cells, broken at blanks where there are any.

    With ``limit`` there are at most that many lines and the last one ends in an ellipsis if text is left over.
    """
    width = max(1, width)
    lines: list[str] = []
    rest = text
    while cells_of(rest) > width:
        if limit and len(lines) == limit - 1:
            return (*lines, rest[: _characters(rest, width - 1)].rstrip() + ELLIPSIS)
        cut = max(1, _characters(rest, width))
        blank = rest.rfind(" ", 0, cut + 1)
        if blank > width // 2:
            cut = blank
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest or not lines:
        lines.append(rest)
    return tuple(lines)


def _characters(text: str, width: int) -> int:
    """How many characters of ``text`` fit into ``width`` cells; a wide one is never cut in two."""
    if text.isascii():
        return min(width, len(text))
    cells = 0
    for count, character in enumerate(text):
        cells += cell_len(character)
        if cells > width:
            return count
    return len(text)
