"""A lab ends with whoever started it, however that ended, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import cgroups, needs, operators, places
from tests.lab.cluster import until

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """``python -m tests.lab up`` with one master, and its directory."""
    needs.require()
    argv = [sys.executable, "-m", "tests.lab", "up", "--masters", "1"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    assert process.stdout is not None
    place = Path(process.stdout.readline().strip()).parent
    assert place.is_dir(), "it prints the path of its configuration"
    yield process, place
    process.kill()
    process.wait(60)


def _containers(place: Path) -> list[str]:
    """Living processes whose cgroup is of this lab."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and f"/{place.name}-" in (entry / "cgroup").read_text():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def _groups(place: Path) -> list[Path]:
    return [one for top in cgroups.hierarchies() for one in top.glob(f"{place.name}*")]


def test_ctrl_c_ends_all(started: tuple[subprocess.Popen[str], Path]) -> None:
    process, place = started
    assert _containers(place) and _groups(place)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not _containers(place)
    assert not _groups(place)
    assert not place.exists()


def test_a_killed_lab_dies_and_the_next_sweeps_up(started: tuple[subprocess.Popen[str], Path]) -> None:
    """SIGKILL: hosts, mounts and network are gone by themselves; a runner of the operator, cgroups and files by a sweep."""
    process, place = started
    runner = subprocess.Popen([*operators.marked(place), "sleep", "1000"], start_new_session=True)
    process.kill()
    process.wait(60)
    until(lambda: not _containers(place), "every process of it to be gone")
    assert place.exists()
    assert str(place) not in Path("/proc/self/mounts").read_text()
    with places.locked(places.root() / "runs.lock"):
        places.sweep()
    assert runner.wait(60) == -signal.SIGKILL
    assert not place.exists()
    assert not _groups(place)
    assert os.path.lexists(places.root())
