"""restart-member and start-cluster on real etcd over real SSH: each from its own broken state, killed at every next point,
with power lost on the way, and where they do not help."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from novatui.model import records as rec
from novatui.model.plan import Request
from novatui.runner import client, journal, places
from tests.demo.ssh import once
from tests.runner import chain

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(1800)]
RESTART, START = "restart-member", "start-cluster"


def novatui(demo: Any, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "novatui", "-c", str(demo.config_path), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def starts(demo: Any, node: str) -> int:
    """How often etcd was started on this master, by its own words."""
    line = "journalctl -u etcd -o cat --no-pager | grep -c '\"starting an etcd server\"'"
    return int(asyncio.run(once(demo, node, line)).out)


def pid(demo: Any, node: str) -> int:
    return int(demo.tell("state")["nodes"][node]["pid"])


def boot(demo: Any, node: str) -> None:
    """A power cycle; the unit is enabled."""
    demo.tell("power-off", node)
    demo.tell("power-on", node, enabled=True)


def left(demo: Any) -> list[Path]:
    """Leases and holds that a run left on the masters."""
    work = [demo.root(node) / "var/lib/novatui" for node in demo.nodes]
    return [path for one in work for path in (one / "active", one / "hold") if path.exists()]


def world(demo: Any) -> dict[str, Any]:
    states = demo.tell("state")["nodes"]
    return {
        node: (
            sorted(str(path) for path in (demo.root(node) / "var/lib").glob("*")),
            (demo.root(node) / "var/lib/etcd").stat().st_ino,
            states[node]["pid"] if states[node]["active"] in ("active", "inactive") else None,
        )
        for node in demo.nodes
    }


def serve(demo: Any) -> int:
    """How many members have quorum."""
    seen = json.loads(novatui(demo, "status", "--json").stdout)
    return int(seen["cluster"]["quorum"]["healthy"])


def healthy(demo: Any) -> None:
    """At once, or once a starved one answers again."""
    _until(lambda: serve(demo) == len(demo.nodes))


def damage(demo: Any, node: str) -> None:
    """Garbage over the first pages of a database that no etcd has open: nothing has said so yet."""
    with (demo.root(node) / "var/lib/etcd/member/snap/db").open("r+b") as db:
        db.write(os.urandom(8192))


def acts(run: str, step: str) -> list[str]:
    """Outcomes of a step's acts, as the journal has them."""
    records = journal.read(places.find(run).journal)
    intents = {one.seq: one for one in records if isinstance(one, rec.Intent) and one.step == step}
    return [one.status for one in records if isinstance(one, rec.Done) and one.intent in intents]


# -- restart-member -------------------------------------------------------------------------------------------------


@pytest.mark.invariant("INV-1", "INV-2", "INV-6")
def test_a_hung_member_is_restarted_though_the_runner_dies_at_every_next_point(
    demo: Callable[..., Any],
) -> None:
    hung = demo("hung-member")
    node = hung.nodes[1]
    others = {one: pid(hung, one) for one in hung.nodes if one != node}
    before, inode = starts(hung, node), (hung.root(node) / "var/lib/etcd").stat().st_ino
    run = chain.chain(hung, Request(runbook=RESTART, node=node), node)
    state = client.load(run)[1]
    points = chain.points(run)
    for step in ("stop", "start"):
        for phase in ("before-act", "after-act", "verified"):
            assert f"{step} {phase}" in points
    assert state.resumes == len(points) == len(set(points))
    assert starts(hung, node) == before + 1, "exactly one start"
    assert {one: pid(hung, one) for one in others} == others, "nothing was done to the others"
    assert (hung.root(node) / "var/lib/etcd").stat().st_ino == inode
    assert left(hung) == []
    _evidence(hung, node, run)
    healthy(hung)
    _refused_when_healthy(hung, node, run)


def _evidence(demo: Any, node: str, run: str) -> None:
    kept = demo.root(node) / f"var/lib/novatui/{run}/evidence"
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in kept.iterdir()} == {0o600}
    assert '"starting an etcd server' in (kept / "journal.json").read_text().replace('\\"', '"')
    assert "Active: active (running)" in (kept / "status.txt").read_text()
    assert "T (stopped)" in (kept / "process.txt").read_text(), "where it hung, before it was ended"
    assert "do_signal_stop" in (kept / "threads.txt").read_text()
    facts = client.load(run)[1].facts["evidence"][node]
    assert facts["process"] == "T (stopped)" and facts["path"] == str(kept)
    undo = (demo.root(node) / f"var/lib/novatui/{run}/UNDO.txt").read_text()
    assert "nothing to take back" in undo and "begin" not in undo


def _refused_when_healthy(demo: Any, node: str, run: str) -> None:
    before = world(demo)
    undo = novatui(demo, "undo", run, "--yes", node)
    assert undo.returncode == 2 and "none is needed" in undo.stderr
    for words in ((RESTART, "--node", node, "--yes", node), (START, "--yes", "demo")):
        refused = novatui(demo, "run", *words)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert "nothing to do" in refused.stderr
    wrong = novatui(demo, "run", RESTART, "--node", node, "--overrule", "member-serves", "--yes", "demo")
    assert wrong.returncode == 2 and f"'{node}'" in wrong.stderr, "the node is what confirms it"
    nowhere = novatui(
        demo,
        "run",
        RESTART,
        "--node",
        node,
        "--overrule",
        "member-serves",
        "--yes",
        node,
        "--on-failure",
        "undo",
    )
    assert nowhere.returncode == 2 and "has no undo" in nowhere.stderr
    assert world(demo) == before


@pytest.mark.invariant("INV-2")
def test_a_boot_between_stop_and_start_does_the_work_once(demo: Callable[..., Any]) -> None:
    """Stopped, the runner dies, the master loses power and starts etcd at its boot: it is not stopped a second time."""
    down = demo("hung-member")
    node = down.nodes[1]
    seen: list[int] = []

    def between(point: str) -> None:
        if point == "stop after-act":
            boot(down, node)
            _until(lambda: serve(down) == len(down.nodes))
            seen.append(starts(down, node))

    run = chain.chain(down, Request(runbook=RESTART, node=node), node, between)
    assert seen and starts(down, node) == seen[0], "what the boot started was left running"
    assert acts(run, "start") == []
    healthy(down)


@pytest.mark.invariant("INV-17")
def test_where_a_restart_does_not_help_it_says_so_and_holds_nothing(demo: Callable[..., Any]) -> None:
    """Its database is damaged, and only the start finds out."""
    down = demo("member-down")
    node = down.nodes[1]
    damage(down, node)
    done = novatui(down, "run", RESTART, "--node", node, "--yes", node)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "invalid database" in done.stdout
    assert f"recover-member --node {node}" in done.stdout
    assert left(down) == [], "another runbook may go to work"
    again = novatui(down, "plan", RESTART, "--node", node)
    assert again.returncode == 2
    assert "its data cannot be started on" in again.stderr
    assert "recover-member" in again.stderr


@pytest.mark.invariant("INV-9")
def test_another_master_need_not_be_reachable(demo: Callable[..., Any]) -> None:
    """Two of three make the quorum; the third cannot be asked, and the plan says so."""
    down = demo("member-down")
    node, unseen = down.nodes[1], down.nodes[2]
    down.tell("cut", unseen)
    done = novatui(down, "run", RESTART, "--node", node, "--yes", node)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{unseen} takes no part: it cannot be asked" in done.stdout
    down.tell("uncut", unseen)
    healthy(down)


# -- start-cluster --------------------------------------------------------------------------------------------------


@pytest.mark.invariant("INV-1", "INV-2", "INV-6", "INV-10")
def test_a_power_cut_ends_in_start_cluster_though_the_runner_dies_at_every_next_point(
    demo: Callable[..., Any],
) -> None:
    """On the way one master loses power once more, and comes up with its unit enabled."""
    dark = demo("power-cut")
    before = {node: starts(dark, node) for node in dark.nodes}
    inodes = {node: (dark.root(node) / "var/lib/etcd").stat().st_ino for node in dark.nodes}
    alone = novatui(dark, "plan", RESTART, "--node", dark.nodes[0])
    assert alone.returncode == 2 and "start-cluster" in alone.stderr

    def between(point: str) -> None:
        if point == "start before-act":
            boot(dark, dark.nodes[2])

    run = chain.chain(dark, Request(runbook=START), "demo", between)
    points = chain.points(run)
    for phase in ("before-act", "after-act", "verified"):
        assert f"start {phase}" in points
    assert {node: starts(dark, node) - before[node] for node in dark.nodes} == dict.fromkeys(dark.nodes, 1)
    assert {node: (dark.root(node) / "var/lib/etcd").stat().st_ino for node in dark.nodes} == inodes
    assert left(dark) == []
    healthy(dark)
    undo = novatui(dark, "undo", run, "--yes", "demo")
    assert undo.returncode == 2 and "take the cluster down" in undo.stderr
    healthy(dark)


def test_one_that_does_not_come_up_is_named_and_the_others_serve(demo: Callable[..., Any]) -> None:
    """Before a start nothing says that its database is damaged."""
    dark = demo("power-cut")
    node = dark.nodes[1]
    damage(dark, node)
    done = novatui(dark, "run", START, "--yes", "demo")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the members have the same keys, and take writes" in done.stdout, (
        "the others were checked to the end"
    )
    assert "invalid database" in done.stdout
    assert f"recover-member --node {node}" in done.stdout
    assert left(dark) == []
    _until(lambda: serve(dark) == 2)


@pytest.mark.invariant("INV-11", "INV-17")
def test_a_blank_directory_is_never_started(demo: Callable[..., Any]) -> None:
    """Two with their data are started; the third would found a cluster of its own, or join as an empty member."""
    dark = demo("power-cut")
    node = dark.nodes[0]
    data = dark.root(node) / "var/lib/etcd"
    (data / "member").rename(data.with_name("aside"))
    before = starts(dark, node)
    done = novatui(dark, "run", START, "--yes", "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{node} takes no part: inactive (dead); no log and no database in" in done.stdout
    assert starts(dark, node) == before
    assert not (data / "member").exists()
    again = novatui(dark, "run", START, "--yes", "demo")
    assert again.returncode == 2
    assert f"recover-member --node {node}" in again.stderr


def test_a_second_etcd_in_the_way_is_told_before_anything_is_started(demo: Callable[..., Any]) -> None:
    dark = demo("power-cut")
    node = dark.nodes[1]
    env = dict(
        line.split("=", 1)
        for line in (dark.root(node) / "etc/etcd.env").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    where = env["ETCD_LISTEN_PEER_URLS"].strip("'\"").split(",")[0].rpartition("/")[2]
    host, _, port = where.rpartition(":")
    with socket.create_server((host, int(port))):
        refused = novatui(dark, "run", START, "--yes", "demo")
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert f"something listens on {where}" in refused.stdout
    assert left(dark) == []
    assert dark.tell("state")["nodes"][node]["active"] == "inactive"


def _until(holds: Callable[[], bool], wait_s: float = 60) -> None:
    deadline = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < deadline, f"waited {wait_s:g} s"
        time.sleep(0.2)
