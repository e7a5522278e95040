"""What etcd said before is no word of now: after a reconnect, when its unit has changed, where it can be asked no more."""

from __future__ import annotations

import pytest

from novatui.config import NodeConfig
from novatui.diagnosis.membership import membership
from novatui.diagnosis.quorum import Vote, vote
from novatui.diagnosis.rights import blind
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import KeyHash, Link, NodeError, NodeSnapshot, UnitState
from novatui.model.findings import Severity, Verdict
from novatui.probes.frames import Frame, Piece
from novatui.probes.sight import Sight
from tests.diagnosis import build
from tests.diagnosis.build import NOW

HOURS = 7_200_000
ANSWER = b'{"header":{"cluster_id":"1","member_id":"2","revision":"9"},"leader":"2","raftTerm":"3","version":"3.5.10"}'
ANSWERS: Frame = {
    "status": Piece(("200", "0", "0.01"), ANSWER),
    "quorum": Piece(("200", "0", "0.01"), b'{"header":{}}'),
    "curl": Piece(("0",)),
}
REFUSED: Frame = {"curl": Piece(("7",), b"curl: (7) Failed to connect to 127.0.0.1 port 2379\n")}
NO_ENDPOINT: Frame = {"listening": Piece(("2379", "2380")), "no-endpoint": Piece(())}
FACTS: Frame = {"env": Piece(("missing",))}


def unit(active: str, pid: int = 0, sub: str = "x", run: str = "aa") -> Frame:
    said = f"LoadState=loaded\nActiveState={active}\nSubState={sub}\nMainPID={pid}\nInvocationID={run}\n"
    return {"clock": Piece(("1", "1", "-")), "unit": Piece(("0",), said.encode())}


def watched(*frames: Frame, since: int = NOW - HOURS) -> Sight:
    """One whose etcd serves as process 7, and what came after that at once."""
    sight = Sight(NodeConfig(name="m1", host="10.0.0.1"))
    sight.connection(Link.LIVE, None, "", since)
    for frame in (unit("active", 7), ANSWERS, *frames):
        sight.look(frame, since)
    return sight


def said(sight: Sight) -> tuple[bool | None, bool | None]:
    return sight.snapshot.endpoint.answers, sight.snapshot.endpoint.has_quorum


def its_vote(node: NodeSnapshot) -> Vote:
    snapshot = build.cluster(node)
    group = membership(snapshot, NOW)
    return vote(group.seats[0], group.cluster_id, NOW)


def three(first: NodeSnapshot) -> list[NodeSnapshot]:
    return [first, build.unseen(build.node(2)), build.unseen(build.node(3))]


def test_where_the_env_file_is_gone_the_last_answer_is_no_answer() -> None:
    sight = watched()
    sight.facts(FACTS, "/etc/etcd.env")
    for frame in (unit("failed"), NO_ENDPOINT):
        sight.look(frame, NOW)
    assert said(sight) == (None, None)
    assert sight.snapshot.endpoint.answered_ms == NOW - HOURS and sight.snapshot.listening == (2379, 2380)
    found = diagnose(build.cluster(*three(sight.snapshot)), {}, NOW)
    assert found.verdict is not Verdict.DEGRADED
    assert "unit-failed" in {one.id for one in found.findings if one.node == "m1"}


def test_no_endpoint_alone_says_that_nothing_is_known_of_now() -> None:
    assert said(watched(NO_ENDPOINT)) == (None, None)


def test_root_lost_at_a_reconnect_is_told_as_such() -> None:
    sight = watched()
    plain = NodeError(code="no-privilege", title="sudo asks for a password")
    sight.connection(Link.LOST, None, "", NOW - 9_000)
    sight.connection(Link.LIVE, plain, "", NOW)
    sight.facts({"env": Piece(("1",))}, "/etc/etcd.env")
    for frame in (unit("active", 7), NO_ENDPOINT):
        sight.look(frame, NOW)
    assert blind([sight.snapshot]) == [sight.snapshot]


def test_a_reconnect_proves_nothing_before_etcd_has_spoken() -> None:
    sight = watched()
    sight.hashed(KeyHash(revision=9, compacted=1, hash=7, at_ms=NOW - HOURS))
    sight.connection(Link.LOST, None, "", NOW - 9_000)
    assert said(sight) == (True, True)  # dated, beside a link that is lost
    sight.connection(Link.LIVE, None, "", NOW)
    assert said(sight) == (None, None)
    sight.look(unit("active", 7), NOW)
    assert its_vote(sight.snapshot) is Vote.UNKNOWN
    found = diagnose(build.cluster(*three(sight.snapshot)), {}, NOW)
    assert (found.verdict, found.quorum.healthy, found.leader) == (Verdict.UNKNOWN, 0, "")
    assert sight.snapshot.endpoint.answered_ms == NOW - HOURS and sight.snapshot.endpoint.revision == 9
    sight.look(ANSWERS, NOW)
    assert its_vote(sight.snapshot) is Vote.HEALTHY


OTHER_MEMBER = ANSWER.replace(b'"member_id":"2"', b'"member_id":"3"')
TAKEN_BACK = ANSWER.replace(b'"revision":"9"', b'"revision":"8"')


@pytest.mark.parametrize(("answer", "kept"), [(ANSWER, True), (OTHER_MEMBER, False), (TAKEN_BACK, False)])
def test_silence_changes_no_key_and_another_member_has_others(answer: bytes, kept: bool) -> None:
    """A difference of keys that is known does not go with one look that was not answered."""
    sight = watched(since=NOW)
    found = KeyHash(revision=9, compacted=1, hash=7, at_ms=NOW)
    sight.hashed(found)
    for frame in (REFUSED, unit("active", 8), {**ANSWERS, "status": Piece(("200", "0", "0.01"), answer)}):
        sight.look(frame, NOW)
    assert said(sight) == (True, True)
    assert sight.snapshot.hash == (found if kept else None)


def test_a_loop_begun_anew_on_a_link_that_stood_proves_nothing_either() -> None:
    sight = watched()
    sight.facts({}, "/etc/etcd.env")
    sight.look(unit("active", 7), NOW)
    assert said(sight) == (None, None)


def test_a_no_of_before_the_reconnect_is_forgotten_too() -> None:
    sight = watched(REFUSED)
    assert said(sight) == (False, None)
    sight.connection(Link.LOST, None, "", NOW - 9_000)
    sight.connection(Link.LIVE, None, "", NOW)
    sight.look(unit("active", 7), NOW)
    assert said(sight) == (None, None) and sight.snapshot.endpoint.error is None


@pytest.mark.parametrize(
    ("after", "voted"),
    [
        (unit("inactive"), Vote.DOWN),
        (unit("failed"), Vote.DOWN),
        (unit("activating", sub="auto-restart"), Vote.DOWN),
        (unit("deactivating", 7), Vote.UNKNOWN),
        (unit("active", 8, run="bb"), Vote.UNKNOWN),
    ],
)
def test_a_yes_of_a_process_that_has_ended_proves_nothing(after: Frame, voted: Vote) -> None:
    sight = watched(since=NOW)
    sight.look(after, NOW)
    assert its_vote(sight.snapshot) is voted
    found = diagnose(build.cluster(sight.snapshot), {}, NOW)
    assert "unit-elsewhere" not in {one.id for one in found.findings}


@pytest.mark.parametrize("active", ["active", "reloading"])
def test_a_yes_of_the_process_that_runs_on_stands(active: str) -> None:
    sight = watched(unit(active, 7), since=NOW)
    assert said(sight) == (True, True)


def test_an_etcd_that_is_up_before_systemd_says_so_does_not_flicker() -> None:
    sight = watched(since=NOW)
    for frame in (unit("activating", 8, "start", "bb"), ANSWERS, unit("active", 8, "running", "bb")):
        sight.look(frame, NOW)
    assert said(sight) == (True, True)


def test_one_that_does_not_stay_up_stays_down() -> None:
    sight = watched(unit("activating", sub="auto-restart"), REFUSED, since=NOW)
    for pid in (8, 0, 9):
        sight.look(unit("activating", pid, run=f"b{pid}"), NOW)
        assert its_vote(sight.snapshot) is Vote.DOWN


@pytest.mark.parametrize("before", [unit("activating", 8, "start"), unit("active", 7)])
def test_a_no_of_before_it_was_up_is_no_silence_of_the_one_that_is(before: Frame) -> None:
    sight = watched(before, REFUSED, unit("active", 8, "running"), since=NOW)
    assert said(sight) == (None, None)


def test_one_that_somebody_runs_by_hand_answers_on() -> None:
    sight = watched(unit("inactive"), ANSWERS, unit("inactive"), since=NOW)
    assert said(sight) == (True, True)
    assert sight.snapshot.unit.active == "inactive"


UNREAD: Frame = {
    "clock": Piece(("1", "1", "-")),
    "unit": Piece(("1",), b"Failed to connect to bus: timed out"),
}
SILENT: Frame = {"clock": Piece(("1", "1", "-")), "unit": Piece(("124",))}


@pytest.mark.parametrize("before", ["failed", "inactive", "active"])
@pytest.mark.parametrize(
    ("unread", "why"), [(UNREAD, "Failed to connect to bus: timed out"), (SILENT, "systemctl show: exit 124")]
)
@pytest.mark.parametrize("etcd", [ANSWERS, REFUSED])
def test_a_unit_that_cannot_be_read_is_not_known_whatever_it_was(
    before: str, unread: Frame, why: str, etcd: Frame
) -> None:
    """A stale "failed" beside an etcd that answers was "started by hand: stop that one"; a stale "active", hung."""
    sight = watched(unit(before), REFUSED, unread, etcd, since=NOW)
    assert sight.snapshot.unit == UnitState(unread=why)
    found = diagnose(build.cluster(sight.snapshot, build.node(2), build.node(3)), {}, NOW)
    about = {one.id: one for one in found.findings if one.node == "m1"}
    assert about["unit-unread"].severity is Severity.WARN and why in about["unit-unread"].title
    assert not {"unit-elsewhere", "unit-failed", "unit-stopped", "no-answer"} & set(about)
    assert found.recommend == ""


def test_a_look_that_systemctl_missed_takes_nothing_from_what_etcd_said() -> None:
    sight = watched(UNREAD, unit("active", 7), since=NOW)
    assert said(sight) == (True, True) and sight.snapshot.unit.active == "active"
    sight.look(UNREAD, NOW)
    sight.look(unit("failed"), NOW)
    assert said(sight) == (None, None)
