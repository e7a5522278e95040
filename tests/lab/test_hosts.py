"""A lab is what the vendor's pages describe: real hosts, their names and addresses, and a healthy cluster on them."""

from __future__ import annotations

import json
import socket
import time

import pytest

from tests.lab import cluster, image
from tests.lab.lab import SUDO_ASKED, SUDO_FREE, SUDO_PASSWORD, Lab
from tests.lab.shapes import Shape

# The vendor's table of a restored cluster: its addresses and its token make these.
CLUSTER_ID = "dae05cd826ec589"
MEMBER_IDS = {
    "nova-master-1": "4c357ea1a12149d0",
    "nova-master-2": "e42bdaa6ace5c691",
    "nova-master-3": "e7b44abd88b7fad0",
}
VERSIONS = {"trixie": ("257", "3.5.16"), "bullseye": ("247", "3.5.1")}
BOTH = [Shape(image=name) for name in image.IMAGES]


@pytest.mark.parametrize("used_lab", BOTH, indirect=True, ids=str)
def test_a_lab_is_the_vendors_cluster(used_lab: Lab) -> None:
    began = time.monotonic()
    used_lab.reset()
    print(f"\n{used_lab.image}: as new in {time.monotonic() - began:.1f} s")
    systemd, etcd = VERSIONS[used_lab.image]
    found = used_lab.standings()
    assert {node: one.member_id for node, one in found.items()} == MEMBER_IDS
    assert {one.cluster_id for one in found.values()} == {CLUSTER_ID}
    assert {one.version for one in found.values()} == {etcd}
    assert {one.revision for one in found.values()} == {used_lab.snapshot.live}
    names = {
        one["name"]: one["peerURLs"] for one in cluster.members(used_lab.hosts[used_lab.nodes[0]]).values()
    }
    assert names == {
        "etcd1": ["https://172.31.100.97:2380"],
        "etcd2": ["https://172.31.100.105:2380"],
        "etcd3": ["https://172.31.100.106:2380"],
    }
    for node in used_lab.nodes:
        assert used_lab.canary(node) == cluster.CANARY_LIVE
        assert used_lab.run(node, ["systemctl", "--version"]).split()[1] == systemd
        assert used_lab.run(node, ["systemctl", "is-system-running"]).strip() == "running"
        assert used_lab.run(node, ["hostname"]).strip() == node
        packed = used_lab.run(node, ["tar", "-tzf", used_lab.snapshot.path]).strip()
        assert packed.startswith("opt/backup/etcd_snapshot_nova-v5.1.2_k8s-v1.27.11_")


@pytest.mark.parametrize("used_lab", [Shape(1), Shape(5)], indirect=True, ids=str)
def test_one_master_and_five(used_lab: Lab) -> None:
    used_lab.fresh()
    found = used_lab.standings()
    assert len(found) == len(used_lab.nodes)
    assert len({one.cluster_id for one in found.values()}) == 1
    assert len({one.member_id for one in found.values()}) == len(found)
    done = used_lab.novatui("status")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("used_lab", BOTH, indirect=True, ids=str)
@pytest.mark.parametrize("user", ["root", SUDO_FREE])
def test_status_over_ssh_with_strict_host_keys(used_lab: Lab, user: str) -> None:
    done = used_lab.novatui("status", "--json", user=user)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["cluster"]["verdict"] == "healthy"
    assert found["cluster"]["quorum"] == {"healthy": 3, "needed": 2, "total": 3}
    assert {one["name"]: one["endpoint"]["member_id"] for one in found["nodes"]} == MEMBER_IDS
    assert {one["unit"]["active"] for one in found["nodes"]} == {"active"}


def test_an_ordinary_user_and_sudo(used_lab: Lab) -> None:
    node = used_lab.nodes[0]
    assert used_lab.ssh(node, "id -u").stdout == "0\n"
    assert used_lab.ssh(node, "sudo -n id -u", user=SUDO_FREE).stdout == "0\n"
    assert used_lab.ssh(node, "sudo -n id -u", user=SUDO_ASKED).returncode == 1
    asked = used_lab.ssh(node, f"echo {SUDO_PASSWORD} | sudo -S -p '' id -u", user=SUDO_ASKED)
    assert asked.stdout == "0\n", asked.stderr


def test_nothing_gets_out(used_lab: Lab) -> None:
    """Neither from a host nor from where novatui runs: there is no route but to the hosts."""
    for node in used_lab.nodes:
        assert used_lab.run(node, ["ip", "route"]).split()[0] == "172.31.100.0/24"
        assert "default" not in used_lab.run(node, ["ip", "route"])
    refused = pytest.raises(OSError, match="unreachable")
    with used_lab.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, refused:
        probe.connect(("192.0.2.1", 53))


def test_power_and_cables(lab: Lab) -> None:
    first, second, third = lab.nodes
    boot = lab.run(second, ["cat", "/proc/sys/kernel/random/boot_id"])
    lab.run(second, "echo kept >/tmp/kept")
    lab.power_off(second)
    cluster.wait_healthy([lab.hosts[first], lab.hosts[third]])
    assert lab.canary() == cluster.CANARY_LIVE, "two of three"
    lab.power_off(third)
    assert lab.ask(first, "systemctl is-active etcd").stdout == "active\n"
    assert not cluster.has_quorum(lab.hosts[first])
    lab.power_on(second, third)
    cluster.wait_healthy(list(lab.hosts.values()))
    assert lab.run(second, ["cat", "/proc/sys/kernel/random/boot_id"]) != "" != boot
    assert lab.run(second, ["journalctl", "--list-boots", "--no-pager"]).count("\n") >= 2, (
        "the log before it is there"
    )
    assert lab.run(second, "cat /tmp/kept") == "kept\n"
    lab.cut(third)
    assert lab.ssh(third, "true").returncode == 255
    cluster.wait_healthy([lab.hosts[first], lab.hosts[second]])
    lab.uncut(third)
    cluster.wait_healthy(list(lab.hosts.values()))
