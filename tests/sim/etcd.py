"""What etcd is here: the content of a data directory, of a snapshot, and the IDs they carry. Everything is real bytes.

``raft`` tells one history of a member's log from another: two members of one cluster ID with different ones are the
silent corruption that a restore must never cause. ``content`` and ``revision`` are the keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import msgspec

from tests.sim.disk import Disk

BLANK = "blank"


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """What ``member/snap/db`` holds. IDs are lower-case hex; ``members`` are (id, name, peer URL)."""

    cluster: str
    member: str
    members: tuple[tuple[str, str, str], ...]
    raft: str
    content: str
    revision: int

    @property
    def hash(self) -> int:
        return int(hashlib.sha256(f"{self.content}@{self.revision}".encode()).hexdigest()[:8], 16)


def data_at(disk: Disk, data_dir: str) -> Data | None:
    """None where etcd could not open it: no log, no database, or damage."""
    wal = f"{data_dir}/member/wal"
    if not any(disk.read(f"{wal}/{name}") for name in disk.names(wal) if name.endswith(".wal")):
        return None
    return decode(disk.read(f"{data_dir}/member/snap/db"))


def blank_at(disk: Disk, data_dir: str) -> bool:
    """No log at all: etcd would begin as a new member."""
    return not disk.names(f"{data_dir}/member/wal")


def encode(data: Data) -> bytes:
    return msgspec.json.encode(data)


def decode(raw: bytes | None) -> Data | None:
    try:
        return None if raw is None else msgspec.json.decode(raw, type=Data)
    except msgspec.MsgspecError:
        return None


def put(disk: Disk, data_dir: str, data: Data, owner: str = "0:0") -> None:
    """A member's directory as etcd makes it."""
    disk.mkdir(f"{data_dir}/member/snap", 0o700)
    disk.mkdir(f"{data_dir}/member/wal", 0o700)
    disk.write(f"{data_dir}/member/snap/db", encode(data))
    disk.write(f"{data_dir}/member/wal/0000000000000000-0000000000000000.wal", b"log")
    disk.chmod(data_dir, mode=0o700, owner=owner)


def ids(initial_cluster: str, token: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """Cluster ID, and name -> (member ID, peer URL), as etcd computes them at a bootstrap."""
    peers = dict(pair.split("=", 1) for pair in initial_cluster.split(",") if pair)
    numbers = {name: _first_eight(url.encode() + token.encode()) for name, url in peers.items()}
    joined = b"".join(number.to_bytes(8, "big") for number in sorted(numbers.values()))
    members = {name: (f"{number:x}", peers[name]) for name, number in numbers.items()}
    return f"{_first_eight(joined):x}", members


def bootstrapped(
    name: str, initial_cluster: str, token: str, *, raft: str, content: str, revision: int
) -> Data:
    """A member of a new cluster: blank, or restored."""
    cluster, members = ids(initial_cluster, token)
    return Data(
        cluster=cluster,
        member=members[name][0],
        members=tuple((number, one, url) for one, (number, url) in sorted(members.items())),
        raft=raft,
        content=content,
        revision=revision,
    )


def snapshot(content: str, revision: int, urls: Sequence[str], by: str = "") -> bytes:
    """A snapshot file: padded to 512 bytes, then the SHA-256 of that. ``"peerURLs"`` stand in it as in a real one."""
    members = "".join(f'{{"peerURLs":["{url}"]}}\n' for url in urls)
    head = json.dumps({"content": content, "revision": revision, "by": by}) + "\n" + members
    body = head.encode()
    body += b"\0" * (-len(body) % 512)
    return body + hashlib.sha256(body).digest()


def read_snapshot(raw: bytes) -> Mapping[str, object] | None:
    """What the tool reads of it; None when it cannot. It does not look at the hash at its end (``snapshot status``)."""
    try:
        found = json.loads(raw.split(b"\n", 1)[0])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def whole_snapshot(raw: bytes) -> bool:
    return len(raw) % 512 == 32 and hashlib.sha256(raw[:-32]).digest() == raw[-32:]


def restored(raw: bytes, words: Sequence[str]) -> Data:
    """What ``etcdutl snapshot restore`` makes of a snapshot. Raises ValueError for what it refuses."""
    found = read_snapshot(raw)
    if found is None or not whole_snapshot(raw):
        raise ValueError("expected sha256")
    flags = _flags(words)
    cluster, name = flags["initial-cluster"], flags["name"]
    if dict(pair.split("=", 1) for pair in cluster.split(","))[name] != flags["initial-advertise-peer-urls"]:
        raise ValueError("--initial-cluster has a different peer URL")
    token = flags["initial-cluster-token"]
    of = hashlib.sha256(f"{cluster} {token}".encode() + raw).hexdigest()[:12]
    return bootstrapped(
        name,
        cluster,
        token,
        raft=f"restored-{of}",
        content=str(found["content"]),
        revision=int(str(found["revision"])) + int(flags.get("bump-revision", "0")),
    )


def _flags(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        if word.startswith("--"):
            key, equals, value = word[2:].partition("=")
            found[key] = value if equals else (words[place + 1] if place + 1 < len(words) else "")
    return found


def _first_eight(content: bytes) -> int:
    return int.from_bytes(hashlib.sha1(content, usedforsecurity=False).digest()[:8], "big")
