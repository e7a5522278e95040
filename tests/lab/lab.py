"""A lab: hosts with a cluster on them, what happens to hosts, and novatui run against them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import tomli_w

from novatui.demo.certs import Authority
from novatui.demo.layout import MasterFiles
from tests.lab import cluster, files, image, network, operators, places
from tests.lab.faults import Faults
from tests.lab.host import Host, HostFailed, Who
from tests.lab.image import SUDO_ASKED, SUDO_FREE, SUDO_PASSWORD
from tests.lab.keeper import Keeper
from tests.lab.needs import LabMissing

NAME = "nova"


class Lab(Faults):
    """``with Lab.up(masters=3, image="trixie") as lab``. Ends with the block, and with this process however it dies.

    ``nodes`` are names in the configuration. One lab beside another is possible: each has a network of its own.
    """

    def __init__(self, masters: int, image_name: str) -> None:
        self._base, self._base_lock = image.tree(image.IMAGES[image_name])
        self.place, self._lock = places.claim()
        self.image = image_name
        self._is_new = False
        self._keeper = Keeper()
        try:
            network.lay(self._keeper)
            self.hosts = {
                who.node: Host(who, self._keeper, self.place, self._base) for who in people(masters)
            }
            self.nodes = tuple(self.hosts)
            files.operator_key(self.place)
            authority = Authority()
            everybody = [host.who for host in self.hosts.values()]
            for host in self.hosts.values():
                files.install(host, everybody, self.place, authority)
            self.config_path = self.config()
        except BaseException:
            self.close()
            raise

    @classmethod
    def up(cls, masters: int = 3, image: str = "trixie") -> Lab:
        """Hosts up, clustered and holding data. Raises LabMissing, HostFailed."""
        lab = cls(masters, image)
        try:
            lab._first_boot()
        except BaseException:
            lab.close()
            raise
        return lab

    def _first_boot(self) -> None:
        """Cluster and fill it, then keep the disks as they are: ``reset`` brings that back."""
        self._boot_all()
        hosts = list(self.hosts.values())
        cluster.wait_healthy(hosts)
        self.snapshot = cluster.fill(hosts, self._keeper, self.place)
        for host in hosts:
            host.run(["systemctl", "stop", "--no-block", "etcd"])
        for host in hosts:
            cluster.until(lambda host=host: self.unit(host.who.node)[2] == "0", "etcd to stop")  # type: ignore[misc]
            host.run(["sh", "-c", "journalctl --flush; sync; rm -rf /var/log/journal/*/*"])
            host.kill()
            host.freeze()
        self._boot_all()
        cluster.wait_healthy(hosts)
        self._is_new = True

    def _boot_all(self) -> None:
        for host in self.hosts.values():
            host.switch_on()
        for host in self.hosts.values():
            host.wait_up()

    def fresh(self) -> None:
        """``reset``, unless nothing has been done since ``up``."""
        if not self._is_new:
            self.reset()
        self._is_new = False

    def reset(self) -> None:
        """Every host and the cluster as after ``up``, for one boot of all; whoever still works on it is killed."""
        operators.end_all(self.place)
        for host in self.hosts.values():
            host.kill()
            host.rewind()
        self._boot_all()
        cluster.wait_healthy(list(self.hosts.values()))

    # commands

    def run(self, node: str, argv: Sequence[str] | str, stdin: bytes = b"", limit_s: float = 60.0) -> str:
        """Run on the host as root, past sshd; a str goes to sh. Its stdout. Raises HostFailed."""
        return self.hosts[node].run(_words(argv), stdin, limit_s)

    def ask(
        self, node: str, argv: Sequence[str] | str, stdin: bytes = b"", limit_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """The same, whatever its exit code."""
        return self.hosts[node].ask(_words(argv), stdin, limit_s)

    def root(self, node: str) -> Path:
        """The host's ``/``, to read and write files on, running or not (then without what is only in memory)."""
        return self.hosts[node].root

    def unit(self, node: str, unit: str = "etcd") -> tuple[str, str, str]:
        """(ActiveState, SubState, main pid)."""
        said = self.run(node, ["systemctl", "show", unit, "-p", "ActiveState,SubState,MainPID"])
        found = dict(line.split("=", 1) for line in said.splitlines())
        return found["ActiveState"], found["SubState"], found["MainPID"]

    # novatui

    def config(self, user: str = "root") -> Path:
        """A configuration with this user: root, ``SUDO_FREE`` or ``SUDO_ASKED`` (its password: ``SUDO_PASSWORD``)."""
        path = self.place / f"{user}.toml"
        if not path.exists():
            ssh = {
                "user": user,
                "identity_files": [str(self.place / "ssh/id_ed25519")],
                "known_hosts": str(self.place / "ssh/known_hosts"),
                "connect_timeout": 8,
            }
            nodes = [
                {"name": one.who.node, "host": one.who.address, "port": 22} for one in self.hosts.values()
            ]
            content = {"environment": "lab", "ssh": ssh, "nodes": nodes}
            path.touch(mode=0o600)
            path.write_text(tomli_w.dumps({"default_cluster": NAME, "clusters": {NAME: content}}))
        return path

    def argv(self, *words: str, user: str = "root") -> list[str]:
        """``novatui -c CONFIG WORDS`` in the lab's network: for Popen, for tmux."""
        return self.beside(sys.executable, "-m", "novatui", "-c", str(self.config(user)), *words)

    def beside(self, *words: str) -> list[str]:
        """A program of the operator's machine: it reaches the hosts and nothing else, and ends with the lab."""
        return self._keeper.argv([*operators.marked(self.place), *words], only_net=True)

    def novatui(
        self, *words: str, user: str = "root", limit_s: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; what it needs of the environment (HOME, XDG_*) is the caller's."""
        return subprocess.run(
            self.argv(*words, user=user), capture_output=True, text=True, timeout=limit_s, check=False
        )

    def ssh(
        self, node: str, line: str, *, user: str = "root", limit_s: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """A command line over the system's ssh, with strict host keys: nothing of novatui in between."""
        keys = self.place / "ssh"
        argv = ["ssh", "-F", "none", "-i", str(keys / "id_ed25519"), "-l", user]
        for option in (
            f"UserKnownHostsFile={keys / 'known_hosts'}",
            "GlobalKnownHostsFile=/dev/null",
            *("StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "BatchMode=yes", "ConnectTimeout=8"),
        ):
            argv += ["-o", option]
        words = self._keeper.argv([*argv, self.hosts[node].who.address, line], only_net=True)
        return subprocess.run(words, capture_output=True, text=True, timeout=limit_s, check=False)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread reaches the hosts' addresses meanwhile, and nothing else."""
        with self._keeper.entered():
            yield

    def write_launcher(self) -> Path:
        """A file that is novatui of this lab, for a person's shell."""
        path = self.place / "novatui"
        project = Path(__file__).resolve().parents[2]
        path.write_text(
            f'#!/bin/sh\nexport PYTHONPATH={shlex.quote(str(project))}\nexec {shlex.join(self.argv())} "$@"\n'
        )
        path.chmod(0o700)
        return path

    def write_shell(self, node: str) -> Path:
        """A file that is a root shell on a host while it is not switched off and on again."""
        path = self.place / f"shell-{node}"
        path.write_text(
            f'#!/bin/sh\n[ $# -gt 0 ] || set -- bash -l\nexec {shlex.join(self.hosts[node].argv([]))} "$@"\n'
        )
        path.chmod(0o700)
        return path

    # cluster

    @property
    def files(self) -> dict[str, MasterFiles]:
        """What the demo's requests to etcd want of each host: its address, and certificates on this machine's disk."""
        return cluster.gateway_files(self.hosts.values(), self.place)

    def etcdctl(self, node: str, *words: str) -> str:
        """etcdctl by the host's env file. Raises HostFailed."""
        return cluster.etcdctl(self.hosts[node], *words)

    def canary(self, node: str | None = None) -> str:
        """A linearizable read of the canary key, at the first host that is on by default. Raises HostFailed."""
        at = node or next(name for name, host in self.hosts.items() if host.running)
        return cluster.canary(self.hosts[at])

    def standings(self) -> dict[str, cluster.Standing]:
        """Of every member that answers, by node."""
        found = {node: cluster.standing(host) for node, host in self.hosts.items() if host.running}
        return {node: one for node, one in found.items() if one}

    # the end

    def report(self) -> str:
        """How the hosts stand: for who reads why a test failed."""
        look = "systemctl show etcd -p ActiveState,SubState,Result; ls -A /var/lib /var/lib/novatui 2>&1; "
        look += "journalctl -u etcd -n 12 --no-pager -o cat | cut -c1-300"
        said = [
            f"{node}: {self.ask(node, look).stdout if host.running else 'off'}"
            for node, host in self.hosts.items()
        ]
        return "\n".join(said)

    def close(self) -> None:
        """No process, mount, network, cgroup or file of it is left afterwards."""
        operators.end_all(self.place)
        self._keeper.close()
        places.remove(self.place)
        for lock in (self._lock, self._base_lock):
            os.close(lock)

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def people(masters: int) -> list[Who]:
    """Names and addresses as in the vendor's example, etcd1 on nova-master-1."""
    return [
        Who(f"nova-master-{number}", f"etcd{number}", address, f"m{number}")
        for number, address in enumerate(network.ADDRESSES[:masters], 1)
    ]


def _words(argv: Sequence[str] | str) -> Sequence[str]:
    return ["sh", "-c", argv] if isinstance(argv, str) else argv


__all__ = ["NAME", "SUDO_ASKED", "SUDO_FREE", "SUDO_PASSWORD", "HostFailed", "Lab", "LabMissing"]
