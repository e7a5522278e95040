"""``novatui status`` on real etcd over real SSH: healthy, and broken in each of the demo's ways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from novatui.demo.client import Demo

pytestmark = pytest.mark.etcd


@pytest.fixture
def base() -> Iterator[Path]:
    """A short place: sockets of the demo live under it."""
    with tempfile.TemporaryDirectory(prefix="nvd-") as name:
        yield Path(name)


def status(demo: Demo, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "novatui", "-c", str(demo.config_path), "status", *words],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env=os.environ,
        check=False,
    )


def document(demo: Demo, *words: str) -> tuple[int, Any]:
    done = status(demo, "--json", *words)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def settled(demo: Demo, *expected: Any) -> tuple[int, Any]:
    """The first document with that exit code, verdict and recommendation, or the last one: etcd may be at an election,
    and its journal a moment behind its state."""
    deadline = time.monotonic() + 60
    while True:
        code, said = document(demo)
        found = (code, said["cluster"]["verdict"], said["cluster"]["recommend"])
        if found[: len(expected)] == expected or time.monotonic() > deadline:
            return code, said


def test_a_healthy_cluster(base: Path) -> None:
    with Demo.launch(base=base) as demo:
        code, said = settled(demo, 0, "healthy")
        assert (code, said["cluster"]["verdict"], said["cluster"]["reasons"]) == (0, "healthy", [])
        assert said["cluster"]["quorum"] == {"healthy": 3, "needed": 2, "total": 3}
        assert said["cluster"]["leader"] in demo.nodes
        assert said["cluster"]["revision"] > 1
        for one in said["nodes"]:
            assert one["reachable"] is True
            assert (one["unit"]["active"], one["unit"]["sub"]) == ("active", "running")
            assert one["endpoint"]["answers"] is one["endpoint"]["has_quorum"] is True
            assert one["member"]["id"] == one["endpoint"]["member_id"]
            assert one["member"]["seen_by"] == list(demo.nodes)
        words = status(demo)
        assert words.returncode == 0
        assert "HEALTHY" in words.stdout
        assert "quorum 3/3" in words.stdout
        assert "\x1b" not in words.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "code", "verdict", "recommend"),
    [
        ("member-down", 1, "degraded", "restart-member"),
        ("corrupt-member", 1, "degraded", "recover-member"),
        ("power-cut", 2, "no-quorum", "start-cluster"),
        ("quorum-lost", 2, "no-quorum", "restore-cluster"),
    ],
)
def test_a_broken_cluster(fault: str, code: int, verdict: str, recommend: str, base: Path) -> None:
    with Demo.launch(fault, base=base) as demo:
        found, said = settled(demo, code, verdict, recommend)
        assert (found, said["cluster"]["verdict"]) == (code, verdict), said["cluster"]
        assert said["cluster"]["recommend"] == recommend, said["cluster"]
        assert said["cluster"]["reasons"]


@pytest.mark.slow
def test_a_hung_member_is_given_a_moment(base: Path) -> None:
    """Slow or hung cannot be told apart at once: with time for it it is looked at until that is known."""
    with Demo.launch("hung-member", base=base) as demo:
        code, said = document(demo, "--timeout", "40")
        assert (code, said["cluster"]["verdict"]) == (1, "degraded"), said["cluster"]
        assert said["cluster"]["recommend"] == "restart-member"


@pytest.mark.slow
def test_a_master_that_cannot_be_reached_leaves_the_others(base: Path) -> None:
    with Demo.launch(base=base) as demo:
        demo.tell("power-off", demo.nodes[2])
        code, said = settled(demo, 1, "degraded")
        assert (code, said["cluster"]["verdict"]) == (1, "degraded")
        lost = said["nodes"][2]
        assert (lost["reachable"], lost["at"], lost["unit"]["active"]) == (False, None, None)
        assert lost["error"]["code"] == "unreachable"
        assert said["cluster"]["quorum"]["healthy"] == 2
