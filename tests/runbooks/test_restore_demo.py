"""restore-cluster as a person runs it, on real etcd over real SSH: both kinds of source, the way back, and every refusal."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bad_input.archives import flipped

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(600)]
CANARY = "/registry/configmaps/default/novatui-canary"


@pytest.fixture(scope="module")
def lost(demo: Callable[..., Any]) -> Any:
    """Two of three databases are damaged; the third runs without quorum and holds 40 writes more than the archive."""
    return demo("quorum-lost")


@pytest.fixture(scope="module")
def power_cut(demo: Callable[..., Any]) -> Any:
    return demo("power-cut")


def novatui(demo: Any, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "novatui", "-c", str(demo.config_path), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def ctl(demo: Any, node: str, *words: str) -> str:
    """etcdctl as an operator on that master would run it."""
    root = demo.root(node)
    env = dict(
        line.split("=", 1)
        for line in (root / "etc/etcd.env").read_text().splitlines()
        if line.startswith("ETCDCTL_")
    )
    done = subprocess.run(
        [str(root / "opt/etcd/etcdctl"), *words],
        env={**env, "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "PATH": os.environ["PATH"]},
        capture_output=True,
        timeout=30,
        check=True,
    )
    return done.stdout.decode()


def archive(demo: Any) -> str:
    """Its plain name: each master has it in its own directory."""
    return str(next(demo.root(demo.nodes[0]).glob("tmp/*.db.tar.gz")).name)


def world(demo: Any) -> dict[str, Any]:
    """All that a refused run must leave as it is: env and unit files, every directory beside the data, and what is started."""
    found: dict[str, Any] = {}
    states = demo.tell("state")["nodes"]
    for node in demo.nodes:
        root = demo.root(node)
        files = [root / "etc/etcd.env", *sorted((root / "etc/systemd/system").rglob("*"))]
        found[node] = {
            "files": {str(path): path.read_bytes() if path.is_file() else None for path in files},
            "lib": sorted(path.name for path in (root / "var/lib").iterdir() if path.name != "novatui"),
            "work": sorted(path.name for path in (root / "var/lib").glob("novatui/*")),
            "inode": (root / "var/lib/etcd").stat().st_ino,
            "down": states[node].get("active") == "inactive",
        }
    return found


def rows(demo: Any, words: str) -> set[str]:
    """The same word of every master's answer."""
    found = set()
    for node in demo.nodes:
        status = json.loads(ctl(demo, node, "endpoint", words, "-w", "json"))[0]
        inner = status.get("Status") or status["HashKV"]
        found.add(str(inner["header"]["revision"] if words == "status" else inner["hash"]))
    return found


def run_of(demo: Any) -> str:
    """The id of the newest kept directory."""
    kept = (demo.root(demo.nodes[0]) / "var/lib").glob("etcd.novatui-old-*")
    newest = max(kept, key=lambda path: path.stat().st_ctime_ns)
    return str(newest.name.rpartition("-")[2])


def test_from_a_survivor_nothing_is_lost(lost: Any) -> None:
    before = world(lost)
    done = novatui(lost, "run", "restore-cluster", "--survivor", lost.nodes[0], "--yes", "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing that any member still has" in done.stdout
    assert len(rows(lost, "status")) == 1
    assert len(rows(lost, "hashkv")) == 1
    for node in lost.nodes:
        assert ctl(lost, node, "get", CANARY, "--print-value-only").strip() == "written after the snapshot"
    _kept_and_released(lost, before)
    _undone(lost, before)


def _kept_and_released(demo: Any, before: dict[str, Any]) -> None:
    run = run_of(demo)
    for node in demo.nodes:
        root = demo.root(node)
        kept = root / f"var/lib/etcd.novatui-old-{run}"
        assert kept.stat().st_ino == before[node]["inode"], "the very directory that was live"
        assert (root / "var/lib/etcd/member/.novatui-run").read_text().startswith(run)
        env = root / "etc/etcd.env"
        assert env.read_bytes() == before[node]["files"][str(env)]
        assert not (root / "etc/systemd/system/etcd.service.d").exists()
        assert not (root / "var/lib/novatui/hold").exists()
        assert not list((root / "var/lib").glob("*.novatui-stage-*"))


def _undone(demo: Any, before: dict[str, Any]) -> None:
    run = run_of(demo)
    ctl(demo, demo.nodes[1], "put", "/after/the/restore", "discarded")
    undone = novatui(demo, "undo", run, "--yes", "demo")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert "discards 1 revision" in undone.stdout
    now = world(demo)
    for node in demo.nodes:
        assert now[node]["inode"] == before[node]["inode"]
        assert f"etcd.novatui-undone-{run}" in now[node]["lib"], "the restored data is kept too"
        assert before[node]["files"].items() <= now[node]["files"].items()


@pytest.mark.invariant("INV-10")
def test_an_older_archive_needs_its_own_word(lost: Any) -> None:
    """After the undo the third member waits for its peers, holding its database: it is read from a copy all the same."""
    before = world(lost)
    refused = novatui(lost, "run", "restore-cluster", "--snapshot", archive(lost), "--yes", "demo")
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "40 revisions" in refused.stdout
    assert "newer-survivor" in refused.stdout + refused.stderr
    assert world(lost) == before
    words = ["--snapshot", archive(lost), "--yes", "demo", "--overrule", "newer-survivor"]
    done = novatui(lost, "run", "restore-cluster", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rows(lost, "status")) == 1
    assert len(rows(lost, "hashkv")) == 1
    for node in lost.nodes:
        assert ctl(lost, node, "get", CANARY, "--print-value-only").strip() == "written before the snapshot"
    _kept_and_released(lost, before)


@pytest.mark.invariant("INV-10")
def test_a_cluster_with_quorum_is_not_restored(lost: Any) -> None:
    """It works again, after the restore above."""
    before = world(lost)
    refused = novatui(lost, "run", "restore-cluster", "--snapshot", archive(lost), "--yes", "demo")
    assert refused.returncode == 2
    assert "quorum-stands" in refused.stderr
    assert "recover-member" in refused.stderr
    assert world(lost) == before


@pytest.mark.invariant("INV-10")
def test_a_power_cut_is_refused_with_what_to_do(power_cut: Any) -> None:
    before = world(power_cut)
    for verb in (["plan"], ["run", "--yes", "demo"]):
        words = [verb[0], "restore-cluster", "--snapshot", archive(power_cut), *verb[1:]]
        refused = novatui(power_cut, *words)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert "data-intact" in refused.stderr
        assert "systemctl start --no-block etcd" in refused.stderr
    assert world(power_cut) == before


@pytest.fixture
def spoiled(power_cut: Any) -> Iterator[Callable[[Callable[[Path], object]], str]]:
    """Spoils the archive of the second master for one test; gives its name."""
    name = archive(power_cut)
    path = power_cut.root(power_cut.nodes[1]) / "tmp" / name
    good = path.read_bytes()

    def spoil(how: Callable[[Path], object]) -> str:
        how(path)
        return name

    yield spoil
    path.write_bytes(good)


def _repacked(path: Path, arcname: str) -> None:
    """The same content under another name inside."""
    with tarfile.open(path) as tar:
        member = next(one for one in tar.getmembers() if one.isfile())
        content = tar.extractfile(member)
        assert content is not None
        inner = path.with_name("inner.db")
        inner.write_bytes(content.read())
    with tarfile.open(path, "w:gz") as tar:
        info = tar.gettarinfo(inner, arcname=arcname)
        info.name = arcname
        with inner.open("rb") as raw:
            tar.addfile(info, raw)
    inner.unlink()


def _another_clusters(path: Path) -> None:
    """The peer URLs of a cluster elsewhere, of the same length, and a hash that is right for them."""
    with tarfile.open(path) as tar:
        member = next(one for one in tar.getmembers() if one.isfile())
        source = tar.extractfile(member)
        assert source is not None
        body = source.read()[:-32].replace(b'"peerURLs":["https://127.', b'"peerURLs":["https://10x.')
    inner = path.with_name("inner.db")
    inner.write_bytes(body + hashlib.sha256(body).digest())
    with tarfile.open(path, "w:gz") as tar:
        tar.add(inner, arcname=member.name)
    inner.unlink()


def _flipped(path: Path) -> None:
    path.write_bytes(flipped(path.read_bytes()))


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "is missing"),
    "truncated": (lambda path: os.truncate(path, path.stat().st_size // 2), "truncated or damaged"),
    "bit-flipped": (_flipped, "damaged"),
    "from another cluster": (_another_clusters, "is not of this cluster"),
    "dots": (lambda path: _repacked(path, "../x.db"), "a name with .. inside"),
    "absolute": (lambda path: _repacked(path, "/x.db"), "an absolute name inside"),
    "not a snapshot": (lambda path: shutil.copy("/bin/sh", path), "damaged"),
}


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize("how", SPOILED)
def test_a_bad_archive_on_one_master_stops_nothing(
    power_cut: Any, spoiled: Callable[[Callable[[Path], object]], str], how: str
) -> None:
    spoil, words = SPOILED[how]
    name = spoiled(spoil)
    before = world(power_cut)
    asked = ["--snapshot", name, "--yes", "demo", "--overrule", "data-intact"]
    refused = novatui(power_cut, "run", "restore-cluster", *asked)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert f"{power_cut.nodes[1]}: " in refused.stderr
    assert words in refused.stderr
    assert world(power_cut) == before
    for node in power_cut.nodes:
        assert not list((power_cut.root(node) / "var/lib").glob(".novatui-look-*"))


@pytest.mark.invariant("INV-4")
def test_one_good_copy_is_enough(power_cut: Any, spoiled: Callable[[Callable[[Path], object]], str]) -> None:
    """``--from``: the others get it over SSH; and a running, healthy cluster comes out of it. Then all is taken back."""
    name = spoiled(lambda path: path.unlink())
    before = world(power_cut)
    asked = ["--snapshot", name, "--from", power_cut.nodes[2], "--yes", "demo"]
    done = novatui(
        power_cut,
        "run",
        "restore-cluster",
        *asked,
        "--overrule",
        "data-intact",
        "--overrule",
        "newer-survivor",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for node in power_cut.nodes:
        assert (
            ctl(power_cut, node, "get", CANARY, "--print-value-only").strip() == "written before the snapshot"
        )
    _kept_and_released(power_cut, before)
    undone = novatui(power_cut, "undo", run_of(power_cut), "--yes", "demo")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    now = world(power_cut)
    assert {node: one["inode"] for node, one in now.items()} == {
        node: one["inode"] for node, one in before.items()
    }
    assert {node: one["down"] for node, one in now.items()} == {
        node: one["down"] for node, one in before.items()
    }
