"""One master as survey.sh saw it: effective unit, env file, data directory, tools, own endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from novatui.remote.command import Outcome
from novatui.runbooks.parts import answer, envfile
from novatui.runbooks.parts.envfile import EnvFile
from novatui.runbooks.parts.reading import Reading, read
from novatui.runbooks.parts.unit import Unit, unit

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
KIB = 1024
MIB = 1 << 20
GIB = 1 << 30
# etcd allocates its first log file whole.
WAL_BYTES = 64 * MIB
UNMOUNTED = "unmounted"  # of a data directory: /etc/fstab has a file system for it that is not mounted


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The data directory. ``kind``: dir, missing, mount (a mount point), or one we do not touch: link, inner-link, inner-mount,
    odd, unmounted. Sizes in bytes, ``written`` in seconds UTC."""

    path: str
    kind: str
    wal_files: int = 0
    db_size: int = 0
    size: int = 0
    owner: str = ""
    mode: str = ""
    inode: str = ""
    member_inode: str = ""
    written: int | None = None
    free: int | None = None  # of the file system that would hold what is staged

    @property
    def complete(self) -> bool:
        """A log and a database are there; nothing is said of what is in them."""
        return self.wal_files > 0 and self.db_size > 0


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """Empty and None: not known. ``tools`` are the version lines by name."""

    boot_id: str
    now: int | None
    zone: str
    uid: str
    unit: Unit
    env: EnvFile | None
    env_is: str  # why there is none: missing, odd (no file), unreadable, empty
    env_path: str  # with links resolved
    env_sha256: str
    process_env: dict[str, str]
    tools: dict[str, str]
    lacks: tuple[str, ...]
    readonly: tuple[str, ...]
    work_volatile: bool  # the work directory is in memory, the data is not
    api_server: bool
    held_by: str
    hold_dropin: bool
    lease: str  # run:epoch
    leftovers: tuple[str, ...]
    data: Data
    endpoint: str
    cacert: str
    cert: str
    key: str
    status: answer.Status | None
    quorum: bool
    members: tuple[answer.Listed, ...] | None  # as it tells them where it has quorum
    local_read_error: str

    @property
    def etcd_version(self) -> tuple[int, int, int] | None:
        """Of etcdctl, which restores; None when it could not be run."""
        return version(self.tools.get("etcdctl", ""))


def version(text: str) -> tuple[int, int, int] | None:
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def dotted(numbers: tuple[int, int, int]) -> str:
    return ".".join(map(str, numbers))


def host(outcome: Outcome | None) -> Host | None:
    """None when the master did not answer, or not whole."""
    reading = read(outcome)
    if not reading.whole:
        return None
    env = envfile.parse(reading.raw("env")) if reading.raw("env") else None
    return Host(
        boot_id=reading.get("boot_id"),
        now=reading.number("now"),
        zone=reading.get("zone"),
        uid=reading.get("uid"),
        unit=unit(reading),
        env=env,
        env_is=reading.get("env_is"),
        env_path=reading.get("env_real"),
        env_sha256=reading.get("env_sha256"),
        process_env=dict(
            (key, value)
            for key, equals, value in (
                line.partition("=") for line in reading.raw("process_env").splitlines()
            )
            if equals
        ),
        tools={
            name: reading.get(f"tool.{name}")
            for name in ("etcd", "etcdctl", "etcdutl")
            if reading.get(f"tool.{name}")
        },
        lacks=tuple(reading.all("lacks")),
        readonly=_readonly(reading, env),
        work_volatile=reading.get("work_volatile") == "yes",
        api_server=reading.get("api_server") == "yes",
        held_by=reading.text("hold"),
        hold_dropin=reading.get("hold_dropin") == "yes",
        lease=reading.text("lease"),
        leftovers=tuple(reading.texts("leftover")),
        data=_data(reading),
        endpoint=reading.get("endpoint"),
        cacert=reading.get("cacert"),
        cert=reading.get("cert"),
        key=reading.get("key"),
        status=answer.status(reading.json("status")),
        quorum=reading.get("quorum") == "yes",
        members=answer.members(reading.json("members")) if reading.get("quorum") == "yes" else None,
        local_read_error=reading.text("local_read"),
    )


def _readonly(reading: Reading, env: EnvFile | None) -> tuple[str, ...]:
    """In words, the places that could not be written."""
    data_dir = env.get("ETCD_DATA_DIR") if env else ""
    places = {
        "unit_dir_writable": "the unit directory",
        "work_writable": "the work directory",
        "env_writable": "the directory of the env file",
    }
    if reading.get("data_kind") == "mount":
        places["data_writable"] = f"{data_dir}"
    else:
        places["parent_writable"] = f"the directory above {data_dir}"
    return tuple(words for key, words in places.items() if reading.get(key) == "no")


def _data(reading: Reading) -> Data:
    def size(key: str) -> int:
        return (reading.number(key) or 0) * KIB

    free = reading.number("free_kib")
    return Data(
        path=reading.get("data_dir").rstrip("/"),
        kind=reading.get("data_kind"),
        wal_files=reading.number("data_wal") or 0,
        db_size=reading.number("data_db") or 0,
        size=size("data_kib"),
        owner=reading.get("data_owner"),
        mode=reading.get("data_mode"),
        inode=reading.get("data_inode"),
        member_inode=reading.get("member_inode"),
        written=reading.number("data_written"),
        free=None if free is None else free * KIB,
    )


def peer_urls(hosts: Mapping[str, Host]) -> frozenset[str]:
    """Of all members, as the env files name them."""
    return frozenset(
        url
        for host in hosts.values()
        if host.env
        for urls in host.env.initial_cluster().values()
        for url in urls
    )
