"""Older lines and whole records, from what a master's journalctl says."""

from __future__ import annotations

import json

import pytest

from novatui.errors import RemoteError
from novatui.model.entries import Level
from novatui.probes.lookback import OLDER_LINES, older, older_command, record, record_command
from novatui.remote.command import Outcome, Status


def said(*cursors: str, message: object = "line") -> Outcome:
    lines = [
        json.dumps(
            {"__CURSOR": one, "__REALTIME_TIMESTAMP": "1700000000000000", "MESSAGE": message, "_PID": "7"}
        )
        for one in cursors
    ]
    return Outcome(status=Status.OK, exit=0, stdout="\n".join(lines).encode())


def test_older_lines_come_oldest_first_and_without_the_one_they_were_asked_from() -> None:
    found = older("m1", "c9", said("c9", "c8", "c7"))
    assert [one.cursor for one in found.entries] == ["c7", "c8"] and found.begins


def test_a_full_answer_may_have_more_before_it() -> None:
    cursors = [f"c{n}" for n in range(OLDER_LINES + 1)]
    found = older("m1", "c0", said(*cursors))
    assert len(found.entries) == OLDER_LINES and not found.begins


def test_a_place_that_the_master_has_forgotten_is_a_gap() -> None:
    found = older("m1", "c9", said("c5", "c4"))
    assert [one.level for one in found.entries] == [Level.INFO, Level.INFO, Level.GAP]
    assert older("m1", "c9", said()).begins


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(status=Status.FAILED, exit=1, stderr=b"Failed to seek to cursor"),
        Outcome(status=Status.TIMEOUT, exit=124),
        Outcome(status=Status.UNKNOWN, error="the connection was lost"),
    ],
)
def test_a_master_that_does_not_answer_is_said_to(outcome: Outcome) -> None:
    with pytest.raises(RemoteError, match="could not be read"):
        older("m1", "c9", outcome)
    with pytest.raises(RemoteError, match="could not be read"):
        record("c9", outcome)


def test_the_commands_bring_their_own_limit_and_quote_nothing_unsafe() -> None:
    for command in (older_command("etcd", "s=1;i=2"), record_command("etcd", "s=1;i=2")):
        assert command.argv[-1] == "--cursor=s=1;i=2" and 0 < command.timeout_s <= 30 and not command.changes


@pytest.mark.invariant("INV-7")
def test_a_record_has_every_field_escaped_and_its_json_a_key_a_row() -> None:
    zap = '{"level":"warn","msg":"x\\u001b[2J","error":"[/x]","password":"hunter2"}'
    found = record("c1", said("c1", message=zap))
    assert found.pretty[0] == "{" and any('"error": "[/x]"' in line for line in found.pretty)
    assert dict(found.fields)["_PID"] == "7" and "MESSAGE" not in dict(found.fields)
    everything = [found.source, *found.pretty, *(text for field in found.fields for text in field)]
    assert all(text.isprintable() and "hunter2" not in text for text in everything)


@pytest.mark.parametrize("message", [[255, 27, 91], None, "plain \x1b]52;c;aGk=\x07", '["no", "object"]'])
def test_a_record_that_is_no_json_is_its_line(message: object) -> None:
    found = record("c1", said("c1", message=message))
    assert found.pretty == () and found.source.isprintable()


def test_a_record_that_is_gone_is_said_to_be() -> None:
    with pytest.raises(RemoteError, match="keeps this line no longer"):
        record("c1", said("c2"))
