"""A journal entry as rows: time, glyph, message, fields. Warnings and worse stand out; the rest is quiet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from novatui.model.entries import Entry, Level
from novatui.present.i18n import _
from novatui.present.numbers import clock, stamp
from novatui.present.rows import Role, Row, clip, row, wrap

ERROR_ROWS = 3  # an error shows this many rows even when lines are not wrapped


class TimeFormat(StrEnum):
    """What ``t`` goes through."""

    CLOCK = "clock"
    MILLIS = "millis"
    NONE = "none"

    @property
    def next(self) -> TimeFormat:
        order = list(TimeFormat)
        return order[(order.index(self) + 1) % len(order)]


_MARKS: dict[Level, tuple[str, Role, Role]] = {  # glyph, its role, the role of the text
    Level.DEBUG: ("·", Role.DIM, Role.DIM),
    Level.INFO: ("·", Role.DIM, Role.NORMAL),
    Level.WARN: ("▲", Role.WARN, Role.NORMAL),
    Level.ERROR: ("✖", Role.BAD, Role.BRIGHT),
    Level.FATAL: ("✖", Role.BAD, Role.BAD),
    Level.GAP: ("┄", Role.WARN, Role.WARN),
}


# The lines of a Go stack after a panic: what was wrong stands above them.
_STACK = re.compile(r"\s|goroutine \d+ \[|created by |[\w./()*-]+\.[\w./()*-]+\(.*\)$")


def is_stack(entry: Entry) -> bool:
    return (
        entry.level is Level.INFO
        and not entry.unit_line
        and (not entry.text or bool(_STACK.match(entry.text)))
    )


def is_error(entry: Entry) -> bool:
    """What ``e`` and ``E`` jump to: errors, fatal lines, and gaps, which may hide one."""
    return entry.level in (Level.ERROR, Level.FATAL, Level.GAP)


def message(entry: Entry) -> str:
    """The text and its fields on one line; the field ``error`` comes first and without its name."""
    error = [value for key, value in entry.fields if key == "error"]
    rest = [f"{key}={value}" for key, value in entry.fields if key != "error"]
    head = entry.text
    if error and error[0] and error[0] not in head:
        head = f"{head}: {error[0]}"
    return "  ".join([head, *rest]) if rest else head


def plain(entry: Entry) -> str:
    """What ``y`` copies and ``Y`` exports: read on another day, in another zone."""
    return f"{stamp(entry.at_ms)} {entry.node} {entry.level} {message(entry)}"


def glyph_of(entry: Entry) -> tuple[str, Role, Role]:
    """Glyph, its role, the role of the text."""
    if entry.unit_line and entry.level in (Level.DEBUG, Level.INFO):
        return "◆", Role.ACCENT, _MARKS[entry.level][2]
    return _MARKS[entry.level]


@dataclass(frozen=True)
class Look:
    """How lines are laid out: ``left`` cells are scrolled out of sight; ``names`` are the masters' labels, padded, where
    several masters' lines stand below each other."""

    width: int = 40
    wrapped: bool = False
    times: TimeFormat = TimeFormat.CLOCK
    left: int = 0
    names: tuple[tuple[str, str], ...] = ()


def entry_rows(entry: Entry, look: Look, count: int = 1) -> tuple[Row, ...]:
    """At least one row of at most ``look.width`` cells; later rows are indented under the text. ``count`` entries say
    this."""
    glyph, mark, role = glyph_of(entry)
    if is_stack(entry):
        role = Role.DIM
    time = ""
    if look.times is not TimeFormat.NONE:
        time = clock(entry.at_ms, millis=look.times is TimeFormat.MILLIS) + " "
    who = _label(entry.node, look.names)
    often = f"{count}× " if count > 1 else ""
    indent = len(time) + len(who) + 2 + len(often)
    text = entry.text if count > 1 else message(entry)
    if entry.level is Level.GAP:
        text = text or _("lines are missing here")
    room = max(8, look.width - indent)
    if look.wrapped:
        lines = wrap(text, room)
    elif look.left:
        lines = wrap(_from(text, look.left), room, 1)
    else:
        lines = wrap(text, room, ERROR_ROWS if is_error(entry) else 1)
    first = row(
        (time, Role.DIM), (who, Role.NORMAL), (f"{glyph} ", mark), (often, Role.DIM), (lines[0], role)
    )
    rest = (row(" " * indent, (line, role)) for line in lines[1:])
    return tuple(clip(line, look.width) for line in (first, *rest))


def _label(node: str, names: tuple[tuple[str, str], ...]) -> str:
    for name, label in names:
        if name == node:
            return f"{label} "
    return ""


def _from(text: str, left: int) -> str:
    """``text`` scrolled to the left; a mark says so."""
    return f"‹{text[left + 1 :]}" if len(text) > left else "‹"


def found_in(line: Row, needle: str, small: bool) -> Row:
    """The row with every ``needle`` of it in the accent; nothing else changes."""
    out: list[tuple[str, Role]] = []
    for text, role in line:
        said, at = text.lower() if small else text, 0
        if len(said) != len(text):  # a letter whose small form is longer
            said = text
        while (hit := said.find(needle, at)) >= 0:
            out += [(text[at:hit], role), (text[hit : hit + len(needle)], Role.FOUND)]
            at = hit + len(needle)
        out.append((text[at:], role))
    return row(*out)
