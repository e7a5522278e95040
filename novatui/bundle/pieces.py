"""The allow-list: every piece of a support bundle, what it is, and the read-only command that gives it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from novatui.config import NodeConfig
from novatui.model.cluster import EtcdEnv
from novatui.remote.command import Command

NOT_THERE = 66  # the script's exit for what this master does not have
END = b"\nnv:end\n"  # its last words: what came without them was cut off on its way


class Kind(StrEnum):
    """How the output becomes what is kept: see ``keeping``."""

    TEXT = "text"
    ENV = "env"
    UNIT = "unit"
    JOURNAL = "journal"
    CERTS = "certs"


class Piece(msgspec.Struct, frozen=True):
    """One file of one master. ``words`` are the script's; ``if_there``: its absence is nothing to tell."""

    file: str
    what: str
    words: tuple[str, ...]
    kind: Kind = Kind.TEXT
    timeout_s: float = 20.0
    if_there: bool = False

    @property
    def command(self) -> Command:
        return Command(script="bundle", argv=self.words, timeout_s=self.timeout_s)


def pieces(node: NodeConfig, env: EtcdEnv, certs: tuple[str, ...], since_s: int) -> list[Piece]:
    """All pieces of ``node``. ``env``: as the look before found it; ``certs``: the paths that the env file names."""
    etcd, since = node.etcd, str(since_s)
    asked = (env.endpoint, env.cacert, env.cert, env.key)
    data = [env.data_dir, *([env.wal_dir] if env.wal_dir else [])] if env.data_dir else []
    listed = (*(place.rstrip("/") for place in data if place.strip("/")), etcd.work_dir)
    found = [
        Piece("os.txt", "kernel, distribution, systemd, memory", ("os",)),
        Piece("clock.txt", "its clock, and what keeps it", ("clock",)),
        Piece("disk.txt", "file systems: space and inodes", ("disk",)),
        Piece("versions.txt", "versions of etcd's tools and kubelet", ("versions", etcd.etcdctl)),
        Piece("unit.txt", "etcd's unit file and drop-ins", ("unit", etcd.unit), Kind.UNIT),
        Piece("unit-state.txt", "what systemd says of the unit", ("state", etcd.unit), Kind.UNIT),
        Piece("env.txt", "etcd's env files", ("env", etcd.env_file, etcd.unit), Kind.ENV),
        Piece("files.txt", "names and sizes in etcd's directories", ("files", *listed)),
        Piece("certificates.txt", "subjects and dates of certificates", ("certs", *certs), Kind.CERTS),
    ]
    if env.endpoint:
        words = ("etcd", etcd.etcdctl, *asked)
        found.append(Piece("etcd.txt", "its own status and member list", words, timeout_s=30))
    for unit, what in ((etcd.unit, "etcd"), ("kubelet", "kubelet"), ("kube-apiserver", "kube-apiserver")):
        found.append(
            Piece(
                f"journal-{what}.txt",
                f"journal of {what}",
                ("journal", unit, since),
                Kind.JOURNAL,
                timeout_s=90,
                if_there=what != "etcd",
            )
        )
    pods = ("pods", "kube-apiserver")
    found.append(Piece("log-kube-apiserver.txt", "newest log of kube-apiserver's pod", pods, if_there=True))
    return found
