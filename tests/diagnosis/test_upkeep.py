"""Certificates, snapshots, logs, quotas, paces and keys: what is said of each, how loudly, and what it leads to."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import (
    Backup,
    Certificate,
    ClusterSnapshot,
    Disk,
    EtcdEnv,
    Held,
    KeyHash,
    NodeSnapshot,
    Upkeep,
)
from novatui.model.findings import Diagnosis, Finding, Severity, Verdict
from tests.diagnosis.build import NOW, alone, cluster, damage, down, healthy, line, node, put

DAY = 86_400_000
PEM = "/etc/ssl/etcd/ssl/member.pem"


def judge(snapshot: ClusterSnapshot) -> Diagnosis:
    return diagnose(snapshot, {}, NOW)


def findings(snapshot: ClusterSnapshot) -> dict[str, Finding]:
    return {finding.id: finding for finding in judge(snapshot).findings}


def kept(number: int = 2, env: EtcdEnv | None = None, **change: Any) -> NodeSnapshot:
    return node(number, upkeep=Upkeep(at_ms=NOW - 20_000, **change), env=env or node(number).env)


def certified(ends_ms: int, begins_ms: int = NOW - DAY, **change: Any) -> NodeSnapshot:
    one = Certificate(file=PEM, keys=("ETCD_CERT_FILE",), begins_ms=begins_ms, ends_ms=ends_ms)
    return replace(kept(certificates=(one,)), **change)


def test_a_certificate_that_ends_soon_is_a_warning_and_the_cluster_healthy() -> None:
    found = judge(put(healthy(), certified(NOW + 12 * DAY + 5)))
    assert found.verdict is Verdict.HEALTHY and found.recommend == ""
    (one,) = found.findings
    assert (one.id, one.node, one.severity) == ("certificate-ends", "m2", Severity.WARN)
    assert one.title == f"its certificate {PEM} ends in 12 days"
    assert one.evidence[0].value.startswith(f"ETCD_CERT_FILE={PEM}: 2024-06-13 07:26 to 2024-06-26 07:26 UTC")
    assert one.evidence[0].at_ms == NOW - 20_000
    assert findings(put(healthy(), certified(NOW + 5)))["certificate-ends"].title.endswith(
        "ends within two hours"
    )
    assert findings(put(healthy(), certified(NOW + DAY + 5)))["certificate-ends"].title.endswith(
        "in 24 hours"
    )
    assert not findings(put(healthy(), certified(NOW + 31 * DAY)))


def test_a_certificate_that_has_expired_is_bad_and_in_the_way_of_a_start() -> None:
    expired = certified(NOW - 1)
    found = judge(put(healthy(), expired))
    assert found.verdict is Verdict.DEGRADED and found.recommend == ""
    silent = replace(expired, endpoint=replace(expired.endpoint, answers=False, answered_ms=NOW - 900_000))
    for one in (silent, down(expired)):
        found = judge(put(healthy(), one))
        assert found.recommend == "" and "has expired" in found.recommend_why
        assert "Its data is not in question" in found.recommend_why


def test_a_certificate_that_only_etcdctl_asks_with_is_in_nobodys_way() -> None:
    ours = Certificate(file="/c.pem", keys=("ETCDCTL_CERT",), begins_ms=NOW - DAY, ends_ms=NOW - 1)
    own = replace(ours, file=PEM, keys=("ETCD_CERT_FILE", "ETCDCTL_CACERT"))
    found = judge(put(healthy(), down(kept(certificates=(ours,)))))
    assert found.recommend == "restart-member"
    (told,) = [one for one in found.findings if one.id == "certificate-expired"]
    assert told.severity is Severity.WARN and "etcd itself does not need it" in told.hint
    both = judge(put(healthy(), down(kept(certificates=(ours, own)))))
    assert both.recommend == "" and PEM in both.recommend_why


def test_the_masters_own_clock_judges_its_certificates() -> None:
    late = certified(NOW + DAY // 2, clock_skew_ms=DAY)
    assert "certificate-expired" in findings(put(healthy(), late))
    early = certified(NOW + 90 * DAY, begins_ms=NOW + 60_000)
    assert set(findings(put(healthy(), early))) == {"certificate-early"}


@pytest.mark.parametrize(
    ("problem", "told"),
    [("missing", True), ("odd", True), ("no certificate", True), ("damaged", True), ("unreadable", False)],
)
def test_a_file_that_is_no_certificate_is_told_and_one_we_may_not_read_is_not(
    problem: str, told: bool
) -> None:
    odd = Certificate(file=PEM, keys=("ETCD_CERT_FILE",), problem=problem)
    assert ("certificate-problem" in findings(put(healthy(), kept(certificates=(odd,))))) is told


@pytest.mark.parametrize(
    ("key", "severity"), [("ETCD_PEER_CERT_FILE", Severity.BAD), ("ETCDCTL_CERT", Severity.WARN)]
)
def test_who_needs_a_certificate_that_is_missing_decides_how_bad_that_is(
    key: str, severity: Severity
) -> None:
    """etcd reads its own at each connection: restarted without it, it would stay down."""
    missing = kept(certificates=(Certificate(file=PEM, keys=(key,), problem="missing"),))
    assert findings(put(healthy(), missing))["certificate-problem"].severity is severity
    silent = replace(missing, endpoint=replace(missing.endpoint, answers=False, answered_ms=NOW - 900_000))
    found = judge(put(healthy(), silent))
    assert found.recommend == ("" if severity is Severity.BAD else "restart-member")


def test_large_databases_are_said_not_to_be_compared() -> None:
    large = [replace(node(n), hash=None) for n in (1, 2, 3)]
    one = findings(cluster(*large))["keys-not-compared"]
    assert one.severity is Severity.INFO and [each.at_ms for each in one.evidence] == [NOW - 500] * 3
    long_ago = [hashed(n, 7, at_ms=NOW - 3_600_000) for n in (1, 2, 3)]
    assert "keys-not-compared" in findings(cluster(*long_ago))
    assert not findings(cluster(*(hashed(n, 7) for n in (1, 2, 3))))
    small = [replace(one, endpoint=replace(one.endpoint, db_size=9_000_000)) for one in large]
    assert not findings(cluster(*small))


def with_backups(*newest_ms: int | None) -> ClusterSnapshot:
    return cluster(
        *(
            kept(
                n,
                backups=(Backup(directory="/tmp", path="/tmp/x.db" if at else "", at_ms=at, size=at and 9),),
            )
            for n, at in enumerate(newest_ms, 1)
        )
    )


def test_the_age_of_the_newest_snapshot_is_a_note() -> None:
    assert not findings(with_backups(NOW - 40 * DAY, NOW - DAY // 2, None))
    found = findings(with_backups(NOW - 40 * DAY, NOW - 3 * DAY, None))["snapshot-old"]
    assert found.severity is Severity.INFO and "3 days old" in found.title
    assert [one.node for one in found.evidence] == ["m2"]
    assert "24 hours old" in findings(with_backups(NOW - DAY, None, None))["snapshot-old"].title
    none = findings(with_backups(None, None, None))["no-snapshot"]
    assert none.severity is Severity.INFO and len(none.evidence) == 3


def test_nothing_is_said_of_snapshots_while_not_every_master_was_looked_at() -> None:
    assert not findings(put(with_backups(None, None, None), node(3)))


@pytest.mark.parametrize(
    ("log", "recommend"), [("no", "recover-member"), ("missing", "recover-member"), ("unmounted", "")]
)
def test_a_member_that_is_down_without_a_log(log: str, recommend: str) -> None:
    found = judge(put(healthy(), down(kept(log=log), "inactive", "dead")))
    assert (found.recommend, found.findings[0].id) == (recommend, "no-log")
    assert not findings(put(healthy(), kept(log=log))), "one that serves has its log, wherever that is"


@pytest.mark.invariant("INV-10")
@pytest.mark.parametrize(
    "said",
    [
        "member 1 has already been bootstrapped",
        "error validating peerURLs: member count is unequal",
        "the member has been permanently removed from the cluster",
    ],
)
@pytest.mark.parametrize("names", [("m2",), ("m2", "m3")])
def test_where_the_file_system_is_not_mounted_no_word_of_a_start_gives_the_data_up(
    names: tuple[str, ...], said: str
) -> None:
    """After a power cut: what started there found an empty mount point, and said what one without data says."""
    bare = [down(kept(int(name[1]), log="unmounted"), "activating", "auto-restart") for name in names]
    rest = alone(node(1)) if len(names) > 1 else node(1)
    found = diagnose(put(healthy(), rest, *bare), {name: [line(said, node=name)] for name in names}, NOW)
    assert found.recommend == ""
    assert "is not mounted" in found.recommend_why and "mount it" in found.recommend_why
    assert not {"recover-member", "restore-cluster"} & {way.runbook for way in found.ways if way.why}
    hints = " ".join(one.hint for one in found.findings if one.id.startswith("journal-"))
    assert "recover-member" not in hints
    assert "start it once more" not in hints, "several that start blank are a cluster of their own"


@pytest.mark.invariant("INV-10")
def test_one_that_the_list_has_no_row_for_is_mounted_first_too() -> None:
    gone = down(kept(3, log="unmounted"), "inactive", "dead")
    found = judge(cluster(*(node(n, 2) for n in (1, 2)), replace(gone, members=())))
    assert found.recommend == "" and "mount it" in found.recommend_why


@pytest.mark.parametrize(("log", "told"), [("no", False), ("missing", True), ("unmounted", True)])
def test_a_log_that_lies_elsewhere_is_not_looked_for_in_the_data_directory(log: str, told: bool) -> None:
    """ETCD_WAL_DIR: one that was merely stopped has no log where the others have theirs."""
    one = kept(log=log, env=replace(node(2).env, wal_dir="/wal/etcd"))
    found = judge(put(healthy(), down(one, "inactive", "dead")))
    assert ("no-log" in {finding.id for finding in found.findings}) is told
    assert told or (found.recommend, found.recommend_node) == ("restart-member", "m2")


def test_etcds_word_that_it_has_data_is_not_repeated_where_there_is_none() -> None:
    """3.5.1 says so of a directory that it has just made."""
    told = {"m2": [line("server has been already initialized", node="m2")]}
    for log, said in (("yes", True), ("no", False)):
        bare = down(kept(log=log), "activating", "auto-restart")
        found = diagnose(put(healthy(), bare), told, NOW)
        assert ("journal-already-initialized" in {one.id for one in found.findings}) is said


@pytest.mark.invariant("INV-10")
def test_two_members_without_a_log_are_no_reason_to_restore() -> None:
    """They may not be mounted: nothing that a start said proves it."""
    bare = [down(replace(kept(n, log="no")), "inactive", "dead") for n in (2, 3)]
    found = judge(put(healthy(), alone(node(1)), *bare))
    assert found.verdict is Verdict.NO_QUORUM and found.recommend == ""
    assert "no write-ahead log" in found.recommend_why and "look whether" in found.recommend_why


def test_one_that_is_starting_may_just_be_making_its_log() -> None:
    starting = down(kept(log="no"), "activating", "start")
    assert "no-log" not in findings(put(healthy(), starting))
    assert judge(put(healthy(), starting)).recommend == "wait"


def test_a_directory_that_a_run_is_exchanging_is_not_told_as_lost() -> None:
    busy = down(replace(kept(log="missing"), held=Held(run="7f3a", alive=True)), "inactive", "dead")
    assert "no-log" not in findings(put(healthy(), busy))


def test_a_database_near_its_quota_is_a_warning_and_no_more() -> None:
    near = node(2, endpoint=replace(node(2).endpoint, quota=180_000_000))
    found = judge(put(healthy(), near))
    assert found.verdict is Verdict.HEALTHY
    assert found.findings[0].title == "its database has 83 % of its quota"
    by_file = node(2, env=replace(node(2).env, quota=180_000_000))
    assert "quota-near" in findings(put(healthy(), by_file))
    assert not findings(put(healthy(), node(2, endpoint=replace(node(2).endpoint, quota=2**31))))


def test_a_disk_that_fills_up_is_told_by_when_it_is_full() -> None:
    def pace(bytes_a_second: float) -> ClusterSnapshot:
        disk = Disk(path="/", size=100_000_000_000, free=70_000_000_000, shrinks=bytes_a_second)
        return put(healthy(), node(2, disk=disk))

    soon = findings(pace(11_000_000))["disk-pace"]
    assert (soon.severity, soon.title) == (Severity.WARN, "at its present pace its disk is full in 1.8 h")
    assert findings(pace(1_000_000))["disk-pace"].severity is Severity.INFO
    assert not findings(pace(100_000))


def test_counters_of_etcd_speak_where_the_journal_does_not() -> None:
    shaky = node(2, endpoint=replace(node(2).endpoint, leader_changes=6, proposals_pending=250))
    found = findings(put(healthy(), shaky))
    assert found["leader-changes"].title == "the leader changed 6 times in 10 minutes"
    assert found["proposals-pending"].title == "250 of its proposals wait to be agreed on"
    assert {one.severity for one in found.values()} == {Severity.INFO}


def hashed(number: int, hash: int, total: int = 3, **change: Any) -> NodeSnapshot:
    found = KeyHash(revision=50, compacted=40, hash=hash, at_ms=NOW - 5_000)
    return node(number, total, hash=replace(found, **change))


@pytest.mark.invariant("INV-10")
def test_the_member_whose_keys_are_not_the_majoritys_is_named_and_may_be_recovered() -> None:
    found = judge(cluster(hashed(1, 7), hashed(2, 7), hashed(3, 8)))
    first = found.findings[0]
    assert (first.id, first.node, first.severity) == ("keys-differ", "m3", Severity.BAD)
    assert [one.value for one in first.evidence][2] == "revision 50, compacted 40: hash 8"
    assert found.recommend == "", "it serves: nothing is put aside before a person has looked"
    assert [(way.runbook, way.node) for way in found.ways if not way.why_not] == [("recover-member", "m3")]


def test_without_a_majority_nobody_is_named() -> None:
    for nodes in ([hashed(1, 7, 2), hashed(2, 8, 2)], [hashed(1, 7), hashed(2, 8), hashed(3, 9)]):
        first = judge(cluster(*nodes)).findings[0]
        assert first.id == "keys-differ" and first.node == "" and "no majority" in first.title


def test_hashes_of_other_revisions_or_compactions_are_not_compared() -> None:
    assert not findings(cluster(hashed(1, 7), hashed(2, 7), hashed(3, 8, compacted=41)))
    assert not findings(cluster(hashed(1, 7), hashed(2, 7), hashed(3, 8, revision=51)))
    assert "keys-differ" not in findings(cluster(hashed(1, 7), hashed(2, 7), alone(hashed(3, 8))))


def test_endpoints_of_another_master_are_named_with_it() -> None:
    env = replace(node(2).env, endpoint="https://10.0.0.2:2379", asks_others=("https://10.0.0.1:2379",))
    first = node(1, env=replace(node(1).env, client_urls=("https://10.0.0.1:2379",)))
    found = findings(put(healthy(), first, node(2, env=env)))["env-endpoints"]
    assert found.title == "ETCDCTL_ENDPOINTS in its env file is that of m1: https://10.0.0.1:2379"
    assert "novatui asks https://10.0.0.2:2379" in found.hint


def test_quotas_that_differ_are_a_note() -> None:
    small = node(2, env=replace(node(2).env, quota=10**12))
    found = findings(
        put(cluster(*(node(n, env=replace(node(n).env, quota=2**31)) for n in (1, 2, 3))), small)
    )
    assert found["env-quotas-differ"].severity is Severity.INFO


def test_one_that_ended_once_is_left_to_systemd() -> None:
    once = down(node(2), "activating", "auto-restart", exit_status=9, exit_signal=True, restarts=0)
    assert judge(put(healthy(), once)).recommend == "wait"
    again = down(node(2), "activating", "auto-restart", exit_status=9, exit_signal=True, restarts=1)
    assert judge(put(healthy(), again)).recommend == "restart-member"
    broken = diagnose(
        put(healthy(), once), {"m2": [line("starting an etcd server", node="m2", ago_s=8), damage("m2")]}, NOW
    )
    assert broken.recommend == "recover-member", "what a start has proved needs no second one"
