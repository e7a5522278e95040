"""Recorded frames of poll.sh against real etcd 3.5.1: what the parsers make of each. One case a file in tests/data/poll."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.config import NodeConfig
from novatui.model.cluster import Alarm, Endpoint, Link, NodeSnapshot
from novatui.probes import etcd
from novatui.probes.frames import Frames, Piece
from novatui.probes.sight import Sight, skew_ms

DATA = Path(__file__).parents[1] / "data" / "poll"
NODE = NodeConfig(name="m1", host="172.31.100.97")


def seen(case: str, sight: Sight | None = None, now_ms: int = 1_000) -> NodeSnapshot:
    """What is known after the frames of one recorded case."""
    sight = sight or Sight(NODE)
    frames = Frames("NONCE")
    for line in (DATA / f"{case}.txt").read_bytes().split(b"\n"):
        if (frame := frames.feed(line)) is not None:
            sight.look(frame, now_ms)
    return sight.snapshot


@pytest.mark.parametrize("case", ["healthy-gateway", "healthy-gateway-later", "healthy-etcdctl"])
def test_a_healthy_member_has_all_its_properties(case: str) -> None:
    node = seen(case)
    found = node.endpoint
    assert (found.answers, found.has_quorum, found.error, found.alarms, found.errors) == (
        True,
        True,
        None,
        (),
        (),
    )
    assert found.version == "3.5.1" and found.revision == 44 and found.term == 2
    assert found.index is not None and found.applied == found.index
    assert found.db_size and found.db_in_use
    assert found.is_learner is False and found.is_leader is not None
    assert [member.name for member in node.members] == ["etcd1", "etcd2", "etcd3"]
    assert found.member_id in {member.id for member in node.members}
    assert all(member.peer_urls[0].startswith("https://172.31.100.") for member in node.members)
    assert node.unit.active == "active" and node.unit.sub == "running"
    assert node.unit.exit_status is None and node.unit.main_pid


def test_numbers_of_the_gateway_and_of_etcdctl_mean_the_same() -> None:
    by_gateway, by_etcdctl = seen("healthy-gateway"), seen("healthy-etcdctl")
    assert by_gateway.members == by_etcdctl.members
    assert by_gateway.endpoint.cluster_id == by_etcdctl.endpoint.cluster_id
    assert by_gateway.endpoint.leader_id == by_etcdctl.endpoint.leader_id
    cluster_id = by_gateway.endpoint.cluster_id
    assert cluster_id == f"{int(cluster_id or '', 16):x}"


def test_fsync_and_disk_are_read() -> None:
    node = seen("healthy-gateway")
    assert node.endpoint.fsync_p99_ms is not None and 1 < node.endpoint.fsync_p99_ms < 100
    assert node.disk is not None and node.disk.path == "/" and 0 < node.disk.free < node.disk.size


@pytest.mark.parametrize("case", ["no-quorum-gateway", "no-quorum-etcdctl"])
def test_without_quorum_it_still_answers(case: str) -> None:
    found = seen(case).endpoint
    assert found.answers is True and found.has_quorum is False
    assert found.errors == ("etcdserver: no leader",)
    assert found.is_leader is None and found.error


def test_without_quorum_the_own_member_list_is_still_known() -> None:
    assert len(seen("no-quorum-gateway").members) == 3
    assert "timed out" in (seen("no-quorum-gateway").endpoint.error or "")


@pytest.mark.parametrize(("leader", "quorum"), [(b"", False), (b'"leader":"7",', None)])
def test_a_member_without_a_leader_is_not_asked_for_quorum(leader: bytes, quorum: bool | None) -> None:
    """It knew none at the look before: the question is left out, and only a leader found since leaves it open."""
    status = b'{"header":{"cluster_id":"1","member_id":"2"},' + leader + b'"raftTerm":"3","version":"3.5.10"}'
    frame = {"status": Piece(("200", "0", "0"), status), "curl": Piece(("0",))}
    found = etcd.endpoint(frame, Endpoint(), now_ms=1)
    assert found.answers is True and found.has_quorum is quorum and found.error


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("hung-gateway", "SSL connection timeout"),
        ("hung-etcdctl", "context deadline exceeded"),
        ("stopped-gateway", "Couldn't connect to server"),
        ("stopped-etcdctl", "context deadline exceeded"),
    ],
)
def test_a_member_that_does_not_answer_says_why_and_keeps_its_last_values(case: str, why: str) -> None:
    sight = Sight(NODE)
    before = seen("healthy-gateway", sight, now_ms=1_000).endpoint
    after = seen(case, sight, now_ms=9_000).endpoint
    assert after.answers is False and after.has_quorum is None
    assert why in (after.error or "") and '"level"' not in (after.error or "")
    assert (after.index, after.revision, after.version) == (before.index, before.revision, before.version)
    assert after.answered_ms == 1_000


def test_how_long_it_is_silent_counts_from_the_first_look_in_a_row() -> None:
    sight = Sight(NODE)
    assert seen("hung-gateway", sight, now_ms=1_000).endpoint.silent_since_ms == 1_000
    again = seen("hung-gateway", sight, now_ms=4_000).endpoint
    assert again.silent_since_ms == 1_000
    assert etcd.forgotten(again).silent_since_ms is None
    assert seen("healthy-gateway", sight, now_ms=7_000).endpoint.silent_since_ms is None
    assert seen("hung-gateway", sight, now_ms=9_000).endpoint.silent_since_ms == 9_000


def test_a_stopped_unit_shows_how_it_ended() -> None:
    unit = seen("stopped-gateway").unit
    assert (unit.active, unit.sub, unit.main_pid) == ("inactive", "dead", None)
    assert (unit.exit_status, unit.exit_signal) == (15, True)
    assert unit.since_ms is not None


@pytest.mark.parametrize("case", ["nospace-gateway", "nospace-etcdctl"])
def test_an_alarm_is_not_an_error_nor_a_lack_of_quorum(case: str) -> None:
    found = seen(case).endpoint
    assert found.alarms == (Alarm(f"{9459257062178498839:x}", "NOSPACE"),)
    assert found.errors == () and found.has_quorum is True


def test_an_alarm_of_no_member_is_an_alarm() -> None:
    """As etcd 3.5 raises CORRUPT when it compares the members' keys itself."""
    assert etcd.alarms(["alarm:CORRUPT "]) == (Alarm("0", "CORRUPT"),)


@pytest.mark.parametrize(
    ("exit", "said"),
    [
        (b"58", b"curl: (58) could not load PEM client certificate from /etc/x.pem"),
        (b"77", b"curl: (77) error setting certificate file: /etc/ca.pem"),
    ],
)
def test_where_we_lack_what_to_ask_with_nothing_is_said_of_etcd(exit: bytes, said: bytes) -> None:
    found = etcd.endpoint({"curl": Piece((exit.decode(),), said + b"\n")}, Endpoint(), now_ms=1)
    assert found.answers is None and found.has_quorum is None and (found.error or "-") in said.decode()


def test_the_poll_never_asks_for_alarms_by_their_own_call() -> None:
    from novatui.remote.command import script_text

    assert "maintenance/alarm" not in script_text("poll") and "alarm list" not in script_text("poll")


def test_a_switched_off_gateway_is_told_from_a_dead_member() -> None:
    off = {"status": Piece(("404", "0.01", "0.02"), b"404 page not found\n"), "curl": Piece(("0",), b"")}
    assert etcd.gateway_missing(off)
    sight = Sight(NODE)
    sight.look(off, 1)
    assert sight.gateway is False and sight.snapshot.endpoint.answers is None


def test_authentication_says_nothing_about_quorum() -> None:
    body = (DATA / "healthy-gateway.txt").read_bytes().split(b"NONCE end\n")[1].split(b"\nNONCE status")[0]
    refused = (
        b'{"error":"etcdserver: user name is empty","message":"etcdserver: user name is empty","code":3}'
    )
    found = etcd.endpoint(
        {
            "status": Piece(("200", "0", "0"), body),
            "quorum": Piece(("400", "0", "0"), refused),
            "curl": Piece(("0",)),
        },
        Endpoint(),
        now_ms=1,
    )
    assert found.answers is True and found.has_quorum is None and "user name" in (found.error or "")


@given(st.lists(st.binary(max_size=200)), st.sampled_from(["200", "000", "etcdctl", ""]))
def test_whatever_comes_back_is_read_without_an_exception(bodies: list[bytes], first: str) -> None:
    names = ["status", "members", "quorum", "curl", "metrics", "clock", "unit", "disk", "cksum"]
    frame = {name: Piece((first, "0", "x"), body) for name, body in zip(names, bodies, strict=False)}
    Sight(NODE).look(frame, 1)
    Sight(NODE).facts(frame, "/etc/etcd.env")


def test_hostile_depth_is_not_fatal() -> None:
    assert etcd.members(Piece(("200",), b"[" * 100_000)) is None


# -- frames, staleness, clocks


@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"")), max_size=20))
def test_noise_before_a_frame_changes_only_the_first_piece(noise: list[bytes]) -> None:
    frames = Frames("N1")
    for line in noise:
        assert frames.feed(line) is None
    assert frames.feed(b"N1 first 0") is None
    frames.feed(b"value")
    frames.feed(b"N1 second 7 x")
    frame = frames.feed(b"N1 end")
    assert frame is not None and frame["second"] == Piece(("7", "x"), b"value")


def test_a_frame_of_another_nonce_is_no_frame() -> None:
    frames = Frames("N1")
    assert frames.feed(b"N2 unit 0") is None and frames.feed(b"N2 end") is None
    assert frames.feed(b"N1 end") == {}


def test_the_link_is_stale_three_seconds_after_the_last_sample() -> None:
    sight = Sight(NODE)
    sight.connection(Link.LIVE, None, "", 10_000)
    seen("healthy-gateway", sight, now_ms=12_000)
    sight.connection(Link.LIVE, None, "", 15_000)
    before = sight.snapshot
    sight.connection(Link.LIVE, None, "", 15_001)
    after = sight.snapshot
    assert (before.link, after.link, after.since_ms) == (Link.LIVE, Link.STALE, 15_001)
    assert after.endpoint.answers is True and after.at_ms == 12_000


def test_a_lost_link_keeps_the_last_values_and_their_time() -> None:
    sight = Sight(NODE)
    sight.connection(Link.LIVE, None, "", 10_000)
    seen("healthy-gateway", sight, now_ms=12_000)
    sight.connection(Link.LOST, None, "", 13_000)
    assert sight.snapshot.link is Link.LOST and not sight.snapshot.reachable
    assert sight.snapshot.at_ms == 12_000 and sight.snapshot.members


@pytest.mark.parametrize(
    ("asked", "theirs", "heard", "skew"), [(100, 150, 200, 0), (100, 300, 200, 100), (100, 40, 200, -60)]
)
def test_the_clock_is_blamed_only_beyond_the_round_trip(
    asked: int, theirs: int, heard: int, skew: int
) -> None:
    assert skew_ms(asked, theirs, heard) == skew


@pytest.mark.parametrize(
    ("now", "before", "p99"),
    [
        ({0.001: 100.0, 0.002: 100.0, float("inf"): 100.0}, {}, 0.99),
        (
            {0.001: 50.0, 0.002: 100.0, float("inf"): 100.0},
            {0.001: 50.0, 0.002: 50.0, float("inf"): 50.0},
            1.98,
        ),
        ({0.001: 0.0, float("inf"): 10.0}, {}, 1.0),
        ({0.001: 5.0}, {0.001: 5.0}, None),
        ({0.001: 1.0}, {0.001: 5.0}, None),
        ({}, {}, None),
    ],
)
def test_p99_of_what_happened_between_two_looks(
    now: dict[float, float], before: dict[float, float], p99: float | None
) -> None:
    found = etcd.p99_ms(now, before)
    assert found == (pytest.approx(p99, rel=0.02) if p99 is not None else None)
