"""A whole restore of the vendor's cluster, headless, on real hosts; then its undo."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from novatui.runner import places
from tests.cli.pty_child import OnTerminal
from tests.lab import cluster, image
from tests.lab.invariants import Before
from tests.lab.lab import NAME, SUDO_ASKED, SUDO_FREE, SUDO_PASSWORD, Lab
from tests.lab.restores import stops_s
from tests.lab.shapes import Shape, quorum_lost
from tests.lab.test_hosts import CLUSTER_ID, MEMBER_IDS

BOTH = [Shape(image=name) for name in image.IMAGES]


@pytest.mark.invariant("INV-3", "INV-4", "INV-11", "INV-13")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
@pytest.mark.parametrize("user", ["root", SUDO_FREE])
def test_the_vendors_table_comes_true_and_undo_takes_it_back(lab: Lab, user: str) -> None:
    quorum_lost(lab)
    before = Before(lab)
    began = time.monotonic()
    words = (
        "run",
        "restore-cluster",
        "--snapshot",
        lab.snapshot.path,
        "--overrule",
        "newer-survivor",
        "--yes",
        NAME,
    )
    done = lab.novatui(*words, user=user)
    took = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    place = places.every()[-1]
    down = before.assert_restored(place.run)
    found = lab.standings()
    assert {node: one.member_id for node, one in found.items()} == MEMBER_IDS
    assert {one.cluster_id for one in found.values()} == {CLUSTER_ID}
    assert {lab.canary(node) for node in lab.nodes} == {cluster.CANARY_SAVED}
    print(f"\n{lab.image} as {user}: restored in {took:.1f} s, etcd down {down:.1f} s")
    assert_no_stall(lab, place)

    undone = lab.novatui("undo", place.run, "--yes", NAME, user=user)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    before.assert_as_before()


@pytest.mark.parametrize("lab", [Shape(1), Shape(5)], indirect=True, ids=str)
def test_one_master_and_five(lab: Lab) -> None:
    """Of one its only database is damaged; of five three."""
    quorum_lost(lab)
    before = Before(lab)
    guards = [] if len(lab.nodes) == 1 else ["--overrule", "newer-survivor"]
    words = ("run", "restore-cluster", "--snapshot", lab.snapshot.path, "--yes", NAME, *guards)
    done = lab.novatui(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    before.assert_restored(places.every()[-1].run)


@pytest.mark.invariant("INV-8")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
def test_a_sudo_password_is_typed_once_and_is_nowhere_afterwards(lab: Lab, tmp_path: Path) -> None:
    quorum_lost(lab)
    before = Before(lab)
    words = (
        "run",
        "restore-cluster",
        "--snapshot",
        lab.snapshot.path,
        "--overrule",
        "newer-survivor",
        "--yes",
        NAME,
    )
    child = OnTerminal(lab.argv(*words, user=SUDO_ASKED), tmp_path)
    child.expect("sudo password of")
    child.type(SUDO_PASSWORD)
    assert child.end(240) == 0, child.said()
    before.assert_restored(places.every()[-1].run)
    assert child.shown.count("sudo password of") == 1
    assert SUDO_PASSWORD not in child.shown + child.said()
    for node in lab.nodes:
        found = lab.ask(
            node, ["grep", "-rl", SUDO_PASSWORD, "/var/lib/novatui", "/var/log", "/tmp", "/home", "/root"]
        )
        assert found.stdout == "", found.stdout
    for path in Path(os.environ["XDG_STATE_HOME"]).rglob("*"):
        assert not path.is_file() or SUDO_PASSWORD.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
def test_a_leader_with_followers_is_stopped_last_and_at_once(lab: Lab) -> None:
    """A healthy cluster taken back to an archive by a person who insists: stopping leader and followers together would
    cost a leadership transfer of 15 s."""
    before = Before(lab)
    words = ["run", "restore-cluster", "--snapshot", lab.snapshot.path, "--yes", NAME]
    for guard in ("quorum-stands", "data-intact", "newer-survivor"):
        words += ["--overrule", guard]
    done = lab.novatui(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    place = places.every()[-1]
    print(f"\n{lab.image}: etcd down {before.assert_restored(place.run):.1f} s")
    assert len(stops_s(place)) == 3, "each of them ran, and was stopped by the run"
    assert_no_stall(lab, place)


def assert_no_stall(lab: Lab, place: places.RunDir) -> None:
    """No leader waited for a transfer to followers that were being stopped too: it would say so itself."""
    print(f"stops took {stops_s(place)}")
    for node in lab.nodes:
        told = lab.ask(node, ["journalctl", "-u", "etcd", "-o", "cat", "--no-pager"]).stdout
        assert "starting an etcd server" in told or "etcd Version" in told, told[-2000:]
        assert "leader transfer took too long" not in told
