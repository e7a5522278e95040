"""begin.sh and evidence.sh in real shells, and what is read of them: nothing is started on nothing, nothing is lost before a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from novatui.model.plan import Plan, Request
from novatui.remote.command import Outcome, Status
from novatui.runbooks.parts import begin as begin_module
from novatui.runbooks.parts.begin import read_begun, read_serves, why_down
from novatui.runbooks.parts.keeping import read_evidence
from novatui.runbooks.parts.proof import Expected
from novatui.runbooks.restart_member import read_gone
from novatui.runbooks.start_cluster import read_clear, read_whole
from novatui.runbooks.step import Context, State
from tests.runbooks import bench as benches
from tests.runbooks.bench import SHELLS, Bench, data_dir, tree
from tests.runbooks.survey_text import DAMAGED, b64, cluster, status_json

RUN = "7f3a00aa"


@pytest.fixture(params=SHELLS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "a master", request.param)
    for name in ("journalctl", "dmesg"):
        tool = made.root / "bin" / name
        tool.write_text('#!/bin/sh\necho "{\\"MESSAGE\\": \\"said by $0\\"}"\n')
        tool.chmod(0o755)
    return made


def begin(bench: Bench, verb: str, *more: object) -> Outcome:
    return bench.run("begin", verb, RUN, bench.root / "work", "etcd", bench.data, *more)


def look(bench: Bench) -> Outcome:
    return begin(bench, "look", "https://127.0.0.1:1", "", "", "", "/nowhere/etcdctl")


def evidence(bench: Bench, verb: str) -> Outcome:
    return bench.run("evidence", verb, RUN, bench.root / "work", "etcd")


# -- begin.sh -------------------------------------------------------------------------------------------------------


@pytest.mark.invariant("INV-17")
@pytest.mark.parametrize("lacks", ["all", "member/wal", "member/snap/db", "empty log", "empty database"])
def test_nothing_is_started_on_nothing(bench: Bench, lacks: str) -> None:
    if lacks != "all":
        data_dir(bench.data, "keys")
    log = bench.data / "member/wal/0000000000000000-0000000000000000.wal"
    database = bench.data / "member/snap/db"
    match lacks:
        case "member/wal":
            log.unlink()
        case "member/snap/db":
            database.unlink()
        case "empty log":
            log.write_text("")
        case "empty database":
            database.write_text("")
    before = tree(bench.root / "lib")
    done = begin(bench, "do")
    assert done.exit == 3
    assert b"not started: no member/" in done.stderr
    assert not [line for line in bench.asked() if line.startswith("start")]
    assert tree(bench.root / "lib") == before
    found = read_begun(look(bench))
    assert found.state is State.FOREIGN
    assert "nothing is started on none" in found.detail


@pytest.mark.invariant("INV-5", "INV-17")
@pytest.mark.parametrize("run", [RUN, "another"])
def test_a_hold_is_not_lifted(bench: Bench, run: str) -> None:
    """Nor one of its own name: this runbook holds nothing."""
    data_dir(bench.data, "keys")
    bench.hold_file.write_text(f"{run}\n")
    assert begin(bench, "do").exit == 3
    assert bench.hold_file.read_text() == f"{run}\n"
    assert not [line for line in bench.asked() if line.startswith("start")]
    found = read_begun(look(bench))
    assert (found.state, found.detail) == (State.FOREIGN, f"run {run} holds this master")


@pytest.mark.parametrize("state", ["inactive", "failed"])
def test_what_is_down_with_its_data_is_started(bench: Bench, state: str) -> None:
    """A start limit is forgotten first; nobody waits in the shell; its data is not touched."""
    data_dir(bench.data, "keys")
    bench.active(state)
    before = tree(bench.root / "lib")
    assert read_begun(look(bench)).state is State.TODO
    assert read_begun(look(bench), begins=False).state is State.DONE, "not one of those that are started"
    assert begin(bench, "do").ok
    assert [line for line in bench.asked() if "show" not in line] == [
        "reset-failed etcd",
        "start --no-block etcd",
    ]
    assert tree(bench.root / "lib") == before
    assert read_begun(look(bench)).state is State.DONE
    waits = read_serves(look(bench), "m2")
    assert waits.state is State.TODO
    assert "does not answer" in waits.detail


def test_one_that_serves_tells_who_it_is(bench: Bench) -> None:
    """Against a real etcd, and one that waits for peers that never come."""
    home = benches.tools(bench.root / "opt")
    data = bench.root / "lib/etcd"
    with benches.etcd(home, data) as one:
        bench.active("active")
        found = read_serves(begin(bench, "look", one.endpoint, "", "", "", home / "etcdctl"), "m2")
        assert found.state is State.DONE, found
        assert found.facts["serves"]
        assert found.facts["ids"] == [found.facts["member_id"]]
        assert found.facts["revision"] == 1
        os.kill(one.process.pid, signal.SIGSTOP)
        try:
            hung = read_serves(begin(bench, "look", one.endpoint, "", "", "", home / "etcdctl"), "m2")
        finally:
            os.kill(one.process.pid, signal.SIGCONT)
        assert hung.state is State.TODO
        assert not hung.facts["serves"]


def said(**pairs: str) -> Outcome:
    lines = [f"nv:{key.replace('__', '.')}={value}" for key, value in pairs.items()]
    return Outcome(status=Status.OK, exit=0, stdout="\n".join([*lines, "nv:end=1", ""]).encode())


def journal(*lines: dict[str, str]) -> str:
    found = [
        json.dumps({"__REALTIME_TIMESTAMP": str(1718399000000000 + at), "MESSAGE": json.dumps(line)})
        for at, line in enumerate(lines)
    ]
    return "\n".join(found)


def unit(active: str, sub: str, **more: str) -> dict[str, str]:
    return {"unit__ActiveState": active, "unit__SubState": sub, **more}


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (unit("activating", "start"), "waits for its peers"),
        (unit("active", "running"), "the unit is active (running) and does not answer"),
        (unit("active", "running", status64=b64(status_json(2, 9)), quorum="no"), "waits for a leader"),
        (unit("activating", "auto-restart", unit__ExecMainStatus="1"), "its last exit 1"),
        (unit("inactive", "dead"), "the unit is inactive (dead)"),
    ],
)
def test_what_it_waits_for_is_told(pairs: dict[str, str], words: str) -> None:
    found = read_serves(said(**pairs), "m2")
    assert found.state is State.TODO
    assert words in found.detail


FAILED = journal(*DAMAGED)
ADDRESS = journal(
    {"level": "fatal", "msg": "listen failed", "error": "listen tcp: bind: address already in use"}
)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (unit("activating", "auto-restart", journal64=b64(FAILED)), "invalid database"),
        (unit("failed", "failed"), "the unit is failed"),
        (unit("failed", "failed", journal64=b64(ADDRESS)), "address already in use"),
        (
            unit("activating", "auto-restart", unit__NRestarts="2", journal64=b64(ADDRESS)),
            "address already in use",
        ),
    ],
)
def test_one_that_does_not_come_up_is_given_up(pairs: dict[str, str], words: str) -> None:
    for gives_up in (State.DONE, State.FAILED):
        found = read_serves(said(**pairs), "m2", gives_up)
        assert found.state is gives_up
        assert words in found.detail
        assert words in found.facts["remains"]
        assert not found.facts["serves"]
    whole = read_whole(said(**pairs), "m2")
    assert whole.state is State.FAILED
    assert "recover-member --node m2" in whole.detail


def test_one_failure_to_start_is_no_end() -> None:
    """systemd starts it again: only what says that the data is damaged ends the waiting at once."""
    pairs = unit("activating", "auto-restart", unit__NRestarts="1", journal64=b64(ADDRESS))
    assert read_serves(said(**pairs), "m2").state is State.TODO


def test_lines_that_do_not_keep_it_down_are_no_reason() -> None:
    peers = {"level": "error", "msg": "failed to find remote peer in cluster"}
    serves = {"level": "info", "msg": "ready to serve client requests"}
    assert why_down("m2", journal(peers)) == ("", False)
    assert why_down("m2", journal(*DAMAGED, serves)) == ("", False)
    assert why_down("m2", journal(*DAMAGED, peers))[1]
    assert why_down("m2", "no json\n{}\n[]") == ("", False)


def test_a_half_answer_says_nothing() -> None:
    half = Outcome(status=Status.OK, exit=0, stdout=b"nv:unit.ActiveState=active\n")
    readings = (
        read_begun(half), read_serves(half, "m2"), read_evidence(half), read_gone(half, "i", 90.0),
        read_clear(half, starts=True), read_whole(half, "m2"),
    )  # fmt: skip
    assert {one.state for one in readings} == {State.UNKNOWN}


# -- the process that is to go ----------------------------------------------------------------------------------------


def gone(**pairs: str) -> tuple[State, str]:
    found = read_gone(said(lock="free", **pairs), "inv-1", 90.0)
    return found.state, found.detail


def test_the_same_process_is_to_go_another_stays() -> None:
    running = unit("active", "running", unit__MainPID="7")
    assert gone(**running, unit__InvocationID="inv-1")[0] is State.TODO
    state, words = gone(**running, unit__InvocationID="inv-2")
    assert state is State.DONE and "started again meanwhile" in words
    assert gone(**unit("inactive", "dead"))[0] is State.DONE
    state, words = gone(**unit("deactivating", "stop-sigterm", unit__MainPID="7"), unit__InvocationID="inv-1")
    assert state is State.TODO and "within 90 s, by force" in words
    assert read_gone(said(lock="free", **running, unit__InvocationID="x"), "", 90.0).state is State.TODO


def test_a_second_etcd_is_in_the_way() -> None:
    down = unit("inactive", "dead", lock="free")
    assert read_clear(said(**down), starts=True).state is State.DONE
    for more, words in (
        ({"listening": "127.0.0.1:2379"}, "127.0.0.1:2379"),
        ({"lock": "held"}, "holds its database"),
    ):
        found = read_clear(said(**(down | more)), starts=True)
        assert found.state is State.FOREIGN and words in found.detail
        assert read_clear(said(**(down | more)), starts=False).state is State.DONE


# -- what is expected in the end --------------------------------------------------------------------------------------


def expected(facts: dict[str, dict[str, dict[str, object]]], *steps: str) -> Expected:
    plan = Plan(
        run=RUN, runbook="x", runbook_version=1, cluster="prod", nodes=("m1", "m2", "m3"),
        request=Request(runbook="x"), params={}, facts={},
    )  # fmt: skip
    return begin_module.expected(Context(plan=plan, cluster=cluster(), node="", facts=facts), *steps)


def member(id: str, cluster_id: str = "c", revision: int = 5, *ids: str) -> dict[str, object]:
    return {"member_id": id, "cluster_id": cluster_id, "revision": revision, "ids": list(ids)}


def test_the_cluster_most_members_tell_is_the_one() -> None:
    """One that came up in another cluster is the odd one, whoever was started last."""
    look: dict[str, dict[str, object]] = {
        "m1": member("a", "c", 9, "a", "b", "d"),
        "m2": {"serves": False},
        "m3": member("d", "c", 7, "a", "b", "d"),
    }
    found = expected({"look": look, "start": {"m2": member("z", "other", 3, "z")}}, "look", "start")
    assert (found.cluster_id, found.ids, found.least) == ("c", frozenset("abd"), 9)
    assert found.own == {"m1": "a", "m2": "z", "m3": "d"}


def test_while_nothing_is_known_nothing_is_good_enough() -> None:
    found = expected({}, "look", "start")
    assert (found.cluster_id, found.ids, found.least) == ("", frozenset(), None)


# -- evidence.sh ------------------------------------------------------------------------------------------------------


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen(["sleep", "300"])
    yield made
    made.kill()
    made.wait(10)


def test_what_a_process_can_tell_is_kept(bench: Bench, process: subprocess.Popen[bytes]) -> None:
    """Read-only: it lives on as it was."""
    (bench.root / "pid").write_text(f"{process.pid}\n")
    bench.active("active")
    assert read_evidence(evidence(bench, "look")).state is State.TODO
    os.kill(process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    assert evidence(bench, "do").ok
    found = read_evidence(evidence(bench, "look"))
    assert found.state is State.DONE
    assert found.facts["process"] == "T (stopped)"
    assert found.facts["pid"] == process.pid
    kept = bench.root / "work" / RUN / "evidence"
    assert found.facts["path"] == str(kept)
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}
    assert "said by" in (kept / "journal.json").read_text()
    assert "[wchan]" in (kept / "threads.txt").read_text()
    assert "Max open files" in (kept / "process.txt").read_text()
    assert process.poll() is None
    os.kill(process.pid, signal.SIGCONT)


def test_what_was_kept_half_is_kept_again(bench: Bench) -> None:
    """And one that is down has no process to tell of."""
    half = bench.root / "work" / RUN / "evidence.part"
    half.mkdir(parents=True)
    (half / "threads.txt").write_text("half")
    assert read_evidence(evidence(bench, "look")).state is State.TODO
    assert evidence(bench, "do").ok
    found = read_evidence(evidence(bench, "look"))
    assert (found.state, found.facts["pid"], found.facts["process"]) == (State.DONE, 0, "")
    assert not (bench.root / "work" / RUN / "evidence/threads.txt").exists()
    assert not half.exists()


def test_an_abandoned_run_leaves_nothing_of_it(bench: Bench) -> None:
    assert evidence(bench, "do").ok
    assert evidence(bench, "drop").ok
    assert tree(bench.root / "work") == {}
    (bench.root / "work" / RUN).mkdir()
    (bench.root / "work" / RUN / "plan.json").write_text("{}")
    assert evidence(bench, "do").ok
    assert evidence(bench, "drop").ok
    assert set(tree(bench.root / "work")) == {RUN, f"{RUN}/plan.json"}, "only its own"
