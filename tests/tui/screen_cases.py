"""Clusters as the screen meets them, a clock that stands still, and a feed that delivers what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from novatui.config import ClusterConfig, NodeConfig
from novatui.model.cluster import (
    Alarm,
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
from novatui.model.findings import Diagnosis, Evidence, Finding, Quorum, Severity, Verdict
from novatui.tui.feed import OnEntries, OnSnapshot

NOW = 1_718_368_675_000  # 2024-06-14 12:37:55 UTC
IDS = (
    "56be76cb75b1242d",
    "e42bdaa6ace5c691",
    "51fc1c73bfe7f25f",
    "4c357ea1a12149d0",
    "e7b44abd88b7fad0",
    "0a1b2c3d4e5f6071",
    "0a1b2c3d4e5f6072",
)


class FakeFeed:
    """Delivers what the test hands it; ``refreshed`` counts the asking, ``starts`` the beginnings."""

    def __init__(self) -> None:
        self.refreshed = self.starts = 0
        self.closed = False
        self._snapshot: OnSnapshot | None = None
        self._entries: OnEntries | None = None
        self.started = asyncio.Event()
        self.failure: Exception | None = None
        self._stop = asyncio.Event()

    async def start(self, on_snapshot: OnSnapshot, on_entries: OnEntries) -> None:
        self._snapshot, self._entries = on_snapshot, on_entries
        self._stop, self.failure = asyncio.Event(), None
        self.starts += 1
        self.started.set()
        await self._stop.wait()
        if self.failure:
            raise self.failure

    def fail(self, error: Exception) -> None:
        self.failure = error
        self._stop.set()

    def snapshot(self, snapshot: ClusterSnapshot) -> None:
        assert self._snapshot is not None, "the app has not started its feed"
        self._snapshot(snapshot)

    def entries(self, node: str, entries: Sequence[Entry]) -> None:
        assert self._entries is not None, "the app has not started its feed"
        self._entries(node, entries)

    def refresh(self) -> None:
        self.refreshed += 1

    async def close(self) -> None:
        self.closed = True


def config(count: int = 3, environment: str = "prod") -> ClusterConfig:
    nodes = tuple(
        NodeConfig(name=f"nova-master-{n}", host=f"172.31.100.{96 + n}") for n in range(1, count + 1)
    )
    return ClusterConfig(name="nova-prod", environment=environment, nodes=nodes)


def member_list(count: int) -> tuple[Member, ...]:
    return tuple(
        Member(id=IDS[i], name=f"etcd{i + 1}", peer_urls=(f"https://172.31.100.{97 + i}:2380",))
        for i in range(count)
    )


def node(number: int, count: int = 3, *, leader: int = 3) -> NodeSnapshot:
    """A healthy master."""
    return NodeSnapshot(
        name=f"nova-master-{number}",
        host=f"172.31.100.{96 + number}",
        link=Link.LIVE,
        since_ms=NOW - 90_000,
        at_ms=NOW - 1_000,
        clock_skew_ms=3,
        unit=UnitState(
            load="loaded",
            active="active",
            sub="running",
            since_ms=NOW - (3 * 86_400 + 4 * 3600) * 1000,
            restarts=0,
        ),
        endpoint=Endpoint(
            answers=True,
            has_quorum=True,
            latency_ms=2.2,
            answered_ms=NOW - 1_000,
            cluster_id="dae05cd826ec589",
            member_id=IDS[number - 1],
            leader_id=IDS[leader - 1],
            is_learner=False,
            term=5,
            index=376_222,
            applied=376_222,
            revision=371_900,
            db_size=151_000_000,
            db_in_use=148_000_000,
            version="3.5.10",
            metrics_ms=NOW - 4_000,
            fsync_p99_ms=4.0,
            proposals_pending=0,
            leader_changes=1,
        ),
        members=member_list(count),
        members_at_ms=NOW - 1_000,
        env=EtcdEnv(name=f"etcd{number}", peer_urls=(f"https://172.31.100.{96 + number}:2380",)),
        disk=Disk(path="/var/lib/etcd", size=100_000_000_000, free=71_000_000_000),
        hash=KeyHash(revision=371_000, compacted=370_000, hash=7, at_ms=NOW - 300_000),
    )


def behind(number: int, entries: int) -> NodeSnapshot:
    """One that has so many entries of the raft log less than others."""
    known = node(number)
    endpoint = msgspec.structs.replace(known.endpoint, index=(known.endpoint.index or 0) - entries)
    return msgspec.structs.replace(known, endpoint=endpoint)


def dead(number: int, count: int = 3) -> NodeSnapshot:
    """systemd tries again and again; etcd panics."""
    return msgspec.structs.replace(
        node(number, count),
        unit=UnitState(
            load="loaded",
            active="activating",
            sub="auto-restart",
            since_ms=NOW - 42_000,
            restarts=7,
            exit_status=2,
            result="exit-code",
        ),
        endpoint=Endpoint(
            answers=False, error="connection refused", answered_ms=NOW - 57_000, member_id=IDS[number - 1]
        ),
        members=(),
    )


def hung(number: int) -> NodeSnapshot:
    """``active (running)``, and no word from it."""
    healthy = node(number)
    return msgspec.structs.replace(
        healthy,
        endpoint=Endpoint(answers=False, error="timed out after 2 s", answered_ms=NOW - 33_000),
        members=(),
    )


def lost(number: int) -> NodeSnapshot:
    return msgspec.structs.replace(
        node(number),
        link=Link.LOST,
        since_ms=NOW - 130_000,
        at_ms=NOW - 131_000,
        error=NodeError(
            "unreachable",
            "172.31.100.98:22 does not answer (timed out after 8 s)",
            "Is it switched on? Is there a route? novatui tries again every few seconds.",
        ),
    )


def refused(number: int) -> NodeSnapshot:
    fresh = NodeSnapshot(name=f"nova-master-{number}", host=f"172.31.100.{96 + number}")
    return msgspec.structs.replace(
        fresh,
        link=Link.REFUSED,
        since_ms=NOW - 5_000,
        error=NodeError(
            "host-key-changed",
            "the host key is not the one in known_hosts",
            "Find out why before anything else; then ssh-keygen -R 172.31.100.98",
        ),
    )


def stale(number: int) -> NodeSnapshot:
    return msgspec.structs.replace(node(number), link=Link.STALE, at_ms=NOW - 7_000)


def connecting(number: int, doing: str) -> NodeSnapshot:
    return NodeSnapshot(
        name=f"nova-master-{number}", host=f"172.31.100.{96 + number}", since_ms=NOW - 2_000, doing=doing
    )


def no_quorum(number: int) -> NodeSnapshot:
    healthy = node(number)
    return msgspec.structs.replace(
        healthy,
        endpoint=msgspec.structs.replace(
            healthy.endpoint, has_quorum=False, leader_id="0", error="no leader"
        ),
    )


def alarmed(number: int) -> NodeSnapshot:
    healthy = node(number)
    return msgspec.structs.replace(
        healthy, endpoint=msgspec.structs.replace(healthy.endpoint, alarms=(Alarm(IDS[1], "NOSPACE"),))
    )


def before(snapshot: ClusterSnapshot, ago_s: int) -> ClusterSnapshot:
    """The same while all was well, figures on their way to what they are now; nothing was asked for half a minute."""
    calm = msgspec.structs.replace(
        node(1).endpoint,
        answered_ms=NOW - ago_s * 1000,
        metrics_ms=NOW - ago_s * 1000,
        index=376_222 - 30 * ago_s - ago_s**2 // 8,
        db_size=151_000_000 - max(0, ago_s - 100) * 100_000,
        fsync_p99_ms=2.0 + ago_s % 70 / 5,
        proposals_pending=ago_s // 20 % 3,
        leader_changes=int(ago_s < 100),
    )
    silent = 90 < ago_s <= 120
    seen = [one for one in snapshot.nodes if one.endpoint.answered_ms is not None and not silent]
    return msgspec.structs.replace(
        snapshot, nodes=tuple(msgspec.structs.replace(one, endpoint=calm) for one in seen)
    )


def cluster(*nodes: NodeSnapshot) -> ClusterSnapshot:
    return ClusterSnapshot(cluster="nova-prod", environment="prod", at_ms=NOW, nodes=nodes)


def healthy_cluster(count: int = 3) -> ClusterSnapshot:
    return cluster(*(node(n, count, leader=min(3, count)) for n in range(1, count + 1)))


def diagnosis_of(
    snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]] | None = None, now_ms: int = NOW
) -> Diagnosis:
    """A judgement for tests of the screen, by arithmetic alone: the package's own has its own tests."""
    total = len(snapshot.nodes)
    healthy = sum(
        bool(n.link is Link.LIVE and n.endpoint.answers and n.endpoint.has_quorum) for n in snapshot.nodes
    )
    unknown = sum(n.link is not Link.LIVE for n in snapshot.nodes)
    quorum = Quorum(healthy=healthy, unknown=unknown, needed=total // 2 + 1, total=total)
    down = [n for n in snapshot.nodes if n.link is Link.LIVE and not n.endpoint.answers]
    findings = tuple(
        Finding(
            id="member-down",
            severity=Severity.BAD,
            title="database corrupt (panic: failed to open database: invalid database)",
            hint="replace this member; quorum stands",
            node=n.name,
            evidence=(
                Evidence(
                    node=n.name, source="unit", value="activating (auto-restart), exit 2", at_ms=NOW - 57_000
                ),
                Evidence(
                    node=n.name,
                    source="journal",
                    value="failed to open database: invalid database",
                    at_ms=NOW - 6_000,
                ),
            ),
        )
        for n in down
    )
    if healthy == total:
        return Diagnosis(verdict=Verdict.HEALTHY, quorum=quorum, leader="nova-master-3", revision=371_900)
    if healthy >= quorum.needed:
        recommend = "recover-member" if down else ""
        return Diagnosis(
            verdict=Verdict.DEGRADED,
            quorum=quorum,
            findings=findings,
            recommend=recommend,
            recommend_node=down[0].name if down else "",
            recommend_why="One member's data is damaged and the others hold quorum: no snapshot is needed."
            if down
            else "",
            leader="nova-master-3",
        )
    verdict = Verdict.UNKNOWN if healthy + unknown >= quorum.needed else Verdict.NO_QUORUM
    recommend = "" if verdict is Verdict.UNKNOWN else "restore-cluster"
    return Diagnosis(verdict=verdict, quorum=quorum, findings=findings, recommend=recommend)


def entry(
    text: str, level: Level = Level.INFO, *, ago_ms: int = 4_000, node: str = "nova-master-2", **fields: str
) -> Entry:
    return Entry(node=node, at_ms=NOW - ago_ms, level=level, text=text, fields=tuple(fields.items()))


def panic_lines(node: str = "nova-master-2") -> list[Entry]:
    return [
        entry(
            "opened backend db", ago_ms=6_500, node=node, path="/var/lib/etcd/member/snap/db", took="1.2ms"
        ),
        entry(
            "failed to open database",
            Level.ERROR,
            ago_ms=6_000,
            node=node,
            path="/var/lib/etcd/member/snap/db",
            error="invalid database",
        ),
        entry("panic: failed to open database: invalid database", Level.FATAL, ago_ms=6_000, node=node),
        Entry(
            node=node, at_ms=NOW - 5_900, text="etcd.service: Failed with result 'exit-code'.", unit_line=True
        ),
        entry("lost TCP streaming connection with remote peer", Level.WARN, ago_ms=3_000, node=node),
    ]
