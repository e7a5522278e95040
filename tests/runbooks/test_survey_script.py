"""survey.sh on real mounts and in a login shell's surroundings."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from novatui.remote.command import Outcome, Status, script_text
from novatui.runbooks.parts.host import host
from novatui.runbooks.parts.reading import Reading
from tests.runbooks.bench import Bench, data_dir, etcd, tools


def may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-m", "sh", "-c", "mount -t tmpfs x /mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def on_disk(path: Path) -> bool:
    said = subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=True).stdout
    return said.strip() not in ("tmpfs", "ramfs")


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize(
    ("mounts", "kind"),
    [
        ((), "dir"),
        (("etcd",), "mount"),
        (("etcd/member/wal",), "inner-mount"),
        (("etcd", "etcd/member/wal"), "inner-mount"),
        (("../work",), "dir"),
    ],
)
def test_a_log_on_a_file_system_of_its_own_is_seen(
    tmp_path: Path, mounts: tuple[str, ...], kind: str
) -> None:
    """It would hide the restored log at the next boot, and the old one would be replayed over the restored database."""
    if mounts and not may_mount():
        pytest.skip("mounts need privilege")
    bench = Bench(tmp_path / "a master")
    data_dir(bench.data, "x")
    bench.env_file.write_text(f"ETCD_DATA_DIR={bench.data}\n")
    lines = [
        f'mkdir -p "{bench.data.parent}/{one}" && mount -t tmpfs x "{bench.data.parent}/{one}"'
        for one in mounts
    ]
    argv = [bench.env_file, "etcd", "/nothing", bench.root / "work", bench.root / "units", bench.root]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", "\n".join([*lines, script_text("survey")]), "survey", *map(str, argv)]
        if mounts
        else ["sh", "-c", script_text("survey"), "survey", *map(str, argv)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": f"{bench.root}/bin:{os.environ['PATH']}"},
    )
    reading = Reading(done.stdout)
    assert reading.whole, done.stderr
    assert reading.get("data_kind") == kind
    in_memory = mounts == ("../work",) and on_disk(tmp_path)
    assert (reading.get("work_volatile") == "yes") == in_memory


@pytest.mark.etcd
def test_a_login_shells_own_settings_do_not_make_a_member_look_down(tmp_path: Path) -> None:
    """root's .bashrc may export ETCDCTL_WRITE_OUT: beside -w it ends etcdctl at once."""
    bench, home = Bench(tmp_path / "a master"), tools(tmp_path / "tools")
    with etcd(home, bench.data) as running:
        bench.env_file.write_text(f"ETCD_DATA_DIR={bench.data}\nETCD_LISTEN_CLIENT_URLS={running.endpoint}\n")
        argv = [
            bench.env_file,
            "etcd",
            home / "etcdctl",
            bench.root / "work",
            bench.root / "units",
            bench.root,
        ]
        done = subprocess.run(
            ["sh", "-c", script_text("survey"), "survey", *map(str, argv)],
            capture_output=True,
            timeout=60,
            check=False,
            env={"PATH": f"{bench.root}/bin:{os.environ['PATH']}", "ETCDCTL_WRITE_OUT": "table"},
        )
    found = host(Outcome(status=Status.OK, exit=0, stdout=done.stdout))
    assert found is not None and found.status is not None and found.quorum
