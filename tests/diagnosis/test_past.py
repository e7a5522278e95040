"""A note about the past is in the past tense with its time, or goes when the state shows that it is over."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from novatui.diagnosis.patterns import PATTERNS
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import Alarm, Disk
from novatui.model.entries import Entry, Level
from novatui.model.findings import Finding, Severity, Verdict
from tests.diagnosis.build import NOW, alone, cluster, damage, down, healthy, line, node, put
from tests.diagnosis.test_patterns import LINES


def told(entry: Entry, name: str = "m1") -> list[Finding]:
    return [f for f in diagnose(healthy(), {name: [entry]}, NOW).findings if f.id.startswith("journal-")]


def test_a_leader_that_was_missing_for_a_moment_is_told_in_the_past() -> None:
    (found,) = told(line("raft.node: 1 lost leader 2 at term 5", ago_s=20, level=Level.INFO))
    assert found.title.startswith("it had no leader for a moment")
    assert found.severity is Severity.INFO
    assert found.evidence[0].at_ms == NOW - 20_000


@pytest.mark.parametrize(("text", "error", "row"), LINES)
def test_a_member_that_serves_is_never_said_to_be_in_a_state_that_its_answers_contradict(
    text: str, error: str, row: str
) -> None:
    pattern = next(pattern for pattern in PATTERNS if pattern.id == row)
    found = told(line(text, error))
    said = found[0].title if found else ""
    if not pattern.lasting and pattern.cause != pattern.past:
        assert not said.startswith(pattern.cause)
    assert len(found) <= 1 and not (found and found[0].severity is Severity.BAD)


def test_on_a_stopped_member_what_passes_is_over() -> None:
    said = [
        line("ready to serve client requests", node="m2", ago_s=9_000, level=Level.INFO),
        line("lost leader", node="m2", ago_s=45, level=Level.INFO),
    ]
    found = diagnose(put(healthy(), down(node(2), "inactive", "dead")), {"m2": said}, NOW)
    assert "journal-no-leader" not in {finding.id for finding in found.findings}


def test_on_one_that_runs_without_quorum_it_is_of_now_for_a_minute() -> None:
    everyone = cluster(*(alone(node(i)) for i in (1, 2, 3)))
    for ago_s, expected in ((20, True), (90, False)):
        said = {"m1": [line("m1 is starting a new election at term 5", ago_s=ago_s, level=Level.INFO)]}
        ids = {finding.id for finding in diagnose(everyone, said, NOW).findings}
        assert ("journal-no-leader" in ids) is expected


def test_a_disk_that_was_full_is_full_only_while_it_is() -> None:
    full = line("failed to save Raft hard state", "no space left on device")
    (was,) = told(full)
    assert was.title.startswith("its disk was full") and was.severity is Severity.INFO
    tight = replace(node(1), disk=Disk(path="/var/lib/etcd", size=10**11, free=4_096))
    found = diagnose(put(healthy(), tight), {"m1": [full]}, NOW)
    assert next(f for f in found.findings if f.id == "journal-disk-full").title.startswith("its disk is full")


def test_a_quota_that_was_reached_is_over_when_its_alarm_is() -> None:
    quota = line("message exceeded backend quota; raising alarm", level=Level.WARN)
    (was,) = told(quota)
    assert "was at its quota" in was.title
    alarmed = replace(node(1), endpoint=replace(node(1).endpoint, alarms=(Alarm(f"{1:016x}", "NOSPACE"),)))
    found = diagnose(put(healthy(), alarmed), {"m1": [quota]}, NOW)
    assert "is at its quota" in next(f.title for f in found.findings if f.id == "journal-quota-exceeded")


def test_notes_about_the_past_leave_the_verdict_alone() -> None:
    said = [
        line(text, error)
        for text, error, row in LINES
        if not next(p for p in PATTERNS if p.id == row).lasting
    ]
    assert diagnose(healthy(), {"m1": said}, NOW).verdict is Verdict.HEALTHY


def test_a_stale_peer_is_told_of_by_those_who_refuse_it() -> None:
    (found,) = told(line("ignored streaming request; ID mismatch", level=Level.WARN))
    assert found.severity is Severity.WARN


def test_leaders_that_come_and_go_are_counted_by_their_terms() -> None:
    def elected(term: int, name: str) -> Entry:
        text = f"raft.node: 1 changed leader from 2 to 3 at term {term}"
        return line(text, node=name, ago_s=100, level=Level.INFO)

    for terms, expected in ((3, False), (4, True)):
        said = {name: [elected(term, name) for term in range(terms)] for name in ("m1", "m2", "m3")}
        found = [f for f in diagnose(healthy(), said, NOW).findings if f.id == "leader-changes"]
        assert bool(found) is expected
    assert found[0].title == "the leader changed 4 times in 10 minutes" and found[0].severity is Severity.INFO


def test_what_the_process_before_said_on_its_way_out_is_over() -> None:
    """A restart: the old process lost its peers while it ended, the new one serves."""
    said = [
        line("failed to find remote peer in cluster", ago_s=12, level=Level.WARN),
        line("starting an etcd server", ago_s=10, level=Level.INFO),
        line("1 is starting a new election at term 5", ago_s=9, level=Level.INFO),
        line("ready to serve client requests", ago_s=8, level=Level.INFO),
    ]
    found = diagnose(healthy(), {"m1": said}, NOW)
    assert (found.verdict, found.findings) == (Verdict.HEALTHY, ())


def test_what_a_stopped_member_said_of_its_peers_on_its_way_out_is_over_too() -> None:
    said = [
        line("ready to serve client requests", node="m2", ago_s=50, level=Level.INFO),
        line("failed to find remote peer in cluster", node="m2", ago_s=42, level=Level.WARN),
    ]
    found = diagnose(put(healthy(), down(node(2), "inactive", "dead")), {"m2": said}, NOW)
    assert [finding.id for finding in found.findings] == ["unit-stopped"]


def test_a_crash_loop_is_dated_from_its_first_round() -> None:
    rounds = [damage("m2", ago_s) for ago_s in (50, 40, 30, 20, 10)]
    found = diagnose(put(healthy(), down(node(2), "activating", "auto-restart")), {"m2": rounds}, NOW)
    assert found.findings[0].id == "journal-database-invalid"
    assert [evidence.at_ms for evidence in found.findings[0].evidence] == [NOW - 50_000, NOW - 10_000]
