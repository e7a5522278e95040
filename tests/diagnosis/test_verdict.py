"""Whole diagnoses: what a cluster in a given state is called, why, and what is recommended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import Alarm, ClusterSnapshot, Disk, Endpoint, EtcdEnv, Link, NodeError, UnitState
from novatui.model.entries import Entry, Level
from novatui.model.findings import Diagnosis, Severity, Verdict
from tests.diagnosis.build import (
    CLUSTER_ID,
    NOW,
    alone,
    cluster,
    damage,
    down,
    healthy,
    line,
    member,
    node,
    put,
    unseen,
)


def judge(snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]] | None = None) -> Diagnosis:
    return diagnose(snapshot, entries or {}, NOW)


def ids(diagnosis: Diagnosis) -> list[str]:
    return [finding.id for finding in diagnosis.findings]


def test_healthy() -> None:
    found = judge(healthy())
    assert found.verdict is Verdict.HEALTHY
    assert found.findings == ()
    assert (found.leader, found.cluster_id, found.revision) == ("m1", CLUSTER_ID, 300_003)
    assert found.recommend == ""


def test_nothing_seen_yet_is_unknown() -> None:
    blank = cluster(*(replace(node(i), link=Link.CONNECTING, at_ms=None) for i in (1, 2, 3)))
    found = judge(blank)
    assert found.verdict is Verdict.UNKNOWN
    assert (found.cluster_id, found.leader, found.revision) == ("", "", None)
    assert found.recommend == "wait" and "m1, m2, m3: connecting" in found.recommend_why


def test_a_stopped_member_is_started_again() -> None:
    found = judge(put(healthy(), down(node(2), "inactive", "dead", exit_status=0)))
    assert found.verdict is Verdict.DEGRADED
    assert found.findings[0].title == "etcd is stopped (exit 0)"
    assert (found.recommend, found.recommend_node) == ("restart-member", "m2")


def test_a_damaged_member_is_recovered_while_quorum_stands() -> None:
    broken = down(node(2), "activating", "auto-restart", exit_status=2, restarts=7)
    found = judge(put(healthy(), broken), {"m2": [damage("m2")]})
    assert ids(found)[:2] == ["journal-database-invalid", "unit-restarting"]
    assert found.findings[0].evidence[0].value == "failed to open database: invalid database"
    assert (found.recommend, found.recommend_node) == ("recover-member", "m2")


def test_a_hung_member_is_down_though_active() -> None:
    one = node(3)
    hung = replace(
        one, endpoint=replace(one.endpoint, answers=False, has_quorum=None, answered_ms=NOW - 20_000)
    )
    found = judge(put(healthy(), hung))
    assert "no-answer" in ids(found)
    assert (found.verdict, found.quorum.healthy) == (Verdict.DEGRADED, 2)
    assert (found.recommend, found.recommend_node) == ("restart-member", "m3")


def test_a_member_that_just_fell_silent_is_waited_for() -> None:
    one = node(3)
    slow = replace(
        one, endpoint=replace(one.endpoint, answers=False, has_quorum=None, answered_ms=NOW - 3_000)
    )
    found = judge(put(healthy(), slow))
    assert found.recommend == "wait"
    assert "slow or hung" in found.recommend_why


def test_power_cut_all_stopped_with_data_intact() -> None:
    found = judge(cluster(*(down(node(i), "inactive", "dead") for i in (1, 2, 3))))
    assert found.verdict is Verdict.NO_QUORUM
    assert found.recommend == "start-cluster"


def test_data_of_two_lost() -> None:
    broken = [down(node(i), "activating", "auto-restart") for i in (1, 2)]
    found = judge(put(healthy(), *broken, alone(node(3))), {"m1": [damage("m1")], "m2": [damage("m2")]})
    assert found.verdict is Verdict.NO_QUORUM
    assert found.recommend == "restore-cluster"
    assert "m1, m2" in found.recommend_why


def test_data_of_one_lost_and_the_others_stopped_is_no_restore() -> None:
    stopped = [down(node(i)) for i in (2, 3)]
    found = judge(put(healthy(), down(node(1)), *stopped), {"m1": [damage("m1")]})
    assert found.verdict is Verdict.NO_QUORUM
    assert found.recommend == "start-cluster"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("failed to preallocate an initial WAL file", "no space left on device"),
        ("rejected connection", "x509: certificate has expired or is not yet valid"),
        ("listen failed", "bind: address already in use"),
        ("discovery failed", 'couldn\'t find local name "x" in the initial cluster configuration'),
    ],
)
def test_two_kept_down_by_something_else_are_no_restore(text: str, error: str) -> None:
    names = ("m1", "m2")
    broken = [down(node(i)) for i in (1, 2)]
    found = judge(
        put(healthy(), *broken, alone(node(3))),
        {name: [damage(name, 9), line(text, error, node=name)] for name in names}
        if "x509" in error
        else {name: [line(text, error, node=name)] for name in names},
    )
    assert found.verdict is Verdict.NO_QUORUM
    assert found.recommend == ""
    assert "not in question" in found.recommend_why


def test_an_election_is_waited_for() -> None:
    found = judge(
        cluster(*(alone(node(i)) for i in (1, 2, 3))), {"m1": [line("lost leader", level=Level.INFO)]}
    )
    assert found.verdict is Verdict.NO_QUORUM
    assert found.recommend == "wait"
    assert "no-leader" in ids(found)


def test_too_many_unseen_is_unknown_not_lost() -> None:
    found = judge(put(healthy(), down(node(1)), unseen(node(2)), unseen(node(3))))
    assert found.verdict is Verdict.UNKNOWN
    assert found.recommend == ""


def test_one_reading_member_proves_quorum_whatever_ssh_says() -> None:
    found = judge(put(healthy(), unseen(node(2)), unseen(node(3))))
    assert found.verdict is Verdict.DEGRADED
    assert ids(found) == ["unreachable", "unreachable"]
    assert found.findings[0].title == "cannot be asked: no route to host"
    assert found.recommend == ""


def test_recovery_waits_until_a_quorum_of_the_others_is_seen() -> None:
    broken = down(node(2), "activating", "auto-restart")
    found = judge(put(healthy(), broken, unseen(node(3))), {"m2": [damage("m2")]})
    assert found.verdict is Verdict.DEGRADED
    assert found.recommend == ""
    assert "must be seen" in found.recommend_why


@pytest.mark.parametrize("kind", ["NOSPACE", "CORRUPT"])
def test_an_alarm_degrades_and_leaves_the_quorum_alone(kind: str) -> None:
    alarm = (Alarm(f"{2:016x}", kind),)
    alarmed = [replace(one, endpoint=replace(one.endpoint, alarms=alarm)) for one in healthy().nodes]
    found = judge(cluster(*alarmed))
    assert (found.verdict, found.quorum.healthy) == (Verdict.DEGRADED, 3)
    assert [(f.id, f.node, len(f.evidence)) for f in found.findings] == [(f"alarm-{kind.lower()}", "m2", 3)]
    assert found.recommend == {"NOSPACE": "disarm-alarm", "CORRUPT": ""}[kind]
    assert (found.ways[0].runbook == "disarm-alarm") == (kind == "NOSPACE")


def test_a_removed_member_that_runs_on() -> None:
    listed = (member(1), member(2))
    nodes = [node(i, members=listed) for i in (1, 2)]
    gone = down(node(3), "inactive", "dead", exit_status=0)
    removed = line("server error", "the member has been permanently removed from the cluster", node="m3")
    found = judge(cluster(*nodes, gone), {"m3": [removed]})
    assert {"journal-removed", "not-a-member", "unit-stopped"} <= set(ids(found))
    assert (found.recommend, found.recommend_node) == ("recover-member", "m3")


def test_an_unstarted_member_counts_as_a_vote() -> None:
    listed = (member(1), member(2), member(3, name="", id="abc"))
    nodes = [node(i, members=listed) for i in (1, 2)]
    found = judge(cluster(*nodes, down(node(3), "inactive", "dead")))
    assert "unstarted" in ids(found)
    assert (found.quorum.healthy, found.quorum.total) == (2, 3)


def test_two_clusters_are_never_judged_as_one() -> None:
    odd = node(3, endpoint=replace(node(3).endpoint, cluster_id="beef"), members=(member(3),))
    found = judge(put(healthy(), odd))
    assert found.verdict is Verdict.DEGRADED
    assert found.findings[0].id == "clusters-differ"
    assert "m3" in found.findings[0].title
    assert found.recommend == ""


def test_a_lone_new_cluster_hides_no_loss() -> None:
    blank = node(3, endpoint=replace(node(3).endpoint, cluster_id="beef"), members=(member(3),))
    found = judge(put(healthy(), down(node(1)), down(node(2)), blank))
    assert found.verdict is Verdict.UNKNOWN
    assert found.findings[0].id == "clusters-differ"


def test_lists_versions_and_leaders_that_differ_are_said() -> None:
    one, two = node(2), node(3)
    found = judge(
        put(
            healthy(),
            replace(one, members=(member(1), member(2)), endpoint=replace(one.endpoint, version="3.5.9")),
            replace(two, endpoint=replace(two.endpoint, leader_id=f"{2:016x}")),
        )
    )
    assert {"lists-differ", "versions-differ", "leaders-differ"} <= set(ids(found))
    assert found.verdict is Verdict.DEGRADED


def test_what_surrounds_etcd_is_said_too() -> None:
    one = replace(
        node(1),
        clock_skew_ms=-4_200,
        disk=Disk(path="/var/lib/etcd", size=100_000_000_000, free=4_000_000_000),
        env=EtcdEnv(name="etcd1", problems=("/etc/etcd.env: ETCD_DATA_DIR is missing",)),
    )
    found = judge(put(healthy(), one))
    assert set(ids(found)) == {"clock-skew", "disk-low", "env-problem"}
    assert "its clock is 4.2 s behind" in {finding.title for finding in found.findings}
    assert found.verdict is Verdict.DEGRADED


def test_a_changed_host_key_stands_before_other_unreachables() -> None:
    changed = replace(
        unseen(node(2), Link.REFUSED), error=NodeError("host-key-changed", "host key changed", "stop")
    )
    found = judge(put(healthy(), changed, unseen(node(3))))
    assert (ids(found)[0], found.findings[0].severity) == ("host-key-changed", Severity.BAD)


def test_a_missing_unit_and_one_started_by_hand() -> None:
    missing = replace(down(node(2)), unit=UnitState(load="not-found", active="inactive", sub="dead"))
    by_hand = replace(node(3), unit=UnitState(load="loaded", active="inactive", sub="dead"))
    found = judge(put(healthy(), missing, by_hand))
    assert {"unit-missing", "unit-elsewhere"} <= set(ids(found))
    assert found.recommend == ""


def test_slow_disks_on_a_serving_member_are_information() -> None:
    found = judge(healthy(), {"m1": [line("apply request took too long", level=Level.WARN)]})
    assert (found.verdict, ids(found)) == (Verdict.HEALTHY, ["journal-slow"])
    assert found.findings[0].title.startswith("disk or CPU were slow")
    assert judge(healthy(), {"m1": [line("apply request took too long", ago_s=120)]}).findings == ()


def test_history_of_a_member_that_serves_again_is_not_held_against_it() -> None:
    old = [damage("m1", 300), line("ready to serve client requests", ago_s=250, level=Level.INFO)]
    assert judge(healthy(), {"m1": old}).findings == ()


def test_while_one_still_reads_nothing_is_restored() -> None:
    """Two just fell over; the third's answer is half a second old and says that quorum stands."""
    broken = [down(node(i), "activating", "auto-restart") for i in (1, 2)]
    found = judge(put(healthy(), *broken), {"m1": [damage("m1")], "m2": [damage("m2")]})
    assert found.verdict is Verdict.DEGRADED
    assert found.recommend not in ("restore-cluster", "recover-member")


def test_nothing_is_recommended_while_two_clusters_are_seen() -> None:
    odd = down(node(3, endpoint=replace(node(3).endpoint, cluster_id="beef")))
    found = judge(put(healthy(), odd), {"m3": [damage("m3")]})
    assert found.verdict is Verdict.DEGRADED
    assert found.recommend == ""
    assert "different clusters" in found.recommend_why


def test_healthy_means_all_of_them() -> None:
    found = judge(put(healthy(), replace(node(3), link=Link.CONNECTING)))
    assert [finding.severity for finding in found.findings] == [Severity.INFO]
    assert (found.verdict, found.quorum.healthy) == (Verdict.DEGRADED, 2)


def test_healthy_means_every_master_that_is_configured() -> None:
    """One that is in no list may run all the same: while it was never seen nothing is said of it."""
    listed = (member(1), member(2))
    two = [node(i, members=listed) for i in (1, 2)]
    never = replace(node(3), link=Link.CONNECTING, at_ms=None, members=(), env=EtcdEnv(), endpoint=Endpoint())
    found = judge(cluster(*two, never))
    assert (found.verdict, found.quorum.healthy, found.quorum.total) == (Verdict.DEGRADED, 2, 2)
    assert found.recommend == "wait" and "m3: connecting" in found.recommend_why
