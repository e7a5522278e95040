"""One record of ``journalctl -o json`` -> Entry: etcd's zap JSON, klog and plain text, systemd's own lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from novatui.model.entries import Entry, Level
from novatui.model.sanitize import clean
from novatui.probes.numbers import date_ms, whole

FIELD_CAP = 1024  # characters of one zap field
FIELDS_MAX = 32
SHORT = 100  # characters of a field that is worth remembering

_ZAP = {
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "warn": Level.WARN,
    "error": Level.ERROR,
    "dpanic": Level.FATAL,
    "panic": Level.FATAL,
    "fatal": Level.FATAL,
}
_ZAP_OWN = frozenset(("level", "ts", "logger", "caller", "msg"))
_LETTERS = {
    "D": Level.DEBUG,
    "I": Level.INFO,
    "N": Level.INFO,
    "W": Level.WARN,
    "E": Level.ERROR,
    "C": Level.FATAL,
}
_LETTERS["F"] = Level.FATAL
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^\]]+\] ")
_CAPNSLOG = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ ([DINWEC]) \| ")
# It comes back to the master as a word of our command.
_CURSOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9=;:._-]{0,1023}\Z")
# journald's own word, in the unit's journal, where the unit wrote more than its RateLimitBurst.
_SUPPRESSED = re.compile(r"Suppressed (\d+) messages from (.+)")
_FATAL = re.compile(r"(panic|fatal error|unexpected fault address)\b")
# syslog priorities
_PRIORITY: dict[object, Level] = {
    "0": Level.FATAL,
    "1": Level.FATAL,
    "2": Level.FATAL,
    "3": Level.ERROR,
    "4": Level.WARN,
    "5": Level.INFO,
    "6": Level.INFO,
    "7": Level.DEBUG,
}


def entry(node: str, line: bytes) -> Entry | None:
    """None when the line is no journal record at all (a message of journalctl itself)."""
    try:
        record = _json(line)
    except (ValueError, RecursionError):
        return None
    cursor = record.get("__CURSOR") if isinstance(record, Mapping) else None
    if not isinstance(cursor, str) or not _CURSOR.match(cursor):
        return None
    message = message_of(record.get("MESSAGE"))
    unit_line = isinstance(record.get("UNIT"), str)
    level, text, fields = _read(message, _priority(record), zap=not unit_line)
    if record.get("SYSLOG_IDENTIFIER") == "systemd-journald" and (dropped := _SUPPRESSED.match(text)):
        level, text = Level.GAP, f"journald dropped {dropped[1]} lines of {dropped[2]}: its rate limit"
    return Entry(
        node=node,
        at_ms=_at_ms(record.get("__REALTIME_TIMESTAMP")),
        level=level,
        text=text,
        fields=fields,
        unit_line=unit_line,
        cursor=cursor,
    )


def gap(node: str, at_ms: int, why: str) -> Entry:
    """A row that says that lines are missing here."""
    return Entry(node=node, at_ms=at_ms, level=Level.GAP, text=why)


_decode = msgspec.json.Decoder().decode


def _json(text: bytes | str) -> Any:
    """A sixth of the time of ``json``, which is asked again about what is no strict JSON: lone surrogates, NaN."""
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeError):
        return json.loads(text)


def message_of(value: object) -> bytes | str:
    """A string, an array of byte values, null (too long without --all), or an array of several messages."""
    if isinstance(value, str):
        return value
    if value is None:
        return "(a line that journalctl left out)"
    if isinstance(value, list):
        if all(isinstance(item, int) and 0 <= item < 256 for item in value):
            return bytes(value)
        return b" / ".join(_bytes(message_of(item)) for item in value[:16] if isinstance(item, str | list))
    return str(value)


def _read(
    message: bytes | str, default: Level, *, zap: bool
) -> tuple[Level, str, tuple[tuple[str, str], ...]]:
    if zap:
        found = _zap(message)
        if found is not None:
            return found
    text = clean(message)
    for pattern in (_KLOG, _CAPNSLOG):
        match = pattern.match(text)
        if match:
            return _LETTERS[match[1]], text[match.end() :], ()
    if _FATAL.match(text):
        return Level.FATAL, text, ()
    return default, text, ()


def _zap(message: bytes | str) -> tuple[Level, str, tuple[tuple[str, str], ...]] | None:
    head = message.lstrip()[:1]
    if head not in ("{", b"{"):
        return None
    try:
        record = _json(message)
    except (ValueError, RecursionError):  # cut by journald, or not UTF-8
        return None
    if not isinstance(record, Mapping) or "msg" not in record or "level" not in record:
        return None
    said = str(record["level"])
    level = _ZAP.get(said) or _ZAP.get(said.lower(), Level.INFO)
    fields = [
        _repeated(key, value)
        if isinstance(value, str) and len(key) + len(value) <= SHORT
        else _field(key, value)
        for key, value in record.items()
        if key not in _ZAP_OWN
    ]
    return level, clean(str(record["msg"])), tuple(fields[:FIELDS_MAX])


def _field(key: str, value: Any) -> tuple[str, str]:
    """Words as they are, the rest as compact JSON."""
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return clean(key, cap=80), clean(said, cap=FIELD_CAP)


# Most fields of a flood were seen a moment ago: what is not made anew need not be held twice, nor collected.
_repeated = lru_cache(maxsize=4096)(_field)


def _priority(record: Mapping[str, Any]) -> Level:
    word = record.get("PRIORITY")
    return _PRIORITY.get(word, Level.INFO) if isinstance(word, str) else Level.INFO


def _at_ms(value: object) -> int:
    """From microseconds; 0 when it is no date."""
    return date_ms((whole(value) or 0) // 1000) or 0


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
