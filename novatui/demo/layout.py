"""The files of the masters: directories, env file, unit file, and the configuration novatui is given for them."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import tomli_w

from novatui.demo import binaries
from novatui.demo.addresses import CLIENT_PORT, PEER_PORT
from novatui.demo.certs import Authority

NODES = ("nova-master-1", "nova-master-2", "nova-master-3")
MEMBERS = ("etcd1", "etcd2", "etcd3")
UNIT = "etcd.service"
TOKEN = "k8s_etcd"

# Kubespray's are 5000/250: after a lost leader that is 5 - 10 s without one, and the first election of a new cluster
# takes as long. These are etcd's own defaults: a leader again in 1 - 2 s, and still ten heartbeats on a busy laptop.
ELECTION_MS = 1000
HEARTBEAT_MS = 100
# The platform's is 10 s; a demo should show the loop without making anybody wait. Five starts in 10 s would run into
# systemd's start limit, 2 s stays clear of it.
RESTART_S = 2

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Stand-ins that ask the supervisor, and those that are complete in themselves.
ASKING = ("systemctl", "journalctl", "systemd-run")
ALONE = ("sudo", "id", "systemd-id128", "restorecon")


@dataclass(frozen=True)
class MasterFiles:
    """Where everything of one master is; ``root`` stands for its ``/``."""

    root: Path
    node: str
    member: str
    host: str

    @property
    def env_file(self) -> Path:
        return self.root / "etc/etcd.env"

    @property
    def etcd_home(self) -> Path:
        return self.root / "opt/etcd"

    @property
    def data_dir(self) -> Path:
        return self.root / "var/lib/etcd"

    @property
    def work_dir(self) -> Path:
        return self.root / "var/lib/novatui"

    @property
    def unit_dir(self) -> Path:
        return self.root / "etc/systemd/system"

    @property
    def manifests(self) -> Path:
        """Of the static pods. Empty: there are no API servers here."""
        return self.root / "etc/kubernetes/manifests"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def backup(self) -> Path:
        return self.root / "opt/backup"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def bus(self) -> Path:
        return self.root / "run/bus"

    @property
    def boot_id_file(self) -> Path:
        return self.root / "run/boot_id"

    @property
    def sudo_file(self) -> Path:
        """SHA-256 of the password that sudo wants; missing: none."""
        return self.root / "etc/sudo.sha256"

    @property
    def tls(self) -> Path:
        return self.root / "etc/ssl/etcd/ssl"

    @property
    def db(self) -> Path:
        return self.data_dir / "member/snap/db"

    @property
    def client_url(self) -> str:
        return f"https://{self.host}:{CLIENT_PORT}"

    @property
    def peer_url(self) -> str:
        return f"https://{self.host}:{PEER_PORT}"

    @property
    def path(self) -> str:
        """The PATH of everything that runs on this master."""
        return f"{self.bin}:{SYSTEM_PATH}"


def masters(place: Path, hosts: tuple[str, ...]) -> tuple[MasterFiles, ...]:
    return tuple(
        MasterFiles(place / node, node, member, host)
        for node, member, host in zip(NODES, MEMBERS, hosts, strict=True)
    )


def write(master: MasterFiles, all_masters: tuple[MasterFiles, ...], etcd: dict[str, Path]) -> None:
    """Everything of one master but its certificates."""
    for directory in (
        *(master.etcd_home, master.backup, master.tmp, master.home, master.bin, master.bus.parent),
        *(master.unit_dir, master.tls, master.manifests, master.root / "var/lib"),
    ):
        directory.mkdir(parents=True, exist_ok=True)
    master.data_dir.mkdir(mode=0o700)
    binaries.place(etcd, master.etcd_home)
    master.env_file.write_text(env_text(master, all_masters))
    master.env_file.chmod(0o600)
    (master.unit_dir / UNIT).write_text(unit_text(master))
    _install_stand_ins(master)


def write_certificates(authority: Authority, master: MasterFiles) -> None:
    authority.write_certificate(master.tls / "ca.pem")
    authority.issue(master.node, master.host, master.tls / f"member-{master.node}")
    authority.issue(f"admin-{master.node}", master.host, master.tls / f"admin-{master.node}")


def env_text(master: MasterFiles, all_masters: tuple[MasterFiles, ...]) -> str:
    """Kubespray's ``/etc/etcd.env``, with this master's paths."""
    member, admin = master.tls / f"member-{master.node}", master.tls / f"admin-{master.node}"
    together = ",".join(f"{other.member}={other.peer_url}" for other in all_masters)
    return f"""\
# Environment file for etcd of the novatui demo, in kubespray's form
ETCD_DATA_DIR={master.data_dir}
ETCD_ADVERTISE_CLIENT_URLS={master.client_url}
ETCD_INITIAL_ADVERTISE_PEER_URLS={master.peer_url}
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_METRICS=basic
ETCD_LISTEN_CLIENT_URLS={master.client_url}
ETCD_ELECTION_TIMEOUT={ELECTION_MS}
ETCD_HEARTBEAT_INTERVAL={HEARTBEAT_MS}
ETCD_INITIAL_CLUSTER_TOKEN={TOKEN}
ETCD_LISTEN_PEER_URLS={master.peer_url}
ETCD_NAME={master.member}
ETCD_INITIAL_CLUSTER={together}
ETCD_AUTO_COMPACTION_RETENTION=8
ETCD_SNAPSHOT_COUNT=10000

# TLS settings
ETCD_TRUSTED_CA_FILE={master.tls / "ca.pem"}
ETCD_CERT_FILE={member}.pem
ETCD_KEY_FILE={member}-key.pem
ETCD_CLIENT_CERT_AUTH=true

ETCD_PEER_TRUSTED_CA_FILE={master.tls / "ca.pem"}
ETCD_PEER_CERT_FILE={member}.pem
ETCD_PEER_KEY_FILE={member}-key.pem
ETCD_PEER_CLIENT_CERT_AUTH=true

# CLI settings
ETCDCTL_ENDPOINTS={master.client_url}
ETCDCTL_CACERT={master.tls / "ca.pem"}
ETCDCTL_CERT={admin}.pem
ETCDCTL_KEY={admin}-key.pem
"""


def unit_text(master: MasterFiles) -> str:
    return f"""\
[Unit]
Description=etcd
After=network.target

[Service]
Type=notify
User={getpass.getuser()}
EnvironmentFile={master.env_file}
ExecStart={master.etcd_home / "etcd"}
NotifyAccess=all
Restart=always
RestartSec={RESTART_S}s
LimitNOFILE=40000

[Install]
WantedBy=multi-user.target
"""


def configuration(place: Path, all_masters: tuple[MasterFiles, ...], ports: dict[str, int]) -> dict[str, Any]:
    """The ``config.toml`` of this demo as data: complete in itself, it reads nothing of the person's ~/.ssh."""
    cluster: dict[str, Any] = {
        "environment": "demo",
        "ssh": {
            "user": getpass.getuser(),
            "identity_files": [str(place / "ssh/id_ed25519")],
            "known_hosts": str(place / "ssh/known_hosts"),
            "connect_timeout": 8,
            "become": "auto",
        },
        "nodes": [_node(master, ports[master.node]) for master in all_masters],
    }
    return {"default_cluster": "demo", "clusters": {"demo": cluster}}


def _node(master: MasterFiles, port: int) -> dict[str, Any]:
    return {
        "name": master.node,
        "host": master.host,
        "port": port,
        "etcd": {
            "env_file": str(master.env_file),
            "etcdctl": str(master.etcd_home / "etcdctl"),
            "snapshot_dirs": [str(master.tmp), str(master.backup)],
            "work_dir": str(master.work_dir),
            "unit_dir": str(master.unit_dir),
        },
        "kubernetes": {
            "manifests": str(master.manifests),
            "kubeconfig": str(master.manifests.with_name("admin.conf")),
        },
    }


def write_configuration(path: Path, content: dict[str, Any]) -> None:
    """By rename: whoever reads it meanwhile has the one or the other."""
    part = path.with_name(f".{path.name}.part")
    part.touch(mode=0o600)
    part.write_text(tomli_w.dumps(content))
    part.rename(path)


def _install_stand_ins(master: MasterFiles) -> None:
    """Copies, not links: the package may be a zip. ``-IS`` keeps Python's start at some 10 ms."""
    sources = resources.files("novatui.demo").joinpath("bin")
    ask = master.bin / ".ask.py"
    ask.write_text(sources.joinpath("ask.py").read_text("utf-8"))
    for name in ASKING:
        words = [sys.executable, "-IS", str(ask), str(master.bus), name]
        _script(master.bin / name, f'#!/bin/sh\nexec {" ".join(map(shlex.quote, words))} "$@"\n')
    for name in ALONE:
        text = sources.joinpath(name).read_text("utf-8")
        text = text.replace("@BOOT_ID_FILE@", shlex.quote(str(master.boot_id_file)))
        _script(master.bin / name, text.replace("@SUDO_FILE@", shlex.quote(str(master.sudo_file))))


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def ordinary_environment(master: MasterFiles) -> dict[str, str]:
    """What every process of a master gets; nothing of the supervisor's own environment."""
    user = getpass.getuser()
    return {
        "PATH": master.path,
        "HOME": str(master.home),
        "USER": user,
        "LOGNAME": user,
        "SHELL": "/bin/bash",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
