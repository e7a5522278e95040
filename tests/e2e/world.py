"""A demo's masters as they really are: by etcd's own tool, by the files, by the processes. Nothing of novatui judges here."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pytest

from novatui.demo import places as demo_places
from novatui.demo.gateway import Gateway
from novatui.demo.layout import SYSTEM_PATH, MasterFiles
from novatui.runner import places

NOVATUI = str(Path(sys.executable).with_name("novatui"))
T = TypeVar("T")
# CI installs it: there it must not be missing without anybody noticing.
needs_ssh = pytest.mark.skipif(
    shutil.which("ssh") is None and os.environ.get("CI") != "true", reason="needs the ssh client"
)


def until(found: Callable[[], T | None], what: str, limit_s: float = 60.0, every_s: float = 0.05) -> T:
    """Wait until ``found`` gives something true."""
    deadline = time.monotonic() + limit_s
    while not (value := found()):
        assert time.monotonic() < deadline, f"waited {limit_s:g} s for {what}"
        time.sleep(every_s)
    return value


class World:
    """The demo in directory ``place``."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.info: dict[str, Any] = json.loads((place / "demo.json").read_text())
        self.config = str(place / "config.toml")
        self.nodes: list[str] = list(self.info["nodes"])
        self.files = {
            name: MasterFiles(Path(one["root"]), name, one["member"], one["host"])
            for name, one in self.info["nodes"].items()
        }
        self.archive: str = self.info["snapshot"]["paths"][self.nodes[0]]

    # novatui

    def novatui(self, *words: str, limit_s: float = 150) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.argv(*words), capture_output=True, text=True, timeout=limit_s, check=False)

    def argv(self, *words: str) -> list[str]:
        return [NOVATUI, "-c", self.config, *words]

    def restore(self) -> list[str]:
        """The words of a headless restore to the snapshot, the newer survivor given up."""
        return self.argv(
            *("run", "restore-cluster", "--snapshot", self.archive),
            *("--overrule", "newer-survivor", "--yes", "demo"),
        )

    # a master's own commands

    def shell(self, node: str, line: str, limit_s: float = 60) -> subprocess.CompletedProcess[str]:
        """A command line over the system's ssh, as the demo's only user: nothing of novatui in between."""
        one = self.info["nodes"][node]
        ssh = self.place / "ssh"
        argv = ["ssh", "-F", "none", "-i", str(ssh / "id_ed25519"), "-p", str(one["port"])]
        for option in (
            f"UserKnownHostsFile={ssh / 'known_hosts'}",
            "GlobalKnownHostsFile=/dev/null",
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            "ConnectTimeout=8",
        ):
            argv += ["-o", option]
        return subprocess.run(
            [*argv, one["host"], line], capture_output=True, text=True, timeout=limit_s, check=False
        )

    def etcdctl(self, node: str, *words: str) -> subprocess.CompletedProcess[str]:
        files = self.files[node]
        lines = files.env_file.read_text().splitlines()
        env = dict(line.split("=", 1) for line in lines if line.startswith("ETCDCTL_"))
        env |= {"PATH": SYSTEM_PATH, "ETCDCTL_API": "3", "HOME": str(files.home)}
        argv = [str(files.etcd_home / "etcdctl"), "--command-timeout=10s", *words]
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=30, check=False)

    def status(self, node: str) -> dict[str, Any]:
        done = self.etcdctl(node, "endpoint", "status", "-w", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)[0]["Status"]
        return found

    def revision(self, node: str) -> int:
        return int(self.status(node)["header"]["revision"])

    def hash(self, node: str) -> tuple[int, int]:
        """(hash, compact revision): comparable where the second is equal."""
        done = self.etcdctl(node, "endpoint", "hashkv", "-w", "json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)[0]["HashKV"]
        return int(found["hash"]), int(found["compact_revision"])

    def canary(self, node: str, *, linearizable: bool) -> str:
        consistency = "--consistency=l" if linearizable else "--consistency=s"
        key = self.info["canary"]["key"]
        done = self.etcdctl(node, "get", key, "--print-value-only", consistency)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def systemctl(self, node: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [str(self.files[node].bin / "systemctl"), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    def unit(self, node: str) -> tuple[str, str, str]:
        """(ActiveState, SubState, main pid)."""
        done = self.systemctl(node, "show", "etcd", "-p", "ActiveState,SubState,MainPID")
        said = dict(line.split("=", 1) for line in done.stdout.splitlines())
        return said["ActiveState"], said["SubState"], said["MainPID"]

    # files

    def data(self, node: str) -> Path:
        return self.files[node].data_dir

    def inodes(self) -> dict[str, int]:
        """Of each live data directory."""
        return {node: self.data(node).stat().st_ino for node in self.nodes}

    def kept(self, node: str, run: str) -> Path:
        return self.data(node).with_name(f"etcd.novatui-old-{run}")

    def tree(self) -> dict[str, tuple[Any, ...]]:
        """Every file of every master with its content, and every directory; not sockets and what /run holds."""
        found: dict[str, tuple[Any, ...]] = {}
        for node in self.nodes:
            root = self.files[node].root
            for path in sorted(root.rglob("*")):
                info = path.lstat()
                if path.is_relative_to(root / "run") or stat.S_ISSOCK(info.st_mode):
                    continue
                name = str(path.relative_to(self.place))
                if stat.S_ISREG(info.st_mode):
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                    found[name] = (info.st_mode, info.st_ino, info.st_size, info.st_mtime_ns, content)
                else:
                    found[name] = (info.st_mode, info.st_ino)
        return found

    # what must hold

    def assert_restored(self, run: str, before: dict[str, int]) -> None:
        """Snapshot's revision, the canary as it was then, one hash, one leader; the old data kept on each."""
        snapshot = self.info["snapshot"]["revision"]
        assert {self.revision(node) for node in self.nodes} == {snapshot}
        assert {self.canary(node, linearizable=True) for node in self.nodes} == {
            self.info["canary"]["snapshot"]
        }
        assert len({self.hash(node) for node in self.nodes}) == 1
        leaders = {self.status(node)["leader"] for node in self.nodes}
        assert len(leaders) == 1 and 0 not in leaders
        for node in self.nodes:
            assert self.kept(node, run).stat().st_ino == before[node], "the very data from before is kept"
        assert all(inode != before[node] for node, inode in self.inodes().items())
        assert not any(self.holds(node, self.info["canary"]["live"]) for node in self.nodes)
        self.assert_free()

    def assert_as_before(self, before: dict[str, int]) -> None:
        """The very same data directories, and the later write in the survivor's; quorum is lost as it was.

        By its files: an etcd that was stopped and is started without quorum waits for its peers and answers nothing.
        """
        survivor = self.nodes[0]
        assert self.inodes() == before
        assert self.holds(survivor, self.info["canary"]["live"])
        assert until(lambda: self.unit(survivor)[2] != "0", "the survivor's etcd to be started", 60)
        assert self.etcdctl(survivor, "get", "x", "--consistency=l").returncode != 0, (
            "two are broken, as before"
        )
        self.assert_free()

    def holds(self, node: str, value: str) -> bool:
        """Whether the live data of a master has these bytes anywhere."""
        return any(
            value.encode() in path.read_bytes() for path in self.data(node).rglob("*") if path.is_file()
        )

    def assert_free(self) -> None:
        """No hold, no lease, no drop-in is left, and the env file says what it said."""
        for node in self.nodes:
            files = self.files[node]
            assert not (files.work_dir / "active").exists(), node
            assert not (files.work_dir / "hold").exists(), node
            assert not list(files.unit_dir.glob("etcd.service.d/*novatui*")), node
            assert "ETCD_INITIAL_CLUSTER_STATE=new\n" in files.env_file.read_text(), node


def only_run(limit_s: float = 60.0) -> places.RunDir:
    """The one run in the test's home, once there is one."""
    return until(places.every, "a run", limit_s)[-1]


def runner_pid(place: places.RunDir) -> int | None:
    """The living runner of a run, by its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if b"novatui.runner.process" in words and str(place.path).encode() in words and state != "Z":
                return int(entry.name)
    return None


def demo_of(pid: int) -> Path:
    """The directory of the demo that the process ``pid`` (``novatui demo``) started. Other tests' come and go beside it."""
    places = list(demo_places.default_base().iterdir())
    for place in places:
        with contextlib.suppress(OSError):
            keeper = World(place).info["keeper"]
            if int(Path(f"/proc/{keeper}/stat").read_text().rpartition(")")[2].split()[1]) == pid:
                return place
    raise AssertionError(f"none of {places} was started by {pid}")


def processes_of(place: Path) -> list[str]:
    """Command lines of living processes that name ``place``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if str(place) in words:
                found.append(words)
    return found


class Stopping:
    """A tool of a master that does its work and then does not return while this stands, where its words match a pattern of sh.

    It dies with the master's power; ``remove`` lets it return. ``reached(n)``: whether words matched pattern ``n``.
    """

    def __init__(self, world: World, node: str, *patterns: str, tool: str = "mv") -> None:
        files = world.files[node]
        self._path = files.bin / tool
        self._marks = files.root / "run"
        self._tool = tool
        self._real = self._path.with_name(f"{tool}.real")
        if self._path.exists():
            shutil.copy2(self._path, self._real)
        real = self._real if self._real.exists() else shutil.which(tool, path=SYSTEM_PATH)
        cases = "".join(
            f'{pattern}) : >"{self._mark(number)}"; while [ -e "{self._mark("stops")}" ]; do sleep 0.05; done ;;\n'
            for number, pattern in enumerate(patterns)
        )
        part = self._path.with_name(f"{tool}.part")
        part.write_text(f'#!/bin/sh\n{real} "$@" || exit\ncase "$*" in\n{cases}esac\nexit 0\n')
        part.chmod(0o755)
        self._mark("stops").touch()
        part.rename(self._path)

    def _mark(self, what: int | str) -> Path:
        return self._marks / f"{self._tool}-{what}"

    def reached(self, number: int = 0) -> bool:
        return self._mark(number).exists()

    def remove(self) -> None:
        if self._real.exists():
            self._real.rename(self._path)
        else:
            self._path.unlink(missing_ok=True)
        for mark in self._marks.glob(f"{self._tool}-*"):
            mark.unlink()


FIRST_RENAME = "*/etcd.novatui-old-*"
SECOND_RENAME = "*/var/lib/etcd"
START = '"start --no-block"*'


class Watch:
    """Asks every endpoint all the time what it would serve: (node, number of keys, revision) as ever seen."""

    def __init__(self, files: Mapping[str, MasterFiles]) -> None:
        self._gates = {node: Gateway(one, timeout_s=2) for node, one in files.items()}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(node,)) for node in files]
        self.seen: set[tuple[str, int, int]] = set()
        self.asked = dict.fromkeys(files, 0)

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(20)

    def _ask(self, node: str) -> None:
        everything = base64.b64encode(b"\0").decode()
        request = {"key": everything, "range_end": everything, "count_only": True, "serializable": True}
        while not self._over.wait(0.1):
            self.asked[node] += 1
            try:
                answer = self._gates[node].call("/v3/kv/range", request)
            except (OSError, http.client.HTTPException, ValueError):
                continue
            self.seen.add((node, int(answer.get("count", 0)), int(answer["header"]["revision"])))

    def counts(self, node: str) -> set[int]:
        return {count for name, count, _ in self.seen if name == node}

    def assert_never_blank(self, keys_at_least: int = 300) -> None:
        blank = sorted(one for one in self.seen if one[1] < keys_at_least)
        assert not blank, f"blank members served: {blank}"
        assert min(self.asked.values()) > 50, f"it hardly looked: {self.asked}"


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        yield json.loads(line)
