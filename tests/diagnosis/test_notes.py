"""What is to be said of the way to a master is said, and troubles no verdict."""

from __future__ import annotations

from msgspec.structs import replace

from novatui.diagnosis.node_findings import node_findings
from novatui.model.cluster import Link
from novatui.model.findings import Severity
from tests.diagnosis.build import NOW, node

NOTE = "m1 gives 2 sessions a connection"


def test_a_note_is_a_finding_of_no_weight_whether_the_master_is_seen_or_not() -> None:
    for link in (Link.LIVE, Link.LOST):
        found = list(node_findings(replace(node(1), link=link, notes=(NOTE,)), NOW))
        (note,) = (finding for finding in found if finding.id == "connection-note")
        assert note.severity is Severity.INFO and note.node == "m1" and NOTE in str(note.title)
    assert [finding.id for finding in node_findings(replace(node(1), notes=(NOTE,)), NOW)] == [
        "connection-note"
    ]
