"""lease.sh, fence.sh, heartbeat.sh and mirror.sh by themselves, in every POSIX shell of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.remote.command import script_text

SHELLS = [name for name in ("dash", "bash", "sh") if shutil.which(name)]


class Master:
    """One work directory, and the scripts run against it."""

    def __init__(self, shell: str, work: Path) -> None:
        self.shell = shell
        self.work = work
        self.active = work / "active"

    def words(self, script: str, *words: str) -> list[str]:
        return [self.shell, "-c", script_text(script), f"novatui-{script}", *words]

    def run(self, script: str, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.words(script, *words), input=stdin, capture_output=True, timeout=60, check=False
        )

    def lease(self, verb: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        return self.run("lease", verb, str(self.work), *words)

    def acquire(self, run: str = "r1", by: str = "p1", least: int = 1) -> subprocess.CompletedProcess[bytes]:
        return self.lease("acquire", run, by, str(least), "2", f'{{"run":"{run}"}}')

    def adopt(self, run: str = "r1", by: str = "p2") -> subprocess.CompletedProcess[bytes]:
        return self.lease("adopt", run, by, "1", "1", "{}")

    def fenced(self, owner: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        return self.run("fence", str(self.work), owner, "1", *words)

    def owner(self) -> str:
        return (self.active / "owner").read_text().strip()

    def beat(self, run: str = "r1", quiet: int = 15) -> subprocess.Popen[bytes]:
        beating = subprocess.Popen(
            self.words("heartbeat", str(self.work), run, str(quiet)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert beating.stdout is not None
        beating.stdout.readline()
        return beating


@pytest.fixture(params=SHELLS)
def master(request: pytest.FixtureRequest, tmp_path: Path) -> Master:
    return Master(request.param, tmp_path / "work")


def said(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in done.stdout.decode().splitlines() if " " in line)


def until(true: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.02)


@pytest.mark.invariant("INV-5")
def test_the_first_takes_it_and_another_run_is_told_who(master: Master) -> None:
    first = master.acquire()
    assert first.returncode == 0 and said(first)["epoch"] == "1" and said(first)["taken"] == "acquired"
    assert len(said(first)["boot"]) >= 32
    assert master.owner() == "r1:1"
    assert master.work.stat().st_mode & 0o777 == 0o700
    second = master.acquire("r2", "p2")
    assert second.returncode == 76
    assert said(second)["owner"] == "r1:1" and said(second)["holder"] == '{"run":"r1"}'
    assert said(second)["alive"] == "no"
    assert master.owner() == "r1:1"
    assert [path.name for path in master.work.iterdir()] == ["active"], "nothing half-made is left"


def test_a_work_directory_that_was_there_keeps_its_mode(master: Master) -> None:
    """Somebody may have configured one that others use too, /var/lib say."""
    master.work.mkdir()
    master.work.chmod(0o755)
    assert master.acquire().returncode == 0
    assert master.work.stat().st_mode & 0o777 == 0o755
    assert (master.work / "active").stat().st_mode & 0o777 == 0o700


@pytest.mark.invariant("INV-5")
def test_of_many_that_come_at_once_one_wins(master: Master) -> None:
    racing = [
        subprocess.Popen(
            master.words("lease", "acquire", str(master.work), f"r{n}", f"p{n}", "1", "2", "{}"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for n in range(8)
    ]
    for one in racing:
        one.communicate(timeout=60)
    codes = [one.returncode for one in racing]
    assert sorted(codes) == [0] + [76] * 7
    assert master.owner() == f"r{codes.index(0)}:1"


@pytest.mark.invariant("INV-5")
def test_taking_over_raises_the_epoch_and_fences_the_old(master: Master) -> None:
    master.acquire()
    assert master.fenced("r1:1", "true").returncode == 0
    taken = master.adopt()
    assert taken.returncode == 0 and said(taken) | {"boot": ""} == {
        "taken": "adopted",
        "epoch": "2",
        "boot": "",
    }
    old = master.fenced("r1:1", "touch", str(master.work / "mark"))
    assert old.returncode == 75 and not (master.work / "mark").exists()
    assert master.lease("renew", "r1:1", "p1", "1").returncode == 75
    assert master.lease("release", "r1:1", "1").returncode == 75
    assert master.fenced("r1:2", "touch", str(master.work / "mark")).returncode == 0
    assert (master.work / "mark").exists()


@pytest.mark.invariant("INV-5")
def test_a_renewal_or_an_acquisition_whose_answer_was_lost_is_repeated(master: Master) -> None:
    master.acquire()
    again = master.acquire()
    assert again.returncode == 0 and said(again)["taken"] == "acquired" and master.owner() == "r1:2"
    assert master.lease("renew", "r1:2", "p1", "1").returncode == 0
    late = master.lease("renew", "r1:2", "p1", "1")
    assert late.returncode == 0 and said(late)["epoch"] == "4"
    assert master.lease("renew", "r1:2", "somebody", "1").returncode == 75


@pytest.mark.invariant("INV-5")
def test_a_living_runner_is_not_replaced_a_silent_one_is(master: Master) -> None:
    master.acquire()
    beating = master.beat()
    try:
        assert master.adopt().returncode == 77
        assert said(master.acquire("r2"))["alive"] == "yes"
        assert master.owner() == "r1:1"
    finally:
        beating.communicate(timeout=60)
    assert beating.returncode == 0, "it ends with its channel"
    assert master.adopt().returncode == 0


def test_a_heartbeat_that_hears_nothing_lets_go(master: Master) -> None:
    master.acquire()
    beating = master.beat(quiet=8)
    assert beating.stdin is not None and beating.stdout is not None
    for _ in range(3):
        beating.stdin.write(b"\n")
        beating.stdin.flush()
        assert beating.stdout.readline() == b"r1:1 p1\n"
    beating.wait(timeout=60)
    assert master.adopt().returncode == 0
    assert master.run("heartbeat", str(master.work), "r2", "1").returncode == 75
    beating.communicate()


def test_a_killed_heartbeat_lets_go_at_once(master: Master) -> None:
    """What it waits with must not keep the lock."""
    master.acquire()
    beating = master.beat()
    beating.send_signal(signal.SIGKILL)
    beating.wait()
    assert master.adopt().returncode == 0
    beating.communicate()


@pytest.mark.invariant("INV-5", "INV-6")
def test_an_orphaned_act_is_waited_for(master: Master, tmp_path: Path) -> None:
    master.acquire()
    go = tmp_path / "go"
    slow = f'touch "{tmp_path}/began"; until test -e "{go}"; do sleep 0.05; done'
    orphan = subprocess.Popen(master.words("fence", str(master.work), "r1:1", "1", "sh", "-c", slow))
    until((tmp_path / "began").exists, "the act to begin")
    assert master.adopt().returncode == 78, "bounded: it says that an act is running"
    assert master.lease("renew", "r1:1", "p1", "1").returncode == 78
    assert master.lease("release", "r1:1", "1").returncode == 78
    assert master.fenced("r1:1", "true").returncode == 124
    assert master.owner() == "r1:1"
    go.touch()
    assert orphan.wait(timeout=60) == 0
    assert master.adopt().returncode == 0


class Queue:
    """Lease commands that wait for an act of p1 to end, each behind its own first looks at the lease."""

    def __init__(self, master: Master, tmp_path: Path) -> None:
        self._master, self._go, self._here = master, tmp_path / "go", tmp_path / "here"
        (tmp_path / "bin").mkdir()
        self._here.mkdir()
        flock = tmp_path / "bin/flock"
        flock.write_text(
            f'#!/bin/sh\n[ "$1" != -x ] || : >"{self._here}/$PPID"\nexec {shutil.which("flock")} "$@"\n'
        )
        flock.chmod(0o755)
        self._env = os.environ | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        began = tmp_path / "began"
        slow = f'touch "{began}"; until test -e "{self._go}"; do sleep 0.05; done'
        self._act = subprocess.Popen(master.words("fence", str(master.work), "r1:1", "1", "sh", "-c", slow))
        until(began.exists, "the act to begin")

    def adopt(self, by: str) -> subprocess.Popen[bytes]:
        words = self._master.words("lease", "adopt", str(self._master.work), "r1", by, "1", "60", "{}")
        waiting = subprocess.Popen(words, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until((self._here / str(waiting.pid)).exists, f"{by} to wait")
        return waiting

    def go(self, *waiting: subprocess.Popen[bytes]) -> list[subprocess.CompletedProcess[bytes]]:
        self._go.touch()
        assert self._act.wait(timeout=60) == 0
        return [
            subprocess.CompletedProcess(one.args, one.returncode, *said)
            for one in waiting
            for said in (one.communicate(timeout=60),)
        ]


@pytest.mark.invariant("INV-5")
def test_of_two_that_wait_for_an_orphaned_act_one_takes_the_run_over(master: Master, tmp_path: Path) -> None:
    """Both found its runner silent. The later one finds it taken over a moment ago, before it beats."""
    master.acquire()
    queue = Queue(master, tmp_path)
    answers = queue.go(queue.adopt("p2"), queue.adopt("p3"))
    assert sorted(one.returncode for one in answers) == [0, 80]
    won, lost = sorted(answers, key=lambda one: one.returncode)
    winner = ("p2", "p3")[answers.index(won)]
    assert (
        said(won)["epoch"] == "2" and said(lost)["owner"] == "r1:2" and b"took this run over" in lost.stderr
    )
    assert master.owner() == "r1:2" and (master.active / "by").read_text().strip() == winner
    assert said(master.adopt(by=winner))["taken"] == "acquired", "its answer was lost: it asks again"


@pytest.mark.invariant("INV-5")
def test_a_runner_that_comes_back_while_its_act_is_waited_for_is_not_replaced(
    master: Master, tmp_path: Path
) -> None:
    master.acquire()
    queue = Queue(master, tmp_path)
    waiting = queue.adopt("p2")
    beating = master.beat(quiet=120)
    try:
        (answer,) = queue.go(waiting)
        assert answer.returncode == 77 and said(answer)["alive"] == "yes"
        assert master.owner() == "r1:1"
    finally:
        beating.communicate(timeout=60)


@pytest.mark.invariant("INV-5")
def test_who_asks_twice_and_waits_twice_has_it(master: Master, tmp_path: Path) -> None:
    """The link broke while it waited; its first question waits on, and is granted first or last."""
    master.acquire()
    queue = Queue(master, tmp_path)
    answers = queue.go(queue.adopt("p2"), queue.adopt("p2"))
    assert sorted(said(one)["taken"] for one in answers) == ["acquired", "adopted"]
    assert master.owner() == "r1:3"


@pytest.mark.invariant("INV-5")
def test_no_lease_no_act(master: Master) -> None:
    assert master.fenced("r1:1", "touch", str(master.work)).returncode == 75
    assert not master.work.exists()
    master.acquire()
    assert master.lease("release", "r1:1", "1").returncode == 0
    assert master.fenced("r1:1", "touch", str(master.work / "mark")).returncode == 75
    assert list(master.work.iterdir()) == []
    assert master.lease("release", "r1:1", "1").returncode == 0, "nothing to give back is given back"
    assert said(master.acquire(least=2))["epoch"] == "2", "an epoch is never used twice"


def test_the_fence_hands_on_exit_code_output_and_input(master: Master) -> None:
    master.acquire()
    done = master.run(
        "fence", str(master.work), "r1:1", "1", "sh", "-c", "cat; echo no >&2; exit 3", stdin=b"in"
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, b"in", b"no\n")


def test_the_mirror_keeps_files_whole_and_only_for_the_owner(master: Master) -> None:
    master.acquire()
    files = {"plan.json": b'{"a": 1}\n', "scripts/x.sh": b"echo\0\xff\n" * 9000, "empty": b""}
    words = [word for name, content in files.items() for word in (name, str(len(content)))]
    done = master.run("mirror", str(master.work), "r1:1", *words, stdin=b"".join(files.values()))
    assert done.returncode == 0, done.stderr
    for name, content in files.items():
        assert (master.work / "r1" / name).read_bytes() == content
        assert (master.work / "r1" / name).stat().st_mode & 0o077 == 0
    assert master.run("mirror", str(master.work), "r1:9", "plan.json", "1", stdin=b"x").returncode == 75
    short = master.run("mirror", str(master.work), "r1:1", "plan.json", "99", stdin=b"x")
    assert short.returncode == 1
    assert (master.work / "r1/plan.json").read_bytes() == files["plan.json"], (
        "a broken link leaves the old one"
    )


@pytest.mark.invariant("INV-5")
def test_a_mirror_that_was_slow_replaces_nothing_of_whoever_took_the_run_over(master: Master) -> None:
    """Its link stalled in the middle; the other runner has adopted the run and keeps its own state there."""
    master.acquire()
    words = master.words("mirror", str(master.work), "r1:1", "state.json", "4", "UNDO.txt", "4")
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as slow:
        assert slow.stdin is not None and slow.stderr is not None
        slow.stdin.write(b"old1ol")
        slow.stdin.flush()
        deadline = time.monotonic() + 60
        while not (master.work / "r1/state.json.1.part").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert master.adopt().returncode == 0 and master.owner() == "r1:2"
        newer = master.run("mirror", str(master.work), "r1:2", "state.json", "3", stdin=b"new")
        assert newer.returncode == 0, newer.stderr
        slow.stdin.write(b"d2")
        slow.stdin.close()
        assert slow.wait(60) == 75 and b"does not name" in slow.stderr.read()
    assert (master.work / "r1/state.json").read_bytes() == b"new"
    assert sorted(path.name for path in (master.work / "r1").iterdir()) == ["scripts", "state.json"]


BREAKER = '{"by":"somebody@desk"}'


@pytest.mark.invariant("INV-5")
def test_a_lease_that_cannot_be_locked_is_neither_gone_nor_taken_over(master: Master) -> None:
    """A file system gone read-only: who says 75 sends a person to a runner that is not there, who says 0 leaves it behind."""
    assert master.acquire().returncode == 0
    (master.active / "act.lock").unlink()
    (master.active / "act.lock").mkdir()  # what cannot be opened for writing, for root too
    assert master.fenced("r1:1", "touch", str(master.work / "done")).returncode == 1
    for verb, words in (
        ("renew", ("r1:1", "p1", "1")),
        ("release", ("r1:1", "1")),
        ("adopt", ("r1", "p1", "1", "1", "{}")),
    ):
        answer = master.lease(verb, *words)
        assert (answer.returncode, b"act.lock" in answer.stderr) == (1, True), verb
    assert master.owner() == "r1:1" and not (master.work / "done").exists()


@pytest.mark.invariant("INV-5")
def test_a_broken_lease_is_kept_and_whoever_held_it_acts_no_more(master: Master, tmp_path: Path) -> None:
    assert master.acquire().returncode == 0
    done = master.lease("break", "r1", "1", BREAKER)
    assert done.returncode == 0, done.stderr
    kept = Path(said(done)["kept"])
    assert kept.parent == master.work and (kept / "owner").read_text().strip() == "r1:1"
    assert (kept / "broken").read_text().strip() == BREAKER
    mark = tmp_path / "acted"
    assert master.fenced("r1:1", "touch", str(mark)).returncode == 75 and not mark.exists()
    assert master.adopt("r1").returncode == 75, "a broken run can never go on"
    assert master.lease("renew", "r1:1", "p1", "1").returncode == 75
    assert master.acquire("r2", "p2").returncode == 0, "and another may begin"
    assert master.fenced("r1:1", "touch", str(mark)).returncode == 75 and not mark.exists()


@pytest.mark.invariant("INV-5")
def test_while_its_runner_lives_a_lease_cannot_be_broken(master: Master) -> None:
    assert master.acquire().returncode == 0
    beating = master.beat()
    try:
        done = master.lease("break", "r1", "1", BREAKER)
        assert done.returncode == 77 and said(done)["alive"] == "yes"
        assert master.owner() == "r1:1"
    finally:
        beating.kill()
        beating.communicate()
    until(lambda: master.lease("break", "r1", "1", BREAKER).returncode == 0, "the lease to be broken")


@pytest.mark.invariant("INV-5", "INV-11")
def test_a_run_that_holds_etcd_down_or_is_at_work_or_is_another_is_not_broken(
    master: Master, tmp_path: Path
) -> None:
    assert master.lease("break", "r1", "1", BREAKER).returncode == 75, "there is none"
    assert master.acquire().returncode == 0
    assert master.lease("break", "r9", "1", BREAKER).returncode == 76
    (master.work / "hold").write_text("r1\n")
    assert master.lease("break", "r1", "1", BREAKER).returncode == 79
    (master.work / "hold").unlink()
    begun = tmp_path / "begun"
    act = ("sh", "-c", f"touch {begun}; exec sleep 20")
    acting = subprocess.Popen(
        master.words("fence", str(master.work), "r1:1", "1", *act), start_new_session=True
    )
    try:
        until(begun.exists, "the act to begin")
        assert master.lease("break", "r1", "1", BREAKER).returncode == 78
        assert master.owner() == "r1:1"
    finally:
        os.killpg(acting.pid, signal.SIGKILL)
        acting.wait()


def test_after_a_break_the_heartbeat_ends(master: Master) -> None:
    """A runner that slept: its heart finds no lease to beat for."""
    assert master.acquire().returncode == 0
    assert master.lease("break", "r1", "1", BREAKER).returncode == 0
    assert master.run("heartbeat", str(master.work), "r1", "5", stdin=b".\n").returncode == 75
