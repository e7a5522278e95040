"""restart-member and start-cluster on real systemd: one that hangs, one that hears no signal, a power cut, a failed start."""

from __future__ import annotations

import json
import time

import pytest

from novatui.runner import places
from tests.lab import cluster, image
from tests.lab.files import DATA_DIR
from tests.lab.invariants import Before
from tests.lab.lab import NAME, SUDO_FREE, Lab
from tests.lab.shapes import Shape

BOTH = [Shape(image=name) for name in image.IMAGES]
LOG = "journalctl -u etcd -o cat --no-pager"
ENDED = "timed out. Killing"


def starts(lab: Lab, node: str) -> int:
    return int(lab.run(node, f"{LOG} | grep -c '\"starting an etcd server\"' || true"))


def _drop_in(lab: Lab, node: str, text: str) -> None:
    """Until the next boot."""
    there = "/run/systemd/system/etcd.service.d"
    lab.run(node, f"mkdir -p {there} && printf '{text}' >{there}/test.conf && systemctl daemon-reload")


def step_s(run: str, step: str) -> float:
    """From the first look of a step to its being verified."""
    lines = [json.loads(line) for line in places.find(run).journal.read_bytes().splitlines()]
    of_step = [line["at"] for line in lines if line.get("step") == step]
    return float(of_step[-1] - of_step[0]) / 1000


def assert_well(lab: Lab, before: Before) -> str:
    """Serving, on the very data of before, nothing of ours left; the run's id."""
    cluster.wait_healthy(list(lab.hosts.values()))
    assert len({cluster.hash_kv(host) for host in lab.hosts.values()}) == 1
    before.assert_as_before()
    run = places.every()[-1].run
    before.assert_journal(run)
    return run


@pytest.mark.invariant("INV-2", "INV-3", "INV-13")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
@pytest.mark.parametrize("user", ["root", SUDO_FREE])
def test_a_hung_member_is_restarted(lab: Lab, user: str) -> None:
    node = lab.nodes[1]
    before, started = Before(lab), {one: starts(lab, one) for one in lab.nodes}
    lab.pause(node)
    done = lab.novatui("run", "restart-member", "--node", node, "--yes", node, user=user)
    assert done.returncode == 0, done.stdout + done.stderr
    run = assert_well(lab, before)
    assert {one: starts(lab, one) - started[one] for one in lab.nodes} == {
        one: int(one == node) for one in lab.nodes
    }
    kept = lab.root(node) / f"var/lib/novatui/{run}/evidence"
    assert "T (stopped)" in (kept / "process.txt").read_text()
    print(
        f"\n{lab.image} as {user}: stopped in {step_s(run, 'stop'):.1f} s, back in {step_s(run, 'start'):.1f} s"
    )


def test_one_that_hears_no_signal_is_ended_by_systemd(lab: Lab) -> None:
    """It is stopped again whenever something wakes it: systemd's own limit, 5 s here, ends it."""
    node = lab.nodes[1]
    before = Before(lab)
    _drop_in(lab, node, "[Service]\\nTimeoutStopSec=5s\\n")
    lab.run(
        node,
        "pid=$(pgrep -x etcd); setsid sh -c 'while kill -STOP $0 2>/dev/null; do :; done' $pid >/dev/null 2>&1 &",
    )
    done = lab.novatui("run", "restart-member", "--node", node, "--yes", node)
    assert done.returncode == 0, done.stdout + done.stderr
    run = assert_well(lab, before)
    assert ENDED in lab.run(node, LOG)
    assert 5 <= step_s(run, "stop") < 85, "not the 90 s that systemd gives by itself"
    waited = places.find(run).journal.read_text()
    assert "systemd ends it within 5 s, by force if it does not hear" in waited


@pytest.mark.invariant("INV-2", "INV-10", "INV-13")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
def test_a_power_cut_ends_in_start_cluster(lab: Lab) -> None:
    """Nobody enabled the unit: the boots do not start it. On one master a start has failed since."""
    before = Before(lab)
    for node in lab.nodes:
        lab.run(node, "systemctl disable etcd")
    lab.power_off(*lab.nodes)
    lab.power_on(*lab.nodes)
    tired = lab.nodes[2]
    program = "/opt/etcd/etcd"
    _drop_in(lab, tired, "[Service]\\nRestart=no\\n")
    lab.run(tired, f"mv {program} {program}.away")
    lab.run(tired, "systemctl start etcd || true")
    lab.run(tired, f"mv {program}.away {program}")
    assert "ActiveState=failed" in lab.run(tired, "systemctl show etcd -p ActiveState,Result")
    refused = lab.novatui("plan", "restart-member", "--node", lab.nodes[0])
    assert refused.returncode == 2 and "start-cluster" in refused.stderr
    began = time.monotonic()
    done = lab.novatui("run", "start-cluster", "--yes", NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    took = time.monotonic() - began
    run = assert_well(lab, before)
    assert "the unit is disabled" in done.stdout
    print(f"\n{lab.image}: verified in {took:.1f} s, started in {step_s(run, 'start'):.1f} s")


@pytest.mark.invariant("INV-11", "INV-17")
def test_a_blank_directory_is_never_started(lab: Lab) -> None:
    """state=new and no data: it would found a cluster of its own."""
    node = lab.nodes[0]
    lab.run(lab.nodes[1], "systemctl stop etcd")
    lab.run(lab.nodes[2], "systemctl stop etcd")
    lab.wipe(node)
    count = starts(lab, node)
    done = lab.novatui("run", "start-cluster", "--yes", NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{node} takes no part" in done.stdout
    assert starts(lab, node) == count
    assert not (lab.root(node) / DATA_DIR / "member").exists()
