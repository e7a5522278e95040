"""The scripts of recover-member in real shells: env file, data put aside, proofs, the snapshot, the member list, on real etcd."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from novatui.remote.command import Outcome, Status
from novatui.runbooks.recover_member import wal
from novatui.runbooks.recover_member.before import read_alike, read_connected, read_steady, read_trial
from novatui.runbooks.recover_member.change import read_archive, read_env, read_safety, read_start
from novatui.runbooks.recover_member.members import read_promoted, read_removed
from novatui.runbooks.step import State
from tests.runbooks.bench import SHELLS, Bench, Etcd, content_of, data_dir, etcd, tools, tree

RUN = "7f3a00aa"
INITIAL = "etcd1=https://10.0.0.1:2380,etcd2=https://10.0.0.2:2380"


@pytest.fixture(params=SHELLS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path / "a master", request.param)


# -- the env file ---------------------------------------------------------------------------------------------------


def join(bench: Bench, verb: str) -> Outcome:
    return bench.run("join", verb, RUN, bench.env_file, INITIAL)


@pytest.mark.parametrize("state", ["new", '"new"', "'existing'", "existing", "new\r", None], ids=repr)
@pytest.mark.parametrize("members", ["etcd9=https://x:1", '"etcd9=https://x:1"', None], ids=repr)
def test_the_env_file_joins_whatever_it_said(bench: Bench, state: str | None, members: str | None) -> None:
    lines = ["# etcd", "", "ETCD_NAME=etcd2"]
    lines += [f"  ETCD_INITIAL_CLUSTER_STATE={state}"] * (state is not None)
    lines += [f"ETCD_INITIAL_CLUSTER={members}"] * (members is not None)
    lines += ["ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd", 'ETCD_X="a = b"']
    bench.env_file.write_text("\n".join(lines))
    bench.env_file.chmod(0o640)
    copy = bench.env_file.with_name(f"etcd.env.novatui-{RUN}")
    copy.write_text("as before")
    assert read_env(join(bench, "look")).state is State.TODO
    assert join(bench, "do").ok
    found = read_env(join(bench, "look"))
    assert found.state is State.DONE and found.facts["env_copy"] == str(copy)
    text = bench.env_file.read_text()
    now = text.splitlines()
    assert [line for line in now if "STATE" in line] == ["ETCD_INITIAL_CLUSTER_STATE=existing"]
    assert [line for line in now if "CLUSTER=" in line] == [f"ETCD_INITIAL_CLUSTER={INITIAL}"]
    assert now[:3] == lines[:3] and "ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd" in now and 'ETCD_X="a = b"' in now
    assert bench.env_file.stat().st_mode & 0o777 == 0o640
    assert join(bench, "do").ok and bench.env_file.read_text() == text, "again: nothing new"
    assert copy.read_text() == "as before"


def test_the_env_file_is_not_written_without_a_copy(bench: Bench) -> None:
    bench.env_file.write_text("ETCD_NAME=etcd2\n")
    assert join(bench, "do").exit == 3
    assert bench.env_file.read_text() == "ETCD_NAME=etcd2\n"


# -- the old data ---------------------------------------------------------------------------------------------------


def aside(bench: Bench, verb: str, *, make: str = "make", path_first: Path | None = None) -> Outcome:
    live = bench.data if make == "make" else bench.data / "member"
    old = live.with_name("etcd.novatui-old-r") if make == "make" else live.with_name(".novatui-old-r")
    owner = f"{os.getuid()}:{os.getgid()}"
    return bench.run(
        "aside", verb, "etcd", live, old, RUN, bench.hold_file, owner, "750", make, path_first=path_first
    )


def held(bench: Bench) -> None:
    bench.hold_file.write_text(f"{RUN}\n")


@pytest.mark.invariant("INV-13")
@pytest.mark.parametrize("make", ["make", "leave"])
def test_the_data_is_put_aside_and_an_empty_place_left(bench: Bench, make: str) -> None:
    held(bench)
    data_dir(bench.data, "old")
    inode = (bench.data if make == "make" else bench.data / "member").stat().st_ino
    assert read_archive(aside(bench, "look", make=make)).state is State.TODO
    assert aside(bench, "do", make=make).ok
    found = read_archive(aside(bench, "look", make=make))
    assert found.state is State.DONE and found.facts["old"].endswith(f":{inode}")
    if make == "make":
        assert list(bench.data.iterdir()) == [] and bench.data.stat().st_mode & 0o777 == 0o750
        assert content_of(bench.data.with_name("etcd.novatui-old-r")) == "old"
    else:
        assert not (bench.data / "member").exists()
        assert (bench.data / ".novatui-old-r/snap/db").read_text() == "old"
    before = tree(bench.root / "lib")
    assert aside(bench, "do", make=make).ok and tree(bench.root / "lib") == before, "again: nothing new"


def test_an_empty_place_that_is_only_half_made_is_not_done(bench: Bench, tmp_path: Path) -> None:
    """Cut off before it had its owner: etcd could not write into it."""
    held(bench)
    data_dir(bench.data, "old")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "chown").write_text("#!/bin/sh\nexit 1\n")
    (broken / "chown").chmod(0o755)
    assert not aside(bench, "do", path_first=broken).ok
    assert read_archive(aside(bench, "look")).state is State.PARTIAL
    assert aside(bench, "do").ok and read_archive(aside(bench, "look")).state is State.DONE
    assert bench.data.stat().st_mode & 0o777 == 0o750
    assert sorted(one.name for one in bench.data.parent.iterdir()) == ["etcd", "etcd.novatui-old-r"]


@pytest.mark.invariant("INV-13")
@pytest.mark.parametrize("make", ["make", "leave"])
def test_whatever_lies_there_nothing_is_lost_and_it_ends_blank(bench: Bench, make: str) -> None:
    """Every state an interruption, a person or an earlier try may leave; what was there is there afterwards."""
    for number, (live, old) in enumerate(itertools.product(("none", "blank", "data", "odd"), (False, True))):
        one = Bench(bench.root / f"case {number}", bench.shell)
        held(one)
        place = one.data if make == "make" else one.data / "member"
        kept = place.with_name("etcd.novatui-old-r" if make == "make" else ".novatui-old-r")
        one.data.mkdir()
        if make == "make" and live == "none":
            one.data.rmdir()
        if live in ("blank", "odd") and make == "leave":
            place.mkdir()
        if live == "data":
            if make == "make":
                one.data.rmdir()
            data_dir(one.data, "live")
        if live == "odd":
            (place / "lost+found").mkdir()
        if old:
            (kept / "member/snap").mkdir(parents=True)
            (kept / "member/snap/db").write_text("old")
        contents = sorted(value for value in tree(one.root / "lib").values() if value is not None)
        found = read_archive(aside(one, "look", make=make)).state
        assert found in (State.DONE, State.TODO, State.PARTIAL)
        done = aside(one, "do", make=make)
        assert done.ok, (live, old, done.stderr)
        assert read_archive(aside(one, "look", make=make)).state is State.DONE
        now = sorted(value for value in tree(one.root / "lib").values() if value is not None)
        assert now == contents, "every file is still there"
        assert not list(one.data.glob("member/wal/*"))


def test_nothing_moves_under_an_etcd_or_without_the_hold(bench: Bench) -> None:
    data_dir(bench.data, "old")
    before = tree(bench.root / "lib")
    assert aside(bench, "do").exit == 3, "nothing holds it"
    held(bench)
    bench.active("active")
    assert aside(bench, "do").exit == 3, "it is up"
    bench.active("inactive")
    bench.hold_file.write_text("another1\n")
    assert aside(bench, "do").exit == 3, "another run holds it"
    assert tree(bench.root / "lib") == before


# -- proofs ---------------------------------------------------------------------------------------------------------


def trial(bench: Bench, verb: str, need: int = 1) -> Outcome:
    stage = bench.data.with_name(f"etcd.novatui-stage-{RUN}")
    more = (bench.env_file, need) if verb == "do" else ()
    return bench.run("trial", verb, stage, RUN, *more)


def test_a_trial_leaves_nothing_but_its_own_note(bench: Bench) -> None:
    bench.env_file.write_text("ETCD_NAME=etcd2\n")
    data_dir(bench.data, "old")
    before = tree(bench.root)
    assert read_trial(trial(bench, "look")).state is State.TODO
    # What an interrupted one left is no obstacle.
    for left in ("try", "tried"):
        bench.data.with_name(f"etcd.novatui-stage-{RUN}.{left}").mkdir()
    bench.env_file.with_name(f"etcd.env.novatui-{RUN}.try").write_text("half")
    assert trial(bench, "do").ok
    assert read_trial(trial(bench, "look")).state is State.DONE
    bench.run("unstage", RUN, f"{bench.data}.novatui-stage-{RUN}", f"{bench.data}.novatui-new-{RUN}", "x")
    assert tree(bench.root) == before


def test_a_trial_says_what_cannot_be_done(bench: Bench) -> None:
    bench.env_file.write_text("ETCD_NAME=etcd2\n")
    refused = trial(bench, "do", need=1 << 40)
    assert refused.exit == 1 and b"no room for new data beside the old" in refused.stderr
    assert read_trial(trial(bench, "look")).state is State.TODO
    bench.env_file.unlink()
    assert b"beside the env file" in trial(bench, "do").stderr


# -- on real etcd ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """One voter, some keys."""
    root = tmp_path_factory.mktemp("etcd")
    with etcd(tools(root / "tools"), root / "data") as one:
        for number in range(5):
            one.ctl("put", f"k{number}", "v")
        yield one


def ask(bench: Bench, script: str, verb: tuple[str, ...], one: Etcd, *more: object) -> Outcome:
    return bench.run(script, *verb, one.endpoint, "", "", "", one.home / "etcdctl", *more)


@pytest.mark.etcd
def test_a_snapshot_is_whole_or_not_there(bench: Bench, running: Etcd) -> None:
    file = bench.root / f"work/{RUN}/safety.db"

    def save(need: int) -> Outcome:
        etcdctl = running.home / "etcdctl"
        return bench.run("save", "do", file, RUN, running.endpoint, "", "", "", etcdctl, need, 30)

    def look() -> State:
        return read_safety(bench.run("save", "look", file, RUN), RUN).state

    assert look() is State.TODO
    refused = save(1 << 40)
    assert refused.exit == 1 and b"no room for a snapshot" in refused.stderr
    assert save(1).ok
    found = read_safety(bench.run("save", "look", file, RUN), RUN)
    assert found.state is State.DONE and found.facts["revision"] == 6
    content = file.read_bytes()
    assert content[-32:] == hashlib.sha256(content[:-32]).digest()
    assert file.stat().st_mode & 0o777 == 0o600 and sorted(p.name for p in file.parent.iterdir()) == [
        "safety.db",
        "safety.db.facts",
    ]
    os.truncate(file, 100)
    assert look() is State.PARTIAL
    assert save(1).ok and look() is State.DONE
    assert read_safety(bench.run("save", "look", file, "other"), "other").state is State.PARTIAL


def _another_term(outcome: Outcome) -> Outcome:
    """The same leader, elected once more between the two looks."""
    lines = outcome.text().splitlines()
    second = next(number for number, line in enumerate(lines) if line.startswith("nv:status264="))
    said = json.loads(base64.b64decode(lines[second].partition("=")[2]))
    said[0]["Status"]["raftTerm"] += 1
    lines[second] = "nv:status264=" + base64.b64encode(json.dumps(said).encode()).decode()
    return replace(outcome, stdout="\n".join([*lines, ""]).encode())


@pytest.mark.etcd
def test_hash_and_quorum_of_one_member(bench: Bench, running: Etcd) -> None:
    found = read_alike(ask(bench, "hash", (), running, 6), 6)
    assert found.state is State.DONE and found.facts["hash_revision"] == 6
    said = json.loads(running.ctl("endpoint", "hashkv", "-w", "json"))[0]["HashKV"]
    assert said["hash"] == found.facts["hash"]
    assert read_alike(ask(bench, "hash", (), running, 99), 99).facts["hash_revision"] == 6
    steady = read_steady(ask(bench, "steady", (), running, 6))
    assert steady.state is State.DONE and steady.facts["reads"] >= 2
    assert read_steady(_another_term(ask(bench, "steady", (), running, 2))).state is State.TODO
    gone = Etcd(running.home, running.data, "http://127.0.0.1:1", "", running.process)
    assert read_steady(ask(bench, "steady", (), gone, 2)).state is State.TODO
    assert read_alike(ask(bench, "hash", (), gone, 6), 6).state is State.TODO


@pytest.mark.etcd
def test_the_log_names_its_member_and_cluster(running: Etcd) -> None:
    header = json.loads(running.ctl("endpoint", "status", "-w", "json"))[0]["Status"]["header"]
    own = (f"{header['member_id']:x}", f"{header['cluster_id']:x}")
    file = next((running.data / "member/wal").glob("*.wal"))
    with file.open("rb") as raw:
        head = raw.read(256)
    assert wal.owner(head) == own
    for cut in range(len(head)):
        assert wal.owner(head[:cut]) in (("", ""), own)
    for spoiled in (b"", b"\0" * 256, b"\xff" * 256, head[1:], os.urandom(256)):
        assert all(isinstance(one, str) for one in wal.owner(spoiled))
    assert wal.owner(b"\0" * 256) == ("", "")


@pytest.mark.etcd
def test_the_member_list_is_changed_once_however_often_it_is_asked(bench: Bench, tmp_path: Path) -> None:
    """One voter grows by a learner; all that was granted already is no failure, and what will not be granted ends in time."""
    url = "http://127.0.0.1:9"
    with etcd(tools(tmp_path / "tools"), tmp_path / "data") as one:

        def roster(verb: str, *more: object) -> Outcome:
            return ask(bench, "roster", (verb,), one, *more)

        def members() -> list[dict[str, object]]:
            found: list[dict[str, object]] = json.loads(one.ctl("member", "list", "-w", "json"))["members"]
            return found

        peers = roster("peers", f"etcd1={one.endpoint}", "etcd9=http://127.0.0.1:1")
        assert read_connected(peers).facts == {"up": ["etcd1"], "down": ["etcd9"]}
        assert roster("add", 1, "etcd2", url, "learner", f"etcd1={one.endpoint}").ok
        again = roster("add", 1, "etcd2", url, "learner", f"etcd1={one.endpoint}")
        assert again.ok and b"already" in again.stdout
        assert len(members()) == 2
        new = next(found for found in members() if not found.get("name"))
        assert new.get("isLearner") is True
        promoted = roster("promote", 2, f"{new['ID']:x}")
        assert promoted.exit == 3 and b"in sync with leader" in promoted.stderr
        for _ in range(2):
            assert roster("remove", 1, f"{new['ID']:x}").ok
        assert len(members()) == 1
        assert roster("add", 1, "etcd2", url, "voter", f"etcd1={one.endpoint}").ok
        # From here on there is no quorum: what is asked is refused in time, and says who does not answer.
        refused = roster(
            "add",
            2,
            "etcd3",
            "http://127.0.0.1:19",
            "voter",
            f"etcd1={one.endpoint}",
            "etcd2=http://127.0.0.1:1",
        )
        assert refused.exit == 3
        assert b"etcdserver" in refused.stderr or b"deadline" in refused.stderr
        assert b"etcd2 (http://127.0.0.1:1) does not answer" in refused.stderr
        assert b"etcd1" not in refused.stderr.split(b";", 1)[1]


@pytest.mark.etcd
def test_only_corrupt_alarms_are_disarmed(bench: Bench, tmp_path: Path) -> None:
    """Nothing to disarm is no failure. Where a NOSPACE alarm stands too, none is."""
    with etcd(tools(tmp_path / "tools"), tmp_path / "data") as one:
        member = json.loads(one.ctl("endpoint", "status", "-w", "json"))[0]["Status"]["header"]["member_id"]

        def raised(kind: str) -> None:
            body = json.dumps({"action": "ACTIVATE", "memberID": str(member), "alarm": kind}).encode()
            with urllib.request.urlopen(f"{one.endpoint}/v3/maintenance/alarm", body, timeout=10):
                pass

        def disarm() -> Outcome:
            return ask(bench, "roster", ("disarm",), one, 1)

        assert disarm().ok
        raised("CORRUPT")
        assert "CORRUPT" in one.ctl("alarm", "list")
        assert disarm().ok and not one.ctl("alarm", "list").strip()
        raised("CORRUPT")
        raised("NOSPACE")
        refused = disarm()
        assert refused.exit == 3 and b"there are other alarms too" in refused.stderr
        assert {"CORRUPT", "NOSPACE"} == {
            line.split(":")[-1].strip() for line in one.ctl("alarm", "list").splitlines()
        }


def said(text: str) -> Outcome:
    return Outcome(status=Status.OK, exit=0, stdout=f"{text}\nnv:end=1\n".encode())


@pytest.mark.invariant("INV-6")
def test_an_old_list_and_half_an_answer_say_nothing() -> None:
    half = Outcome(status=Status.OK, exit=0, stdout=b"nv:quorum=yes\n")
    for read in (
        lambda o: read_removed(o, "22"),
        lambda o: read_promoted(o, "22"),
        read_start,
        read_env,
        read_archive,
    ):
        assert read(half).state is State.UNKNOWN
    assert read_removed(said("nv:quorum=no"), "22").state is State.UNKNOWN
    assert read_promoted(said("nv:quorum=no"), "22").state is State.UNKNOWN


def test_a_start_says_what_it_waits_for() -> None:
    joining = read_start(
        said("nv:unit.ActiveState=activating\nnv:unit.SubState=start\nnv:restored=no\nnv:held_by=")
    )
    assert joining.state is State.TODO and "15.3 s" in joining.detail
    looping = read_start(
        said(
            "nv:unit.ActiveState=activating\nnv:unit.SubState=auto-restart\nnv:unit.ExecMainStatus=1\nnv:held_by="
        )
    )
    assert "auto-restart" in looping.detail and "its last exit 1" in looping.detail
    assert read_start(said("nv:unit.ActiveState=active\nnv:held_by=")).state is State.DONE


@pytest.mark.invariant("INV-13")
def test_a_file_system_that_is_gone_is_no_empty_place(bench: Bench) -> None:
    """Its mount went away after the gate: a new member would fill the directory below it."""
    held(bench)
    bench.data.mkdir()
    live = str(bench.data / "member")
    found = read_archive(aside(bench, "look", make="leave"), live)
    assert found.state is State.FOREIGN and "mount its file system" in found.detail
    assert read_archive(aside(bench, "look", make="leave")).state is State.DONE, (
        "nothing was there at planning"
    )
    (bench.data / "member").mkdir()
    assert read_archive(aside(bench, "look", make="leave"), live).state is State.DONE


@pytest.mark.skipif(not Path("/proc/uptime").exists(), reason="elsewhere there is only the clock")
def test_a_step_of_the_clock_makes_nobody_steady_sooner(bench: Bench) -> None:
    """The clock is not asked at all."""
    place = bench.root / "bin"
    for name, text in {"date": 'echo x >"${0%/*}/asked"; echo 0', "etcdctl": "exit 0"}.items():
        (place / name).write_text(f"#!/bin/sh\n{text}\n")
        (place / name).chmod(0o755)
    found = bench.read("steady", "http://127.0.0.1:1", "", "", "", place / "etcdctl", 1)
    assert found.get("steady") == "yes"
    assert not (place / "asked").exists()
