"""Planning a recovery, pure: what is refused and in which words; which half-done state is found; what a plan then holds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from novatui.diagnosis.data import DataState, Usability
from novatui.errors import HeldByAnother, UsageError
from novatui.model.plan import Plan, Request
from novatui.model.words import Words
from novatui.runbooks import recover_member
from novatui.runbooks.parts.answer import Listed
from novatui.runbooks.parts.refusal import RefusedPlan
from novatui.runbooks.recover_member import checks as recover_checks
from novatui.runbooks.recover_member.drawing import learner_safe
from novatui.runbooks.recover_member.params import RecoverParams, quorum_rows, recover_params
from novatui.runbooks.recover_member.roster import Hash, majority
from novatui.runbooks.step import Context, Gate, Step
from novatui.runner.shown import matches, render
from novatui.runner.survey import differences
from tests.runbooks.survey_text import DAMAGED, HOSTS, MEMBERS, MIB, Master, answers, b64, cluster

RUN = "7f3a00aa"
CLUSTER_ID = 985
IDS = {"m1": 0x11, "m2": 0x22, "m3": 0x33}


def entry(node: str, **more: Any) -> dict[str, Any]:
    host = HOSTS[node]
    found = {
        "ID": IDS[node],
        "name": MEMBERS[node],
        "peerURLs": [f"https://{host}:2380"],
        "clientURLs": [f"https://{host}:2379"],
    }
    return {**found, **more}


def status(node: str, *, leader: str = "m1", version: str = "3.5.10", errors: tuple[str, ...] = ()) -> str:
    header = {"cluster_id": CLUSTER_ID, "member_id": IDS[node], "revision": 700, "raft_term": 2}
    inner = {
        "header": header, "version": version, "dbSize": 20 * MIB, "leader": IDS[leader],
        "raftIndex": 900, "raftAppliedIndex": 900, "errors": list(errors),
    }  # fmt: skip
    return json.dumps([{"Endpoint": "x", "Status": inner}])


def hashed(value: int, revision: int = 700) -> str:
    inner = {"header": {"revision": revision}, "hash": value, "compact_revision": 100}
    return json.dumps([{"HashKV": inner}])


def serving(node: str, *, value: int = 7, **more: Any) -> Master:
    """It answers, has quorum, and knows three members."""
    master = Master(node)
    master.journal = []
    master.host |= {
        "unit.ActiveState": "active", "unit.SubState": "running", "quorum": "yes",
        "status64": b64(status(node, **more)), "members64": b64(json.dumps({"members": [entry(one) for one in IDS]})),
        "hashkv64": b64(hashed(value)), "floor": "700", "hashkv_floor64": b64(hashed(value)),
    }  # fmt: skip
    return master


def broken(node: str = "m2") -> Master:
    """It panics over its database at each start."""
    master = Master(node)
    master.journal = [*DAMAGED, *DAMAGED]
    return master


def masters() -> dict[str, Master]:
    return {"m1": serving("m1"), "m2": broken(), "m3": serving("m3")}


def told(found: dict[str, Master], members: list[dict[str, Any]]) -> None:
    for master in found.values():
        if "members64" in master.host:
            master.host["members64"] = b64(json.dumps({"members": members}))


def draft(found: dict[str, Master], node: str = "m2", **more: Any) -> Plan:
    request = Request(runbook="recover-member", node=node, **more)
    return recover_member.draft(cluster(), request, RUN, answers(found))


def params(found: dict[str, Master]) -> RecoverParams:
    return recover_params(draft(found))


def reasons(found: dict[str, Master], node: str = "m2", **more: Any) -> dict[str, str]:
    with pytest.raises(RefusedPlan) as refused:
        draft(found, node, **more)
    assert refused.value.exit_code == 2
    return {one.id: f"{one.node}: {one.title} / {one.hint}" for one in refused.value.findings}


# -- what is planned ------------------------------------------------------------------------------------------------


def test_a_lost_member_is_removed_and_added() -> None:
    plan = draft(masters())
    found = recover_params(plan)
    assert plan.nodes == ("m1", "m2", "m3")
    assert (found.way, found.seat, found.via, found.learner) == ("remove", "22", "m3", False)
    assert found.cluster_id == f"{CLUSTER_ID:x}"
    assert found.initial_cluster == ",".join(
        f"{MEMBERS[one]}=https://{HOSTS[one]}:2380" for one in ("m1", "m3", "m2")
    )
    assert recover_member.confirm(cluster(), plan) == "m2"
    assert quorum_rows(found) == [
        ("now", "2 of 3 voters up, 2 needed, none may fail"),
        ("it is removed", "2 of 2 voters up, 2 needed, none may fail"),
        ("it is added as a voter", "2 of 3 voters up, 2 needed, none may fail"),
        ("it has joined", "3 of 3 voters up, 2 needed, 1 may fail"),
    ]


@pytest.mark.invariant("INV-15")
def test_it_is_held_and_stopped_and_a_snapshot_kept_before_it_is_removed() -> None:
    plan = draft(masters())
    steps = recover_member.steps(cluster(), plan)
    order = [step.id for step in steps]
    wanted = [
        "trial", "connected", "alike", "steady", "confirm", "hold", "stop", "steady-alone", "safety", "remove", "add",
        "archive", "env", "start", "caught-up", "members", "last-gate", "release",
    ]  # fmt: skip
    assert [one for one in order if one in wanted] == wanted
    assert [step.id for step in steps if isinstance(step, Step) and step.effect.name == "NO_RETURN"] == [
        "remove"
    ]
    before = order[: order.index("confirm")]
    assert all(
        step.effect.name in ("OBSERVE", "STAGE")
        for step in steps
        if isinstance(step, Step) and step.id in before
    )


def test_the_new_id_is_a_name_in_the_plan() -> None:
    found = masters()
    for node in ("m1", "m3"):
        found[node] = serving(node, version="3.5.21")
    plan = draft(found)
    assert recover_params(plan).learner
    planned = {step.id: step for step in render(cluster(), plan, recover_member.steps(cluster(), plan))}
    assert planned["promote"].commands["m3"][0].endswith("'<new member ID>'")
    promote = next(
        step
        for step in recover_member.steps(cluster(), plan)
        if isinstance(step, Step) and step.id == "promote"
    )
    assert promote.apply is not None
    born = {"add": {"m3": {"member_id": "4cafbdb8e176044a"}}}
    acts = promote.apply(Context(plan=plan, cluster=cluster(), node="m3", facts=born))
    assert [matches(planned["promote"].commands["m3"], act) for act in acts] == [True], (
        "what is born is what was planned"
    )


def unstarted(**more: Any) -> dict[str, Any]:
    return entry("m2", ID=0x99, name="", clientURLs=[], **more)


def wal(member: int, of: int = CLUSTER_ID) -> str:
    """The first records of a log, as etcd writes them."""

    def field(number: int, value: int) -> bytes:
        out = bytearray([number << 3])
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes(out) + bytes([value])

    def frame(record: bytes) -> bytes:
        padding = -len(record) % 8
        return (
            len(record).to_bytes(7, "little")
            + bytes([0x80 | padding if padding else 0])
            + record
            + bytes(padding)
        )

    metadata = field(1, member) + field(2, of)
    first = frame(field(1, 4) + field(2, 0))
    second = frame(field(1, 1) + field(2, 77) + bytes([3 << 3 | 2, len(metadata)]) + metadata)
    return base64.b64encode(first + second).decode()


BLANK = -1


@pytest.mark.parametrize(
    ("members", "own", "way"),
    [
        ([entry("m1"), entry("m3")], 0x22, ("add", "")),
        ([entry("m1"), unstarted(), entry("m3")], 0x22, ("join", "99")),
        ([entry("m1"), unstarted(), entry("m3")], 0x99, ("remove", "99")),
        ([entry("m1"), unstarted(), entry("m3")], 0, ("remove", "99")),
        ([entry("m1"), unstarted(), entry("m3")], BLANK, ("remove", "99")),
        ([entry("m1"), unstarted(isLearner=True), entry("m3")], 0x22, ("remove", "99")),
    ],
)
def test_half_done_tries_are_gone_on_from(
    members: list[dict[str, Any]], own: int, way: tuple[str, str]
) -> None:
    """An entry that was never started is joined only where the data on the disk is of another member: who joined once must not
    come back with nothing under the same ID. On a blank disk that cannot be told."""
    found = masters()
    told(found, members)
    if own == BLANK:
        found["m2"].host |= {"data_wal": "0", "data_db": "0"}
        own = 0
    if own:
        found["m2"].host["wal64"] = wal(own)
    seen = params(found)
    assert (seen.way, seen.seat) == way
    assert not [one for one in seen.others if one.id == seen.seat]


def test_growing_from_one_to_two_is_by_a_learner_on_every_version() -> None:
    found = {"m1": serving("m1"), "m2": broken(), "m3": Master("m3", silent=True)}
    told(found, [entry("m1")])
    seen = params(found)
    assert (seen.way, seen.learner) == ("add", True)
    assert quorum_rows(seen)[1] == ("it is added as a learner", "1 of 1 voters up, 1 needed, none may fail")


@pytest.mark.parametrize(
    ("number", "safe"),
    [
        ((3, 3, 27), False), ((3, 4, 0), True), ((3, 5, 0), True), ((3, 5, 1), False), ((3, 5, 19), False),
        ((3, 5, 20), True), ((3, 6, 0), True), (None, False),
    ],
)  # fmt: skip
def test_learners_where_they_are_safe(number: tuple[int, int, int] | None, safe: bool) -> None:
    assert learner_safe(number) is safe


def test_a_master_that_is_not_reached_is_left_out_and_told() -> None:
    """m1 alone is seen; it reads with quorum while m2 is down, so m3 votes: asked through the network in the run."""
    found = masters() | {"m3": Master("m3", silent=True)}
    plan = draft(found)
    assert plan.nodes == ("m1", "m2")
    assert any("m3 takes no part" in note for note in recover_params(plan).notes)
    assert {one.name for one in recover_params(plan).others} == {"etcd1", "etcd3"}


def test_facts_do_not_change_by_hold_and_stop_but_by_everything_else() -> None:
    """They are looked at again when it is held and stopped, right before the point of no return."""
    request = Request(runbook="recover-member", node="m2")

    def facts(found: dict[str, Master]) -> Any:
        return recover_member.facts(cluster(), request, answers(found))

    before = facts(masters())
    held = masters()
    held["m2"].env["ETCD_INITIAL_CLUSTER_STATE"] = "existing"
    held["m2"].host |= {
        "env_sha256": "f",
        "unit.ActiveState": "inactive",
        "unit.SubState": "dead",
        "hold64": b64(RUN),
    }
    held["m2"].host["unit.DropInPaths"] = "/etc/systemd/system/etcd.service.d/00-novatui-hold.conf"
    assert facts(held) == before
    other = masters()
    told(other, [entry("m1"), entry("m3")])
    assert facts(other) != before
    moved = masters()
    moved["m2"].host["data_inode"] = "1:99"
    assert facts(moved) != before
    no_quorum = masters()
    del no_quorum["m3"].host["quorum"]
    assert facts(no_quorum) != before
    assert facts(masters() | {"m2": serving("m2")}) != before
    wrong = facts(masters() | {"m2": serving("m2", value=8)})
    assert wrong["m2"]["serves"] == before["m2"]["serves"], "it serves, and its keys are wrong"
    silent = serving("m2")
    del silent.host["quorum"]
    assert facts(masters() | {"m2": silent}) == before, "it answers without quorum"


def hung() -> dict[str, Master]:
    """Nothing says that the data of m2 is damaged, and it does not answer."""
    found = masters() | {"m2": Master("m2")}
    found["m2"].journal = []
    found["m2"].host |= {"unit.ActiveState": "active", "unit.SubState": "running"}
    return found


@pytest.mark.invariant("INV-12", "INV-15")
@pytest.mark.parametrize(
    ("value", "revision", "said"),
    [(7, 700, "its keys are the majority's"), (8, 701, "cannot be told while they are written")],
)
def test_one_that_came_back_since_is_not_replaced(value: int, revision: int, said: str) -> None:
    """While the gate was open, say: a file system stood still and goes on. No word overrules it."""
    plan = draft(hung(), overrule=("data-intact",))
    back = masters() | {"m2": serving("m2")}
    back["m2"].host |= {"hashkv64": b64(hashed(value, revision)), "floor": "600"}
    back["m2"].host["hashkv_floor64"] = b64(hashed(value, revision))
    assert differences(plan, recover_member.facts(cluster(), plan.request, answers(hung()))) == []
    (changed,) = differences(plan, recover_member.facts(cluster(), plan.request, answers(back)))
    assert changed.startswith(
        "m2: serves was no, is yes (there is nothing to recover: it answers, has quorum"
    )
    assert said in changed
    known = {**plan.facts, "m2": {key: one for key, one in plan.facts["m2"].items() if key != "serves"}}
    earlier = replace(
        plan, facts=known
    )  # a run of before goes on: what its plan does not have is not compared
    assert differences(earlier, recover_member.facts(cluster(), plan.request, answers(back))) == []


# -- what is refused ------------------------------------------------------------------------------------------------


def down(node: str) -> Callable[[dict[str, Master]], None]:
    return lambda found: found.update({node: broken(node)})


def odd(found: dict[str, Master]) -> None:
    found["m2"] = serving("m2", value=8)


def test_one_that_serves_is_refused_and_no_word_overrules_it() -> None:
    found = masters() | {"m2": serving("m2")}
    assert "answers, has quorum, and its keys are the majority's" in reasons(found)["member-serves"]
    assert "member-serves" in reasons(found, overrule=("member-serves", "data-intact"))


def test_one_whose_keys_cannot_be_compared_now_is_refused() -> None:
    found = masters() | {"m2": serving("m2")}
    found["m2"].host |= {
        "hashkv64": b64(hashed(8, 701)),
        "floor": "600",
        "hashkv_floor64": b64(hashed(9, 701)),
    }
    assert "cannot be told" in reasons(found)["member-serves"]


def test_one_that_serves_other_keys_than_the_majority_is_recovered() -> None:
    found = masters()
    odd(found)
    plan = draft(found)
    seen = recover_params(plan)
    assert seen.odd and quorum_rows(seen)[0] == ("now", "3 of 3 voters up, 2 needed, 1 may fail")
    assert "hand-over" in [step.id for step in recover_member.steps(cluster(), plan)]


def test_the_wrong_one_of_two_that_differ_is_refused() -> None:
    found = masters()
    odd(found)
    assert "recover-member --node m2" in reasons(found, "m3")["other-differs"]


def test_a_corrupt_alarm_without_a_majority_is_refused() -> None:
    corrupt = ("memberID:34 alarm:CORRUPT ",)
    found = {
        "m1": serving("m1", value=7, errors=corrupt),
        "m2": serving("m2", value=8, errors=corrupt),
        "m3": serving("m3", value=9, errors=corrupt),
    }
    assert "nobody can say which are right" in reasons(found)["no-majority"]
    found["m3"] = serving("m3", value=7, errors=corrupt)
    plan = draft(found)
    assert recover_params(plan).corrupt
    order = [step.id for step in recover_member.steps(cluster(), plan)]
    assert order.index("alike-after") < order.index("disarm") < order.index("last-gate")


def test_no_space_is_cured_first() -> None:
    found = masters() | {"m1": serving("m1", errors=("memberID:17 alarm:NOSPACE ",))}
    assert "disarm" in reasons(found)["alarm-nospace"]


def test_without_quorum_it_is_another_runbooks() -> None:
    """Which one: by how many still have their data."""
    found = masters()
    for node in ("m1", "m3"):
        del found[node].host["quorum"]
    assert "when the others have quorum again (start-cluster)" in reasons(found)["no-quorum"]
    down("m3")(found)
    assert (
        "only 1 of 2 that are needed for a quorum have their data: restore-cluster"
        in reasons(found)["no-quorum"]
    )


def test_another_voter_that_is_down_comes_first() -> None:
    """Five members, two dead: quorum stands, and still etcd takes no new member."""
    found = masters()
    more = [entry("m1", ID=0x44, name="etcd4", peerURLs=["https://172.31.100.98:2380"], clientURLs=[])]
    down("m3")(found)
    found["m1"].host["members64"] = b64(json.dumps({"members": [entry(one) for one in IDS] + more + [
        entry("m1", ID=0x55, name="etcd5", peerURLs=["https://172.31.100.99:2380"], clientURLs=[])
    ]}))  # fmt: skip
    said = reasons(found)
    assert "etcd3 (m3): down too" in said["other-down"]
    assert "restart-member --node m3" in said["other-down"]


def test_who_is_down_is_not_counted_as_up() -> None:
    """One that was added already joins also while another is down; the gate then says how many really are up."""
    found = masters()
    elsewhere = [
        entry("m1", ID=0x40 + n, name=f"etcd{n}", peerURLs=[f"https://10.0.0.{n}:2380"]) for n in (4, 5)
    ]
    down("m3")(found)
    told(found, [entry("m1"), unstarted(), entry("m3"), *elsewhere])
    found["m2"].host["wal64"] = wal(0x22)
    seen = params(found)
    assert (seen.way, seen.up, seen.voters) == ("join", 3, 5)
    assert quorum_rows(seen)[0] == ("now", "3 of 5 voters up, 3 needed, none may fail")


@pytest.mark.invariant("INV-15")
def test_only_who_lost_its_data_is_to_be_taken_out() -> None:
    """Of seven, three are down: one whose data is lost, one that is merely stopped, and the one that is asked for."""
    found = [
        Listed(id=f"{n}{n}", name=f"etcd{n}", peer_urls=(f"https://10.0.0.{n}:2380",), learner=False)
        for n in range(1, 8)
    ]
    stopped, gone = (
        SimpleNamespace(complete=True, kind="dir"),
        SimpleNamespace(complete=False, kind="dir", wal_files=0, db_size=0, path="/var/lib/etcd"),
    )
    look = SimpleNamespace(
        target="m7",
        cluster=SimpleNamespace(
            nodes=[SimpleNamespace(name=f"m{n}", host=f"10.0.0.{n}") for n in range(1, 8)]
        ),
        roster=SimpleNamespace(voters=found, healthy=dict.fromkeys(["m1", "m2", "m3", "m4"])),
        seen=SimpleNamespace(
            hosts={
                node: SimpleNamespace(status=None, env=None, data=data)
                for node, data in (("m5", stopped), ("m6", gone))
            },
            data={node: DataState(state=Usability.UNKNOWN, words=Words("w")) for node in ("m5", "m6")},
        ),
    )
    hint = recover_checks._bring_up(cast(recover_checks.Look, look), found[4:6])
    assert "restart-member --node m5" in hint and "restart-member --node m6" not in hint
    assert "member remove 66 (etcd6: w)" in hint and "member remove 55" not in hint
    assert "one at a time: m7, then m6" in hint and "4 of 6 voters up, 4 needed" in hint


def test_too_few_without_it() -> None:
    found = masters()
    down("m3")(found)
    assert "2 of 2 are needed" in reasons(found)["quorum-after"]


def test_down_is_not_lost() -> None:
    found = masters()
    found["m2"].journal = []
    assert "restart-member --node m2" in reasons(found)["data-intact"]
    assert recover_params(draft(found, overrule=("data-intact",))).overruled == ("data-intact",)


def test_wiped_data_is_lost() -> None:
    found = masters()
    found["m2"].journal = []
    found["m2"].host |= {"data_wal": "0", "data_db": "0"}
    assert "no log and no database" in params(found).why


@pytest.mark.invariant("INV-15")
@pytest.mark.parametrize("way", ["add", "join"])
def test_whole_data_of_another_cluster_is_not_put_aside_without_a_word(way: str) -> None:
    """The others were wiped and came up as a cluster of their own; m2 is stopped, and has all that there was."""
    found = masters() | {"m2": Master("m2")}
    told(found, [entry("m1"), entry("m3"), *([unstarted()] if way == "join" else [])])
    found["m2"].journal = []
    found["m2"].host["wal64"] = wal(0x22, of=0xBEEF)
    said = reasons(found)
    assert "of another cluster, beef; it would join 3d9" in said["data-intact"]
    assert "find out which one is meant" in said["data-intact"]
    assert recover_params(draft(found, overrule=("data-intact",))).overruled == ("data-intact",)
    found["m2"].host["wal64"] = wal(0x22)
    assert params(found).way == way, "its own entry was removed: nothing is left to start"


def bend(key: str, value: str, node: str = "m2") -> Callable[[dict[str, Master]], None]:
    return lambda found: found[node].host.update({key: value})


def bend_env(key: str, value: str) -> Callable[[dict[str, Master]], None]:
    return lambda found: found["m2"].env.update({key: value})


def two_seats(found: dict[str, Master]) -> None:
    told(
        found,
        [entry("m1"), entry("m2"), entry("m2", ID=0x77, peerURLs=["https://10.0.0.9:2380"]), entry("m3")],
    )


CASES: list[tuple[str, Callable[[dict[str, Master]], object], str, tuple[str, ...]]] = [
    ("silent", lambda f: setattr(f["m2"], "silent", True), "unreachable", ("m2", "no route to host")),
    ("no room", bend("free_kib", "900000"), "space", ("m2", "878 MiB free", "the old data is kept")),
    ("read-only", bend("env_writable", "no"), "no-privilege", ("m2", "directory of the env file")),
    ("flags", bend("unit.ExecStart", "{ path=/o/etcd ; argv[]=/o/etcd --name x ; ignore_errors=no ; pid=0 }"), "unit-flags", ("m2", "--name x")),
    ("wal dir", bend_env("ETCD_WAL_DIR", "/wal"), "env-forbidden", ("m2", "ETCD_WAL_DIR")),
    ("peer url", bend_env("ETCD_INITIAL_ADVERTISE_PEER_URLS", "https://10.0.0.9:2380"), "env-peer-url", ("m2", "10.0.0.9", "member update")),
    ("another version", bend("tool.etcd", "etcd Version: 3.4.20"), "tool-versions", ("m2", "3.4.20", "3.5.10")),
    ("another cluster", lambda f: f.update(m3=_of_another_cluster()), "clusters-differ", ("3d9", "3da")),
    ("lists differ", lambda f: told({"m3": f["m3"]}, [entry("m1"), entry("m3")]), "lists-differ", ("wait",)),
    ("two entries", two_seats, "seat-unclear", ("m2", "22", "77")),
    ("another unstarted", lambda f: told(f, [entry("m1"), entry("m2"), entry("m3"), entry("m1", ID=0x88, name="", peerURLs=["https://x:1"])]), "another-unfinished", ("88",)),
    ("a learner", lambda f: told(f, [entry("m1"), entry("m2"), entry("m3"), entry("m1", ID=0x88, name="x", isLearner=True, peerURLs=["https://x:1"])]), "another-unfinished", ("learner",)),
    ("data a link", bend("data_kind", "link"), "data-dir", ("m2", "symbolic link")),
]  # fmt: skip


def _of_another_cluster() -> Master:
    master = serving("m3")
    master.host["status64"] = b64(
        status("m3").replace(f'"cluster_id": {CLUSTER_ID}', f'"cluster_id": {CLUSTER_ID + 1}')
    )
    return master


@pytest.mark.parametrize(
    ("bent", "id", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_refused_with_what_to_do(
    bent: Callable[[dict[str, Master]], object], id: str, words: tuple[str, ...]
) -> None:
    found = masters()
    bent(found)
    said = reasons(found)
    assert id in said, said
    assert all(word in said[id] for word in words), said[id]


@pytest.mark.parametrize("wrong", ["new", '"new"', "existing"])
def test_what_its_env_file_says_of_the_cluster_is_no_reason(wrong: str) -> None:
    found = masters()
    found["m2"].env |= {
        "ETCD_INITIAL_CLUSTER_STATE": wrong,
        "ETCD_INITIAL_CLUSTER": "etcd9=https://10.0.0.9:2380",
    }
    assert params(found).way == "remove"


def test_a_run_that_holds_a_master_is_told() -> None:
    found = masters()
    found["m1"].more.append("nv:lease64=" + b64("0ddba11:3"))
    with pytest.raises(HeldByAnother):
        draft(found)


def test_words_that_are_no_plan() -> None:
    for more in (
        {"node": ""},
        {"node": "m9"},
        {"node": "m2", "snapshot": "/tmp/x"},
        {"node": "m2", "survivor": "m1"},
    ):
        with pytest.raises(UsageError):
            draft(masters(), **more)


def test_a_gate_tells_the_quorum_the_way_back_and_what_is_kept() -> None:
    plan = draft(masters())
    gate = next(step for step in recover_member.steps(cluster(), plan) if isinstance(step, Gate))
    told_rows = gate.brief(cast(Context, SimpleNamespace(plan=plan, facts={}, cluster=cluster(), node="")))
    text = "\n".join(f"{label}: {words}" for label, words in told_rows.rows)
    assert [word.word for word in told_rows.words] == ["m2"]
    for words in (
        "etcd2 on m2, ID 22",
        "now: 2 of 3",
        f"/var/lib/etcd.novatui-old-{RUN}",
        f"/var/lib/novatui/{RUN}/safety.db on m3",
        "banned for good",
    ):
        assert words in text


# -- whose keys agree -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hashes", "voters", "agree", "differ"),
    [
        ({"a": [Hash(9, 1, 7)], "b": [Hash(9, 1, 7)], "c": [Hash(9, 1, 8)]}, 3, "ab", "c"),
        ({"a": [Hash(9, 1, 7)], "b": [Hash(9, 1, 8)]}, 3, "", ""),
        ({"a": [Hash(9, 1, 7)], "b": [Hash(9, 1, 7)]}, 5, "", ""),
        ({"a": [Hash(9, 1, 7)], "b": [Hash(8, 1, 7)], "c": [Hash(7, 1, 7)]}, 3, "", ""),
        ({"a": [Hash(9, 1, 7)], "b": [Hash(9, 2, 7)], "c": [Hash(9, 2, 8)]}, 3, "", ""),
        ({one: [Hash(at, 1, at), Hash(5, 1, value)] for at, (one, value) in enumerate([("a", 7), ("b", 7), ("c", 8)], 9)}, 3, "ab", "c"),
    ],
)  # fmt: skip
def test_a_majority_is_more_than_half_of_all_voters_at_one_revision(
    hashes: dict[str, list[Hash]], voters: int, agree: str, differ: str
) -> None:
    assert majority(hashes, voters) == (frozenset(agree), frozenset(differ))
