"""The cluster on the hosts: its keys, the archive on each host, and what each member says of itself by etcd's own tool."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from novatui.demo import data
from novatui.demo.gateway import Gateway
from novatui.demo.layout import MasterFiles
from tests.lab.host import Host, HostFailed
from tests.lab.keeper import Keeper

T = TypeVar("T")
CANARY = data.CANARY
# What the archive holds of it, and what was written afterwards.
CANARY_SAVED = data.CANARY_BEFORE
CANARY_LIVE = data.CANARY_AFTER
HEALTHY_LIMIT_S = 120.0


@dataclass(frozen=True)
class Snapshot:
    """``path`` is the archive's on every host; ``revision`` what it holds, ``live`` what the cluster had beyond it."""

    path: str
    revision: int
    live: int


@dataclass(frozen=True)
class Standing:
    """One member as it answers: IDs in lower-case hex."""

    cluster_id: str
    member_id: str
    leader: str
    term: int
    index: int
    revision: int
    version: str


def until(found: Callable[[], T | None], what: str, limit_s: float = 60.0, every_s: float = 0.1) -> T:
    """Wait until ``found`` gives something true."""
    deadline = time.monotonic() + limit_s
    while not (value := found()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:g} s for {what}")
        time.sleep(every_s)
    return value


def etcdctl(host: Host, *words: str, endpoint: str = "", stdin: bytes = b"", limit_s: float = 30) -> str:
    """etcdctl as a person on that host runs it, by the env file. Raises HostFailed."""
    asked = f"export ETCDCTL_ENDPOINTS={shlex.quote(endpoint)}; " if endpoint else ""
    line = (
        'export ETCDCTL_API=3; while IFS= read -r one; do case $one in ETCDCTL_*) export "$one" ;; esac; '
        f'done </etc/etcd.env; {asked}exec /opt/etcd/etcdctl --command-timeout=4s "$@"'
    )
    return host.run(["sh", "-c", line, "etcdctl", *words], stdin, limit_s)


def standing(host: Host) -> Standing | None:
    """None when it does not answer."""
    try:
        found = json.loads(etcdctl(host, "endpoint", "status", "-w", "json"))[0]["Status"]
    except HostFailed:
        return None
    header = found["header"]
    return Standing(
        f"{header['cluster_id']:x}",
        f"{header['member_id']:x}",
        f"{found['leader']:x}" if found.get("leader") else "",
        int(found["raftTerm"]),
        int(found["raftIndex"]),
        int(header["revision"]),
        found["version"],
    )


def members(host: Host) -> dict[str, dict[str, Any]]:
    """What ``member list`` says, by the ID in lower-case hex."""
    found = json.loads(etcdctl(host, "member", "list", "-w", "json"))["members"]
    return {f"{one['ID']:x}": one for one in found}


def hash_kv(host: Host) -> tuple[int, int]:
    """(hash, compact revision): comparable where the second is equal."""
    found = json.loads(etcdctl(host, "endpoint", "hashkv", "-w", "json"))[0]["HashKV"]
    return int(found["hash"]), int(found["compact_revision"])


def canary(host: Host) -> str:
    """A linearizable read of the canary at this host. Raises HostFailed without quorum."""
    return etcdctl(host, "get", CANARY, "--print-value-only").strip()


def has_quorum(host: Host) -> bool:
    try:
        canary(host)
    except HostFailed:
        return False
    return True


def wait_healthy(hosts: Sequence[Host], limit_s: float = HEALTHY_LIMIT_S) -> None:
    """Until a linearizable read comes back from every one."""
    for host in hosts:
        until(lambda host=host: has_quorum(host), f"{host.who.node}'s etcd to have quorum", limit_s)  # type: ignore[misc]


def gateway_files(hosts: Iterable[Host], place: Path) -> dict[str, MasterFiles]:
    """By node; ``place`` is where ``files.install`` left the certificates."""
    everybody = [host.who for host in hosts]
    return {
        who.node: MasterFiles(place / f"{who.node}.pki", who.node, who.member, who.address)
        for who in everybody
    }


def fill(hosts: Sequence[Host], keeper: Keeper, place: Path) -> Snapshot:
    """Write the keys, take the snapshot, pack it on every host, write what it does not hold."""
    files = list(gateway_files(hosts, place).values())
    gateway = Gateway(files[0])
    keys = data.before((files * 3)[:3])
    with keeper.entered():
        revision = gateway.put(keys)
    at = data.snapshot_time()
    name = data.archive_name(at)
    archive = f"/tmp/{name}.tar.gz"
    first, *others = hosts
    first.run(["mkdir", "-p", "/opt/backup"])
    etcdctl(first, "snapshot", "save", f"/opt/backup/{name}")
    pack = f"touch -d @{int(at)} /opt/backup/{name}; tar -C / -czf {archive} opt/backup/{name}; rm /opt/backup/{name}; touch -d @{int(at)} {archive}; chmod 600 {archive}"
    first.run(["sh", "-ec", pack])
    packed = (first.root / archive.lstrip("/")).read_bytes()
    for host in others:
        host.run(["sh", "-ec", f"umask 077; cat >{archive}; touch -d @{int(at)} {archive}"], packed)
    with keeper.entered():
        live = data.write_after(gateway)
    return Snapshot(archive, revision, live)
