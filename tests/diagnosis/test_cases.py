"""Recorded cases of clusters that were really broken, one a file: what the diagnosis says of each, and that it is total."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from novatui.diagnosis import verdict
from novatui.diagnosis.held_findings import HOLD_LEFT, LEFT_BEHIND, UNDER_WAY
from novatui.diagnosis.key_findings import KEYS_DIFFER, NOT_COMPARED
from novatui.diagnosis.list_findings import UNSTARTED
from novatui.diagnosis.patterns import PATTERNS
from novatui.diagnosis.surroundings import FILLS_UP, NEAR_QUOTA
from novatui.diagnosis.upkeep_findings import ENDS, EXPIRED, NO_LOG, PROBLEM
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import ClusterSnapshot
from novatui.model.entries import Entry
from novatui.model.findings import Finding, Severity, Verdict
from novatui.present.evidence import evidence_page, evidence_rows
from novatui.present.rows import width_of
from tests.diagnosis import cases
from tests.diagnosis.cases import Case

PATHS = sorted(cases.PLACE.glob("*.case"))
LOUD = (Severity.BAD, Severity.WARN)


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> Case:
    path = request.param
    assert isinstance(path, Path)
    return cases.read(path)


def test_there_are_thirty_and_more() -> None:
    assert len(PATHS) >= 30


def test_each_row_of_the_table_and_each_finding_there_is_has_a_case() -> None:
    """Those of ``novatui/diagnosis`` are found by how they are written there."""
    files = (path for path in Path(verdict.__file__).parent.glob("*.py") if path.name != "patterns.py")
    written = "".join(path.read_text() for path in files)
    known = set(re.findall(r'(?:about|of_node|of_all|_of)\(\s*"([a-z-]+)"|\bid="([a-z-]+)"', written))
    ids = {one or other for one, other in known} | {f"journal-{row.id}" for row in PATTERNS}
    ids |= {ENDS, EXPIRED, NO_LOG, PROBLEM, KEYS_DIFFER, NOT_COMPARED, UNSTARTED, NEAR_QUOTA, FILLS_UP}
    ids |= {
        UNDER_WAY,
        LEFT_BEHIND,
        HOLD_LEFT,
        "alarm-corrupt",
        "alarm-nospace",
        "unreachable",
        "host-key-changed",
    }
    found = set()
    for path in PATHS:
        one = cases.read(path)
        found |= {finding.id for finding in diagnose(one.snapshot, one.entries, one.now_ms).findings}
    assert ids - found == set()


def named(finding: Finding) -> str:
    return f"{finding.id} {finding.node}".rstrip()


def test_it_says_what_is_expected(case: Case) -> None:
    assert case.expect is not None, "a case without an expectation proves nothing"
    found = diagnose(case.snapshot, case.entries, case.now_ms)
    assert found.verdict == case.expect.verdict
    assert f"{found.recommend} {found.recommend_node}".strip() == case.expect.recommend
    assert {named(one) for one in found.findings if one.severity in LOUD} == set(case.expect.findings)
    quiet = {named(one) for one in found.findings if one.severity not in LOUD}
    assert set(case.expect.notes) <= quiet
    for words in case.expect.says:
        assert words in found.recommend_why


def test_every_finding_has_evidence_and_the_page_holds_it(case: Case) -> None:
    found = diagnose(case.snapshot, case.entries, case.now_ms)
    for finding in found.findings:
        assert finding.evidence and all(one.source and one.value for one in finding.evidence), finding.id
    for width in (36, 76, 116):
        rows = evidence_rows(case.snapshot, found, case.now_ms, width)
        assert rows and max(map(width_of, rows)) <= width
        page, spans = evidence_page(case.snapshot, found, case.now_ms, width, 0)
        assert len(spans) == len(found.findings) and max(map(width_of, page)) <= width
        assert all(0 <= begin < end <= len(page) for begin, end in spans)


@pytest.mark.invariant("INV-10")
def test_when_nothing_says_that_data_is_damaged_none_is_put_aside(case: Case) -> None:
    """The same cluster, but its journal not seen: down, hung, slow or cut off are no reasons."""
    found = diagnose(case.snapshot, {}, case.now_ms)
    assert found.recommend != "restore-cluster"
    proofs = {"no-log", "not-a-member", "unstarted"}  # of the disk, and of the list of those that have quorum
    if found.recommend == "recover-member":
        assert proofs & {one.id for one in found.findings if one.node == found.recommend_node}


# What a bad master, a lost link or a slow one leaves out of a snapshot, or makes of it.
BLANKS: dict[str, Sequence[Any]] = {
    "link": ["live", "stale", "lost", "connecting"],
    "at_ms": [None, 0],
    "upkeep": [None],
    "disk": [None],
    "hash": [None],
    "members": [()],
    "clock_skew_ms": [None, 3_600_000, -3_600_000],
}


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Case, ClusterSnapshot, Mapping[str, Sequence[Entry]]]:
    """A recorded case of which something is missing or late."""
    case = cases.read(draw(st.sampled_from(PATHS)))
    nodes = []
    for node in case.snapshot.nodes:
        raw = msgspec.to_builtins(node)
        for key in draw(st.lists(st.sampled_from(sorted(BLANKS)), max_size=3, unique=True)):
            raw[key] = draw(st.sampled_from(BLANKS[key]))
        if draw(st.booleans()):
            field = draw(st.sampled_from(sorted(raw["endpoint"])))
            raw["endpoint"][field] = None if field not in ("alarms", "errors") else ()
        nodes.append(msgspec.convert(raw, type(node)))
    lines = {
        name: entries[draw(st.integers(0, len(entries))) :] if draw(st.booleans()) else entries
        for name, entries in case.entries.items()
    }
    return case, replace(case.snapshot, nodes=tuple(nodes)), lines


@pytest.mark.skipif(not PATHS, reason="no cases")
@pytest.mark.invariant("INV-10")
@settings(max_examples=150)
@given(one=spoilt())
def test_a_recorded_case_with_pieces_missing_is_borne_and_never_made_worse(
    one: tuple[Case, ClusterSnapshot, Mapping[str, Sequence[Entry]]],
) -> None:
    case, snapshot, entries = one
    found = diagnose(snapshot, entries, case.now_ms)
    reads = [
        node
        for node in snapshot.nodes
        if node.link == "live"
        and node.at_ms is not None
        and case.now_ms - node.at_ms <= 10_000
        and node.endpoint.answers
        and node.endpoint.has_quorum
    ]
    if reads:
        assert found.recommend != "restore-cluster" and found.verdict is not Verdict.NO_QUORUM
    if found.recommend == "restore-cluster":
        assert case.expect is not None and case.expect.recommend == "restore-cluster"
    if found.recommend == "recover-member":
        assert found.recommend_node not in [node.name for node in reads]
