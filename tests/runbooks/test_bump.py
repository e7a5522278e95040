"""--bump-revision: where it is refused, what is run with it, and what the last gate then expects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from novatui.model.plan import Plan
from novatui.remote.command import Command, Outcome
from novatui.runbooks import restore_cluster
from novatui.runbooks.parts import proof
from novatui.runbooks.parts.params import restore_params
from novatui.runbooks.restore_cluster import fence
from novatui.runbooks.restore_cluster.bump import BUMP
from novatui.runbooks.restore_cluster.gate import brief
from novatui.runbooks.step import Context, State, Step
from tests.runbooks.survey_text import NODES, b64, cluster, masters, said
from tests.runbooks.test_api_fence import with_api
from tests.runbooks.test_refusals import draft, reasons, request

BUMPED = request(bump_revision=True)


def answered(revision: int, *keys: str) -> Outcome:
    """What a member says under each key."""
    header = {"cluster_id": 985, "member_id": 1, "revision": revision}
    words = {
        "hashkv": {"HashKV": {"header": header, "hash": 7}},
        "": {"Status": {"header": header, "raftIndex": 9, "leader": 1}},
    }
    lines = [f"nv:{key}64={b64(json.dumps([words.get(key, words[''])]))}" for key in keys]
    return said([*lines, "nv:write=yes", "nv:end=1"])


LAST_GATE = ("status1", "status2", "hashkv")


def context(plan: Plan, **more: Any) -> Context:
    proved = {node: {"revision": 40, "sha256": "aa"} for node in NODES}
    return Context(plan=plan, cluster=cluster(), node="m1", facts={"prove": proved, **more})


def step(plan: Plan, id: str) -> Step:
    found = next(one for one in restore_cluster.steps(cluster(), plan) if one.id == id)
    assert isinstance(found, Step)
    return found


@pytest.mark.parametrize("old", ["3.5.9", "3.5.1", "3.4.27"])
@pytest.mark.parametrize("tool", ["etcdutl", "etcdctl"])
def test_tools_that_cannot_are_refused_by_name_and_version(old: str, tool: str) -> None:
    found = masters()
    for master in found.values():
        master.host |= {f"tool.{tool}": f"{tool} version: {old}", "tool.etcd": f"etcd Version: {old}"}
        if tool == "etcdctl":
            master.host.pop("tool.etcdutl")
    refused = reasons(found, BUMPED)
    assert set(refused) == {"bump-version"}
    assert "3.5.10" in refused["bump-version"] and old in refused["bump-version"]
    assert draft(found)


def test_it_is_run_with_both_words_or_with_none() -> None:
    for asked, wanted in ((BUMPED, ["--bump-revision", str(BUMP), "--mark-compacted"]), (request(), [])):
        plan = draft(masters(), asked)
        apply = step(plan, "stage").apply
        assert apply is not None
        (act,) = apply(context(plan))
        assert isinstance(act, Command)
        assert [
            word for word in act.argv if "bump" in word or "compacted" in word or word == str(BUMP)
        ] == wanted


@pytest.mark.invariant("INV-3")
def test_the_last_gate_expects_the_snapshots_revision_and_the_bump() -> None:
    plan = draft(masters(), BUMPED)
    expected = proof.restored(context(plan))
    assert expected.least == 40 + BUMP
    low = proof.read_last_gate(answered(40, *LAST_GATE), expected.least, 40, of=expected.least_of)
    assert low.state is State.TODO and f"that of the snapshot, raised is {40 + BUMP}" in low.detail
    assert proof.read_last_gate(answered(40 + BUMP, *LAST_GATE), expected.least, 40).state is State.DONE
    assert "goes on at 1000000040" in dict(brief(context(plan)).rows)["Revision"]
    fenced = draft(with_api("m1"), BUMPED)
    facts = {
        node: {"revision": BUMP + 40, "snapshot_revision": BUMP + 40, "fenced": True, "hash": 1}
        for node in NODES
    }
    assert fence.unwritten(context(fenced, **{"last-gate": facts})) == []
    facts["m2"]["revision"] += 1
    assert [one.guard for one in fence.unwritten(context(fenced, **{"last-gate": facts}))] == [
        "other-writers"
    ]


def test_an_undo_counts_what_was_written_since_not_the_bump() -> None:
    plan = draft(masters(), BUMPED)
    ask = restore_cluster.undo(cluster(), plan)[0].probe
    assert ask is not None
    status = answered(40 + BUMP + 3, "status")
    assert ask(context(plan)).read(status).detail == "discards 3 revisions written since the restore"


def test_it_is_proposed_where_api_servers_run_on() -> None:
    notes = restore_params(draft(with_api("m1"), request(no_fence=True))).notes
    assert any("--bump-revision" in note for note in notes)
    assert len(restore_params(draft(with_api("m1"), request(no_fence=True, bump_revision=True))).notes) == 1
    old = with_api("m1")
    for master in old.values():
        master.host["tool.etcdutl"] = "etcdutl version: 3.5.4"
    notes = restore_params(draft(old, request(no_fence=True))).notes
    assert any("too old" in note for note in notes)
