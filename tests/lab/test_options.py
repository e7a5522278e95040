"""Options of a restore on real hosts: the raised revision, a fenced API server's manifest, a master left out."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from novatui.runbooks.restore_cluster.bump import BUMP
from novatui.runner import client, places
from tests.lab import cluster
from tests.lab.invariants import Before
from tests.lab.lab import NAME, SUDO_FREE, Lab
from tests.lab.shapes import quorum_lost
from tests.lab.test_hosts import CLUSTER_ID

MANIFESTS = "/etc/kubernetes/manifests"
MANIFEST = f"{MANIFESTS}/kube-apiserver.yaml"


def restore(lab: Lab, *words: str, user: str = "root") -> tuple[int, str]:
    done = lab.novatui(
        "run", "restore-cluster", "--snapshot", lab.snapshot.path, "--overrule", "newer-survivor", *words,
        "--yes", NAME, user=user,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.invariant("INV-3", "INV-14")
def test_the_revision_is_raised_and_a_manifest_goes_aside_and_comes_back(lab: Lab) -> None:
    """etcd 3.5.16. There is no kubelet and no API server here: what listens is proved on the demo."""
    quorum_lost(lab)
    before = Before(lab)
    for node in lab.nodes[:2]:
        lab.run(node, ["mkdir", "-p", MANIFESTS])
        lab.run(node, f"printf 'kind: Pod\\n' >{MANIFEST} && chmod 600 {MANIFEST}")
    code, said = restore(lab, "--bump-revision", user=SUDO_FREE)
    assert code == 0, said
    run = places.every()[-1].run
    gate = client.load(run)[1].facts["last-gate"]
    revisions = {one["revision"] for one in gate.values()}
    proved = {one["revision"] for one in client.load(run)[1].facts["prove"].values() if "revision" in one}
    assert revisions == {one + BUMP for one in proved}
    assert sum(one.get("fenced", False) for one in gate.values()) == 2
    for node in lab.nodes:
        status = json.loads(lab.etcdctl(node, "endpoint", "status", "-w", "json"))
        assert status[0]["Status"]["header"]["revision"] >= BUMP
    for node in lab.nodes[:2]:
        assert lab.run(node, ["stat", "-c", "%a", MANIFEST]).strip() == "600"
        assert lab.run(node, f"ls -A {Path(MANIFESTS).parent}").split() == ["manifests"]
    assert lab.canary() == cluster.CANARY_SAVED
    undone = lab.novatui("undo", run, "--yes", NAME, user=SUDO_FREE)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    before.assert_as_before()
    for node in lab.nodes[:2]:
        assert lab.run(node, ["stat", "-c", "%a", MANIFEST]).strip() == "600"


def _starts_alone(lab: Lab, node: str) -> None:
    """Its etcd is started at boot, on its old data, and for some seconds nobody lets it in."""
    deadline, alone = time.monotonic() + 90, 0
    while alone < 10:
        assert time.monotonic() < deadline, lab.report()
        said = lab.ask(node, ["systemctl", "is-active", "etcd"]).stdout.strip()
        assert said != "active", "it serves"
        alone = alone + 1 if said == "activating" else 0
        time.sleep(1)


@pytest.mark.invariant("INV-16")
def test_a_master_without_power_is_left_out_and_stays_out(lab: Lab) -> None:
    """It comes back with its old data and its old token; the vendor's restore would let it join and lead."""
    first, second, third = lab.nodes
    lab.corrupt(second)
    lab.power_off(third)
    code, said = restore(lab, "--without", third, "--overrule", "survivor-unread")
    assert code == 0, said
    lab.etcdctl(first, "put", "/after/the/restore", "here")
    lab.power_on(third, wait=False)
    _starts_alone(lab, third)
    for node in (first, second):
        listed = json.loads(lab.etcdctl(node, "member", "list", "-w", "json"))
        assert sorted(one["name"] for one in listed["members"]) == ["etcd1", "etcd2"]
        assert f"{int(listed['header']['cluster_id']):x}" != CLUSTER_ID
        assert "here" in lab.etcdctl(node, "get", "/after/the/restore")
