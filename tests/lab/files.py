"""What is on a host beside its base tree, in the platform's form: env file, unit, certificates, SSH keys, its address."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import asyncssh

from novatui.demo.addresses import CLIENT_PORT, PEER_PORT
from novatui.demo.certs import Authority
from tests.lab.host import Host, Who
from tests.lab.image import SUDO_ASKED, SUDO_FREE

TOKEN = "k8s_etcd"
ENV_FILE = "etc/etcd.env"
UNIT_FILE = "etc/systemd/system/etcd.service"
TLS = "etc/ssl/etcd/ssl"
DATA_DIR = "var/lib/etcd"
# Kubespray's: after a lost leader 5 - 10 s pass without one.
ELECTION_MS = 5000
HEARTBEAT_MS = 250


def env_text(who: Who, everybody: Sequence[Who]) -> str:
    """Kubespray's ``/etc/etcd.env``."""
    client, peer = f"https://{who.address}:{CLIENT_PORT}", f"https://{who.address}:{PEER_PORT}"
    together = ",".join(f"{one.member}=https://{one.address}:{PEER_PORT}" for one in everybody)
    member, admin = f"/{TLS}/member-{who.node}", f"/{TLS}/admin-{who.node}"
    return f"""\
# Environment file for etcd 3.5
ETCD_DATA_DIR=/{DATA_DIR}
ETCD_ADVERTISE_CLIENT_URLS={client}
ETCD_INITIAL_ADVERTISE_PEER_URLS={peer}
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_METRICS=basic
ETCD_LISTEN_CLIENT_URLS={client},https://127.0.0.1:{CLIENT_PORT}
ETCD_ELECTION_TIMEOUT={ELECTION_MS}
ETCD_HEARTBEAT_INTERVAL={HEARTBEAT_MS}
ETCD_INITIAL_CLUSTER_TOKEN={TOKEN}
ETCD_LISTEN_PEER_URLS={peer}
ETCD_NAME={who.member}
ETCD_PROXY=off
ETCD_INITIAL_CLUSTER={together}
ETCD_AUTO_COMPACTION_RETENTION=8
ETCD_SNAPSHOT_COUNT=10000

# TLS settings
ETCD_TRUSTED_CA_FILE=/{TLS}/ca.pem
ETCD_CERT_FILE={member}.pem
ETCD_KEY_FILE={member}-key.pem
ETCD_CLIENT_CERT_AUTH=true

ETCD_PEER_TRUSTED_CA_FILE=/{TLS}/ca.pem
ETCD_PEER_CERT_FILE={member}.pem
ETCD_PEER_KEY_FILE={member}-key.pem
ETCD_PEER_CLIENT_CERT_AUTH=true

# CLI settings
ETCDCTL_ENDPOINTS=https://127.0.0.1:{CLIENT_PORT}
ETCDCTL_CACERT=/{TLS}/ca.pem
ETCDCTL_KEY={admin}-key.pem
ETCDCTL_CERT={admin}.pem
"""


UNIT_TEXT = """\
[Unit]
Description=etcd
After=network.target

[Service]
Type=notify
User=root
EnvironmentFile=/etc/etcd.env
ExecStart=/opt/etcd/etcd
NotifyAccess=all
Restart=always
RestartSec=10s
LimitNOFILE=40000

[Install]
WantedBy=multi-user.target
"""


def install(host: Host, everybody: Sequence[Who], place: Path, authority: Authority) -> None:
    """Everything of one host; its disk is mounted and it is off. Certificates and keys are in ``place`` too."""
    root, who = host.root, host.who
    (root / "etc/hostname").write_text(f"{who.node}\n")
    names = "".join(f"{one.address} {one.node}.nova.internal {one.node}\n" for one in everybody)
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{names}")
    (root / "etc/lab-net").write_text(f"ADDRESS={who.address}/24\n")
    (root / ENV_FILE).write_text(env_text(who, everybody))
    (root / ENV_FILE).chmod(0o600)
    (root / UNIT_FILE).write_text(UNIT_TEXT)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    (wants / "etcd.service").symlink_to("/etc/systemd/system/etcd.service")
    _certificates(root, who, place, authority)
    _logins(root, who, place)


def _certificates(root: Path, who: Who, place: Path, authority: Authority) -> None:
    """Laid out as kubespray does; the same tree under ``place/<node>.pki`` is for the tests' own requests."""
    ours = place / f"{who.node}.pki" / TLS
    ours.mkdir(parents=True)
    authority.write_certificate(ours / "ca.pem")
    authority.issue(who.node, who.address, ours / f"member-{who.node}")
    authority.issue(f"admin-{who.node}", who.address, ours / f"admin-{who.node}")
    shutil.copytree(ours, root / TLS)


def _logins(root: Path, who: Who, place: Path) -> None:
    """The host's key, and the operator's for root and for both ordinary users."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    secret = root / "etc/ssh/ssh_host_ed25519_key"
    secret.touch(mode=0o600)
    secret.write_bytes(key.export_private_key())
    public = key.export_public_key().decode().strip()
    secret.with_name(f"{secret.name}.pub").write_text(f"{public}\n")
    with (place / "ssh/known_hosts").open("a") as known:
        known.write(f"{who.address} {' '.join(public.split()[:2])}\n")
    authorized = (place / "ssh/id_ed25519.pub").read_text()
    for home in (root / "root", *(root / "home" / user for user in (SUDO_FREE, SUDO_ASKED))):
        owner = home.stat()
        ssh = home / ".ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        (ssh / "authorized_keys").write_text(authorized)
        (ssh / "authorized_keys").chmod(0o600)
        for path in (ssh, ssh / "authorized_keys"):
            os.chown(path, owner.st_uid, owner.st_gid)


def operator_key(place: Path) -> None:
    """The key pair every login of this lab takes, and an empty known_hosts, under ``place/ssh``."""
    ssh = place / "ssh"
    ssh.mkdir(mode=0o700)
    key = asyncssh.generate_private_key("ssh-ed25519")
    (ssh / "id_ed25519").touch(mode=0o600)
    (ssh / "id_ed25519").write_bytes(key.export_private_key())
    (ssh / "id_ed25519.pub").write_bytes(key.export_public_key())
    (ssh / "known_hosts").touch(mode=0o600)
