"""What happens to operators: a killed screen, a second one, a runner that slept, a machine that forgets everything."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.demo.client import Demo
from novatui.runner import client
from tests.e2e.byhand import by_hand
from tests.e2e.world import (
    FIRST_RENAME,
    SECOND_RENAME,
    START,
    Stopping,
    World,
    lines_of,
    needs_ssh,
    only_run,
    runner_pid,
    until,
)

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300), needs_ssh]


@pytest.mark.invariant("INV-5", "INV-6")
def test_a_runner_that_slept_while_its_run_was_taken_over_acts_no_more(
    lost: Demo,
    restoring: Callable[[], subprocess.Popen[bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGSTOP in the middle of the swap; on a machine that has nothing of the run it is resumed from a master, once its
    heartbeat is silent; SIGCONT."""
    world = World(lost.dir)
    before = world.inodes()
    stop = Stopping(world, world.nodes[1], FIRST_RENAME)
    told = restoring()
    until(stop.reached, "the first rename", 90)
    place = only_run()
    pid = runner_pid(place)
    assert pid is not None
    second = world.novatui("run", "restore-cluster", "--snapshot", world.archive, "--yes", "demo")
    said = second.stdout + second.stderr
    assert second.returncode == 4, said
    assert "Another run holds masters" in said and f"run {place.run} holds" in said
    try:
        with monkeypatch.context() as other:
            _elsewhere(tmp_path, other)
            early = world.novatui("resume", "--from", world.nodes[0], "--yes", "demo")
            assert early.returncode == 4 and f"runner of run {place.run} is alive" in early.stderr
            os.kill(pid, signal.SIGSTOP)
            start = Stopping(world, world.nodes[2], START, tool="systemctl")
            began = time.monotonic()
            stop.remove()
            resuming = _taken_over(world, start, tmp_path / "resumed")
            assert start.reached(), (tmp_path / "resumed").read_text()
            print(f"\nat the start {time.monotonic() - began:.1f} s after the resume was asked for")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert told.wait(60) == 4, "fenced: another has it"
    assert client.load(place.run)[1].result == "fenced"
    assert resuming.poll() is None, "the other one is still at work"
    for node in world.nodes:
        assert list(world.files[node].unit_dir.glob("etcd.service.d/*novatui*")), "still the other's"
    start.remove()
    assert resuming.wait(90) == 0, (tmp_path / "resumed").read_text()
    world.assert_restored(place.run, before)
    lines = list(lines_of(place.journal))
    ends = {line["intent"]: line["status"] for line in lines if line["kind"] == "outcome"}
    acts = [line for line in lines if line["kind"] == "intent"]
    asleep = max(number for number, line in enumerate(acts) if line["step"] == "swap")
    assert {ends.get(line["seq"], "fenced") for line in acts[asleep + 1 :]} <= {"fenced"}, "it acted no more"


def _elsewhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine of an operator, that knows nothing of any run."""
    runtime = Path(os.environ["XDG_RUNTIME_DIR"]) / "2"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))


def _taken_over(world: World, start: Stopping, said: Path) -> subprocess.Popen[bytes]:
    """``resume --from``, asked until the old runner is silent; it is at the start of the third master, or has ended."""
    deadline = time.monotonic() + 90
    while True:
        with said.open("wb") as words:
            resuming = subprocess.Popen(
                world.argv("resume", "--from", world.nodes[0], "--yes", "demo"), stdout=words, stderr=words
            )
        until(lambda one=resuming: start.reached() or one.poll() is not None, "the resume", 90)  # type: ignore[misc]
        if start.reached() or resuming.returncode != 4 or time.monotonic() > deadline:
            return resuming


@pytest.mark.invariant("INV-13")
@pytest.mark.parametrize("text", ["UNDO.txt", "FINISH.txt"])
def test_the_operators_machine_forgets_everything_and_a_person_goes_on_by_hand(
    text: str, lost: Demo, restoring: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """In the middle of the swap: one master between its renames, two swapped. Only the masters' own texts are left."""
    world = World(lost.dir)
    lost.tell("fault", name="quorum-lost")
    before = world.inodes()
    first, second, third = world.nodes
    stops = [
        Stopping(world, first, SECOND_RENAME),
        Stopping(world, second, FIRST_RENAME),
        Stopping(world, third, SECOND_RENAME),
    ]
    told = restoring()
    until(lambda: all(stop.reached() for stop in stops), "the swap", 90)
    place = only_run()
    pid = runner_pid(place)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert told.wait(60) == 1
    for stop in stops:  # orphans end by themselves, past the rename they were at
        stop.remove()
    shutil.rmtree(os.environ["XDG_STATE_HOME"])
    assert world.novatui("resume", "--yes", "demo").returncode != 0, "nothing is known here any more"

    words = world.shell(third, f"cat {world.files[third].work_dir}/{place.run}/{text}").stdout
    done = by_hand(world, words)
    print("\n".join(done))
    if text == "UNDO.txt":
        assert world.inodes() == before
        until(lambda: world.unit(first)[2] != "0", "the survivor's etcd to be started", 30)
        assert not any(world.kept(node, place.run).exists() for node in world.nodes)
    else:
        until(lambda: all(world.unit(node)[0] == "active" for node in world.nodes), "all to be active", 60)
        until(lambda: world.etcdctl(first, "get", "x").returncode == 0, "quorum", 30)
        world.assert_restored(place.run, before)
    world.assert_free()
