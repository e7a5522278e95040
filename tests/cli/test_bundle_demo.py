"""``novatui support-bundle`` on real etcd over real SSH: what is in it, what never is, and what it says of who is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.cli import main as cli
from novatui.demo.client import Demo
from novatui.diagnosis.verdict import diagnose
from novatui.recording.recording import Recording
from tests.bundle.test_keeping import certificate
from tests.cli.pty_child import OnTerminal

pytestmark = pytest.mark.etcd

FILES = {
    *("os.txt", "clock.txt", "disk.txt", "versions.txt", "unit.txt", "unit-state.txt", "env.txt"),
    *("files.txt", "certificates.txt", "etcd.txt", "journal-etcd.txt"),
}
SUDO, PASSPHRASE = "pl4nted-sudo-word", "pl4nted-passphrase"


@pytest.fixture
def cluster(demo: Callable[..., Demo]) -> Demo:
    return demo()


def argv(cluster: Demo, *words: str) -> list[str]:
    return [sys.executable, "-m", "novatui", "-c", str(cluster.config_path), "support-bundle", *words]


def bundle(cluster: Demo, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv(cluster, *words),
        capture_output=True,
        text=True,
        timeout=150,
        stdin=subprocess.DEVNULL,
        env=os.environ,
        check=False,
        start_new_session=True,
    )


def inside(path: Path) -> dict[str, str]:
    """Name without the root -> text."""
    with tarfile.open(path) as archive:
        found = {}
        for info in archive:
            assert info.isfile() and info.mode == 0o600
            file = archive.extractfile(info)
            assert file is not None
            root, _, name = info.name.partition("/")
            assert root == path.name.removesuffix(".tar.gz")
            found[name] = file.read().decode()
        return found


def plant(cluster: Demo, node: str, key: str) -> None:
    """Secrets in every place that a bundle is made from."""
    root = cluster.root(node)
    with (root / "etc/etcd.env").open("a") as file:
        file.write(
            "\n# before: ETCD_ROOT_PASSWORD=pl4nted-1\nETCD_ROOT_PASSWORD=pl4nted-2\n"
            "ETCDCTL_USER=root:pl4nted-3\nOUR_OWN_THING=pl4nted-4\n"
        )
    with (root / "etc/systemd/system/etcd.service").open("a") as file:
        file.write('\n[Service]\nEnvironment="ROBOT=pl4nted-5" ETCD_CLIENT_SECRET=pl4nted-6\n')
    with (root / f"etc/ssl/etcd/ssl/member-{node}.pem").open("a") as file:
        file.write(key)  # a file that holds both, as careless people make them
    (root / "var/lib/etcd/pl4nted-name-is-shown").write_text("pl4nted-content-is-not")
    for line in (
        "unrecognized environment variable ETCD_ROOT_PASSWORD=pl4nted-7",
        '{"level":"warn","msg":"join","bearer":"x","token":"pl4nted-8"}',
        "Authorization: Bearer pl4nted-nine",
        f"somebody typed {SUDO} and {PASSPHRASE}",
        *key.splitlines(),
    ):
        cluster.tell("log", node, raw=line.encode())


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Everything on a master but what etcd and systemd themselves write."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file() and not {"run", "member"} & set(path.parts)
    }


@pytest.mark.slow
@pytest.mark.invariant("INV-18")
def test_all_that_helps_and_no_secret(cluster: Demo, tmp_path: Path) -> None:
    key = certificate()[1]
    node = cluster.nodes[0]
    plant(cluster, node, key)
    cluster.tell("sudo-password", password=SUDO)
    cluster.tell("encrypt-key", passphrase=PASSPHRASE)
    before = {name: tree(cluster.root(name)) for name in cluster.nodes}
    path = tmp_path / "ticket.tar.gz"
    child = OnTerminal(argv(cluster, "-o", str(path), "--since", "1h"), tmp_path)
    child.expect("passphrase")
    child.type(PASSPHRASE)
    child.expect("sudo password")
    child.type(SUDO)
    child.expect("type yes", 120)
    assert not path.exists(), "not before it is confirmed"
    listing = child.out.read_text()
    child.type("yes")
    assert child.end() == 0, child.said()
    assert path.stat().st_mode & 0o777 == 0o600
    found = inside(path)
    assert {name.split("/", 1)[1] for name in found if name.startswith(f"{node}/")} == FILES
    assert {name.split("/")[0] for name in found if "/" in name} == set(cluster.nodes)
    for name in (*found, node, "os.txt", "journal of etcd"):
        assert name.rpartition("/")[2] in listing or name == "CONTENTS.txt"
    assert found["CONTENTS.txt"] in listing

    text = "\n".join(found.values()).replace("pl4nted-name-is-shown", "")
    assert "pl4nted" not in text
    assert not any(line in text for line in key.splitlines()[1:-1])
    env = found[f"{node}/env.txt"]
    assert "ETCD_NAME=etcd1" in env and "ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd" in env
    assert "OUR_OWN_THING=***" in env and "-key.pem" in env
    assert "pl4nted-name-is-shown" in found[f"{node}/files.txt"] and ".wal" in found[f"{node}/files.txt"]
    assert "not after" in found[f"{node}/certificates.txt"]
    assert "etcd Version: 3.5.1" in found[f"{node}/versions.txt"]
    assert "| etcd1 |" in found[f"{node}/etcd.txt"].replace("  ", " ")
    assert "Started etcd" in found[f"{node}/journal-etcd.txt"]
    assert '"verdict":"healthy"' in found["status.json"].replace(" ", "").replace("\n", "")
    row = next(line for line in found["CONTENTS.txt"].splitlines() if node in line and "env.txt" in line)
    assert int(row.split()[-1]) == 4

    moment = tmp_path / "moment.nvr"
    moment.write_text(found["moment.nvr"])
    seen = Recording.open(moment).first()
    assert diagnose(seen.snapshot, seen.entries, seen.at_ms).verdict == "healthy"
    assert {name: tree(cluster.root(name)) for name in cluster.nodes} == before, "the masters are only read"


@pytest.mark.slow
def test_who_is_gone_is_named_and_costs_nobody_else(cluster: Demo, tmp_path: Path) -> None:
    hung, gone = cluster.nodes[1:]
    cluster.tell("power-off", gone)
    cluster.tell("stop-signal", hung)
    path = tmp_path / "b.tar.gz"
    done = bundle(cluster, "-o", str(path), "--yes")
    assert done.returncode == 0, done.stderr
    assert f"  {gone}: not asked" in done.stdout
    found = inside(path)
    assert f"  {gone}: not asked" in found["CONTENTS.txt"]
    assert not any(name.startswith(gone) for name in found)
    assert f"{cluster.nodes[0]}/journal-etcd.txt" in found
    assert {name.split("/", 1)[1] for name in found if name.startswith(f"{hung}/")} == FILES
    assert "(exit " in found[f"{hung}/etcd.txt"], "an etcd that hangs costs its own questions their time"
    for name in cluster.nodes[:2]:
        assert f"{name}: 14 of 14 pieces asked" in done.stderr
        cluster.tell("power-off", name)
    alone = tmp_path / "c.tar.gz"
    done = bundle(cluster, "-o", str(alone), "--yes")
    assert done.returncode == 1 and "no master could be asked" in done.stderr
    assert set(inside(alone)) == {"CONTENTS.txt", "status.json", "moment.nvr"}


@pytest.mark.slow
def test_unconfirmed_nothing_is_written(cluster: Demo, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    done = bundle(cluster, "-o", str(path))
    assert done.returncode == 2
    assert "journal of etcd" in done.stdout and "no terminal" in done.stderr
    child = OnTerminal(argv(cluster, "-o", str(path)), tmp_path)
    child.expect("type yes", 120)
    child.type("y")
    assert child.end() == 2
    assert "Not confirmed" in child.said()
    assert not path.exists() and not [one for one in tmp_path.iterdir() if "tar.gz" in one.name]


def test_another_file_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[clusters.prod.nodes]]\nname = "a"\nhost = "127.0.0.1"\nport = 1\n')
    mine = tmp_path / "mine.tar.gz"
    mine.write_text("mine")
    for path, words in ((mine, "is there already"), (tmp_path / "no/where.tar.gz", "is no directory")):
        assert cli.run(["-c", str(config), "support-bundle", "-o", str(path), "--yes"]) == 2
        assert words in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert cli.run(["-c", str(config), "support-bundle", "--since", "yesterday"]) == 64
