"""Fencing on real etcd over real SSH: two (fake) API servers write all the time, and not between the fence and the release."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from novatui.model import records as rec
from novatui.model.plan import Plan, Request
from novatui.runner import client, journal, places
from tests.runbooks import fake_kubelet
from tests.runbooks.fence_process import COMMAND
from tests.runbooks.test_restore_demo import archive

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.invariant("INV-14")]
OVERRULED = ("quorum-stands", "newer-survivor")


@dataclass
class Kubelets:
    """The fakes on the first and the last master of a demo."""

    demo: Any
    nodes: tuple[str, ...]
    running: list[subprocess.Popen[bytes]]

    def manifest(self, node: str) -> Path:
        return Path(self.demo.root(node)) / "etc/kubernetes/manifests/kube-apiserver.yaml"

    def writes(self, node: str) -> list[tuple[int, int, int]]:
        """(pid, began, ended) of each write that etcd took, ms UTC."""
        path = self.demo.dir / f"writes-{node}"
        text = path.read_text() if path.exists() else ""
        lines = text[: text.rfind("\n") + 1].splitlines()  # the last may still be written
        return [(int(a), int(b), int(c)) for a, b, c in (line.split() for line in lines)]

    def write_again(self) -> None:
        """Returns when each has written since now."""
        now = time.time_ns() // 1_000_000
        deadline = time.monotonic() + 60
        while not all(any(began > now for _, began, _ in self.writes(node)) for node in self.nodes):
            assert time.monotonic() < deadline, "the API servers do not write"
            time.sleep(0.1)

    def quiet(self, since_ms: int, until_ms: int) -> None:
        """No write was taken that was under way in between."""
        for node in self.nodes:
            late = [one for one in self.writes(node) if one[2] > since_ms and one[1] < until_ms]
            assert not late, f"{node}: {late[:5]} between {since_ms} and {until_ms}"


@pytest.fixture(scope="module")
def kubelets(demo: Callable[..., Any]) -> Iterator[Kubelets]:
    made = demo()
    found = Kubelets(made, (made.nodes[0], made.nodes[2]), [])
    for node in found.nodes:
        info = made.info["nodes"][node]
        found.manifest(node).write_text(fake_kubelet.MANIFEST.format(host=info["host"]))
        words = [info["root"], node, info["member"], info["host"], str(made.dir / f"writes-{node}")]
        command = [sys.executable, "-m", "tests.runbooks.fake_kubelet", *words]
        found.running.append(subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[2]))
    yield found
    for one in found.running:
        assert one.stdin is not None
        one.stdin.close()
        one.wait(30)


def span(run: str, fence: str, unfence: str) -> tuple[int, int]:
    """From when the run knew that all are fenced, to when it began to let them go; ms UTC."""
    records = journal.read(places.find(run).journal)
    closed = next(one.at for one in records if isinstance(one, rec.Judged) and one.step == fence and one.ok)
    back = next(one.at for one in records if isinstance(one, rec.Intent) and one.step == unfence)
    return closed, back


def last_gate(run: str) -> list[dict[str, Any]]:
    state = client.load(run)[1]
    return list(state.facts["last-gate"].values())


async def a_plan(demo: Any) -> tuple[Plan, places.RunDir]:
    from novatui.config import load
    from novatui.remote.ssh import SshTransport

    cluster = load(demo.config_path).pick(None)
    transport = SshTransport(cluster)
    request = Request(runbook="restore-cluster", snapshot=archive(demo), overrule=OVERRULED)
    try:
        plan = await client.make_plan(cluster, request, transport)
    finally:
        await transport.close()
    return plan, places.create(plan, places.Launch(config=str(demo.config_path), cluster=cluster.name))


async def until_gone(place: places.RunDir) -> None:
    deadline = time.monotonic() + 240
    while place.alive():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def test_no_write_between_fence_and_release_nor_in_an_undo(kubelets: Kubelets) -> None:
    demo = kubelets.demo
    before = {node: kubelets.manifest(node).stat().st_ino for node in kubelets.nodes}
    kubelets.write_again()
    plan, place = asyncio.run(a_plan(demo))
    asyncio.run(_resume(plan, place))
    assert client.load(plan.run)[1].result == "verified", client.load(plan.run)[1].detail
    kubelets.write_again()
    kubelets.quiet(*span(plan.run, "fence", "unfence"))
    for facts in last_gate(plan.run):
        assert facts["revision"] == facts["snapshot_revision"]
    assert sum(facts.get("fenced", False) for facts in last_gate(plan.run)) == 2
    asyncio.run(_undo(plan, place))
    assert client.load(plan.run)[1].result == "undone", client.load(plan.run)[1].detail
    kubelets.write_again()
    kubelets.quiet(*span(plan.run, "undo-fence", "undo-unfence"))
    assert {node: kubelets.manifest(node).stat().st_ino for node in kubelets.nodes} == before


@pytest.mark.invariant("INV-2")
@pytest.mark.parametrize("point", ["fence after-act", "swap after-act", "unfence after-act"])
def test_no_write_while_the_runner_is_dead(kubelets: Kubelets, point: str) -> None:
    """SIGKILL of the runner: what is fenced stays fenced until somebody resumes, and comes back then."""
    kubelets.write_again()
    plan, place = asyncio.run(a_plan(kubelets.demo))
    (place.path / "kill-at").write_text(f"{point}\n")
    asyncio.run(_resume(plan, place))
    assert not client.load(plan.run)[1].ended, "it was killed"
    assert (place.path / "kill-at").read_text() == ""
    time.sleep(3)
    asyncio.run(_resume(plan, place))
    assert client.load(plan.run)[1].result == "verified", client.load(plan.run)[1].detail
    kubelets.write_again()
    kubelets.quiet(*span(plan.run, "fence", "unfence"))
    assert all(kubelets.manifest(node).exists() for node in kubelets.nodes)
    assert not list(kubelets.manifest(kubelets.nodes[0]).parents[1].glob(".novatui-*"))


async def _resume(plan: Plan, place: places.RunDir) -> None:
    await client.resume(plan.run, answers=["demo"], command=COMMAND)
    await until_gone(place)


async def _undo(plan: Plan, place: places.RunDir) -> None:
    await client.undo(plan.run)
    await until_gone(place)
