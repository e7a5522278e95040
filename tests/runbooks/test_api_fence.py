"""The fence around API servers: the script on real files, sockets and processes; the plan; what the last gate makes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from novatui.config import KubernetesConfig
from novatui.model.plan import Plan
from novatui.remote.command import Outcome
from novatui.runbooks import restore_cluster
from novatui.runbooks.parts.api_server import api_server
from novatui.runbooks.parts.params import restore_params
from novatui.runbooks.restore_cluster import fence, kubernetes
from novatui.runbooks.restore_cluster.gate import brief
from novatui.runbooks.step import Context, Gate, Probed, State, Step
from novatui.runner.shown import render
from tests.runbooks.bench import SHELLS, Bench, tree
from tests.runbooks.survey_text import Master, answers, cluster, masters, said
from tests.runbooks.test_refusals import RUN, draft, request

MANIFEST = """apiVersion: v1
spec:
  containers:
  - command:
    - kube-apiserver
    # - --secure-port=1
    - --advertise-address=10.0.0.1
    - --{port}
"""
# Listens; closes its socket when it is told to by SIGUSR1, and lives on: as an API server that ends what it was asked.
LISTENER = """
import signal, socket, sys, time
one = socket.create_server(("127.0.0.7", 0))
signal.signal(signal.SIGUSR1, lambda *_: one.close())
print(one.getsockname()[1], flush=True)
while True:
    time.sleep(60)
"""


class World:
    """One master's manifests, on the bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.home = bench.root / "kubernetes"
        self.manifests = self.home / "manifests"
        self.manifests.mkdir(parents=True)
        self.manifest = self.manifests / "kube-apiserver.yaml"
        self.aside = self.home / f".novatui-{RUN}"
        self.kept = self.aside / "kube-apiserver.yaml"
        self.manifest.write_text(MANIFEST.format(port="secure-port=6443"))

    def run(self, verb: str, place: object = "127.0.0.7:9", run: str = RUN) -> Outcome:
        return self.bench.run("api-fence", verb, run, self.manifests, self.home / f".novatui-{run}", place)

    def fence(self, place: object = "127.0.0.7:9") -> Probed:
        return fence.read_fence(self.run("look", place))

    def unfence(self) -> Probed:
        return fence.read_unfence(self.run("look"))


@pytest.fixture(params=SHELLS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(Bench(tmp_path / "a master", request.param))


def until_closed(world: World, place: object = "127.0.0.7:9") -> None:
    deadline = time.monotonic() + 60
    while (found := world.fence(place)).state is not State.DONE:
        assert found.state is State.TODO and time.monotonic() < deadline, found
        time.sleep(0.2)


@pytest.mark.invariant("INV-14")
def test_aside_and_back_it_is_the_very_same_file(world: World) -> None:
    world.manifest.chmod(0o640)
    before = tree(world.home), world.manifest.stat().st_ino, world.manifest.stat().st_mode
    assert world.fence().state is State.TODO
    assert world.unfence().state is State.DONE
    assert world.run("do").ok
    assert not world.manifest.exists() and world.kept.stat().st_ino == before[1]
    assert world.aside.stat().st_mode & 0o777 == 0o700
    assert "put aside only now" in world.fence().detail or world.fence().state is State.DONE
    until_closed(world)
    assert world.run("do").ok, "a second time changes nothing"
    assert world.unfence().state is State.TODO
    assert world.run("back").ok
    assert (tree(world.home), world.manifest.stat().st_ino, world.manifest.stat().st_mode) == before
    assert world.unfence().state is State.DONE
    assert world.run("back").ok


@pytest.mark.invariant("INV-14")
def test_cut_off_anywhere_it_is_finished(world: World) -> None:
    """Every order in which a power cut may leave the directory, the marker and the manifest."""
    world.aside.mkdir()
    assert world.fence().state is State.TODO
    (world.aside / "listeners").touch()
    (world.aside / "run").touch()
    assert world.run("do").ok and world.kept.exists()
    assert world.run("back").ok and not world.aside.exists()
    assert world.run("do").ok
    world.kept.rename(world.manifest)
    assert world.unfence().state is State.PARTIAL
    (world.aside / "run").unlink()
    assert world.run("back").ok
    assert world.unfence().state is State.DONE and not world.aside.exists()


@pytest.mark.invariant("INV-14")
def test_what_somebody_else_puts_there_is_never_overwritten(world: World) -> None:
    assert world.run("do").ok
    world.manifest.write_text("another")
    assert world.fence().state is State.FOREIGN
    assert world.run("do").exit == 3
    found = world.unfence()
    assert found.state is State.DONE and "kept beside it" in found.detail
    assert world.run("back").ok
    assert world.manifest.read_text() == "another" and world.kept.exists()
    world.manifest.write_bytes(world.kept.read_bytes())
    assert world.unfence().state is State.TODO
    assert world.run("back").ok and world.manifest.exists() and not world.aside.exists()


@pytest.mark.invariant("INV-14")
def test_another_runs_directory_and_a_manifest_that_is_gone_stop_it(world: World) -> None:
    assert world.run("do", run="ffffffff").ok
    found = world.fence()
    assert found.state is State.FOREIGN and "is gone" in found.detail
    assert world.run("do").exit == 3
    gone = fence.read_fence(world.run("look"), may_be_gone=True)
    assert gone.state is State.DONE and "any more" in gone.detail, "an undo weeks later is not refused for it"
    assert api_server(world.bench.run("api-fence", "survey", world.manifests)).left == (  # type: ignore[union-attr]
        str(world.home / ".novatui-ffffffff/kube-apiserver.yaml"),
    )
    (world.home / ".novatui-ffffffff").rename(world.aside)
    assert world.run("do").exit == 3, "its name is ours, its marker is another run's"
    assert world.run("back").exit == 3 and world.kept.exists()
    wrong = world.bench.run("api-fence", "do", RUN, world.manifests, world.home / "elsewhere", "6443")
    assert wrong.exit == 64


@pytest.mark.invariant("INV-14", "INV-3")
def test_it_is_closed_when_nobody_listens_and_who_listened_is_gone(world: World) -> None:
    with subprocess.Popen([sys.executable, "-c", LISTENER], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            place = f"127.0.0.7:{port}"
            assert world.run("do", place).ok
            assert f"something still listens on {place}" in world.fence(place).detail
            assert f"listens on {port}" in world.fence(port).detail, "on any address"
            assert "listens" not in world.fence(f"127.0.0.8:{port}").detail
            server.send_signal(signal.SIGUSR1)
            deadline = time.monotonic() + 60
            while "listens" in (found := world.fence(place)).detail or "only now" in found.detail:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert found.state is State.TODO and f"process {server.pid} has not ended" in found.detail
            server.kill()
            until_closed(world, place)  # though nobody has collected it yet
        finally:
            server.kill()


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("secure-port=6443", "6443"),
        ("secure-port=7443", "7443"),
        ("secure-port 7443", "7443"),
        ('secure-port="7443"', "7443"),
        ("secure-port=0", "6443"),
        ("profiling=false", "6443"),
        ("secure-port=7443\n    - --bind-address=10.0.0.1", "10.0.0.1:7443"),
        ("secure-port=7443\n    - --bind-address=0.0.0.0", "7443"),
        ("bind-address=::", "6443"),
    ],
)
def test_where_it_listens_is_read_from_the_manifest(tmp_path: Path, line: str, place: str) -> None:
    world = World(Bench(tmp_path))
    world.manifest.write_text(MANIFEST.format(port=line))
    found = api_server(world.bench.run("api-fence", "survey", world.manifests))
    assert found is not None and found.there and found.one_fs
    assert found.place == place
    assert (found.readonly == ()) or os.getuid() != 0


def test_the_archives_kubernetes_is_compared_with_the_masters(tmp_path: Path) -> None:
    world = World(Bench(tmp_path))
    image = "    # image: a/kube-apiserver:v1.1.1\n    image: registry.k8s.io/kube-apiserver:v1.28.3\n"
    world.manifest.write_text(MANIFEST.format(port="secure-port=6443") + image)
    found = api_server(world.bench.run("api-fence", "survey", world.manifests))
    assert found is not None and found.version == "1.28.3"
    masters = with_api("m1", "m2", "m3")
    masters["m1"].api["version"] = "1.27.11"
    assert restore_params(draft(masters)).notes == ()
    masters["m2"].api["version"] = "1.28.3"
    (note,) = restore_params(draft(masters)).notes
    assert "Kubernetes 1.27.11" in note and "run 1.27.11, 1.28.3" in note


def test_no_manifest_no_directory(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    found = api_server(bench.run("api-fence", "survey", tmp_path / "nowhere/manifests"))
    assert found is not None and not found.there
    assert api_server(None) is None


# -- the plan -----------------------------------------------------------------------------------------------------


def with_api(*nodes: str) -> dict[str, Master]:
    found = masters()
    for node in nodes:
        found[node].api = {"manifest": "yes", "place": "6443"}
    return found


def ids(steps: Any) -> list[str]:
    return [step.id for step in steps]


@pytest.mark.invariant("INV-14")
def test_api_servers_are_fenced_before_etcd_is_held_and_come_back_last() -> None:
    plan = draft(with_api("m1", "m3"))
    forward, back = restore_cluster.steps(cluster(), plan), restore_cluster.undo(cluster(), plan)
    names = ids(forward)
    assert names[names.index("confirm") :] == [
        *(
            "confirm",
            "fence",
            "hold",
            "stop",
            "swap",
            "start",
            "members",
            "last-gate",
            "release",
            "unfence",
            "kubernetes",
        )
    ]
    assert ids(back)[2:4] == ["undo-fence", "undo-hold"] and ids(back)[-1] == "undo-unfence"
    shown = {step.id: step for step in render(cluster(), plan, [*forward, *back])}
    for name, verb in (("fence", "do"), ("unfence", "back"), ("undo-fence", "do"), ("undo-unfence", "back")):
        assert {node for node, lines in shown[name].commands.items() if lines} == {"m1", "m3"}
        assert (
            f"api-fence.sh {verb} {RUN} /etc/kubernetes/manifests /etc/kubernetes/.novatui-{RUN} 6443"
            in (shown[name].commands["m1"][0])
        )


@pytest.mark.invariant("INV-14")
def test_without_api_servers_there_is_nothing_to_fence() -> None:
    plan = draft(masters())
    assert not {"fence", "unfence"} & set(ids(restore_cluster.steps(cluster(), plan)))
    assert not {"undo-fence", "undo-unfence"} & set(ids(restore_cluster.undo(cluster(), plan)))


@pytest.mark.invariant("INV-14")
def test_that_nothing_is_fenced_is_said_once_for_all_masters() -> None:
    note, bump = restore_params(draft(masters())).notes
    assert note.startswith("no kube-apiserver.yaml in /etc/kubernetes/manifests of m1, m2, m3: ")
    assert "watch caches of the future" in note and "--bump-revision" in bump
    assert len(restore_params(draft(masters(), request(bump_revision=True))).notes) == 1
    note, _ = restore_params(draft(with_api("m1", "m3"))).notes
    assert " of m2: " in note
    assert restore_params(draft(with_api("m1", "m2", "m3"))).notes == ()
    elsewhere = KubernetesConfig(manifests="/srv/manifests")
    first, *others = cluster().nodes
    config = replace(cluster(), nodes=(replace(first, kubernetes=elsewhere), *others))
    note, _ = restore_params(restore_cluster.draft(config, request(), RUN, answers(masters()))).notes
    assert note.startswith("no kube-apiserver.yaml in kubernetes.manifests of m1, m2, m3: ")


def test_no_fence_says_what_it_risks() -> None:
    plan = draft(with_api("m1", "m3"), request(no_fence=True))
    assert "fence" not in ids(restore_cluster.steps(cluster(), plan))
    note, _ = restore_params(plan).notes
    assert "m1, m3" in note and "watch caches of the future" in note


@pytest.mark.invariant("INV-12")
def test_an_api_server_that_comes_or_goes_is_a_change() -> None:
    facts = [
        restore_cluster.facts(cluster(), request(), answers(found)) for found in (masters(), with_api("m2"))
    ]
    assert facts[0] != facts[1]
    assert fence.read_none(said(["nv:manifest=yes", "nv:end=1"])).state is State.FOREIGN
    assert fence.read_none(said(["nv:manifest=no", "nv:end=1"])).state is State.DONE


# -- Kubernetes -----------------------------------------------------------------------------------------------------


def kubectl(bench: Bench, body: str) -> Path:
    tool = bench.root / "bin/kubectl"
    tool.write_text(f'#!/bin/sh\necho "$*" >>"{bench.root}/kube-asked"\n{body}\n')
    tool.chmod(0o755)
    (bench.root / "admin.conf").touch()
    return tool


def test_kubernetes_is_looked_at_and_never_fails_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "a master")
    config = bench.root / "admin.conf"
    absent = kubernetes.read_kube(bench.run("kube", "nokubectl", config, "0"))
    assert absent.state is State.DONE and "not looked at: no nokubectl" in absent.detail
    nodes = "m1 Ready control-plane 1d v1\nm2 Ready,SchedulingDisabled x 1d v1\nm3 NotReady x 1d v1"
    tool = kubectl(bench, f'case $* in *readyz*) echo ok ;; *nodes*) printf "{nodes}\\n" ;; esac')
    found = kubernetes.read_kube(bench.run("kube", tool, config, "5"))
    assert found.detail == "2 of 3 nodes ready; not: m3"
    tool = kubectl(
        bench,
        f'[ $(wc -l <"{bench.root}/kube-asked") -gt 4 ] || {{ echo refused >&2; exit 1; }}; echo m1 Ready',
    )
    assert kubernetes.read_kube(bench.run("kube", tool, config, "30")).facts["ready"] == "yes", "it waits"
    tool = kubectl(bench, "echo '[-]etcd failed' >&2; exit 1")
    down = kubernetes.read_kube(bench.run("kube", tool, config, "1"))
    assert down.state is State.DONE and "does not serve yet: [-]etcd failed" in down.detail


def test_the_checklist_is_on_record() -> None:
    step = next(
        one for one in restore_cluster.steps(cluster(), draft(with_api("m1"))) if one.id == "kubernetes"
    )
    assert isinstance(step, Step) and step.judge is not None
    said = [
        one.title
        for one in step.judge(Context(plan=draft(with_api("m1")), cluster=cluster(), node="", facts={}))
    ]
    for words in ("kube-controller-manager", "masterleases", "IPAM", "CSI", "encryption"):
        assert any(words in one for one in said)
    assert not any(
        one.refuses
        for one in step.judge(Context(plan=draft(with_api("m1")), cluster=cluster(), node="", facts={}))
    )


# -- the last gate ------------------------------------------------------------------------------------------------


def context(plan: Plan, **changed: Any) -> Context:
    facts: dict[str, dict[str, Any]] = {
        node: {
            "hash": 7, "hash_revision": 40, "compact_revision": 3, "index": [50, 51], "revision": 40,
            "snapshot_revision": 40, "fenced": True,
        }
        for node in plan.nodes
    }  # fmt: skip
    facts["m2"] |= changed
    return cast(Context, SimpleNamespace(plan=plan, facts={"last-gate": facts}))


@pytest.mark.invariant("INV-14", "INV-3")
def test_fenced_the_revision_is_exactly_the_snapshots() -> None:
    plan = draft(with_api("m1", "m2", "m3"))
    assert fence.judge_last_gate_fenced(context(plan)) == []
    found = fence.judge_last_gate_fenced(context(plan, revision=41))
    assert [one.guard for one in found] == ["other-writers"]
    assert "not 40, the snapshot's: m2 41" in found[0].title
    # Once one API server is back it may write: a resume that looks again must be able to end.
    assert fence.judge_last_gate_fenced(context(plan, revision=41, fenced=False)) == []
    assert fence.judge_last_gate_fenced(context(draft(masters()), revision=41)) == []


def test_the_brief_of_the_gate_tells_it() -> None:
    """That nothing of Kubernetes answers is said only where all of it is fenced."""
    for nodes in (("m1", "m2", "m3"), ("m1", "m3")):
        plan = draft(with_api(*nodes))
        said = dict(brief(Context(plan=plan, cluster=cluster(), node="", facts={})).rows)["API servers"]
        assert ", ".join(nodes) in said
        assert ("Nothing of Kubernetes answers" in said) == (len(nodes) == 3)
    assert isinstance(
        next(step for step in restore_cluster.steps(cluster(), plan) if step.id == "confirm"), Gate
    )
    step = next(step for step in restore_cluster.steps(cluster(), plan) if step.id == "fence")
    assert isinstance(step, Step) and step.let_go is not None and step.let_go_until == "swap"
