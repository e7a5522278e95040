"""The triage by data lost and not by "down", case by case: what is recommended, and what is never recommended instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import Alarm, ClusterSnapshot, Disk, Endpoint, EtcdEnv, Held, NodeSnapshot, Upkeep
from novatui.model.entries import Entry, Level
from novatui.model.findings import Diagnosis, Verdict
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

PANIC = "tocommit(376222) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?"


def judge(snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]] | None = None) -> Diagnosis:
    return diagnose(snapshot, entries or {}, NOW)


def advised(found: Diagnosis) -> tuple[str, str]:
    return found.recommend, found.recommend_node


def silent(number: int, *, answered_s: float, started_s: float = 3_600) -> NodeSnapshot:
    """Its unit is active, it does not answer: since when, and how long ago it was started."""
    one = node(number)
    return replace(
        one,
        unit=replace(one.unit, since_ms=NOW - int(started_s * 1000)),
        endpoint=replace(
            one.endpoint, answers=False, has_quorum=None, answered_ms=NOW - int(answered_s * 1000)
        ),
    )


def looping(number: int, total: int = 3) -> NodeSnapshot:
    return down(node(number, total), "activating", "auto-restart", exit_status=2, restarts=7)


def started(name: str, ago_s: float) -> Entry:
    return line("starting an etcd server", node=name, ago_s=ago_s, level=Level.INFO)


def ready(name: str, ago_s: float) -> Entry:
    return line("ready to serve client requests", node=name, ago_s=ago_s, level=Level.INFO)


# one member dead or hung, data good -> restart-member


@pytest.mark.parametrize(
    ("active", "sub", "words"),
    [
        ("inactive", "dead", "is stopped"),
        ("failed", "failed", "is stopped"),
        ("activating", "auto-restart", "does not stay up"),
    ],
)
def test_one_dead_with_good_data_is_started_again(active: str, sub: str, words: str) -> None:
    found = judge(put(healthy(), down(node(2), active, sub)))
    assert advised(found) == ("restart-member", "m2")
    assert words in found.recommend_why


@pytest.mark.parametrize(("ran_s", "advice"), [(3600, ("wait", "")), (20, ("restart-member", "m2"))])
def test_one_that_served_before_it_ended_is_not_said_to_stay_down(
    ran_s: int, advice: tuple[str, str]
) -> None:
    """However often systemd has started it in the months before."""
    ended = down(node(2), "activating", "auto-restart", restarts=3, ran_ms=ran_s * 1000)
    assert advised(judge(put(healthy(), ended))) == advice


def test_one_hung_is_restarted() -> None:
    assert advised(judge(put(healthy(), silent(2, answered_s=20)))) == ("restart-member", "m2")


def test_one_that_was_started_just_now_is_not_hung() -> None:
    """It has not answered for long, because it was down: it gets its ten seconds."""
    found = judge(put(healthy(), silent(2, answered_s=900, started_s=2)))
    assert found.recommend == "wait"


def test_a_master_whose_clock_is_ahead_is_no_hung_one() -> None:
    one = silent(2, answered_s=900, started_s=2)
    ahead = replace(one, clock_skew_ms=3_600_000, unit=replace(one.unit, since_ms=NOW - 2_000 + 3_600_000))
    assert judge(put(healthy(), ahead)).recommend == "wait"


@pytest.mark.parametrize("answered_s", [900, None])
def test_one_that_was_not_asked_for_long_is_not_hung(answered_s: int | None) -> None:
    """The first look after a start or a reconnect came to nothing: how long it is silent counts from there."""
    one = silent(2, answered_s=answered_s or 0)
    if answered_s is None:
        one = replace(one, endpoint=Endpoint(answers=False))
    for ago_s, advice in ((3, "wait"), (12, "restart-member")):
        asked = replace(one, endpoint=replace(one.endpoint, silent_since_ms=NOW - ago_s * 1000))
        assert judge(put(healthy(), asked)).recommend == advice


def test_one_hung_and_one_stopped_without_quorum_start_the_stopped_first() -> None:
    found = judge(put(healthy(), down(node(1)), silent(2, answered_s=60), alone(node(3))))
    assert advised(found) == ("restart-member", "m1")


@pytest.mark.invariant("INV-10")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_who_has_quorum_is_never_the_target(number: int) -> None:
    """Even with a line about damage in its journal, and its unit's state unknown."""
    one = node(number)
    odd = replace(one, unit=replace(one.unit, active="failed", sub="failed"))
    found = judge(put(healthy(), odd), {one.name: [started(one.name, 9), damage(one.name)]})
    assert found.recommend_node != one.name


# several stopped, data good -> start-cluster


def test_two_of_five_stopped_are_started_together_though_quorum_stands() -> None:
    found = judge(put(healthy(5), down(node(4, 5)), down(node(5, 5))))
    assert (found.verdict, found.recommend) == (Verdict.DEGRADED, "start-cluster")


def test_what_remains_after_the_start_is_recovered() -> None:
    found = judge(put(healthy(), looping(2)), {"m2": [started("m2", 8), damage("m2")]})
    assert advised(found) == ("recover-member", "m2")


# one member's data bad, quorum stands -> recover-member


def test_the_stopped_come_before_the_damaged() -> None:
    """Redundancy first: what only needs a start gets it."""
    found = judge(put(healthy(5), looping(4, 5), down(node(5, 5))), {"m4": [damage("m4")]})
    assert advised(found) == ("restart-member", "m5")


@pytest.mark.invariant("INV-10")
def test_damage_that_a_running_member_reported_waits_for_what_a_start_says() -> None:
    """It served, panicked, and nobody has started it since: that alone does not give its data up."""
    said = [started("m2", 4_000), ready("m2", 3_990), line(PANIC, node="m2", ago_s=50)]
    stopped = down(node(2), "failed", "failed", exit_status=2)
    before = judge(put(healthy(), stopped), {"m2": said})
    assert advised(before) == ("restart-member", "m2")
    panicked = next(f for f in before.findings if f.id == "journal-tocommit-out-of-range")
    assert "start it once more" in panicked.hint and "recover-member" not in panicked.hint
    after = judge(put(healthy(), looping(2)), {"m2": [*said, started("m2", 8), line(PANIC, node="m2")]})
    assert advised(after) == ("recover-member", "m2")
    assert "recover-member" in next(f.hint for f in after.findings if f.id.startswith("journal-tocommit"))


# removed and not added again: the list of a quorum is the proof, a start would prove nothing


def without_third(**change: object) -> ClusterSnapshot:
    listed = (member(1), member(2))
    gone = down(node(3, members=()), "inactive", "dead")
    return cluster(*(node(i, members=listed) for i in (1, 2)), replace(gone, **change))


def test_a_recovery_that_was_given_up_after_the_removal_is_taken_up_again() -> None:
    found = judge(without_third())
    assert advised(found) == ("recover-member", "m3")
    assert "not in the member list" in found.recommend_why


def test_a_master_that_may_be_a_member_under_another_name_is_not() -> None:
    """Three rows, and its env file names none of them: that is a matter of the env file."""
    listed = tuple(member(i) for i in (1, 2, 3))
    odd = replace(
        down(node(3, members=()), "inactive", "dead"),
        env=EtcdEnv(name="etcd9"),
        endpoint=replace(node(3).endpoint, answers=False, has_quorum=None, member_id=None),
    )
    found = judge(cluster(*(node(i, members=listed) for i in (1, 2)), odd))
    assert found.recommend != "recover-member"


@pytest.mark.invariant("INV-10")
def test_a_list_without_quorum_proves_nothing() -> None:
    alone_with_it = without_third()
    nodes = [alone(alone_with_it.nodes[0]), down(alone_with_it.nodes[1]), alone_with_it.nodes[2]]
    assert judge(cluster(*nodes)).recommend not in ("recover-member", "restore-cluster")


@pytest.mark.invariant("INV-10", "INV-15")
@pytest.mark.parametrize("log", ["yes", "no"])
def test_a_lone_new_cluster_makes_nobody_an_outsider(log: str) -> None:
    """m3 was wiped and founded a cluster of its own; what the others were of was never seen."""
    own = node(3, members=(member(3),), endpoint=replace(node(3).endpoint, leader_id=f"{3:016x}"))
    gone = [
        replace(
            down(node(n, members=()), "inactive", "dead"),
            endpoint=Endpoint(answers=False),
            upkeep=Upkeep(at_ms=NOW - 9_000, log=log),
        )
        for n in (1, 2)
    ]
    found = judge(cluster(*gone, own))
    assert advised(found) == ("", "")
    assert "1 of 3 masters" in found.recommend_why and "find out which one is meant" in found.recommend_why
    known = [replace(one, endpoint=replace(one.endpoint, cluster_id=CLUSTER_ID)) for one in gone]
    assert judge(cluster(*known, own)).recommend == "recover-member", "they were seen in this very cluster"


# fewer than the quorum have usable data -> restore-cluster, with certificates, disk, ports and clock excluded


def lost_two(*more: tuple[str, str], disk: Disk | None = None) -> Diagnosis:
    broken = [replace(looping(i), disk=disk or node(i).disk) for i in (1, 2)]
    said = {
        name: [started(name, 9), *(line(*words, node=name, ago_s=8) for words in more), damage(name)]
        for name in ("m1", "m2")
    }
    return judge(put(healthy(), *broken, alone(node(3))), said)


def test_data_of_two_lost_is_a_restore() -> None:
    assert lost_two().recommend == "restore-cluster"


@pytest.mark.invariant("INV-10")
@pytest.mark.parametrize(
    "cause",
    [
        ("rejected connection", "x509: certificate has expired or is not yet valid"),
        ("failed to preallocate an initial WAL file", "no space left on device"),
        ("listen failed", "bind: address already in use"),
        ("prober found high clock drift", ""),
    ],
)
def test_another_cause_takes_the_restore_away(cause: tuple[str, str]) -> None:
    assert lost_two(cause).recommend != "restore-cluster"


@pytest.mark.invariant("INV-10")
def test_a_full_disk_takes_the_restore_away_whatever_the_journal_says() -> None:
    full = Disk(path="/var/lib/etcd", size=100_000_000_000, free=4_096)
    assert lost_two(disk=full).recommend != "restore-cluster"


@pytest.mark.invariant("INV-10")
def test_unseen_members_may_have_their_data() -> None:
    found = judge(put(healthy(), looping(1), unseen(node(2)), alone(node(3))), {"m1": [damage("m1")]})
    assert found.recommend not in ("restore-cluster", "recover-member")


# nobody tells a member list: who votes is only written down

REMOVED = ("server error", "the member has been permanently removed from the cluster")


def unlisted(*nodes: NodeSnapshot, named: int | None = None) -> ClusterSnapshot:
    """novatui was opened after everything was down. ``named``: how many members every env file names."""
    initial = ",".join(f"etcd{n}=https://10.0.0.{n}:2380" for n in range(1, (named or len(nodes)) + 1))
    return cluster(
        *(
            replace(one, members=(), members_at_ms=None, env=replace(one.env, initial_cluster=initial))
            for one in nodes
        )
    )


def removed(*names: str) -> dict[str, list[Entry]]:
    return {name: [started(name, 9), line(*REMOVED, node=name, ago_s=8)] for name in names}


@pytest.mark.invariant("INV-10")
@pytest.mark.parametrize("listed", [False, True])
def test_masters_that_say_they_were_removed_have_no_vote_to_lose(listed: bool) -> None:
    """Three voters were left, and two have their data: also where the last list that was seen is older than the removal."""
    gone = [down(node(n, 5), "inactive", "dead") for n in (4, 5)]
    five = [down(node(1, 5)), down(node(2, 5)), looping(3, 5), *gone]
    found = judge(
        cluster(*five) if listed else unlisted(*five), {"m3": [damage("m3")], **removed("m4", "m5")}
    )
    assert (found.verdict, found.recommend) == (Verdict.NO_QUORUM, "start-cluster")
    assert (found.quorum.needed, found.quorum.total) == (2, 3)
    restore = next(way for way in found.ways if way.runbook == "restore-cluster")
    assert restore.why_not


def test_what_is_lost_is_counted_without_them() -> None:
    gone = [down(node(n, 5), "inactive", "dead") for n in (4, 5)]
    five = unlisted(looping(1, 5), down(node(2, 5)), looping(3, 5), *gone)
    found = judge(five, {"m1": [damage("m1")], "m3": [damage("m3")], **removed("m4", "m5")})
    assert found.recommend == "restore-cluster"
    assert found.recommend_why.startswith("2 of 3 members have no usable data (m1, m3)")


@pytest.mark.invariant("INV-10")
def test_two_that_nobody_sees_may_be_the_quorum_of_the_three_that_are_left() -> None:
    gone = [down(node(n, 5), "inactive", "dead") for n in (4, 5)]
    five = unlisted(unseen(node(1, 5)), unseen(node(2, 5)), looping(3, 5), *gone)
    found = judge(five, {"m3": [damage("m3")], **removed("m4", "m5")})
    assert (found.verdict, found.recommend) == (Verdict.UNKNOWN, "")


@pytest.mark.invariant("INV-10")
def test_a_removed_one_that_is_not_seen_now_may_be_back() -> None:
    found = judge(unlisted(down(node(1)), unseen(node(2)), unseen(node(3))), removed("m3"))
    assert found.verdict is Verdict.UNKNOWN and found.quorum.total == 3


@pytest.mark.invariant("INV-10")
def test_where_all_were_removed_the_members_are_elsewhere() -> None:
    found = judge(unlisted(*(down(node(n)) for n in (1, 2, 3))), removed("m1", "m2", "m3"))
    assert (found.verdict, found.recommend) == (Verdict.UNKNOWN, "")
    assert "the members are elsewhere" in found.recommend_why


@pytest.mark.invariant("INV-10")
def test_members_that_only_the_env_files_name_may_serve() -> None:
    """Three of seven are configured; what is not looked at is neither down nor lost."""
    three = unlisted(looping(1), looping(2), down(node(3)), named=7)
    found = judge(three, {name: [damage(name)] for name in ("m1", "m2")})
    assert (found.verdict, found.recommend) == (Verdict.UNKNOWN, "")
    assert (found.quorum.unknown, found.quorum.total) == (4, 7)
    named = next(one for one in found.findings if one.id == "named-only")
    assert "etcd4, etcd5, etcd6, etcd7" in named.title and [one.node for one in named.evidence] == [
        "m1",
        "m2",
        "m3",
    ]
    assert "no configured master is" in found.recommend_why


def test_a_master_that_was_never_asked_may_be_the_one_that_is_named() -> None:
    never = replace(unseen(node(3)), env=EtcdEnv(), at_ms=None, members=())
    two = unlisted(down(node(1)), down(node(2)), named=3)
    found = judge(cluster(*two.nodes, never))
    assert found.quorum.total == 3 and "named-only" not in {one.id for one in found.findings}


@pytest.mark.invariant("INV-10")
def test_one_name_too_many_in_the_env_files_does_not_hide_that_quorum_is_lost() -> None:
    found = judge(unlisted(*(down(node(n)) for n in (1, 2, 3)), named=4))
    assert (found.verdict, found.recommend) == (Verdict.NO_QUORUM, "start-cluster")


# history is no cause


def test_what_was_logged_while_it_served_is_no_reason_not_to_start_it() -> None:
    """A stranger's certificate, refused days ago; then somebody stopped the unit."""
    history = [
        ready("m2", 200_000),
        line("rejected connection", "remote error: tls: bad certificate", node="m2", ago_s=100_000),
        line("apply request took too long", node="m2", ago_s=90_000, level=Level.WARN),
        line("received signal; shutting down", node="m2", ago_s=42, level=Level.INFO),
    ]
    found = judge(put(healthy(), down(node(2), "inactive", "dead", exit_status=0)), {"m2": history})
    assert advised(found) == ("restart-member", "m2")
    assert not [finding for finding in found.findings if finding.id.startswith("journal-")]


def test_what_was_refused_in_its_last_minute_is_told_as_past_and_keeps_nobody_from_starting_it() -> None:
    last = [
        ready("m2", 200_000),
        line("rejected connection", "remote error: tls: bad certificate", node="m2", ago_s=70),
        line("received signal; shutting down", node="m2", ago_s=42, level=Level.INFO),
    ]
    found = judge(put(healthy(), down(node(2), "inactive", "dead", exit_status=0)), {"m2": last})
    assert advised(found) == ("restart-member", "m2")
    told = next(finding for finding in found.findings if finding.id == "journal-certificate")
    assert told.severity == "info" and told.title.startswith("a certificate was refused")


# what keeps a start from helping is mended first


def test_a_start_that_failed_over_its_certificate_wants_that_mended_first() -> None:
    said = [started("m2", 9), line("rejected connection", "x509: certificate has expired", node="m2")]
    found = judge(put(healthy(), looping(2)), {"m2": said})
    assert found.recommend == ""
    assert "certificates are refused" in found.recommend_why and "not in question" in found.recommend_why


def unit_line(text: str, ago_s: float) -> Entry:
    return replace(line(text, node="m2", ago_s=ago_s, level=Level.INFO), unit_line=True)


def test_a_unit_that_a_run_holds_is_not_told_to_start() -> None:
    refused = unit_line("etcd.service: Starting requested but asserts failed.", 20)
    found = judge(put(healthy(), down(node(2), "inactive", "dead")), {"m2": [refused]})
    assert found.findings[0].id == "unit-held"
    assert found.recommend == "" and "novatui runs" in found.recommend_why


@pytest.mark.parametrize(("hold", "advice"), [("7f3a", ("", "")), ("", ("restart-member", "m2"))])
def test_a_hold_that_is_gone_keeps_nobody_from_starting_it(hold: str, advice: tuple[str, str]) -> None:
    """A start was refused by it; then the run was taken back, and etcd was left stopped."""
    refused = unit_line("etcd.service: Starting requested but asserts failed.", 20)
    stopped = replace(down(node(2), "inactive", "dead"), held=Held(hold=hold))
    found = judge(put(healthy(), stopped), {"m2": [refused]})
    assert ("unit-held" in {finding.id for finding in found.findings}) is bool(hold)
    assert advised(found) == advice


def test_a_start_that_was_let_through_after_the_hold_makes_it_history() -> None:
    said = [unit_line("Assertion failed for etcd.", 20), unit_line("Starting etcd...", 10)]
    found = judge(put(healthy(), down(node(2), "inactive", "dead")), {"m2": said})
    assert "unit-held" not in {finding.id for finding in found.findings}
    assert advised(found) == ("restart-member", "m2")


def added(number: int, log: str) -> ClusterSnapshot:
    """The list has a row for it that never started; it is stopped."""
    rows = tuple(member(n, name="" if n == number else f"etcd{n}") for n in (1, 2, 3))
    stopped = down(node(number), "inactive", "dead")
    stopped = replace(stopped, upkeep=Upkeep(at_ms=NOW - 9_000, log=log))
    return cluster(*(replace(stopped if n == number else node(n), members=rows) for n in (1, 2, 3)))


@pytest.mark.parametrize("log", ["yes", "no", "unknown"])
def test_one_that_was_added_and_never_started_is_gone_on_with(log: str) -> None:
    """Whatever is on its disk: a start of what was removed would end at once, a start on nothing would vote blank."""
    found = judge(added(2, log))
    assert advised(found) == ("recover-member", "m2")
    restart = next(way for way in found.ways if way.runbook == "restart-member")
    assert restart.why_not


def test_without_a_quorum_of_the_others_it_is_not() -> None:
    """A second member beside a first: only its start gives quorum."""
    snapshot = added(2, "yes")
    lonely = cluster(alone(snapshot.nodes[0]), snapshot.nodes[1], down(snapshot.nodes[2]))
    assert judge(lonely).recommend == "start-cluster"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("error validating peerURLs: member count is unequal", ("recover-member", "m2")),
        ("cannot fetch cluster info from peer urls", ("recover-member", "m2")),
        ("error validating peerURLs: PeerURLs: no match found for existing member (1, [x])", ("", "")),
        ("listen tcp 10.0.0.2:2380: bind: address already in use", ("", "")),
    ],
)
@pytest.mark.invariant("INV-17")
def test_one_without_data_is_never_told_to_start(error: str, advice: tuple[str, str]) -> None:
    blank = down(replace(node(2), upkeep=Upkeep(at_ms=NOW - 9_000, log="no")), "activating", "auto-restart")
    said = [line("starting an etcd server", node="m2", ago_s=9), line("discovery failed", error, node="m2")]
    found = judge(put(healthy(), blank), {"m2": said})
    assert advised(found) == advice
    assert "then start it" not in found.recommend_why
    if advice == ("", ""):
        assert "after that recover-member" in found.recommend_why


# no quorum for the moment -> wait; alarms


@pytest.mark.invariant("INV-10")
def test_all_up_and_no_leader_is_waited_for() -> None:
    found = judge(cluster(*(alone(node(i)) for i in (1, 2, 3))))
    assert (found.verdict, found.recommend) == (Verdict.NO_QUORUM, "wait")


@pytest.mark.parametrize(
    ("load", "verdict", "said"),
    [("masked", Verdict.NO_QUORUM, "systemctl unmask"), ("not-found", Verdict.UNKNOWN, "look at etcd.unit")],
)
def test_units_that_cannot_start_are_no_election(load: str, verdict: Verdict, said: str) -> None:
    """Nobody answers: there is nothing to wait for."""
    gone = [
        replace(down(node(n), "inactive", "dead", load=load), endpoint=Endpoint(), listening=())
        for n in (1, 2, 3)
    ]
    found = judge(cluster(*gone))
    assert (found.verdict, found.recommend) == (verdict, "")
    assert "m1" in found.recommend_why and said in found.recommend_why


def test_a_lone_start_is_waited_for() -> None:
    waiting = replace(down(node(2), "activating", "start"))
    assert judge(put(healthy(), waiting)).recommend == "wait"


def test_nospace_has_its_own_runbook_once_nobody_is_down() -> None:
    alarm = (Alarm(f"{2:016x}", "NOSPACE"),)
    full = [replace(one, endpoint=replace(one.endpoint, alarms=alarm)) for one in healthy().nodes]
    assert judge(cluster(*full)).recommend == "disarm-alarm"
    assert advised(judge(put(cluster(*full), down(node(3))))) == ("restart-member", "m3")
