"""Leaving masters out: who may be, what is asked of the others, the token that keeps them out; the scripts on real files."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from novatui.errors import UsageError
from novatui.model.plan import Plan
from novatui.remote.command import Command, Outcome
from novatui.runbooks import etcd_ids, restore_cluster
from novatui.runbooks.parts import left_out
from novatui.runbooks.parts.params import restore_params
from novatui.runbooks.restore_cluster import token
from novatui.runbooks.restore_cluster.gate import brief
from novatui.runbooks.step import Context, State, Step
from tests.runbooks.bench import SHELLS, Bench
from tests.runbooks.survey_text import HOSTS, Master, answers, b64, cluster, masters, status_json
from tests.runbooks.test_refusals import RUN, draft, reasons, request

FRESH = f"k8s_etcd-novatui-{RUN}"


def without(*gone: str, say: str = "no") -> dict[str, Master]:
    """The masters that are left, each of which has tried the ports of all other members."""
    found = masters()
    for node, master in found.items():
        others = [one for one in HOSTS if one != node]
        members = {"m1": "etcd1", "m2": "etcd2", "m3": "etcd3"}
        master.ports = [
            f"{members[one]} {HOSTS[one]}:{port} {say if one in gone else 'yes'}"
            for one in others
            for port in (2380, 2379)
        ]
        master.silent = node in gone
    return {node: master for node, master in found.items() if node not in gone}


def steps(plan: Plan) -> dict[str, Step]:
    both = (*restore_cluster.steps(cluster(), plan), *restore_cluster.undo(cluster(), plan))
    return {step.id: step for step in both if isinstance(step, Step)}


def act(plan: Plan, id: str, node: str = "m1") -> Command:
    apply = steps(plan)[id].apply
    assert apply is not None
    (one,) = apply(Context(plan=plan, cluster=cluster(), node=node, facts={}))
    assert isinstance(one, Command)
    return one


@pytest.mark.invariant("INV-16")
def test_one_left_out_takes_no_part_and_is_kept_out_by_a_fresh_token() -> None:
    plan = draft(without("m3"), request(without=["m3"]))
    params = restore_params(plan)
    assert plan.nodes == tuple(plan.facts) == tuple(params.nodes) == ("m1", "m2")
    assert params.token == FRESH and params.fresh_token
    urls = {node: f"https://{HOSTS[node]}:2380" for node in plan.nodes}
    assert params.initial_cluster == f"etcd1={urls['m1']},etcd2={urls['m2']}"
    ids = [etcd_ids.member_id((url,), FRESH) for url in urls.values()]
    assert params.cluster_id == etcd_ids.shown(etcd_ids.cluster_id(ids)) != "dae05cd826ec589"
    assert [one.member_id for one in params.nodes.values()] == [etcd_ids.shown(one) for one in ids]
    words = act(plan, "stage").argv
    assert words[words.index("--initial-cluster") + 1] == params.initial_cluster
    assert words[words.index("--initial-cluster-token") + 1] == FRESH
    names = [step.id for step in restore_cluster.steps(cluster(), plan)]
    assert names[names.index("hold") :][:4] == ["hold", "stop", "token", "swap"]
    back = [step.id for step in restore_cluster.undo(cluster(), plan)]
    assert back[back.index("undo-swap") :][:3] == ["undo-swap", "undo-token", "undo-start"]
    assert act(plan, "token").argv == ("do", RUN, "/etc/etcd.env", FRESH)
    assert act(plan, "undo-token").argv == ("undo", RUN, "/etc/etcd.env", FRESH)
    assert any("recover-member" in note for note in params.notes)


def test_nobody_asks_a_master_that_is_left_out() -> None:
    asked = restore_cluster.survey(cluster(), request(without=["m3"]))
    assert set(asked) == {"m1", "m2"} and all("ports" in one for one in asked.values())
    assert all("ports" not in one for one in restore_cluster.survey(cluster(), request()).values())


def test_the_token_is_kept_unless_it_is_asked_for() -> None:
    assert restore_params(draft(masters())).token == "k8s_etcd"
    assert "token" not in steps(draft(masters()))
    plan = draft(masters(), request(token="fresh"))
    assert restore_params(plan).token == FRESH and "token" in steps(plan)
    assert token.fresh(FRESH, "00000001") == "k8s_etcd-novatui-00000001"


@pytest.mark.invariant("INV-16")
@pytest.mark.parametrize(
    ("asked", "id", "words"),
    [
        ({"without": ["m3"], "token": "keep"}, "left-out-token", "leads, and corrupts"),
        ({"without": ["m9"]}, "unknown-node", "m9"),
        ({"without": ["m1", "m2", "m3"]}, "left-out", "nobody is left"),
        ({"without": ["m3"], "snapshot": "", "survivor": "m3"}, "left-out", "--survivor m3"),
        ({"without": ["m3"], "from_node": "m3"}, "left-out", "--from m3"),
    ],
)
def test_refused(asked: dict[str, Any], id: str, words: str) -> None:
    found = without(*(node for node in asked["without"] if node != "m9"))
    assert words in reasons(found, request(**asked))[id]


@pytest.mark.invariant("INV-16")
def test_those_that_could_form_a_quorum_need_a_word_and_silence() -> None:
    asked = request(without=["m2", "m3"])
    assert set(reasons(without("m2", "m3"), asked)) == {"left-out-quorum"}
    plan = draft(without("m2", "m3"), request(without=["m2", "m3"], overrule=["left-out-quorum"]))
    assert plan.nodes == ("m1",)
    for say, id in (("yes", "left-out-alive"), ("unknown", "left-out-ports")):
        refused = reasons(
            without("m2", "m3", say=say), request(without=["m2", "m3"], overrule=["left-out-quorum"])
        )
        assert set(refused) == {id}, "no word helps against that"
        assert "172.31.100.105:2379 (from m1)" in refused[id]
    mute = without("m2", "m3")
    mute["m1"].ports = ["cut short"]
    assert "etcd2, etcd3 answer could not be tried" in reasons(mute, asked)["left-out-ports"]
    half = without("m2", "m3")
    half["m1"].ports = [one for one in half["m1"].ports or () if one.startswith("etcd2 ")]
    assert "whether etcd3 answer" in reasons(half, asked)["left-out-ports"], "silence was never listened to"


def test_one_of_three_that_still_answers_is_told() -> None:
    notes = restore_params(draft(without("m3", say="yes"), request(without=["m3"]))).notes
    assert any("still answering" in note and "172.31.100.106:2380" in note for note in notes)


def test_members_that_are_neither_configured_nor_left_out_are_refused() -> None:
    found = without("m3")
    for master in found.values():
        master.env["ETCD_INITIAL_CLUSTER"] += ",etcd4=https://172.31.100.107:2380"
    assert "etcd3, etcd4" in reasons(found, request(without=["m3"]))["left-out"]


@pytest.mark.invariant("INV-10")
def test_down_is_not_lost_counts_those_left_out_as_members() -> None:
    """Two of three have their data: starting them is enough, whoever is left out."""
    found = without("m3")
    found["m2"].journal = []
    assert "2 of 3" in reasons(found, request(without=["m3"]))["data-intact"]


@pytest.mark.invariant("INV-12")
def test_one_that_comes_alive_meanwhile_is_a_change() -> None:
    asked = request(without=["m3"])
    facts = [
        restore_cluster.facts(cluster(), asked, answers(without("m3", say=say))) for say in ("no", "yes")
    ]
    assert facts[0] != facts[1]


@pytest.mark.invariant("INV-10")
def test_the_gate_tells_that_its_data_was_not_read() -> None:
    plan = draft(without("m3"), request(without=["m3"]))
    shown = brief(Context(plan=plan, cluster=cluster(), node="", facts={}))
    rows = dict(shown.rows)
    assert "m3" in rows["Left out"] and FRESH in rows["Token"]
    assert any(word.guard == "survivor-unread" and "m3" in word.why for word in shown.words)


def test_options_of_a_restore_are_not_passed_over_by_another_runbook() -> None:
    import argparse

    from novatui.cli import asking

    parser = argparse.ArgumentParser()
    asking.arguments(parser)
    with pytest.raises(UsageError) as refused:
        asking.request(parser.parse_args(["restart-member", "--node", "m1", "--without", "m2", "--no-fence"]))
    assert "--without" in refused.value.title + refused.value.detail
    assert asking.request(
        parser.parse_args(["restore-cluster", "--without", "m2", "--without", "m2"])
    ).without == ("m2",)


# -- the scripts --------------------------------------------------------------------------------------------------

ENV = "# etcd\nETCD_NAME=etcd1\n  ETCD_INITIAL_CLUSTER_TOKEN='k8s_etcd'\nETCD_INITIAL_CLUSTER_STATE=new\n"


@pytest.fixture(params=SHELLS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    bench = Bench(tmp_path / "a master", request.param)
    bench.env_file.write_text(ENV)
    bench.env_file.chmod(0o640)
    return bench


def run_token(bench: Bench, verb: str) -> Outcome:
    return bench.run("token", verb, RUN, bench.env_file, FRESH)


def state(bench: Bench, word: str) -> State:
    return token._reader(word)(run_token(bench, "look")).state


@pytest.mark.invariant("INV-16", "INV-13")
@pytest.mark.parametrize(
    "text", [ENV, ENV.replace("\n", "\r\n"), ENV + "ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd\n"]
)
def test_token_there_and_back_byte_for_byte(bench: Bench, text: str) -> None:
    bench.env_file.write_bytes(text.encode())
    hold = (bench.root / "work", "etcd", bench.root / "units", bench.env_file)
    assert run_token(bench, "do").exit == 3, "only while it is held, with its copy"
    assert state(bench, "fresh") is State.FOREIGN
    assert bench.run("hold", "do", RUN, *hold).ok
    assert state(bench, "fresh") is State.TODO and state(bench, "before") is State.DONE
    assert run_token(bench, "do").ok and run_token(bench, "do").ok
    assert state(bench, "fresh") is State.DONE
    lines = bench.env_file.read_text().splitlines()
    assert [line for line in lines if "TOKEN" in line] == [f"ETCD_INITIAL_CLUSTER_TOKEN={FRESH}"]
    assert "ETCD_INITIAL_CLUSTER_STATE=existing" in lines
    assert bench.env_file.stat().st_mode & 0o777 == 0o640
    # The release leaves the token, and puts the state back.
    assert bench.run("release", "do", RUN, *hold).ok
    assert state(bench, "fresh") is State.DONE
    assert bench.run("hold", "do", RUN, *hold).ok
    assert run_token(bench, "undo").ok and run_token(bench, "undo").ok
    assert state(bench, "before") is State.DONE
    assert bench.run("release", "do", RUN, *hold).ok
    assert bench.env_file.read_bytes() == text.encode()


def test_ports_that_answer_and_that_do_not(bench: Bench) -> None:
    with socket.create_server(("127.0.0.9", 0)) as one:
        port = one.getsockname()[1]
        bench.env_file.write_text(
            "ETCD_NAME=etcd1\nETCD_ADVERTISE_CLIENT_URLS=https://127.0.0.8:1\n"
            f'ETCD_INITIAL_CLUSTER="etcd1=https://127.0.0.8:{port},etcd2=https://127.0.0.9:{port},etcd3=https://127.0.0.8:{port}"\n'
        )
        found = left_out.ports(bench.run("ports", bench.env_file))
    assert found is not None
    said = {(one.member, one.place): one.answers for one in found}
    assert said == {
        ("etcd2", f"127.0.0.9:{port}"): "yes",
        ("etcd2", "127.0.0.9:1"): "no",
        ("etcd3", f"127.0.0.8:{port}"): "no",
        ("etcd3", "127.0.0.8:1"): "no",
    }
    assert left_out.ports(bench.run("ports", bench.root / "nowhere")) is None


def listing(node: str, *members: str) -> dict[str, str]:
    """A master that has quorum and tells these members."""
    entries = [
        {"ID": number, "name": name, "peerURLs": [f"https://{name}:2380"]}
        for number, name in enumerate(members, 1)
    ]
    number = list(HOSTS).index(node) + 1
    return {
        "status64": b64(status_json(number, 376000)),
        "quorum": "yes",
        "members64": b64(json.dumps({"members": entries})),
    }


@pytest.mark.invariant("INV-16")
def test_the_member_list_says_who_could_be_a_quorum_where_it_can_be_read() -> None:
    """Five members, three of them configured: one that is left out has two others that nobody here knows of."""
    found = without("m3")
    wanted = request(without=["m3"], overrule=["quorum-stands", "newer-survivor"])
    found["m1"].host |= listing("m1", "etcd1", "etcd2", "etcd3")
    assert draft(found, wanted).nodes == ("m1", "m2")
    found["m1"].host |= listing("m1", "etcd1", "etcd2", "etcd3", "etcd4", "etcd5")
    refused = reasons(found, wanted)
    assert "3 of 5, 3 are enough (by the member list of m1)" in refused["left-out-quorum"]


def test_without_a_list_what_is_written_down_counts_and_that_is_said() -> None:
    refused = reasons(without("m2", "m3"), request(without=["m2", "m3"]))
    assert "2 of 3, 2 are enough (by the configuration and the env files" in refused["left-out-quorum"]


def test_a_member_of_the_list_that_no_master_is_refuses() -> None:
    found = masters()
    found["m1"].host |= listing("m1", "etcd1", "etcd2", "etcd3", "etcd4")
    refused = reasons(found, request(overrule=["quorum-stands", "newer-survivor"]))
    assert "the member list of m1 has etcd4, which no configured master is" in refused["left-out"]
