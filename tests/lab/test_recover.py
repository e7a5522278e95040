"""recover-member on real systemd: a damaged member of three and of five, as root and by sudo, power lost on the way, on both images."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from novatui.runner import client, places
from tests.lab import cluster, image
from tests.lab.files import DATA_DIR, ENV_FILE
from tests.lab.invariants import WORK_DIR, Before
from tests.lab.lab import SUDO_FREE, Lab
from tests.lab.shapes import Shape
from tests.lab.stopping import FIRST_RENAME, Stopping

BOTH = [Shape(image=name) for name in image.IMAGES]


def members(lab: Lab, node: str) -> dict[str, dict[str, Any]]:
    """By member name, as ``node`` tells them."""
    return {one.get("name", ""): {"id": id, **one} for id, one in cluster.members(lab.hosts[node]).items()}


def name_of(lab: Lab, node: str) -> str:
    found = re.search(r"(?m)^ETCD_NAME=(\S+)", (lab.root(node) / ENV_FILE).read_text())
    assert found is not None
    return found[1].strip("\"'")


def assert_recovered(lab: Lab, node: str, before: Before, was: dict[str, dict[str, Any]], canary: str) -> str:
    """All serve the same keys; the one is another member on new data, the others are what they were; the run's id."""
    cluster.wait_healthy(list(lab.hosts.values()))
    run = places.every()[-1].run
    now, name = members(lab, lab.nodes[0]), name_of(lab, node)
    assert set(now) == set(was)
    assert {one for one in was if now[one]["id"] != was[one]["id"]} == {name}
    assert len({cluster.hash_kv(host) for host in lab.hosts.values()}) == 1
    assert {lab.canary(one) for one in lab.nodes} == {canary}
    kept = lab.root(node) / f"{DATA_DIR}.novatui-old-{run}"
    assert kept.stat().st_ino == before.inodes[node]
    for one in lab.nodes:
        root = lab.root(one)
        assert not (root / WORK_DIR / "active").exists() and not (root / WORK_DIR / "hold").exists()
        assert not list((root / "etc/systemd/system").glob("etcd.service.d/*novatui*"))
        if one != node:
            assert (root / DATA_DIR).stat().st_ino == before.inodes[one]
            assert (root / ENV_FILE).read_bytes() == before.env[one]
    env = (lab.root(node) / ENV_FILE).read_text()
    assert re.findall(r"(?m)^\s*ETCD_INITIAL_CLUSTER_STATE=.*$", env) == [
        "ETCD_INITIAL_CLUSTER_STATE=existing"
    ]
    initial = re.search(r"(?m)^ETCD_INITIAL_CLUSTER=(\S+)$", env)
    assert initial is not None
    assert set(initial[1].split(",")) == {f"{one['name']}={one['peerURLs'][0]}" for one in now.values()}
    before.assert_journal(run)
    return run


def damage(lab: Lab, node: str) -> None:
    """Its database; it may have led: the others have elected another leader when this returns."""
    lab.corrupt(node)
    cluster.wait_healthy([host for name, host in lab.hosts.items() if name != node])


@pytest.mark.invariant("INV-2", "INV-13", "INV-15")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
@pytest.mark.parametrize("user", ["root", SUDO_FREE])
def test_a_damaged_member_is_replaced(lab: Lab, user: str) -> None:
    """The list goes through ``unstarted`` to ``started``; then an undo is refused in words."""
    node = lab.nodes[1]
    canary = lab.canary(lab.nodes[0])
    before, was = Before(lab), members(lab, lab.nodes[0])
    damage(lab, node)
    done = lab.novatui("run", "recover-member", "--node", node, "--yes", node, user=user)
    assert done.returncode == 0, done.stdout + done.stderr
    run = assert_recovered(lab, node, before, was, canary)
    state = client.load(run)[1]
    via = client.load(run)[0].params["via"]
    assert state.facts["add"][via]["status"] == "unstarted"
    assert state.bound["new member ID"] == members(lab, lab.nodes[0])[name_of(lab, node)]["id"]
    undo = lab.novatui("undo", run, "--yes", node, user=user)
    assert undo.returncode == 2 and "past its point of no return" in undo.stderr
    took = (state.ended_ms or 0) - state.started_ms
    print(f"\n{lab.image} as {user}: verified in {took / 1000:.1f} s")


@pytest.mark.parametrize("lab", [Shape(5)], indirect=True, ids=str)
def test_one_of_five(lab: Lab) -> None:
    """And with another one down it is refused, with what to do first."""
    node, other = lab.nodes[3], lab.nodes[4]
    canary = lab.canary(lab.nodes[0])
    before, was = Before(lab), members(lab, lab.nodes[0])
    damage(lab, node)
    lab.run(other, "systemctl stop etcd")
    refused = lab.novatui("run", "recover-member", "--node", node, "--yes", node)
    assert refused.returncode == 2
    assert "takes no new member while a voter is not connected" in refused.stderr
    assert f"restart-member --node {other}" in refused.stderr
    started = lab.novatui("run", "restart-member", "--node", other, "--yes", other)
    assert started.returncode == 0, started.stdout + started.stderr
    done = lab.novatui("run", "recover-member", "--node", node, "--yes", node)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_recovered(lab, node, before, was, canary)


@pytest.mark.invariant("INV-6", "INV-11", "INV-13", "INV-15")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
def test_its_master_loses_power_after_the_removal(lab: Lab) -> None:
    """Its old data is put aside, the new member is not started: nothing starts it at the boot, and the run goes on."""
    node = lab.nodes[1]
    canary = lab.canary(lab.nodes[0])
    before, was = Before(lab), members(lab, lab.nodes[0])
    damage(lab, node)
    moved = Stopping(lab, node, FIRST_RENAME)
    done = lab.novatui("run", "recover-member", "--node", node, "--yes", node, "--detach")
    assert done.returncode == 0, done.stdout + done.stderr
    cluster.until(moved.reached, "the rename", 120)
    lab.power_off(node)
    moved.remove()
    lab.power_on(node)
    assert lab.unit(node)[0] != "active", "the hold outlives the power cut"
    run = places.every()[-1].run
    followed = lab.novatui("attach", run)
    if followed.returncode != 0:
        followed = lab.novatui("resume", run, "--yes", node)
    assert followed.returncode == 0, followed.stdout + followed.stderr
    assert_recovered(lab, node, before, was, canary)
    lines = [json.loads(line) for line in places.find(run).journal.read_bytes().splitlines()]
    assert len({line["boot_id"] for line in lines if line["kind"] == "intent" and line["node"] == node}) == 2
