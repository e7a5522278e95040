"""Clocks, disks, databases, env files and stale IDs: what is said, of whom, and how loudly."""

from __future__ import annotations

from msgspec.structs import replace

from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import ClusterSnapshot, EtcdEnv
from novatui.model.findings import Finding, Severity, Verdict
from tests.diagnosis.build import NOW, cluster, healthy, member, node, put


def findings(snapshot: ClusterSnapshot) -> dict[str, Finding]:
    return {finding.id: finding for finding in diagnose(snapshot, {}, NOW).findings}


def skewed(*ms: int | None) -> ClusterSnapshot:
    return cluster(*(node(i, len(ms), clock_skew_ms=skew) for i, skew in enumerate(ms, 1)))


def test_a_master_whose_clock_differs_from_the_others_is_named() -> None:
    found = findings(skewed(3, 2_500, -4))
    assert set(found) == {"clock-skew"}
    assert (found["clock-skew"].node, found["clock-skew"].title) == ("m2", "its clock is 2.5 s ahead")


def test_our_own_clock_is_not_held_against_the_cluster() -> None:
    snapshot = skewed(60_003, 60_000, 59_998)
    found = findings(snapshot)
    assert set(found) == {"own-clock"}
    assert found["own-clock"].title == "this machine's clock is 60.0 s behind the masters'"
    assert diagnose(snapshot, {}, NOW).verdict is Verdict.HEALTHY


def test_of_two_clocks_that_differ_the_one_that_agrees_with_ours_is_not_the_odd_one() -> None:
    found = findings(skewed(0, -5_000, None))
    assert (found["clock-skew"].node, found["clock-skew"].title) == ("m2", "its clock is 5.0 s behind")
    assert "own-clock" not in found
    assert "own-clock" not in findings(skewed(5_000, -5_000, None))
    assert "own-clock" in findings(skewed(5_000, 5_100, None))


def test_clocks_within_a_second_are_nothing() -> None:
    assert not findings(skewed(900, -90, None))


def test_a_slow_disk_is_a_note() -> None:
    slow = node(2, endpoint=replace(node(2).endpoint, fsync_p99_ms=130.4))
    found = findings(put(healthy(), slow))
    assert "130 ms" in found["slow-fsync"].title and found["slow-fsync"].severity is Severity.INFO
    assert not findings(put(healthy(), node(2, endpoint=replace(node(2).endpoint, fsync_p99_ms=9.0))))


def test_a_database_file_that_is_mostly_empty_is_a_note() -> None:
    empty = node(1, endpoint=replace(node(1).endpoint, db_size=400_000_000, db_in_use=100_000_000))
    found = findings(put(healthy(), empty))
    assert found["fragmented"].title == "75 % of its database file is empty"
    nearly = node(1, endpoint=replace(node(1).endpoint, db_size=8_000_000_000, db_in_use=40_000_000))
    assert findings(put(healthy(), nearly))["fragmented"].title == "99 % of its database file is empty"
    small = node(1, endpoint=replace(node(1).endpoint, db_size=4_000_000, db_in_use=1_000_000))
    assert not findings(put(healthy(), small))


def with_env(number: int, **change: str) -> EtcdEnv:
    return replace(node(number).env, **change)


def test_env_files_that_contradict_each_other_are_notes() -> None:
    three = [
        node(i, env=with_env(i, token=token, initial_cluster=initial))
        for i, token, initial in ((1, "a", "x=1,y=2"), (2, "a", "y=2,x=1"), (3, "b", "x=1"))
    ]
    found = findings(cluster(*three))
    assert set(found) == {"env-tokens-differ", "env-clusters-differ"}
    assert [evidence.value for evidence in found["env-tokens-differ"].evidence] == ["a", "a", "b"]
    assert diagnose(cluster(*three), {}, NOW).verdict is Verdict.HEALTHY
    assert not findings(cluster(*three[:2], node(3, env=with_env(3, token="a", initial_cluster="x=1,y=2"))))


def test_env_files_that_contradict_the_member_list_are_notes() -> None:
    odd = replace(node(2).env, name="etcd9", peer_urls=("https://10.9.9.9:2380",))
    found = findings(put(healthy(), node(2, env=odd)))
    assert set(found) == {"env-name", "env-peer-urls"}
    assert found["env-name"].title == "its env file calls it etcd9, the member list etcd2"


def test_a_stale_member_id_is_told_apart_from_a_stranger() -> None:
    stale = node(3, endpoint=replace(node(3).endpoint, member_id="ffff"))
    found = findings(put(healthy(), stale))
    assert found["stale-id"].node == "m3" and "ffff" in found["stale-id"].title
    assert "not-a-member" not in found
    stranger = replace(stale, env=EtcdEnv(name="else"))
    listed = tuple(member(i) for i in (1, 2))
    nodes = [node(i, members=listed) for i in (1, 2)]
    found = findings(cluster(*nodes, replace(stranger, members=listed)))
    assert found["not-a-member"].title == "not a member, and etcd runs there"


def test_a_learner_is_told_to_catch_up_or_to_be_promoted() -> None:
    listed = (member(1), member(2), member(3, learner=True))

    def learner(index: int) -> Finding:
        three = node(3, members=listed, endpoint=replace(node(3).endpoint, index=index, is_learner=True))
        return findings(cluster(*(node(i, members=listed) for i in (1, 2)), three))["learner"]

    assert "has caught up and was left so" in learner(376_220).hint
    assert "6222 entries behind" in learner(370_000).hint
