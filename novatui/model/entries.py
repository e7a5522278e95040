"""Lines of the systemd journal of the etcd unit, parsed and sanitised at ingest."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
    FATAL = "fatal"  # zap fatal, panic, dpanic
    GAP = "gap"  # not a line: says that lines are missing here


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One journal line. ``text`` and ``fields`` are already safe to show (control characters mapped, 4 KiB cap)."""

    node: str
    at_ms: int
    level: Level = Level.INFO
    text: str = ""
    fields: tuple[tuple[str, str], ...] = ()  # zap's own fields in order; ``error`` among them
    unit_line: bool = False  # systemd's own line about the unit
    cursor: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All that a master's journal keeps of one line, safe to show: every field but MESSAGE, MESSAGE as it is (what does
    not print escaped), and the same a key a row where it is JSON."""

    fields: tuple[tuple[str, str], ...] = ()
    source: str = ""
    pretty: tuple[str, ...] = ()
