"""What surrounds etcd on the masters: clocks, disks, the shape of the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from statistics import median_high, median_low

from novatui.diagnosis.data import DISK_OUT_BYTES
from novatui.diagnosis.finding import of_node
from novatui.model.cluster import NodeSnapshot
from novatui.model.findings import Finding, Severity
from novatui.model.words import N_, Words

NEAR_QUOTA = "quota-near"
FILLS_UP = "disk-pace"
DISK_LOW = 0.10  # of its size: etcd needs room for a second copy of its database at times
SKEW_MS = 1_000  # etcd's own prober warns from one second on
# etcd's hardware guide wants 10 ms; at its heartbeat interval of 100 ms leaders are lost. Half of that deserves a word.
FSYNC_SLOW_MS = 50.0
# A database that would shrink to less than half is worth defragmenting, if it is one that counts.
FRAGMENTED, FRAGMENTED_BYTES = 0.5, 100_000_000
QUOTA_NEAR = 0.8
# At its present pace the disk is full before anybody looks again, or before the next working day.
FULL_SOON_S, FULL_LATER_S = 7_200, 86_400
PENDING = 100  # proposals that wait: etcd refuses more at 5,000


def surroundings(live: Sequence[NodeSnapshot]) -> Iterator[Finding]:
    """``live``: the masters of which something is known now."""
    yield from _clocks(live)
    for node in live:
        yield from _disk(node)
        yield from _database(node)


def _clocks(live: Sequence[NodeSnapshot]) -> Iterator[Finding]:
    """Masters are compared with each other: etcd minds that, and not what this machine's clock says."""
    skews = {node.name: node.clock_skew_ms for node in live if node.clock_skew_ms is not None}
    if not skews:
        return
    # Of an even number there may be two middles: who agrees with this machine is not told to be the odd one.
    low, high = median_low(skews.values()), median_high(skews.values())
    middle = min((low, high), key=abs)
    for node in live:
        off = skews.get(node.name, middle) - middle
        if abs(off) > SKEW_MS:
            ahead, behind = N_("its clock is {seconds} s ahead"), N_("its clock is {seconds} s behind")
            title = Words(ahead if off > 0 else behind, seconds=_seconds(off))
            hint = Words(N_("compared with the other masters: look at chrony there"))
            value, at_ms = f"{off:+d} ms", node.at_ms
            about = partial(of_node, node=node.name, source="clock", value=value, at_ms=at_ms)
            yield about("clock-skew", Severity.WARN, title, hint)
    if abs(middle) > SKEW_MS and high - low <= SKEW_MS:
        ahead, behind = (
            N_("this machine's clock is {seconds} s ahead of the masters'"),
            N_("this machine's clock is {seconds} s behind the masters'"),
        )
        title = Words(behind if middle > 0 else ahead, seconds=_seconds(middle))
        hint = Words(N_("ages and times shown here are off by that much; the cluster does not mind"))
        yield of_node(
            "own-clock",
            Severity.INFO,
            title,
            hint,
            node="",
            source="clock",
            value=f"{middle:+d} ms",
            at_ms=max((node.at_ms or 0 for node in live), default=0) or None,
        )


def _disk(node: NodeSnapshot) -> Iterator[Finding]:
    disk = node.disk
    about = partial(of_node, node=node.name, at_ms=node.at_ms)
    if disk is not None and disk.size > 0:
        out = disk.free < DISK_OUT_BYTES
        if out or disk.free / disk.size < DISK_LOW:
            full, low = (
                N_("its disk is full: {percent} % free"),
                N_("its disk is nearly full: {percent} % free"),
            )
            title = Words(full if out else low, percent=100 * disk.free // disk.size)
            hint = Words(N_("free space before etcd needs it; this is not its quota"))
            value = f"{disk.path}: {disk.free} / {disk.size} bytes"
            severity = Severity.BAD if out else Severity.WARN
            yield about("disk-low", severity, title, hint, source="disk", value=value)
        elif disk.shrinks and (left_s := disk.free / disk.shrinks) < FULL_LATER_S:
            title = Words(N_("at its present pace its disk is full in {hours} h"), hours=_hours(left_s))
            hint = Words(N_("find out what grows there: etcd stops when it cannot write"))
            value = f"{disk.path}: {disk.free} bytes free, {disk.shrinks:.0f} less a second"
            severity = Severity.WARN if left_s < FULL_SOON_S else Severity.INFO
            yield about(FILLS_UP, severity, title, hint, source="disk", value=value)
    p99 = node.endpoint.fsync_p99_ms
    if node.endpoint.answers and p99 is not None and p99 >= FSYNC_SLOW_MS:
        title = Words(
            N_("its disk syncs slowly: one write in a hundred takes {ms} ms or more"), ms=round(p99)
        )
        hint = Words(
            N_("etcd wants less than 10 ms; from 100 ms on leaders are lost. Look at what else writes there")
        )
        yield about(
            "slow-fsync",
            Severity.INFO,
            title,
            hint,
            source="endpoint",
            value=f"fsync p99 {p99:.1f} ms",
            at_ms=node.endpoint.metrics_ms or node.at_ms,
        )


def _database(node: NodeSnapshot) -> Iterator[Finding]:
    endpoint = node.endpoint
    size, used, quota = endpoint.db_size, endpoint.db_in_use, endpoint.quota or node.env.quota
    if not endpoint.answers or size is None:
        return
    about = partial(of_node, node=node.name, source="endpoint", at_ms=endpoint.answered_ms)
    value = f"db {size}, in use {used} bytes"
    full = any(alarm.kind == "NOSPACE" for alarm in endpoint.alarms)
    if quota and size >= QUOTA_NEAR * quota and not full:
        title = Words(N_("its database has {percent} % of its quota"), percent=100 * size // quota)
        hint = Words(
            N_(
                "at 100 % writes are refused: compact and defragment, or raise ETCD_QUOTA_BACKEND_BYTES on all masters"
            )
        )
        yield about(NEAR_QUOTA, Severity.WARN, title, hint, value=f"{value}, quota {quota}")
    if used is not None and size >= FRAGMENTED_BYTES and used < FRAGMENTED * size:
        title = Words(N_("{percent} % of its database file is empty"), percent=100 * (size - used) // size)
        hint = Words(
            N_("defragment gives it back: one member after the other, the leader last; it is not urgent")
        )
        yield about("fragmented", Severity.INFO, title, hint, value=value)
    waiting = endpoint.proposals_pending
    if waiting is not None and waiting >= PENDING:
        title = Words(N_("{n} of its proposals wait to be agreed on"), n=waiting)
        hint = Words(N_("a slow disk or network, or more writes than the members can follow"))
        yield about("proposals-pending", Severity.INFO, title, hint, value=f"pending {waiting}")


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f}"


def _seconds(ms: int) -> str:
    return f"{abs(ms) / 1000:.1f}"
