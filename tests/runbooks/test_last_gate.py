"""The last gate: what it hashes, and that it is not content with less."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from novatui.remote.command import Outcome, Status
from novatui.runbooks.parts.proof import judge_last_gate, newest_seen, read_last_gate
from novatui.runbooks.step import Context, State
from tests.runbooks.bench import Bench, etcd, tools

NODES = ("m1", "m2", "m3")


def context(facts: dict[str, dict[str, dict[str, Any]]]) -> Context:
    return cast(Context, SimpleNamespace(plan=SimpleNamespace(nodes=NODES), facts=facts))


def seen(**changed: Any) -> dict[str, Any]:
    return {"hash": 7, "hash_revision": 40, "compact_revision": 3, "index": [50, 51]} | changed


@pytest.mark.invariant("INV-3")
@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"hash": 8}, "keys differ"),
        ({"hash": None}, "keys differ"),
        ({"hash_revision": 41}, "different revisions"),
        ({"compact_revision": 4}, "different revisions"),
        ({"index": [50, 151]}, "lags"),
    ],
)
def test_one_member_that_is_not_like_the_others_is_told(odd: dict[str, Any], words: str) -> None:
    alike = {node: seen() for node in NODES}
    assert judge_last_gate(context({"last-gate": alike})) == []
    found = judge_last_gate(context({"last-gate": {**alike, "m2": seen(**odd)}}))
    assert len(found) == 1 and found[0].refuses and words in found[0].title


@pytest.mark.invariant("INV-3")
def test_it_hashes_at_the_newest_revision_any_member_was_seen_at() -> None:
    """At the snapshot's own revision a member with the data from before would look the same as the restored ones."""
    members = {"m1": {"revision": 40}, "m2": {"revision": 95}, "m3": {}}
    assert newest_seen(context({"members": members}), 40) == 95
    assert newest_seen(context({"members": members, "last-gate": {"m3": {"revision": 97}}}), 40) == 97
    assert newest_seen(context({}), 40) == 40


@pytest.mark.parametrize("script", ["last-gate", "hash"])
def test_hashing_has_more_time_than_an_answer(tmp_path: Path, script: str) -> None:
    """All keys are read for it: a database of some GB on a slow disk would else never pass, its API servers fenced."""
    bench, told = Bench(tmp_path / "a master"), tmp_path / "told"
    etcdctl = tmp_path / "etcdctl"
    etcdctl.write_text(f'#!/bin/sh\necho "$ETCDCTL_COMMAND_TIMEOUT $*" >>"{told}"\n')
    etcdctl.chmod(0o755)
    assert bench.run(script, "http://127.0.0.1:1", "", "", "", etcdctl, "7").ok
    limits = {line.split(" ", 1)[0] for line in told.read_text().splitlines() if "hashkv" in line}
    assert limits == {"60s"}


@pytest.mark.etcd
def test_a_compacted_revision_is_hashed_at_the_newest(tmp_path: Path) -> None:
    """A snapshot taken right after a compaction, and the cure of NOSPACE, leave no hash at the snapshot's revision."""
    bench, home = Bench(tmp_path / "a master"), tools(tmp_path / "tools")
    with etcd(home, tmp_path / "data") as running:
        for number in range(5):
            running.ctl("put", f"k{number}", "v")

        def look(revision: int) -> Outcome:
            return bench.run("last-gate", running.endpoint, "", "", "", home / "etcdctl", revision)

        plain = read_last_gate(look(4), 4, 4)
        assert plain.state is State.DONE and plain.facts["hash_revision"] == 4
        running.ctl("compact", "6")
        found = read_last_gate(look(6), 6, 6)
        assert found.state is State.DONE, found.detail
        assert (found.facts["hash_revision"], found.facts["compact_revision"]) == (6, 6)
        said = subprocess.run(
            [home / "etcdctl", "--endpoints", running.endpoint, "endpoint", "hashkv", "-w", "json"],
            capture_output=True,
            check=True,
        ).stdout
        assert json.loads(said)[0]["HashKV"]["hash"] == found.facts["hash"]
        future = read_last_gate(look(99), 6, 99)
        assert future.facts["hash_revision"] == 6, "what it has not is not called hashed at 99"


def test_a_member_that_does_not_answer_is_not_done() -> None:
    empty = base64.b64encode(b"").decode()
    text = f"nv:status164={empty}\nnv:hashkv64={empty}\nnv:status264={empty}\nnv:end=1\n"
    outcome = Outcome(status=Status.OK, exit=0, stdout=text.encode())
    assert read_last_gate(outcome, 4, 4).state is State.TODO
    assert read_last_gate(Outcome(status=Status.OK, exit=0, stdout=b""), 4, 4).state is State.UNKNOWN


def test_what_has_the_least_revision_is_a_runbooks_own_to_say() -> None:
    def look(revision: int) -> Outcome:
        header = {"cluster_id": 985, "member_id": 1, "revision": revision}
        status = json.dumps([{"Status": {"header": header, "raftIndex": 9, "leader": 1}}])
        keys = json.dumps([{"HashKV": {"header": header, "hash": 7}}])
        pairs = {"status1": status, "status2": status, "hashkv": keys}
        lines = [f"nv:{key}64={base64.b64encode(text.encode()).decode()}" for key, text in pairs.items()]
        text = "\n".join([*lines, "nv:write=yes", "nv:end=1\n"])
        return Outcome(status=Status.OK, exit=0, stdout=text.encode())

    found = read_last_gate(look(40), 41, 41, of="the others before", fact="least_revision")
    assert found.state is State.TODO and "that of the others before is 41" in found.detail
    assert "least_revision" in found.facts and "snapshot_revision" not in found.facts
    assert read_last_gate(look(41), 41, 41).state is State.DONE
