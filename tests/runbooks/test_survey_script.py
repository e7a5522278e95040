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


def survey_text(bench: Bench, text: str) -> Reading:
    bench.env_file.write_text(f"ETCD_DATA_DIR={bench.data}\n")
    argv = [bench.env_file, "etcd", "/nothing", bench.root / "work", bench.root / "units", bench.root]
    done = subprocess.run(
        ["sh", "-c", text, "survey", *map(str, argv)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": f"{bench.root}/bin:{os.environ['PATH']}"},
    )
    reading = Reading(done.stdout)
    assert reading.whole, done.stderr
    return reading


@pytest.mark.invariant("INV-4", "INV-13")
@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("/dev/vdb1 {data} ext4 defaults,nofail 0 2", "unmounted"),
        ("nfs:/x {data}/ nfs rw 0 0", "unmounted"),
        ("/dev/vdb1 {above} ext4 defaults 0 2", "unmounted"),
        ("/dev/vdb1 {data}/member/wal ext4 defaults 0 2", "unmounted"),
        ("/dev/vdb1 {data} ext4 noauto,nofail 0 2", "dir"),
        ("#/dev/vdb1 {data} ext4 defaults 0 2", "dir"),
        ("/dev/vdb1 {data}-too ext4 defaults 0 2", "dir"),
        ("/dev/vda1 / ext4 defaults 0 1\nswap none swap sw 0 0", "dir"),
    ],
)
@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="tells mounts by /proc")
def test_a_file_system_that_is_not_mounted_is_not_lost_data(tmp_path: Path, line: str, kind: str) -> None:
    """Restored beside it, the old data of that file system would come back at the next boot, master by master."""
    bench = Bench(tmp_path / "a master")
    data_dir(bench.data, "x")
    fstab = tmp_path / "fstab"
    escape = str.maketrans({" ": "\\040"})
    places = {"data": str(bench.data).translate(escape), "above": str(bench.data.parent).translate(escape)}
    fstab.write_text(f"# <file system> <mount point>\n\n{line.format(**places)}\n")
    text = script_text("survey").replace("/etc/fstab", f"'{fstab}'")
    assert survey_text(bench, text).get("data_kind") == kind


def test_a_systemctl_that_cannot_tell_one_value_is_named(tmp_path: Path) -> None:
    """systemd 219: what says that etcd is down would read as nothing, with etcd stopped on all masters."""
    bench = Bench(tmp_path / "a master")
    data_dir(bench.data, "x")
    assert survey_text(bench, script_text("survey")).all("lacks") == []
    old = bench.root / "bin" / "systemctl"
    old.write_text(
        '#!/bin/sh\nfor word; do [ "$word" != --value ] || exit 1; done\necho MainPID=0\n', encoding="utf-8"
    )
    old.chmod(0o755)
    assert survey_text(bench, script_text("survey")).all("lacks") == [
        "systemctl show --value (systemd 230 or later)"
    ]


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
