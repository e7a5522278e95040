"""Votes: what proves quorum, what disproves it, and what proves nothing."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from novatui.diagnosis.membership import membership
from novatui.diagnosis.quorum import count, needed, proven
from novatui.model.cluster import Alarm, ClusterSnapshot, Endpoint, Link, NodeSnapshot
from novatui.model.findings import Quorum
from tests.diagnosis.build import NOW, alone, cluster, down, healthy, member, node, put, unseen


def votes(snapshot: ClusterSnapshot) -> Quorum:
    return count(snapshot, membership(snapshot, NOW), NOW)


@pytest.mark.parametrize(("voters", "quorum"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_needed(voters: int, quorum: int) -> None:
    assert needed(voters) == quorum


def test_healthy() -> None:
    assert votes(healthy()) == Quorum(healthy=3, unknown=0, needed=2, total=3)
    assert votes(healthy(5)) == Quorum(healthy=5, unknown=0, needed=3, total=5)


def test_down_is_not_unknown() -> None:
    assert votes(put(healthy(), down(node(2)), unseen(node(3)))) == Quorum(
        healthy=1, unknown=1, needed=2, total=3
    )


@pytest.mark.parametrize("link", [Link.CONNECTING, Link.STALE, Link.LOST, Link.REFUSED])
def test_what_is_not_of_now_is_unknown(link: Link) -> None:
    assert votes(put(healthy(), unseen(node(2), link))).unknown == 1


def test_a_live_link_with_an_old_sample_is_unknown() -> None:
    assert votes(put(healthy(), node(2, at_ms=NOW - 11_000))).unknown == 1


def test_an_answer_without_quorum_counts_for_nothing() -> None:
    assert votes(put(healthy(), alone(node(2)))) == Quorum(healthy=2, unknown=0, needed=2, total=3)


def test_alarms_never_enter() -> None:
    alarmed = [
        replace(one, endpoint=replace(one.endpoint, alarms=(Alarm(f"{1:016x}", "NOSPACE"),)))
        for one in healthy().nodes
    ]
    assert votes(cluster(*alarmed)) == votes(healthy())


def test_voters_come_from_the_lists_not_from_the_configuration() -> None:
    listed = tuple(member(i) for i in range(1, 6))
    three_of_five = cluster(*(node(i, members=listed) for i in range(1, 4)))
    assert votes(three_of_five) == Quorum(healthy=3, unknown=2, needed=3, total=5)


def test_learners_do_not_vote() -> None:
    listed = (member(1), member(2), member(3, learner=True))
    assert votes(cluster(*(node(i, members=listed) for i in (1, 2, 3)))).total == 2


def test_lists_that_differ_leave_the_configuration() -> None:
    odd = node(2, members=(member(1), member(2)))
    assert votes(put(healthy(), odd)).total == 3


def test_another_member_on_a_voters_host_is_no_vote() -> None:
    wrong = node(2, endpoint=replace(node(2).endpoint, member_id="ffff"))
    assert votes(put(healthy(), wrong)) == Quorum(healthy=2, unknown=0, needed=2, total=3)


def test_a_lone_new_cluster_does_not_speak_for_the_old_one() -> None:
    """One master wiped and started anew on its own reads linearizably: from itself."""
    blank = node(3, endpoint=replace(node(3).endpoint, cluster_id="beef"), members=(member(3),))
    snapshot = put(healthy(), down(node(1)), down(node(2)), blank)
    group = membership(snapshot, NOW)
    assert group.cluster_id == node(1).endpoint.cluster_id
    assert not proven(snapshot, group, NOW)
    assert votes(snapshot).healthy == 0


def test_one_read_proves_quorum_whatever_else_is_seen() -> None:
    snapshot = put(healthy(), unseen(node(2)), unseen(node(3)))
    assert proven(snapshot, membership(snapshot, NOW), NOW)
    assert votes(snapshot) == Quorum(healthy=1, unknown=2, needed=2, total=3)


def elsewhere(number: int, load: str, *listening: int) -> NodeSnapshot:
    """Its unit does not run, and there is no endpoint to ask: as where etcd.unit and etcd.env_file name what is not there."""
    stopped = down(node(number), "inactive", "dead", load=load)
    return replace(stopped, endpoint=Endpoint(error="no endpoint"), listening=listening)


@pytest.mark.parametrize(
    ("load", "ports"), [("not-found", ()), ("not-found", (2379,)), ("loaded", (2379, 2380))]
)
def test_a_unit_that_is_not_its_etcd_disproves_nothing(load: str, ports: tuple[int, ...]) -> None:
    snapshot = cluster(*(elsewhere(n, load, *ports) for n in (1, 2, 3)))
    assert votes(snapshot) == Quorum(healthy=0, unknown=3, needed=2, total=3)


def test_a_stopped_unit_where_nobody_listens_is_down_though_it_cannot_be_asked() -> None:
    assert votes(put(healthy(), elsewhere(2, "loaded"))) == Quorum(healthy=2, unknown=0, needed=2, total=3)
