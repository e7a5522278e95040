"""Journal records, recorded and hostile, as entries that are safe to show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model.entries import Level
from novatui.probes.journald import FIELDS_MAX, entry

DATA = Path(__file__).parents[1] / "data" / "journal"


def record(message: Any, **more: Any) -> bytes:
    fields = {"__CURSOR": "c1", "__REALTIME_TIMESTAMP": "1700000000123456", "MESSAGE": message, **more}
    return json.dumps(fields).encode()


def test_recorded_lines_of_a_real_etcd_are_all_read() -> None:
    lines = (DATA / "start-and-elections.jsonl").read_bytes().splitlines()
    found = [entry("m1", line) for line in lines]
    assert len(found) > 40 and all(found)
    entries = [one for one in found if one is not None]
    assert len({one.cursor for one in entries}) == len(entries)
    assert any(one.unit_line for one in entries) or any(one.fields for one in entries)
    assert all(not one.text.startswith("{") for one in entries)
    assert all(one.at_ms > 1_600_000_000_000 for one in entries)


def test_zap_json_becomes_level_message_and_fields() -> None:
    found = entry(
        "m1",
        record(
            '{"level":"fatal","ts":"2024-06-13T19:03:14.6+0300","caller":"backend.go:189","msg":"failed to open database",'
            '"path":"/var/lib/etcd/member/snap/db","error":"invalid database","took":0.5,"ids":[1,2]}'
        ),
    )
    assert found is not None
    assert (found.level, found.text) == (Level.FATAL, "failed to open database")
    assert dict(found.fields) == {
        "path": "/var/lib/etcd/member/snap/db",
        "error": "invalid database",
        "took": "0.5",
        "ids": "[1,2]",
    }
    assert found.at_ms == 1_700_000_000_123 and not found.unit_line


@pytest.mark.parametrize(
    ("message", "level", "text"),
    [
        ("panic: failed to open database", Level.FATAL, "panic: failed to open database"),
        ("goroutine 110 [running]:", Level.INFO, "goroutine 110 [running]:"),
        ("E0613 19:03:14.607293       1 server.go:10] cannot listen", Level.ERROR, "cannot listen"),
        ("2020-01-02 03:04:05.678901 W | etcdserver: slow", Level.WARN, "etcdserver: slow"),
        ('{"level":"info","msg":"cut off', Level.INFO, '{"level":"info","msg":"cut off'),
        ("{}", Level.INFO, "{}"),
        (None, Level.INFO, "(a line that journalctl left out)"),
        ([104, 105, 255, 27, 91, 50, 74], Level.INFO, "hi\\xff\\x1b[2J"),
        (["one", "two"], Level.INFO, "one / two"),
        ([[104, 105], "two"], Level.INFO, "hi / two"),
        ("[/x] \x1b]52;c;aGk=\x07", Level.INFO, "[/x] \\x1b]52;c;aGk=\\x07"),
    ],
)
def test_what_a_message_becomes(message: Any, level: Level, text: str) -> None:
    found = entry("m1", record(message))
    assert found is not None and (found.level, found.text) == (level, text)


def test_systemds_own_line_keeps_its_priority() -> None:
    message = "etcd.service: Failed with result 'exit-code'."
    found = entry("m1", record(message, UNIT="etcd.service", PRIORITY="4", SYSLOG_IDENTIFIER="systemd"))
    assert found is not None and found.unit_line and found.level is Level.WARN


def test_what_journald_dropped_is_a_gap() -> None:
    said = "Suppressed 4711 messages from etcd.service"
    found = entry("m1", record(said, SYSLOG_IDENTIFIER="systemd-journald", PRIORITY="4"))
    assert found is not None and found.level is Level.GAP and found.cursor == "c1"
    assert found.text == "journald dropped 4711 lines of etcd.service: its rate limit"
    forged = entry("m1", record(said, SYSLOG_IDENTIFIER="etcd"))
    assert forged is not None and forged.level is Level.INFO


@pytest.mark.parametrize(
    "message", ['{"level":"warn","msg":"\\ud800 half"}', '{"level":"warn","msg":"x","f":NaN}']
)
def test_what_is_no_strict_json_is_read_all_the_same(message: str) -> None:
    found = entry("m1", record(message))
    assert found is not None and found.level is Level.WARN and found.text.isprintable()


@pytest.mark.parametrize("line", [b"", b"-- No entries --", b"[1]", b"{}", b'{"__CURSOR":1}', b"[" * 90_000])
def test_what_is_no_record_is_no_entry(line: bytes) -> None:
    assert entry("m1", line) is None


@pytest.mark.invariant("INV-7")
def test_a_huge_line_is_cut() -> None:
    found = entry("m1", record('{"level":"info","msg":"' + "x" * 60_000 + '","f":"' + "y" * 60_000 + '"}'))
    assert (
        found is not None and len(found.text) <= 4096 and all(len(value) <= 1024 for _, value in found.fields)
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=10,
)


@pytest.mark.invariant("INV-7")
@given(JSON | st.binary(max_size=80).map(list), st.dictionaries(st.text(max_size=8), JSON, max_size=40))
def test_any_message_becomes_safe_text(message: Any, zap: dict[str, Any]) -> None:
    inner = json.dumps({"level": "warn", "msg": message, **zap})
    for one in (entry("m1", record(message)), entry("m1", record(inner))):
        assert one is not None
        assert one.text.isprintable() and len(one.fields) <= FIELDS_MAX
        assert all(key.isprintable() and value.isprintable() for key, value in one.fields)
