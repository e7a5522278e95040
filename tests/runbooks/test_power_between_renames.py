"""All masters lose power between the two renames, boot with etcd enabled: nothing blank ever serves, the run ends verified."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(400)]


def until(what: Callable[[], bool], words: str, limit_s: float = 120.0) -> None:
    deadline = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < deadline, words
        time.sleep(0.1)


def stall_second_rename(root: Path) -> Path:
    """A ``mv`` on this master that never comes back when the staged directory is to become the live one."""
    stall = root / "stall"
    stall.touch()
    real = shutil.which("mv")
    tool = root / "bin/mv"
    tool.write_text(
        f'#!/bin/sh\ncase "$*" in *novatui-new-*/etcd) while [ -e "{stall}" ]; do sleep 0.1; done ;; esac\nexec {real} "$@"\n'
    )
    tool.chmod(0o755)
    return stall


@pytest.mark.invariant("INV-11", "INV-4")
def test_power_cut_between_the_renames(demo: Callable[..., Any]) -> None:
    broken = demo("quorum-lost")
    roots = {node: broken.root(node) for node in broken.nodes}
    inodes = {node: (root / "var/lib/etcd").stat().st_ino for node, root in roots.items()}
    stalls = [stall_second_rename(root) for root in roots.values()]
    words = [sys.executable, "-m", "novatui", "-c", str(broken.config_path)]
    log = broken.dir / "run.log"
    with log.open("wb") as out:
        first = [*words, "run", "restore-cluster", "--survivor", broken.nodes[0], "--yes", "demo"]
        run = subprocess.Popen(first, stdout=out, stderr=subprocess.STDOUT)
    until(lambda: all(not (root / "var/lib/etcd").exists() for root in roots.values()), log.read_text())
    kept = {node: next((root / "var/lib").glob("etcd.novatui-old-*")) for node, root in roots.items()}
    assert {node: path.stat().st_ino for node, path in kept.items()} == inodes
    for node in broken.nodes:
        broken.tell("power-off", node)
    for stall in stalls:
        stall.unlink()
    for node in broken.nodes:
        (roots[node] / "bin/mv").unlink()
    # On again with a runner that cannot act at once: what stands is what a boot alone makes of it.
    for node in broken.nodes:
        broken.tell("cut", node)
        broken.tell("power-on", node, enabled=True)
    time.sleep(5)
    states = broken.tell("state")["nodes"]
    for node, root in roots.items():
        assert not (root / "var/lib/etcd").exists(), "no blank data directory was made"
        assert states[node]["active"] not in ("active", "activating"), states[node]
    for node in broken.nodes:
        broken.tell("uncut", node)
    code = run.wait(240)
    name = next(iter(kept.values())).name.rpartition("-")[2]
    if code != 0:
        resumed = subprocess.run(
            [*words, "resume", name, "--yes", "demo"],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert resumed.returncode == 0, log.read_text() + resumed.stdout + resumed.stderr
    for node, root in roots.items():
        assert kept[node].stat().st_ino == inodes[node], "the old data is kept"
        assert (root / "var/lib/etcd/member/.novatui-run").read_text().startswith(name)
        assert not (root / "var/lib/novatui/hold").exists()
