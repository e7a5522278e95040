"""What a runbook makes of a member's journal itself, in every form of etcd's log."""

from __future__ import annotations

import json

import pytest

from novatui.diagnosis.data import Usability, data_state
from novatui.runbooks.parts.evidence import entries
from tests.diagnosis.build import down, node

BEGAN_US = 1_718_349_500_000_000
WIPED = "etcdserver: member 4c357ea1a12149d0 has already been bootstrapped"


def journal(*messages: str) -> str:
    return "\n".join(
        json.dumps({"__REALTIME_TIMESTAMP": str(BEGAN_US + at * 1_000_000), "MESSAGE": message})
        for at, message in enumerate(messages)
    )


@pytest.mark.invariant("INV-10")
@pytest.mark.parametrize(
    "served",
    [
        '{"level":"info","ts":"2024-06-14T08:15:38.123Z","caller":"embed/serve.go:103","msg":"ready to serve client requests"}',
        "2024-06-14 08:15:38.123456 I | embed: ready to serve client requests",
        "ready to serve client requests",
        "2024-06-14T08:15:38.123456+0300\tinfo\tembed/serve.go:187\tready to serve client requests",
    ],
    ids=["json", "capnslog", "capnslog-journald", "console"],
)
def test_one_that_served_since_has_its_data(served: str) -> None:
    """Else an old line of each of two members, mended by hand long ago, would make a restore the answer."""
    stopped = down(node(1), "inactive", "dead")
    assert data_state(stopped, entries("m1", journal(WIPED))).state is Usability.UNUSABLE
    assert data_state(stopped, entries("m1", journal(WIPED, served))).state is Usability.UNKNOWN
    assert data_state(stopped, entries("m1", journal(served, WIPED))).state is Usability.UNUSABLE
