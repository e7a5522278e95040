"""Snapshots to judge: a healthy cluster, and ways to break one of its masters."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from novatui.model.cluster import (
    ClusterSnapshot,
    Disk,
    Endpoint,
    EtcdEnv,
    KeyHash,
    Link,
    Member,
    NodeError,
    NodeSnapshot,
    UnitState,
)
from novatui.model.entries import Entry, Level

NOW = 1_718_350_000_000
CLUSTER_ID = "dae05cd826ec589"


def member(number: int, **change: Any) -> Member:
    row = Member(
        id=f"{number:016x}",
        name=f"etcd{number}",
        peer_urls=(f"https://10.0.0.{number}:2380",),
        client_urls=(f"https://10.0.0.{number}:2379",),
    )
    return replace(row, **change)


def node(number: int, total: int = 3, **change: Any) -> NodeSnapshot:
    """Master ``number`` of a healthy cluster; etcd1 leads."""
    whole = NodeSnapshot(
        name=f"m{number}",
        host=f"10.0.0.{number}",
        link=Link.LIVE,
        since_ms=NOW - 60_000,
        at_ms=NOW - 500,
        boot_id="b",
        clock_skew_ms=3,
        unit=UnitState(load="loaded", active="active", sub="running", since_ms=NOW - 3_600_000, restarts=0),
        endpoint=Endpoint(
            answers=True,
            has_quorum=True,
            answered_ms=NOW - 500,
            cluster_id=CLUSTER_ID,
            member_id=f"{number:016x}",
            leader_id=f"{1:016x}",
            is_learner=False,
            term=5,
            index=376_222,
            applied=376_222,
            revision=300_000 + number,
            db_size=151_000_000,
            db_in_use=148_000_000,
            version="3.5.10",
        ),
        members=tuple(member(i) for i in range(1, total + 1)),
        members_at_ms=NOW - 500,
        env=EtcdEnv(name=f"etcd{number}", peer_urls=(f"https://10.0.0.{number}:2380",)),
        disk=Disk(path="/var/lib/etcd", size=100_000_000_000, free=70_000_000_000),
        hash=KeyHash(revision=290_000, compacted=280_000, hash=7, at_ms=NOW - 300_000),
    )
    return replace(whole, **change)


def cluster(*nodes: NodeSnapshot) -> ClusterSnapshot:
    return ClusterSnapshot(cluster="prod", environment="prod", at_ms=NOW, nodes=nodes)


def healthy(total: int = 3) -> ClusterSnapshot:
    return cluster(*(node(i, total) for i in range(1, total + 1)))


def put(snapshot: ClusterSnapshot, *changed: NodeSnapshot) -> ClusterSnapshot:
    """The snapshot with these masters in place of those of the same name."""
    new = {node.name: node for node in changed}
    return replace(snapshot, nodes=tuple(new.get(node.name, node) for node in snapshot.nodes))


def down(one: NodeSnapshot, active: str = "failed", sub: str = "failed", **unit: Any) -> NodeSnapshot:
    """Its etcd does not run; what it last said of itself stays."""
    if sub == "auto-restart":
        unit = {"restarts": 1, **unit}
    return replace(
        one,
        unit=replace(one.unit, active=active, sub=sub, since_ms=NOW - 42_000, **unit),
        endpoint=replace(
            one.endpoint,
            answers=False,
            has_quorum=None,
            answered_ms=NOW - 900_000,
            error="connection refused",
        ),
    )


def alone(one: NodeSnapshot) -> NodeSnapshot:
    """It answers, and has no quorum."""
    return replace(one, endpoint=replace(one.endpoint, has_quorum=False, leader_id="0", error="timed out"))


def unseen(one: NodeSnapshot, link: Link = Link.LOST) -> NodeSnapshot:
    return replace(one, link=link, error=NodeError("unreachable", "no route to host", "is it powered on?"))


def line(
    text: str, error: str = "", *, node: str = "m1", ago_s: float = 5, level: Level = Level.FATAL
) -> Entry:
    fields = (("error", error),) if error else ()
    return Entry(node=node, at_ms=NOW - int(ago_s * 1000), level=level, text=text, fields=fields)


BROKEN_DB = ("failed to open database", "invalid database")


def damage(name: str, ago_s: float = 5) -> Entry:
    return line(*BROKEN_DB, node=name, ago_s=ago_s)
