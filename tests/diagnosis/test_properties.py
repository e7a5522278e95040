"""For every state that can be seen: nothing that puts data aside is recommended without proof, and no word is a lie."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from novatui.diagnosis.data import Usability, data_state
from novatui.diagnosis.list_findings import UNSTARTED
from novatui.diagnosis.membership import fresh, membership
from novatui.diagnosis.outside import outside
from novatui.diagnosis.patterns import PATTERNS
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import (
    Alarm,
    Backup,
    Certificate,
    ClusterSnapshot,
    Endpoint,
    KeyHash,
    Link,
    NodeError,
    NodeSnapshot,
    UnitState,
    Upkeep,
)
from novatui.model.entries import Entry, Level
from novatui.model.findings import Verdict
from tests.diagnosis.build import CLUSTER_ID, NOW, cluster, line, member, node

UNITS = [
    ("active", "running"),
    ("inactive", "dead"),
    ("failed", "failed"),
    ("activating", "auto-restart"),
    ("activating", "start"),
    ("deactivating", "stop-sigterm"),
    (None, None),
]
SAID = [
    "failed to open database: invalid database",
    "failed to open database: permission denied",
    "member 1 has already been bootstrapped",
    "tocommit(9) is out of range [lastIndex(3)]",
    "walpb: crc mismatch",
    "no space left on device",
    "x509: certificate has expired",
    "bind: address already in use",
    "lost leader",
    "apply request took too long",
    "starting an etcd server",
    "ready to serve client requests",
    "compacted Raft logs",
]
LOGS = ("yes", "yes", "yes", "no", "missing", "unmounted", "unknown")
PAST, SOON, LATER = NOW - 86_400_000, NOW + 86_400_000, NOW + 10**11
UPKEEPS = [
    None,
    *(
        Upkeep(
            at_ms=NOW - 9_000,
            log=log,
            certificates=(Certificate(file="/a.pem", keys=("ETCD_CERT_FILE",), begins_ms=0, ends_ms=ends),),
            backups=(Backup(directory="/tmp"),),
        )
        for log, ends in zip(LOGS, (LATER, SOON, PAST, LATER, LATER, LATER, None), strict=True)
    ),
]
HASHES = [KeyHash(revision=5, compacted=1, hash=hash, at_ms=NOW - 9_000) for hash in (7, 7, 7, 8)]
DESTRUCTIVE = ("recover-member", "restore-cluster")


@st.composite
def endpoints(draw: st.DrawFn, number: int) -> Endpoint:
    answers = draw(st.sampled_from([True, True, False, None]))
    return replace(
        node(number).endpoint,
        answers=answers,
        has_quorum=draw(st.sampled_from([True, True, False, None])) if answers else None,
        answered_ms=draw(st.sampled_from([None, NOW - 900_000, NOW - 60_000])),
        cluster_id=draw(st.sampled_from([CLUSTER_ID] * 40 + ["beef", None])),
        leader_id=draw(st.sampled_from([f"{1:016x}", f"{2:016x}", "0", None])),
        alarms=draw(st.sampled_from([(), (), (Alarm(f"{1:016x}", "NOSPACE"),), (Alarm("77", "CORRUPT"),)])),
        revision=draw(st.sampled_from([None, 5])),
    )


@st.composite
def nodes(draw: st.DrawFn, number: int, total: int) -> NodeSnapshot:
    active, sub = draw(st.sampled_from(UNITS))
    link = draw(st.sampled_from([Link.LIVE] * 30 + list(Link)))
    rows = draw(
        st.sampled_from(
            [
                tuple(member(i) for i in range(1, total + 1)),
                tuple(member(i) for i in range(1, total + 1)),
                tuple(member(i) for i in range(1, total)),
                (*(member(i) for i in range(1, total)), member(total, name="")),
                (member(number),),
                (),
            ]
        )
    )
    return node(
        number,
        total,
        link=link,
        at_ms=draw(st.sampled_from([NOW - 500] * 30 + [NOW - 60_000, None])),
        error=NodeError("unreachable", "no route") if link is Link.LOST else None,
        unit=UnitState(load="loaded", active=active, sub=sub, since_ms=NOW - 50_000),
        endpoint=draw(endpoints(number)),
        members=rows,
        upkeep=draw(st.sampled_from(UPKEEPS)),
        hash=draw(st.sampled_from([None, None, *HASHES])),
    )


@st.composite
def journals(draw: st.DrawFn, name: str) -> list[Entry]:
    ages = sorted(draw(st.lists(st.integers(1, 900), max_size=5)), reverse=True)
    return [line(draw(st.sampled_from(SAID + SAID[:1] * 6)), node=name, ago_s=age) for age in ages]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[ClusterSnapshot, dict[str, list[Entry]]]:
    total = draw(st.sampled_from([1, 2, 3, 3, 3, 5]))
    snapshot = cluster(*(draw(nodes(i, total)) for i in range(1, total + 1)))
    return snapshot, {one.name: draw(journals(one.name)) for one in snapshot.nodes}


def proven_bad(snapshot: ClusterSnapshot, entries: dict[str, list[Entry]]) -> set[str]:
    return {
        one.name
        for one in snapshot.nodes
        if fresh(one, NOW) and data_state(one, entries[one.name]).state is Usability.UNUSABLE
    }


def bare(one: NodeSnapshot) -> bool:
    """It is down, and its data is not there, nor only not mounted."""
    return one.upkeep is not None and one.upkeep.log in ("no", "missing") and not one.endpoint.answers


def anybody_reads(snapshot: ClusterSnapshot) -> bool:
    return any(fresh(one, NOW) and one.endpoint.answers and one.endpoint.has_quorum for one in snapshot.nodes)


@pytest.mark.invariant("INV-10")
@settings(max_examples=250)
@given(world=worlds())
def test_a_restore_is_recommended_only_when_too_few_members_can_have_data(
    world: tuple[ClusterSnapshot, dict[str, list[Entry]]],
) -> None:
    snapshot, entries = world
    found = diagnose(snapshot, entries, NOW)
    event(f"{found.verdict} {found.recommend}")
    if found.recommend != "restore-cluster":
        return
    assert found.verdict is Verdict.NO_QUORUM
    assert not anybody_reads(snapshot)
    assert found.quorum.total - len(proven_bad(snapshot, entries)) < found.quorum.needed


@pytest.mark.invariant("INV-10")
@settings(max_examples=250)
@given(world=worlds())
def test_a_member_is_recovered_only_on_evidence_and_while_quorum_is_seen(
    world: tuple[ClusterSnapshot, dict[str, list[Entry]]],
) -> None:
    snapshot, entries = world
    found = diagnose(snapshot, entries, NOW)
    if found.recommend != "recover-member":
        return
    target = snapshot.node(found.recommend_node)
    removed = outside(target, snapshot, membership(snapshot, NOW), NOW) is not None
    added = any(one.id == UNSTARTED and one.node == target.name for one in found.findings)
    assert removed or added or target.name in proven_bad(snapshot, entries) or bare(target)
    assert found.quorum.healthy >= found.quorum.needed
    assert not (target.endpoint.answers and target.endpoint.has_quorum)


@pytest.mark.invariant("INV-10")
@settings(max_examples=250)
@given(world=worlds())
def test_without_a_line_about_damage_nothing_puts_data_aside(
    world: tuple[ClusterSnapshot, dict[str, list[Entry]]],
) -> None:
    """However many members are down, hung, slow or unseen."""
    snapshot, entries = world
    unusable = {pattern.id for pattern in PATTERNS if pattern.unusable}
    harmless = {
        name: [entry for entry in lines if not any(word in entry.text for word in SAID[:5])]
        for name, lines in entries.items()
    }
    found = diagnose(snapshot, harmless, NOW)
    group = membership(snapshot, NOW)
    added = any(one.id == UNSTARTED for one in found.findings)
    if not added and not any(outside(one, snapshot, group, NOW) or bare(one) for one in snapshot.nodes):
        assert found.recommend not in DESTRUCTIVE
    assert found.recommend != "restore-cluster"
    assert not {finding.id.removeprefix("journal-") for finding in found.findings} & unusable


@settings(max_examples=250)
@given(world=worlds())
def test_the_verdict_is_what_the_arithmetic_allows(
    world: tuple[ClusterSnapshot, dict[str, list[Entry]]],
) -> None:
    snapshot, entries = world
    found = diagnose(snapshot, entries, NOW)
    quorum = found.quorum
    assert 0 <= quorum.healthy + quorum.unknown <= quorum.total
    assert quorum.needed == quorum.total // 2 + 1
    one_cluster = len({one.endpoint.cluster_id for one in snapshot.nodes if one.endpoint.cluster_id}) <= 1
    if one_cluster and anybody_reads(snapshot):
        assert found.verdict in (Verdict.HEALTHY, Verdict.DEGRADED)
    if found.verdict is Verdict.NO_QUORUM:
        assert quorum.healthy + quorum.unknown < quorum.needed
        assert not anybody_reads(snapshot)
    if found.verdict is Verdict.HEALTHY:
        assert quorum.healthy == quorum.total
        assert all(fresh(one, NOW) and one.endpoint.has_quorum for one in snapshot.nodes)
        assert found.recommend == ""
    severities = [finding.severity for finding in found.findings]
    assert severities == sorted(severities, key=["bad", "warn", "info", "ok"].index)


@settings(max_examples=200)
@given(world=worlds())
def test_alarms_never_move_the_quorum(world: tuple[ClusterSnapshot, dict[str, list[Entry]]]) -> None:
    snapshot, entries = world
    calm = cluster(*(replace(one, endpoint=replace(one.endpoint, alarms=())) for one in snapshot.nodes))
    assert diagnose(snapshot, entries, NOW).quorum == diagnose(calm, entries, NOW).quorum


@given(texts=st.lists(st.text(max_size=40), max_size=20), levels=st.sampled_from(list(Level)))
def test_any_line_at_all_is_borne(texts: list[str], levels: Level) -> None:
    entries = [line(text, text, level=levels) for text in texts]
    diagnose(cluster(node(1), node(2), node(3)), {"m1": entries}, NOW)


@pytest.mark.invariant("INV-10")
@settings(max_examples=250)
@given(world=worlds())
def test_what_serves_with_quorum_is_never_the_one_to_be_acted_on(
    world: tuple[ClusterSnapshot, dict[str, list[Entry]]],
) -> None:
    """Whatever its certificates, its keys' hash or its journal say: a person looks first."""
    snapshot, entries = world
    found = diagnose(snapshot, entries, NOW)
    if found.recommend_node and found.recommend != "disarm-alarm":
        one = snapshot.node(found.recommend_node)
        ours = one.endpoint.cluster_id in (None, CLUSTER_ID)
        assert not (fresh(one, NOW) and one.endpoint.answers and one.endpoint.has_quorum and ours)
    for way in found.ways:
        assert (way.why == "") != (way.why_not == "")


@settings(max_examples=100)
@given(world=worlds())
def test_what_is_only_to_come_does_not_change_the_verdict(
    world: tuple[ClusterSnapshot, dict[str, list[Entry]]],
) -> None:
    snapshot, entries = world
    calm = replace(
        snapshot,
        nodes=tuple(replace(one, upkeep=UPKEEPS[1] if one.upkeep else None) for one in snapshot.nodes),
    )
    soon = replace(
        snapshot,
        nodes=tuple(replace(one, upkeep=UPKEEPS[2] if one.upkeep else None) for one in snapshot.nodes),
    )
    assert diagnose(calm, entries, NOW).verdict is diagnose(soon, entries, NOW).verdict
