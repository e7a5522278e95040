"""The whole of it on real etcd over real SSH: plan, refusals, a restore whose runner is killed at every next point, undo."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from novatui.model.plan import Request
from novatui.runner import client
from tests.runner import chain

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def lost() -> Iterator[Any]:
    """A cluster that lost the data of two of its three members."""
    from novatui.demo.client import Demo

    made = Demo.launch("quorum-lost")
    yield made
    made.close()


def archive(demo: Any) -> str:
    return str(next(demo.root(demo.nodes[0]).glob("tmp/*.tar.gz")))


def novatui(demo: Any, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "novatui", "-c", str(demo.config_path), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def live_dirs(demo: Any) -> dict[str, list[str]]:
    """What lies in /var/lib of each master: live data and everything of ours."""
    return {node: sorted(path.name for path in demo.root(node).glob("var/lib/*")) for node in demo.nodes}


@pytest.mark.invariant("INV-4")
def test_a_run_that_is_refused_leaves_everything_as_it_was(lost: Any) -> None:
    before = live_dirs(lost)
    wrong = novatui(lost, "run", "restore-cluster", "--snapshot", archive(lost), "--yes", "wrong")
    assert wrong.returncode == 2 and "'demo'" in wrong.stderr
    assert live_dirs(lost) == before
    refused = novatui(lost, "run", "restore-cluster", "--snapshot", archive(lost), "--yes", "demo")
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "--overrule newer-survivor" in refused.stdout and "nothing was changed" in refused.stdout
    after = live_dirs(lost)
    assert {node: [name for name in names if name != "novatui"] for node, names in after.items()} == before
    assert all(not list(lost.root(node).glob("var/lib/novatui/*")) for node in lost.nodes), "no lease is left"


@pytest.mark.invariant("INV-1", "INV-2", "INV-6")
def test_killed_at_every_next_point_the_restore_ends_verified_and_is_undone(lost: Any) -> None:
    before = {node: _inode(lost, node) for node in lost.nodes}
    request = Request(runbook="restore-cluster", snapshot=archive(lost), overrule=("newer-survivor",))
    run = chain.chain(lost, request, "demo")
    state = client.load(run)[1]
    points = chain.points(run)
    assert state.resumes == len(points) == len(set(points)) > 15
    for step in ("hold", "stop", "swap", "start", "release"):
        for phase in ("before-act", "after-act", "after-outcome", "verified"):
            # Two of the three are down already: only one stop is ever sent, it dies before its outcome is written.
            met = f"{step} {phase}" in points or (step, phase) == ("stop", "after-outcome")
            assert met, f"not killed at {step} {phase}\n{chain.story(lost, run)}"
    for node in lost.nodes:
        kept = list(lost.root(node).glob(f"var/lib/etcd.novatui-old-{run}"))
        assert len(kept) == 1, "the old data is kept"
        assert _inode(lost, node) != before[node]
        assert list(lost.root(node).glob("var/lib/novatui/active")) == []
        assert (lost.root(node) / f"var/lib/novatui/{run}/UNDO.txt").exists()
    again = novatui(lost, "resume", run, "--yes", "demo")
    assert again.returncode == 2 and "is over" in again.stderr

    back = novatui(lost, "undo", run, "--yes", "demo")
    assert back.returncode == 0, back.stdout + back.stderr
    assert {node: _inode(lost, node) for node in lost.nodes} == before, "the very same data directories"


def _inode(demo: Any, node: str) -> int:
    path: Path = demo.root(node) / "var/lib/etcd"
    return path.stat().st_ino
