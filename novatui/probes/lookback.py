"""What the screen does not hold of a master's journal: lines older than its oldest, and one record with all its fields."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from novatui.errors import RemoteError
from novatui.model.entries import Entry, Record
from novatui.model.sanitize import clean
from novatui.probes import journald
from novatui.remote.command import Command, Outcome

OLDER_LINES = 500  # of one look back
FIELD_MAX = 16_384  # characters of one field of a record
FIELDS_MAX = 100
_LIMIT_S = 20


class Older(msgspec.Struct, frozen=True, kw_only=True):
    """Lines from right before a place, oldest first; ``begins``: before them the journal of the unit has none."""

    entries: tuple[Entry, ...] = ()
    begins: bool = False


def older_command(unit: str, cursor: str) -> Command:
    words = ("journalctl", "-u", unit, "-o", "json", "--all", "--no-pager", "--reverse", "-n")
    fields = "--output-fields=MESSAGE,PRIORITY,UNIT,SYSLOG_IDENTIFIER"
    return Command(argv=(*words, str(OLDER_LINES + 1), fields, f"--cursor={cursor}"), timeout_s=_LIMIT_S)


def older(node: str, cursor: str, outcome: Outcome) -> Older:
    """``cursor``'s own record comes first, newest of all; where another does, the master has forgotten that place and
    lines between may be missing. Raises RemoteError."""
    lines = _lines(outcome)
    found = [one for line in lines if (one := journald.entry(node, line)) is not None]
    begins = len(found) <= OLDER_LINES
    if found and found[0].cursor == cursor:
        found = found[1:]
    elif found:
        found[:0] = [
            journald.gap(
                node, found[0].at_ms, "lines may be missing here: the master has forgotten the place"
            )
        ]
    return Older(entries=tuple(reversed(found)), begins=begins)


def record_command(unit: str, cursor: str) -> Command:
    words = ("journalctl", "-u", unit, "-o", "json", "--all", "--no-pager", "-n", "1")
    return Command(argv=(*words, f"--cursor={cursor}"), timeout_s=_LIMIT_S)


def record(cursor: str, outcome: Outcome) -> Record:
    """Everything the master keeps of one record. Raises RemoteError, also when it keeps it no longer."""
    for line in _lines(outcome):
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict) and said.get("__CURSOR") == cursor:
            return _record(said)
    raise RemoteError("the master keeps this line no longer", "its journal was rotated and vacuumed")


def _record(said: dict[str, Any]) -> Record:
    message = journald.message_of(said.get("MESSAGE"))
    fields = [
        (clean(name, cap=80), _text(value))
        for name, value in sorted(said.items(), key=lambda field: (field[0].startswith("_"), field[0]))
        if name != "MESSAGE"
    ]
    return Record(
        fields=tuple(fields[:FIELDS_MAX]), source=clean(message, cap=FIELD_MAX), pretty=_pretty(message)
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return clean(journald.message_of(value), cap=FIELD_MAX)


def _pretty(message: bytes | str) -> tuple[str, ...]:
    """A zap line as JSON, a key a row; nothing when it is none."""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(said, dict):
        return ()
    text = json.dumps(said, ensure_ascii=False, indent=2)
    return tuple(clean(line, cap=FIELD_MAX) for line in text.split("\n"))


def _lines(outcome: Outcome) -> list[bytes]:
    if not outcome.ok:
        why = outcome.error or clean(outcome.stderr[-300:].strip(), cap=300) or f"exit {outcome.exit}"
        raise RemoteError("the master's journal could not be read", why)
    return outcome.stdout.splitlines()
