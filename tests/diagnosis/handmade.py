"""``python -m tests.diagnosis.handmade``: cases that hosts of one machine cannot be in, or only by great labour, made from
recorded ones. Each says so in its note. An expectation that a file had is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from novatui.model.cluster import (
    Certificate,
    ClusterSnapshot,
    Endpoint,
    Held,
    Link,
    NodeError,
    NodeSnapshot,
    UnitState,
)
from novatui.model.entries import Entry, Level
from tests.diagnosis import cases
from tests.diagnosis.cases import Case

HOUR_MS = 3_600_000
Changed = tuple[Sequence[NodeSnapshot], Mapping[str, Sequence[Entry]]]
MADE: dict[str, tuple[str, str, Callable[[Case], Changed]]] = {}
M1, M2, M3 = (f"nova-master-{number}" for number in (1, 2, 3))


def made(base: str) -> Callable[[Callable[[Case], Changed]], Callable[[Case], Changed]]:
    """The docstring is the case's note; ``base`` the case that it is made from."""

    def register(change: Callable[[Case], Changed]) -> Callable[[Case], Changed]:
        name = change.__name__.replace("_", "-")
        MADE[name] = (base, " ".join((change.__doc__ or "").split()), change)
        return change

    return register


def nodes(case: Case, **changes: Callable[[NodeSnapshot], NodeSnapshot]) -> list[NodeSnapshot]:
    """Those of the case, ``m2=..`` of them changed."""
    by = {f"nova-master-{key[1:]}": change for key, change in changes.items()}
    return [by[one.name](one) if one.name in by else one for one in case.snapshot.nodes]


def endpoint(one: NodeSnapshot, **change: Any) -> NodeSnapshot:
    return replace(one, endpoint=replace(one.endpoint, **change))


def said(
    case: Case, node: str, *lines: tuple[Level, str, str], ago_ms: int = 9_000
) -> dict[str, list[Entry]]:
    """The case's lines, and after them (level, text, error)."""
    more = [
        Entry(
            node=node,
            at_ms=case.now_ms - ago_ms + at,
            level=level,
            text=text,
            fields=(("error", error),) if error else (),
        )
        for at, (level, text, error) in enumerate(lines)
    ]
    kept = {name: list(entries) for name, entries in case.entries.items()}
    kept[node] += more
    return kept


def down(case: Case, one: NodeSnapshot, exit_status: int) -> NodeSnapshot:
    """A start has failed, and systemd waits its ten seconds for the third."""
    unit = replace(
        one.unit,
        active="activating",
        sub="auto-restart",
        since_ms=case.now_ms - 4_000,
        restarts=2,
        exit_status=exit_status,
        result="exit-code",
        main_pid=None,
    )
    gone = Endpoint(answers=False, error="Couldn't connect to server", answered_ms=case.now_ms - 40_000)
    return replace(one, unit=unit, endpoint=gone, hash=None)


@made("healthy")
def databases_too_large(case: Case) -> Changed:
    """databases of 640 MB: whether their keys agree is not looked at."""

    def large(one: NodeSnapshot) -> NodeSnapshot:
        return replace(endpoint(one, db_size=640_000_000, db_in_use=611_000_000), hash=None)

    return nodes(case, m1=large, m2=large, m3=large), case.entries


@made("healthy")
def unit_cannot_be_read(case: Case) -> Changed:
    """systemd on one master does not answer; etcd does."""
    unread = UnitState(unread="Failed to get properties: Connection timed out")
    return nodes(case, m2=lambda one: replace(one, unit=unread)), case.entries


@made("healthy")
def versions_differ(case: Case) -> Changed:
    """an upgrade that stopped half-way."""
    return nodes(case, m3=lambda one: endpoint(one, version="3.5.10")), case.entries


@made("healthy")
def certificate_not_valid_yet(case: Case) -> Changed:
    """one master's certificates begin in two hours; its clock was set back after they were made."""

    def early(one: Certificate) -> Certificate:
        return replace(one, begins_ms=case.now_ms + 2 * HOUR_MS)

    def change(one: NodeSnapshot) -> NodeSnapshot:
        assert one.upkeep is not None
        certificates = tuple(map(early, one.upkeep.certificates))
        return replace(one, upkeep=replace(one.upkeep, certificates=certificates))

    return nodes(case, m2=change), case.entries


@made("healthy")
def master_not_configured(case: Case) -> Changed:
    """the configuration lacks one master that the member list has."""
    return case.snapshot.nodes[:2], {name: case.entries[name] for name in (M1, M2)}


@made("healthy")
def host_key_changed(case: Case) -> Changed:
    """one master shows another host key than the known one."""
    error = NodeError(
        "host-key-changed",
        "the host key has changed",
        "somebody may listen in, or the host was installed anew: compare its fingerprint there",
    )

    def change(one: NodeSnapshot) -> NodeSnapshot:
        blank = NodeSnapshot(name=one.name, host=one.host, since_ms=case.now_ms - 30_000)
        return replace(blank, link=Link.REFUSED, error=error)

    return nodes(case, m3=change), case.entries


@made("healthy")
def samples_late_and_connecting(case: Case) -> Changed:
    """one master's samples stopped six seconds ago, another is being connected to."""

    def late(one: NodeSnapshot) -> NodeSnapshot:
        return replace(one, link=Link.STALE, at_ms=case.now_ms - 6_000)

    def new(one: NodeSnapshot) -> NodeSnapshot:
        blank = NodeSnapshot(name=one.name, host=one.host, since_ms=case.now_ms - 900)
        return replace(blank, doing="TCP", notes=("ProxyCommand of ssh_config is not followed",))

    return nodes(case, m2=late, m3=new), {**case.entries, M3: []}


@made("healthy")
def not_root_anywhere(case: Case) -> Changed:
    """a login without root on all masters: only what anybody may see."""
    error = NodeError("no-privilege", "sudo asks for a password", "give one, or allow it without")

    def plain(one: NodeSnapshot) -> NodeSnapshot:
        seen = NodeSnapshot(
            name=one.name, host=one.host, link=Link.LIVE, since_ms=one.since_ms, at_ms=one.at_ms
        )
        return replace(
            seen, error=error, unit=one.unit, disk=one.disk, listening=(2379, 2380), boot_id=one.boot_id
        )

    return nodes(case, m1=plain, m2=plain, m3=plain), case.entries


@made("healthy")
def own_clock_is_wrong(case: Case) -> Changed:
    """this machine's clock is 4.2 s behind that of all masters."""

    def ahead(one: NodeSnapshot) -> NodeSnapshot:
        return replace(one, clock_skew_ms=4_200)

    return nodes(case, m1=ahead, m2=ahead, m3=ahead), case.entries


@made("healthy")
def authentication_is_on(case: Case) -> Changed:
    """one member wants a name and a password before it answers a read: whether it has quorum it does not say."""
    why = "etcdserver: user name is empty"
    return nodes(case, m2=lambda one: endpoint(one, has_quorum=None, error=why)), case.entries


@made("healthy")
def five_masters_two_stopped(case: Case) -> Changed:
    """of five members two are stopped: three of five have quorum."""
    ids = {M1: "6d5dbf2cd0ad6b5f", M2: "9b3f0a1c55e0d7a2"}
    text = msgspec.json.encode(case.snapshot.nodes[:2]).decode()
    for old, new in (("nova-master-1", "nova-master-4"), ("nova-master-2", "nova-master-5")):
        text = text.replace(old, new)
    text = text.replace("etcd1=", "etcd4=").replace("172.31.100.97", "172.31.100.107")
    text = re.sub(
        r"etcd2=|172\.31\.100\.105", lambda m: "etcd5=" if m[0] == "etcd2=" else "172.31.100.108", text
    )
    twins = msgspec.json.decode(text, type=tuple[NodeSnapshot, ...])
    own = {row.name: row for row in case.snapshot.nodes[0].members}
    rows = tuple(
        replace(
            own[old],
            id=ids[node],
            name=new,
            peer_urls=(f"https://172.31.100.{end}:2380",),
            client_urls=(f"https://172.31.100.{end}:2379",),
        )
        for node, old, new, end in ((M1, "etcd1", "etcd4", 107), (M2, "etcd2", "etcd5", 108))
    )
    members = (*case.snapshot.nodes[0].members, *rows)
    initial = ",".join(f"{row.name}={row.peer_urls[0]}" for row in members)

    def of_five(one: NodeSnapshot) -> NodeSnapshot:
        env = replace(one.env, initial_cluster=initial)
        return replace(one, members=members, env=env)

    def stopped(one: NodeSnapshot, row: Any) -> NodeSnapshot:
        unit = replace(one.unit, active="inactive", sub="dead", since_ms=case.now_ms - 60_000, main_pid=None)
        env = replace(one.env, name=row.name, peer_urls=row.peer_urls, initial_cluster=initial)
        gone = Endpoint(answers=False, error="Couldn't connect to server", answered_ms=case.now_ms - 62_000)
        return replace(
            one, unit=replace(unit, exit_status=0), endpoint=gone, env=env, members=members, hash=None
        )

    more = [stopped(one, row) for one, row in zip(twins, rows, strict=True)]
    return [*map(of_five, case.snapshot.nodes), *more], {
        **case.entries,
        "nova-master-4": [],
        "nova-master-5": [],
    }


@made("hold-left-behind")
def run_left_behind(case: Case) -> Changed:
    """a run whose runner is silent has one master, and holds its etcd down."""
    return _held(case, alive=False), case.entries


@made("hold-left-behind")
def run_under_way(case: Case) -> Changed:
    """a run whose runner lives has one master, and holds its etcd down."""
    return _held(case, alive=True), case.entries


def _held(case: Case, *, alive: bool) -> list[NodeSnapshot]:
    held = Held(
        run="7f3a",
        epoch=1,
        operator="ops",
        host="console",
        since_ms=case.now_ms - 130_000,
        alive=alive,
        hold="7f3a",
    )
    return nodes(case, m2=lambda one: replace(one, held=held))


@made("clock-skew")
def clock_drift_is_told(case: Case) -> Changed:
    """the others' etcd says so too, every thirty seconds."""
    line = (Level.WARN, "prober found high clock drift", "")
    return case.snapshot.nodes, said(case, M1, line, ago_ms=2_000)


@made("keys-differ")
def keys_differ_found_at_a_start(case: Case) -> Changed:
    """the odd one compares its keys before it starts (ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK), and does not."""
    lines = said(
        case,
        M3,
        (Level.INFO, "starting an etcd server", ""),
        (Level.FATAL, "discovery failed", "e7b44abd88b7fad0 found data inconsistency with peers"),
    )
    return nodes(case, m3=lambda one: down(case, one, 1)), lines


@made("database-gone")
def database_missing_at_a_start(case: Case) -> Changed:
    """other words of etcd for the same."""
    lines = said(
        case,
        M2,
        (Level.INFO, "starting an etcd server", ""),
        (Level.FATAL, "panic: database file (/var/lib/etcd/member/snap/db) of the backend is missing", ""),
        ago_ms=5_000,
    )
    recent = {
        name: [one for one in kept if "failed to recover" not in one.text] for name, kept in lines.items()
    }
    return nodes(case, m2=lambda one: down(case, one, 2)), recent


@made("disk-full")
def disk_full_at_a_start(case: Case) -> Changed:
    """it does not get through its start, for it cannot write."""
    lines = said(
        case,
        M2,
        (Level.INFO, "starting an etcd server", ""),
        (
            Level.FATAL,
            "failed to save Raft hard state and entries",
            "write /var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal: no space left on device",
        ),
    )
    return nodes(case, m2=lambda one: down(case, one, 1)), lines


@made("healthy")
def snapshot_file_skipped(case: Case) -> Changed:
    """one member starts; its newest snapshot file is damaged, and it goes on from the next older one."""
    lines = said(
        case,
        M2,
        (Level.INFO, "starting an etcd server", ""),
        (Level.WARN, "failed to read a snap file", "snap: crc mismatch"),
        ago_ms=4_000,
    )

    def starts(one: NodeSnapshot) -> NodeSnapshot:
        down_now = down(case, one, 1)
        unit = replace(down_now.unit, sub="start", restarts=0, exit_status=None, result="success", main_pid=1)
        return replace(down_now, unit=unit)

    return nodes(case, m2=starts), lines


def main() -> None:
    for name, (base, note, change) in MADE.items():
        case = cases.read(cases.PLACE / f"{base}.case")
        seen, entries = change(case)
        snapshot = ClusterSnapshot(
            cluster=case.snapshot.cluster,
            environment=case.snapshot.environment,
            at_ms=case.now_ms,
            nodes=tuple(seen),
        )
        cases.write(
            cases.PLACE / f"{name}.case", f"By hand, from {base}.case: {note}", snapshot, entries, case.now_ms
        )


if __name__ == "__main__":
    main()
