"""``novatui locks`` on real masters: a run that waits at its gate, its runner killed, found by an operator on another machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.demo.client import Demo

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300)]
VICTIM = "nova-master-2"


def novatui(demo: Demo, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "novatui", "-c", str(demo.config_path), *words],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **env},
        check=False,
    )


def at_its_gate(demo: Demo) -> tuple[str, int]:
    """A run of restart-member whose gate waits for a person; its id, and the process of its runner."""
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from novatui.config import load\n"
        "from novatui.model.plan import Request\n"
        "from novatui.remote.arrival import arrived\n"
        "from novatui.remote.ssh import SshTransport\n"
        "from novatui.runner import client\n"
        "async def go():\n"
        "    path = Path(sys.argv[1])\n"
        "    cluster = load(path).pick('demo')\n"
        "    transport = SshTransport(cluster)\n"
        "    await arrived(transport, [n.name for n in cluster.nodes], lambda: False, 20)\n"
        f"    plan = await client.make_plan(cluster, Request(runbook='restart-member', node={VICTIM!r}), transport)\n"
        "    await transport.close()\n"
        "    print(await client.start(path, 'demo', plan))\n"
        "asyncio.run(go())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(demo.config_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    run = done.stdout.strip()
    until(lambda: "gate_opened" in (runs() / run / "journal.jsonl").read_text(), "the gate")
    return run, runner_of(run)


def runs() -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "novatui/runs"


def runner_of(run: str) -> int:
    """Who holds the lock of the journal: its descriptors are its own alone, even for its user."""
    inode = str((runs() / run / "journal.jsonl").stat().st_ino)
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5].rpartition(":")[2] == inode:
            return int(words[4])
    raise AssertionError("no runner")


def until(true: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)


@pytest.mark.invariant("INV-5")
def test_a_second_operator_sees_who_holds_it_and_breaks_only_what_is_silent(
    demo: Callable[..., Demo],
) -> None:
    cluster = demo("member-down")
    free = novatui(cluster, "locks")
    assert free.returncode == 0 and free.stdout.count("free") == 3, free.stdout + free.stderr
    run, runner = at_its_gate(cluster)
    mine = novatui(cluster, "locks")
    assert mine.returncode == 4 and f"novatui attach {run}" in mine.stdout
    with tempfile.TemporaryDirectory(prefix="nvx-") as elsewhere:
        other = {"XDG_STATE_HOME": elsewhere, "XDG_RUNTIME_DIR": elsewhere}
        seen = novatui(cluster, "locks", **other)
        assert seen.returncode == 4 and "its runner lives" in seen.stdout, seen.stdout
        assert f"run {run} of " in seen.stdout and "cannot be broken" in seen.stdout
        living = novatui(cluster, "locks", "--break", run, "--yes", run, **other)
        assert living.returncode == 4 and "its runner lives" in living.stderr

        os.kill(runner, signal.SIGKILL)
        silent = "its runner is silent"
        until(lambda: silent in novatui(cluster, "locks", **other).stdout, "its silence")
        told = novatui(cluster, "locks", **other).stdout
        assert f"novatui locks --break {run} --yes {run}" in told
        untyped = novatui(cluster, "locks", "--break", run, **other)
        assert untyped.returncode == 2 and "must be typed" in untyped.stderr
        unknown = novatui(cluster, "locks", "--break", "nosuch", "--yes", "nosuch", **other)
        assert unknown.returncode == 2 and run in unknown.stderr
        held = novatui(cluster, "run", "restart-member", "--node", VICTIM, "--yes", VICTIM, **other)
        assert held.returncode == 4 and run in held.stderr, held.stderr

        broken = novatui(cluster, "locks", "--break", run, "--yes", run, **other)
        assert broken.returncode == 0 and broken.stdout.count("free; the lease lies in") == 3, broken.stdout
        after = novatui(cluster, "locks", **other)
        assert after.returncode == 0 and after.stdout.count("free") == 3
        done = novatui(cluster, "run", "restart-member", "--node", VICTIM, "--yes", VICTIM, **other)
        assert done.returncode == 0, done.stdout + done.stderr
    again = novatui(cluster, "resume", run, "--yes", VICTIM)
    assert again.returncode in (1, 2, 4), "what was broken can never go on"
