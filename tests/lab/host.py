"""One host: its disk (an overlay on the base tree), its container, and commands run in it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab import cgroups, network
from tests.lab.keeper import Keeper, children, environment

BOOT_LIMIT_S = 120.0
DISK_MB = 2048


@dataclass(frozen=True)
class Who:
    """What a host is called: its name in novatui's configuration, etcd's name for it, its address, its container."""

    node: str
    member: str
    address: str
    machine: str


class HostFailed(RuntimeError):
    """A command on a host failed, or the host does not do what it was told."""


class Host:
    """``base``: the tree under its disk, which is never written."""

    def __init__(self, who: Who, keeper: Keeper, place: Path, base: Path) -> None:
        self.who = who
        self._keeper = keeper
        self._disk = place / who.node
        self._group = f"{place.name}-{who.machine}"
        self._console = place / f"{who.node}.console"
        self._base = base
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._init = 0
        self._disk.mkdir(mode=0o700)
        self.resize(DISK_MB, mount=True)
        self._mount()

    @property
    def root(self) -> Path:
        """Its ``/`` as this process can reach it: as it sees it itself while it runs, else its bare disk."""
        if self.running:
            return Path(f"/proc/{self._init}/root")
        return self._keeper.path(self._disk / "root")

    @property
    def running(self) -> bool:
        return bool(self._init) and Path(f"/proc/{self._init}/root").exists()

    # power

    def boot(self) -> None:
        """Power on and wait until systemd has done its work and sshd listens. Raises HostFailed."""
        self.switch_on()
        self.wait_up()

    def switch_on(self) -> None:
        """Power on, without waiting for more than its first process."""
        groups = [shlex.quote(str(group / "cgroup.procs")) for group in cgroups.make(self._group)]
        enter = "".join(f"echo 0 >{path}\n" for path in groups)
        words = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=read-only"]
        words += ["-D", str(self._disk / "root"), "-M", self.who.machine, f"--hostname={self.who.node}"]
        words += [f"--network-bridge={network.BRIDGE}", "--link-journal=no", "--resolv-conf=off"]
        words += ["--timezone=off", "--kill-signal=SIGRTMIN+3"]
        with self._console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                self._keeper.argv(["sh", "-ec", f"{enter}exec {shlex.join(words)}"]),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                # /tmp is on the disk, as on the platform: what is there outlives a power cut.
                env={**environment(), "SYSTEMD_NSPAWN_TMPFS_TMP": "0"},
                cwd="/",
            )
        self._init = self._await_init()

    def wait_up(self, limit_s: float = BOOT_LIMIT_S) -> None:
        ready = "systemctl is-system-running; ss -Hltn 'sport = :22'"
        deadline = time.monotonic() + limit_s
        while True:
            said = self.ask(["sh", "-c", ready]).stdout
            if said.startswith(("running", "degraded")) and ":22" in said:
                return
            if time.monotonic() > deadline:
                raise HostFailed(f"{self.who.node} is not up after {limit_s:g} s: {said!r}\n{self.console()}")
            time.sleep(0.1)

    def kill(self) -> None:
        """Power off: its init is killed, and with it all. What was not written is lost; what was is there."""
        if self._nspawn is None:
            return
        self.strike()
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            raise HostFailed(f"{self.who.node} does not die\n{self.console()}") from None
        self._nspawn, self._init = None, 0
        network.wait_unplugged(self._keeper, self.who.machine)

    def strike(self) -> None:
        """The kill alone, for several hosts at one moment; ``kill`` is still to follow."""
        if self.running:
            os.kill(self._init, signal.SIGKILL)

    def _await_init(self) -> int:
        """The container's first process, as a pid of ours."""
        assert self._nspawn is not None
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            todo = children(self._nspawn.pid)
            while todo:
                pid = todo.pop()
                if _depth(pid) > _depth(self._keeper.pid) and _own_pid(pid) == 1:
                    return pid
                todo += children(pid)
            if self._nspawn.poll() is not None:
                break
            time.sleep(0.02)
        raise HostFailed(f"{self.who.node} has no init\n{self.console()}")

    def console(self) -> str:
        return self._console.read_text("utf-8", "replace")[-4000:]

    # disk

    def resize(self, size_mb: int, *, mount: bool = False) -> None:
        """The size of its disk; data stays. Its disk is memory of this machine."""
        if mount:
            options = f"mode=755,size={size_mb}m"
            self._keeper.run("mount", "-t", "tmpfs", "-o", options, "lab-disk", str(self._disk))
            self._keeper.run("mkdir", *map(self._part, ("up", "work", "root")))
        else:
            self._keeper.run("mount", "-o", f"remount,size={size_mb}m", str(self._disk))

    def used_mb(self) -> int:
        said = self._keeper.run("df", "-m", "--output=used", str(self._disk))
        return int(said.split()[-1])

    def freeze(self) -> None:
        """What is on its disk now is what ``rewind`` brings back. The host must be off."""
        self._keeper.run("cp", "-a", self._part("up"), self._part("golden"))

    def rewind(self) -> None:
        """Its disk as it was at ``freeze``. The host must be off.

        A copy, not one more layer: overlayfs cannot rename a directory that is in a lower one, ``mv`` would copy it.
        """
        self._keeper.run("umount", "--recursive", self._part("root"))
        self._keeper.run("rm", "-rf", self._part("up"), self._part("work"))
        self.resize(DISK_MB)
        self._keeper.run("mkdir", self._part("work"))
        self._keeper.run("cp", "-a", self._part("golden"), self._part("up"))
        self._mount()

    def bring_back(self, *paths: str) -> None:
        """Files and directories as they were at ``freeze``, while the host runs. Paths without a leading slash."""
        for path in paths:
            there, here = f"{self._part('golden')}/{path}", f"{self._part('root')}/{path}"
            self._keeper.run("sh", "-ec", 'rm -rf "$2"; cp -a "$1" "$2"', "sh", there, here)

    def _part(self, name: str) -> str:
        return str(self._disk / name)

    def _mount(self) -> None:
        options = f"lowerdir={self._base},upperdir={self._part('up')},workdir={self._part('work')}"
        self._keeper.run("mount", "-t", "overlay", "-o", options, "lab", self._part("root"))

    # commands

    def argv(self, words: Sequence[str]) -> list[str]:
        """``words`` run as root in the host, past sshd."""
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        return ["nsenter", "--target", str(self._init), *spaces, "--root", "--wd", "--", *words]

    def ask(
        self, words: Sequence[str], stdin: bytes = b"", limit_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end. The host must be on."""
        done = subprocess.run(
            self.argv(words), input=stdin, capture_output=True, env=environment(), timeout=limit_s, check=False
        )  # fmt: skip
        texts = [part.decode("utf-8", "replace") for part in (done.stdout, done.stderr)]
        return subprocess.CompletedProcess(done.args, done.returncode, *texts)

    def pids(self, name: str) -> list[int]:
        """Its processes of that name, as pids of ours."""
        words = ["pgrep", "--ns", str(self._init), "--nslist", "pid", "-x", name]
        said = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False).stdout
        return [int(word) for word in said.split()]

    def run(self, words: Sequence[str], stdin: bytes = b"", limit_s: float = 60.0) -> str:
        """Its stdout. Raises HostFailed when it fails."""
        done = self.ask(words, stdin, limit_s)
        if done.returncode != 0:
            raise HostFailed(
                f"{self.who.node}: {shlex.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout


def _namespaced_pids(pid: int) -> list[str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return []
    return next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])


def _depth(pid: int) -> int:
    return len(_namespaced_pids(pid))


def _own_pid(pid: int) -> int:
    return int((_namespaced_pids(pid) or ["0"])[-1])
