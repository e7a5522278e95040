"""A bench for the scripts: real shells, real directories, a systemctl that only keeps a state, real etcd where it counts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from novatui.demo import binaries
from novatui.remote.command import Outcome, Status, script_text
from novatui.runbooks.parts.reading import Reading

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]

# Keeps ActiveState in a file, writes down what it was asked, refuses a start while an assertion of a drop-in fails.
SYSTEMCTL = r"""#!/bin/sh
home=${0%/*}/..
echo "$*" >>"$home/asked"
case $1 in
show)
    unit=$2 value=no names=
    shift 2
    while [ $# -gt 0 ]; do
        case $1 in -p) names=$names,$2; shift ;; --value) value=yes ;; esac
        shift
    done
    for name in $(echo "$names" | tr , ' '); do
        found=
        case $name in
            LoadState) found=loaded ;;
            ActiveState) found=$(cat "$home/active") ;;
            SubState) found=dead ;;
            MainPID) found=$(cat "$home/pid" 2>/dev/null || echo 0) ;;
            NeedDaemonReload) if [ -e "$home/reload" ]; then found=yes; else found=no; fi ;;
            DropInPaths) found=$(ls -d "$home/units/$unit.service.d"/*.conf 2>/dev/null | tr '\n' ' ') ;;
        esac
        if [ $value = yes ]; then echo "$found"; else echo "$name=$found"; fi
    done
    ;;
stop) echo inactive >"$home/active" ;;
start)
    for word in "$@"; do unit=$word; done
    hold=$(sed -n 's/^AssertPathExists=!//p' "$home/units/$unit.service.d"/*.conf 2>/dev/null)
    if [ -n "$hold" ] && [ -e "$hold" ]; then exit 1; fi
    echo active >"$home/active"
    ;;
esac
exit 0
"""


@dataclass
class Bench:
    """One make-believe master; ``root`` has a space in its name, as nothing may break on one."""

    root: Path
    shell: str = "dash"

    def __post_init__(self) -> None:
        for name in ("bin", "units", "etc", "lib", "work"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        tool = self.root / "bin/systemctl"
        tool.write_text(SYSTEMCTL)
        tool.chmod(0o755)
        self.active("inactive")

    @property
    def data(self) -> Path:
        return self.root / "lib/etcd"

    @property
    def env_file(self) -> Path:
        return self.root / "etc/etcd.env"

    @property
    def hold_file(self) -> Path:
        return self.root / "work/hold"

    @property
    def dropin(self) -> Path:
        return self.root / "units/etcd.service.d/00-novatui-hold.conf"

    def active(self, state: str) -> None:
        (self.root / "active").write_text(state + "\n")

    def asked(self) -> list[str]:
        path = self.root / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def run(self, script: str, *argv: object, stdin: bytes = b"", path_first: Path | None = None) -> Outcome:
        first = f"{path_first}:" if path_first else ""
        words = [self.shell, "-c", script_text(script), f"novatui-{script}", *map(str, argv)]
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
            env={"PATH": f"{first}{self.root}/bin:{os.environ['PATH']}", "HOME": str(self.root)},
        )
        status = Status.OK if done.returncode == 0 else Status.FAILED
        return Outcome(status=status, exit=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def read(self, script: str, *argv: object, stdin: bytes = b"") -> Reading:
        outcome = self.run(script, *argv, stdin=stdin)
        reading = Reading(outcome.text())
        assert reading.whole, outcome
        return reading


def data_dir(path: Path, content: str, mark: str = "") -> Path:
    """A directory of etcd's form; ``mark`` is the run whose marker it carries."""
    (path / "member/wal").mkdir(parents=True)
    (path / "member/snap").mkdir()
    (path / "member/wal/0000000000000000-0000000000000000.wal").write_text(content)
    (path / "member/snap/db").write_text(content)
    if mark:
        (path / "member/.novatui-run").write_text(f"{mark}\nsha\n")
    return path


def content_of(path: Path) -> str:
    return (path / "member/snap/db").read_text()


def tree(root: Path) -> dict[str, bytes | None]:
    """Every path below ``root`` with its content (None for directories)."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


def tools(into: Path) -> Path:
    """The real etcd, etcdctl and etcdutl side by side, runnable."""
    binaries.place(binaries.find(), into)
    return into


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Etcd:
    """One real etcd of its own on loopback."""

    home: Path
    data: Path
    endpoint: str
    peer_url: str
    process: subprocess.Popen[bytes]

    def ctl(self, *words: str) -> str:
        done = subprocess.run(
            [str(self.home / "etcdctl"), "--endpoints", self.endpoint, *words],
            capture_output=True,
            timeout=30,
            check=True,
            env={"ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "PATH": os.environ["PATH"]},
        )
        return done.stdout.decode()


@contextmanager
def etcd(home: Path, data: Path, name: str = "etcd1") -> Iterator[Etcd]:
    """Started and answering."""
    client, peer = free_port(), free_port()
    endpoint, peer_url = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    words = [
        str(home / "etcd"), "--name", name, "--data-dir", str(data),
        "--listen-client-urls", endpoint, "--advertise-client-urls", endpoint,
        "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
        "--initial-cluster", f"{name}={peer_url}", "--initial-cluster-token", "k8s_etcd",
    ]  # fmt: skip
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    one = Etcd(home, data, endpoint, peer_url, process)
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                one.ctl("get", "--limit=1", "--keys-only", "x")
                break
            except subprocess.CalledProcessError as failed:
                assert process.poll() is None, "etcd ended"
                assert time.monotonic() < deadline, failed.stderr
        yield one
    finally:
        process.kill()
        process.wait(10)
