"""One journal entry whole: when, where, how bad, what it says, its fields; and the record as the master keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from novatui.model.entries import Entry, Record
from novatui.present.i18n import _
from novatui.present.journal import glyph_of
from novatui.present.rows import BLANK, Role, Row, row, wrap

_NAME_CELLS = 24
REPEATS_MAX = 200


def entry_page(entries: Sequence[Entry], record: Record | None, trouble: str, width: int) -> list[Row]:
    """``entries``: the one that was chosen and those shown as one with it. ``record`` is None while it is being asked for,
    or where ``trouble`` says why it cannot be had."""
    entry = entries[0]
    glyph, mark, _text = glyph_of(entry)
    rows = [
        row((f"{glyph} {entry.level}", mark), "   ", (_at(entry.at_ms), Role.DIM), "   ", entry.node),
        BLANK,
        *(row((line, Role.BRIGHT)) for line in wrap(entry.text, width)),
    ]
    if entry.fields:
        rows += [BLANK, *(line for name, value in entry.fields for line in _field(name, value, width))]
    if len(entries) > 1:
        rows += [BLANK, _title(_("{n} lines are shown as this one").format(n=len(entries)))]
        rows += [line for one in entries[:REPEATS_MAX] for line in _repeat(one, width)]
    if record is None:
        rows += [BLANK, _title(_("The record on the master"))]
        return [
            *rows,
            *(
                row((line, Role.WARN if trouble else Role.DIM))
                for line in wrap(trouble or _("asking .."), width)
            ),
        ]
    if record.pretty:
        rows += [BLANK, _title(_("The line as JSON, from the master"))]
        rows += [row(line) for said in record.pretty for line in _indented(said, width)]
    rows += [BLANK, _title(_("The line as it is, from the master; what does not print is escaped"))]
    rows += [row(line) for line in wrap(record.source, width)]
    rows += [BLANK, _title(_("Fields of the journal"))]
    return rows + [line for name, value in record.fields for line in _field(name, value, width)]


def page_text(rows: Sequence[Row]) -> str:
    """The page for the clipboard."""
    return "\n".join("".join(text for text, _role in line).rstrip() for line in rows)


def _at(at_ms: int) -> str:
    """With its date and offset: this is what one compares with other logs."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone().isoformat(" ", "milliseconds")


def _title(text: str) -> Row:
    return row((text, Role.DIM))


def _field(name: str, value: str, width: int) -> list[Row]:
    first, *more = wrap(value, max(8, width - _NAME_CELLS))
    label = f"{name} ".ljust(_NAME_CELLS)
    return [row((label, Role.DIM), first), *(row(" " * _NAME_CELLS, line) for line in more)]


def _repeat(entry: Entry, width: int) -> list[Row]:
    said = "  ".join([*([entry.text] if not entry.fields else []), *(f"{k}={v}" for k, v in entry.fields)])
    first, *more = wrap(said, max(8, width - 14))
    at = datetime.fromtimestamp(entry.at_ms / 1000).astimezone().strftime("%H:%M:%S.%f")[:-3]
    return [row((f"{at}  ", Role.DIM), first), *(row(" " * 14, line) for line in more)]


def _indented(text: str, width: int) -> list[str]:
    """A line of JSON in rows that keep its indent."""
    said = text.lstrip(" ")
    indent = " " * (len(text) - len(said))
    first, *more = wrap(said, max(8, width - len(indent) - 2))
    return [indent + first, *(f"{indent}  {line}" for line in more)]
