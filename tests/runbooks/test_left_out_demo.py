"""--without on real etcd over real SSH: the master that was off comes back with its old data, and stays out."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.runbooks.test_restore_demo import CANARY, archive, ctl, novatui, run_of

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.invariant("INV-16")]


def until(what: Callable[[], bool], words: str, limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < deadline, words
        time.sleep(0.2)


def members(demo: Any, node: str) -> list[str]:
    return sorted(
        one["name"] for one in json.loads(ctl(demo, node, "member", "list", "-w", "json"))["members"]
    )


def answers(demo: Any, node: str, *words: str) -> bool:
    try:
        ctl(demo, node, *words)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return False
    return True


def token_lines(demo: Any, node: str) -> list[str]:
    lines = (demo.root(node) / "etc/etcd.env").read_text().splitlines()
    return [line for line in lines if line.startswith("ETCD_INITIAL_CLUSTER_TOKEN")]


@pytest.fixture(scope="module")
def made(demo: Callable[..., Any]) -> Any:
    return demo()


def test_one_that_was_off_stays_out_and_is_there_again_after_the_undo(made: Any) -> None:
    first, second, third = made.nodes
    envs = {node: (made.root(node) / "etc/etcd.env").read_bytes() for node in made.nodes}
    made.tell("power-off", third)
    asked = ["restore-cluster", "--snapshot", archive(made), "--without", third]
    over = ["--overrule", "quorum-stands", "--overrule", "newer-survivor"]
    unread = novatui(made, "run", *asked, *over, "--yes", "demo")
    assert unread.returncode == 2, unread.stdout + unread.stderr
    assert "survivor-unread" in unread.stdout + unread.stderr and third in unread.stdout + unread.stderr
    done = novatui(made, "run", *asked, *over, "--overrule", "survivor-unread", "--yes", "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    run = run_of(made)
    for node in (first, second):
        assert members(made, node) == ["etcd1", "etcd2"]
        assert ctl(made, node, "get", CANARY, "--print-value-only").strip() == "written before the snapshot"
        assert token_lines(made, node) == [f"ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd-novatui-{run}"]
    ctl(made, first, "put", "/after/the/restore", "here")

    made.tell("power-on", third, enabled=True)
    until(
        lambda: made.tell("state")["nodes"][third].get("active") in ("activating", "active"),
        "its etcd is started at boot",
    )
    time.sleep(5)
    assert members(made, first) == ["etcd1", "etcd2"]
    for node in (first, second):
        assert ctl(made, node, "get", "/after/the/restore", "--print-value-only").strip() == "here"
    assert not answers(made, third, "get", CANARY), "alone, in the old cluster, it has no quorum"

    undone = novatui(made, "undo", run, "--yes", "demo")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert {node: (made.root(node) / "etc/etcd.env").read_bytes() for node in made.nodes} == envs
    until(lambda: answers(made, third, "get", CANARY), "the cluster from before has all its members again")
    for node in made.nodes:
        assert members(made, node) == ["etcd1", "etcd2", "etcd3"]
        assert ctl(made, node, "get", CANARY, "--print-value-only").strip() == "written after the snapshot"


def test_two_of_three_need_a_word_and_silence(made: Any) -> None:
    """After the test before: all three are well."""
    first, second, third = made.nodes
    asked = ["restore-cluster", "--survivor", first, "--without", second, "--without", third]
    asked += ["--overrule", "survivor-unread"]
    made.tell("power-off", second)
    alive = novatui(made, "plan", *asked, "--overrule", "left-out-quorum", "--overrule", "quorum-stands")
    assert alive.returncode == 2, alive.stdout
    assert "and answer: etcd3 at" in alive.stderr and "power them off" in alive.stderr
    made.tell("power-off", third)
    refused = novatui(made, "plan", *asked)
    assert refused.returncode == 2, refused.stdout
    assert "--overrule left-out-quorum" in refused.stderr and "powered off" in refused.stderr
    done = novatui(made, "run", *asked, "--overrule", "left-out-quorum", "--yes", "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert members(made, first) == ["etcd1"]
    assert ctl(made, first, "get", CANARY, "--print-value-only").strip() == "written after the snapshot"
