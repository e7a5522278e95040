"""Whether each member's data can be used, by diagnosis' own judgement, from the survey's answers."""

from __future__ import annotations

import json
from typing import Any

from novatui.diagnosis.data import DataState, data_state
from novatui.model.cluster import Endpoint, Link, NodeSnapshot, UnitState
from novatui.model.entries import Entry, Level
from novatui.model.sanitize import clean
from novatui.remote.command import Outcome
from novatui.runbooks.parts.host import Host

_LEVELS = {
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "warn": Level.WARN,
    "error": Level.ERROR,
    "dpanic": Level.FATAL,
    "panic": Level.FATAL,
    "fatal": Level.FATAL,
}


def judge(node: str, host: Host, journal: Outcome | None) -> DataState:
    """``journal``: the unit's newest lines, ``journalctl -o json``."""
    now_ms = (host.now or 0) * 1000
    seen = NodeSnapshot(
        name=node,
        host=node,
        link=Link.LIVE,
        at_ms=now_ms,
        unit=UnitState(load=host.unit.load, active=host.unit.active),
        endpoint=Endpoint(answers=host.status is not None),
    )
    text = journal.text() if journal is not None else ""
    return data_state(seen, entries(node, text))


def entries(node: str, text: str) -> list[Entry]:
    """Lines of ``journalctl -o json``; what cannot be read is passed over. Total."""
    found = []
    for line in text.split("\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            found.append(_entry(node, record))
    return found


def _entry(node: str, record: dict[str, Any]) -> Entry:
    stamp = str(record.get("__REALTIME_TIMESTAMP", ""))
    at_ms = int(stamp) // 1000 if stamp.isascii() and stamp.isdigit() else 0
    by_systemd = record.get("_PID") == "1" or record.get("SYSLOG_IDENTIFIER") == "systemd"
    message = _message(record.get("MESSAGE"))
    try:
        zap = json.loads(message)
    except ValueError:
        zap = None
    if not isinstance(zap, dict) or "msg" not in zap:
        return Entry(node=node, at_ms=at_ms, text=clean(message), unit_line=by_systemd)
    return Entry(
        node=node,
        at_ms=at_ms,
        level=_LEVELS.get(str(zap.get("level")), Level.INFO),
        text=clean(str(zap["msg"])),
        fields=tuple(
            (clean(str(key)), clean(value if isinstance(value, str) else json.dumps(value)))
            for key, value in zap.items()
            if key not in ("level", "ts", "caller", "msg")
        ),
        unit_line=by_systemd,
    )


def _message(value: object) -> str:
    """A string, or an array of byte values where it is not plain UTF-8."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, int) and 0 <= one < 256 for one in value):
        return bytes(value).decode("utf-8", "backslashreplace")
    return ""
