"""Hosts that are full, hung or talkative while a restore is asked for or under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.cluster import until
from tests.lab.invariants import Before
from tests.lab.lab import NAME, SUDO_FREE, Lab
from tests.lab.restoring import Restoring, watched
from tests.lab.shapes import quorum_lost
from tests.lab.stopping import FIRST_RENAME, UNPACKED, Stopping


@pytest.mark.invariant("INV-4")
def test_no_room_is_refused_before_anything(lab: Lab) -> None:
    quorum_lost(lab)
    before = Before(lab)
    full = lab.nodes[1]
    lab.fill_disk(full, left_mb=20)
    done = lab.novatui("run", "restore-cluster", "--snapshot", lab.snapshot.path, "--yes", NAME)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert full in said and "not enough room" in said, said
    assert "nothing was changed" in said
    before.assert_as_before()


@pytest.mark.invariant("INV-4", "INV-13")
def test_the_disk_fills_up_while_it_is_restored(lab: Lab, tmp_path: Path) -> None:
    """Beside the live data, which is untouched: what was staged is taken back, with the reason. With room again it works."""
    quorum_lost(lab)
    before = Before(lab)
    full = lab.nodes[1]
    stop = Stopping(lab, full, UNPACKED)
    with Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the archive to be unpacked", stop.reached)
        lab.fill_disk(full)
        stop.remove()
        assert run.end() == 2, run.said
        assert "no space left on device" in run.said.lower()
        assert "nothing was changed" in run.said
    before.assert_as_before()
    for node in lab.nodes:
        assert lab.unit(node)[0] in ("active", "activating"), "nothing was stopped"
    lab.free_disk(full)
    with watched(lab), Restoring(lab, tmp_path / "again") as run:
        run.ended_well()
        before.assert_restored(run.place.run)


@pytest.mark.invariant("INV-11", "INV-13")
def test_the_disk_is_full_from_the_swap_on(lab: Lab, tmp_path: Path) -> None:
    quorum_lost(lab)
    before = Before(lab)
    full = lab.nodes[1]
    stop = Stopping(lab, full, FIRST_RENAME)
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the first rename", stop.reached)
        lab.fill_disk(full)
        stop.remove()
        code = run.end()
        place = run.place
        before.assert_kept()
        if code != 0:
            assert code == 1, run.said
            lab.free_disk(full)
            resumed = lab.novatui("resume", "--yes", NAME)
            assert resumed.returncode == 0, run.said + resumed.stdout + resumed.stderr
        before.assert_restored(place.run)


@pytest.mark.invariant("INV-6")
def test_a_hung_etcd_is_stopped_and_swapped(lab: Lab, tmp_path: Path) -> None:
    """The survivor hangs from the hold on: systemd's stop wakes it."""
    quorum_lost(lab)
    before = Before(lab)
    survivor = lab.nodes[0]
    stop = Stopping(lab, survivor, "*daemon-reload*", tool="systemctl")
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the hold", stop.reached)
        lab.pause(survivor)
        stop.remove()
        run.ended_well()
        before.assert_restored(run.place.run)


def test_a_hung_etcd_is_seen_in_time(lab: Lab) -> None:
    """Active, and answers nothing: named, while quorum stands; the look ends."""
    hung = lab.nodes[2]
    lab.pause(hung)
    done = lab.novatui("status", limit_s=60)
    assert done.returncode == 1, done.stdout + done.stderr
    assert hung in done.stdout
    lab.resume(hung)
    until(lambda: lab.novatui("status").returncode == 0, "it to be healthy again", 60, every_s=2)


@pytest.mark.invariant("INV-7")
def test_talkative_logins_and_logs(lab: Lab, tmp_path: Path) -> None:
    """A .bashrc that prints before everything, and etcd's journal full of what a terminal obeys."""
    noise = r"printf 'welcome\033[2J\033]52;c;eA==\007\xff\n[/x]\n'"
    for node in lab.nodes:
        for home in ("root", f"home/{SUDO_FREE}"):
            path = lab.root(node) / home / ".bashrc"
            path.write_text(f"{noise}; {noise} >&2\n")
        lab.run(node, f"{noise} | systemd-cat -t etcd")
    quorum_lost(lab)
    before = Before(lab)
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.ended_well()
        assert "\x1b" not in run.said
        before.assert_restored(run.place.run)
