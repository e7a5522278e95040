"""etcdctl's JSON, read: Status, member list, hashkv, snapshot status. Forms of 3.4 to 3.6; all functions are total."""

from __future__ import annotations

from typing import Any

import msgspec

from novatui.model.sanitize import clean


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """``endpoint status`` of one endpoint. IDs are lower-case hex; ``leader_id`` is empty while there is none."""

    cluster_id: str
    member_id: str
    leader_id: str
    revision: int
    index: int
    applied: int
    db_size: int
    learner: bool
    version: str
    errors: tuple[str, ...]
    term: int = 0

    @property
    def leads(self) -> bool:
        return bool(self.leader_id) and self.leader_id == self.member_id

    @property
    def alarms(self) -> tuple[str, ...]:
        return tuple(error for error in self.errors if "alarm" in error.lower())

    def alarmed(self, kind: str) -> bool:
        """``CORRUPT`` or ``NOSPACE``, of any member: each tells all alarms of the cluster."""
        return any(kind in alarm.upper() for alarm in self.alarms)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a list; an empty name is an unstarted one."""

    id: str
    name: str
    peer_urls: tuple[str, ...]
    learner: bool
    client_urls: tuple[str, ...] = ()


class SnapshotStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``snapshot status``: the tool's own hash, the revision, all keys (etcd's own among them)."""

    revision: int
    keys: int
    hash: str


def status(answer: Any) -> Status | None:
    """None when it is not what etcdctl prints for one endpoint that answered."""
    try:
        inner = answer[0]["Status"]
        header = inner["header"]
        leader = int(inner.get("leader", 0))
        return Status(
            cluster_id=f"{int(header['cluster_id']):x}",
            member_id=f"{int(header['member_id']):x}",
            leader_id=f"{leader:x}" if leader else "",
            revision=int(header["revision"]),
            index=int(inner["raftIndex"]),
            applied=int(inner.get("raftAppliedIndex", 0)),
            db_size=int(inner.get("dbSize", 0)),
            learner=bool(inner.get("isLearner", False)),
            version=clean(str(inner.get("version", ""))),
            errors=tuple(clean(str(error)) for error in inner.get("errors") or ()),
            term=int(inner.get("raftTerm", 0)),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def identity(status: Status | None) -> str:
    """``CLUSTER/MEMBER``, what its data makes it; empty for one that does not answer."""
    return f"{status.cluster_id}/{status.member_id}" if status is not None else ""


def members(answer: Any) -> tuple[Listed, ...] | None:
    try:
        return tuple(
            Listed(
                id=f"{int(one['ID']):x}",
                name=clean(str(one.get("name", ""))),
                peer_urls=tuple(clean(str(url)) for url in one.get("peerURLs") or ()),
                learner=bool(one.get("isLearner", False)),
                client_urls=tuple(clean(str(url)) for url in one.get("clientURLs") or ()),
            )
            for one in answer["members"]
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def hashkv(answer: Any) -> tuple[int, int, int] | None:
    """Hash, compact revision, and the newest revision when it was made."""
    try:
        inner = answer[0]["HashKV"]
        return int(inner["hash"]), int(inner.get("compact_revision", 0)), int(inner["header"]["revision"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def snapshot(answer: Any) -> SnapshotStatus | None:
    try:
        return SnapshotStatus(
            revision=int(answer["revision"]), keys=int(answer["totalKey"]), hash=f"{int(answer['hash']):x}"
        )
    except (KeyError, TypeError, ValueError):
        return None
