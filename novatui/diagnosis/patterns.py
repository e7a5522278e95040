"""Journal lines that decide: what etcd logs when it will not start or serve, the cause, and what helps.

Each row was found in etcd's sources (3.4 to 3.6) or seen on a lab; the first matching row wins, so narrow ones
stand before wide ones. Lines come as zap JSON: both ``msg`` and ``error`` are looked at, because the top line is often
only ``discovery failed`` (3.5) or ``bootstrap failed`` (3.6).
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

import msgspec

from novatui.model.findings import Severity


class Remedy(StrEnum):
    """What kind of answer a cause has. Only RECOVER may lead to a runbook that puts data aside."""

    RECOVER = "recover-member"  # this member's data cannot serve any more
    FIX = "fix"  # something outside of the data: mend it, then start
    WAIT = "wait"  # it mends itself, or starts with its peers
    LOOK = "look"  # concerns a peer or the whole cluster: judged there, not by this line
    NONE = "none"  # information


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Every regex of ``all_of`` must be found in ``msg`` or ``error``.

    ``unusable``: evidence that *this* member's data cannot be used. ``never_wipe``: the data is good, or not known to
    be bad, and the cause lies elsewhere. ``excludes``: while this cause stands, a line about damage proves nothing.
    """

    id: str
    all_of: tuple[str, ...]
    cause: str
    hint: str
    remedy: Remedy
    severity: Severity
    unusable: bool = False
    never_wipe: bool = False
    excludes: bool = False


def _recover(id: str, all_of: tuple[str, ...], cause: str, hint: str) -> Pattern:
    return Pattern(
        id=id,
        all_of=all_of,
        cause=cause,
        hint=hint,
        remedy=Remedy.RECOVER,
        severity=Severity.BAD,
        unusable=True,
    )


def _fix(id: str, all_of: tuple[str, ...], cause: str, hint: str, *, excludes: bool = False) -> Pattern:
    return Pattern(
        id=id,
        all_of=all_of,
        cause=cause,
        hint=hint,
        remedy=Remedy.FIX,
        severity=Severity.BAD,
        never_wipe=True,
        excludes=excludes,
    )


def _look(id: str, all_of: tuple[str, ...], cause: str, hint: str, severity: Severity) -> Pattern:
    return Pattern(
        id=id, all_of=all_of, cause=cause, hint=hint, remedy=Remedy.LOOK, severity=severity, never_wipe=True
    )


def _wait(id: str, all_of: tuple[str, ...], cause: str, hint: str, severity: Severity) -> Pattern:
    return Pattern(
        id=id, all_of=all_of, cause=cause, hint=hint, remedy=Remedy.WAIT, severity=severity, never_wipe=True
    )


_RECOVER_HINT = (
    "recover-member gives it a fresh copy of the cluster's data; with no quorum left, restore-cluster"
)

PATTERNS: tuple[Pattern, ...] = (
    _recover(
        "already-bootstrapped",
        (r"member \S+ has already been bootstrapped",),
        "its data directory is empty and it would found a new cluster",
        _RECOVER_HINT,
    ),
    _recover(
        "tocommit-out-of-range",
        (r"tocommit\(\d+\) is out of range \[lastIndex\(\d+\)\]",),
        "its data was wiped or rolled back under its old member ID",
        _RECOVER_HINT,
    ),
    _recover(
        "removed",
        (
            r"the member has been permanently removed from the cluster"
            r"|data-dir used by this member must be removed",
        ),
        "it was removed from the cluster",
        "recover-member archives its data and adds it again; it exits 0, so its unit may not look failed",
    ),
    _fix(
        "peer-urls-differ",
        (r"PeerURLs: no match found for existing member",),
        "its peer URL is not the one the member list has",
        "correct ETCD_INITIAL_ADVERTISE_PEER_URLS and ETCD_INITIAL_CLUSTER in its env file",
    ),
    _fix(
        "initial-cluster-differs",
        (r"error validating peerURLs|member count is unequal",),
        "ETCD_INITIAL_CLUSTER differs from the member list, or it was not added",
        "compare its env file with the member list",
    ),
    _fix(
        "name-not-in-initial-cluster",
        (r"couldn't find local name",),
        "ETCD_NAME is not in ETCD_INITIAL_CLUSTER",
        "correct ETCD_NAME or ETCD_INITIAL_CLUSTER in its env file",
    ),
    _fix(
        "no-peer-answers",
        (r"cannot fetch cluster info from peer urls",),
        "it joins an existing cluster and no peer answers it",
        "look at its peers, the network between them and TLS",
    ),
    _look(
        "cluster-id-mismatch",
        (r"cluster ID mismatch",),
        "members of two different clusters talk to each other",
        "mixed tokens or old data: the majority's cluster ID wins, the odd one is replaced",
        Severity.WARN,
    ),
    _look(
        "member-id-mismatch",
        (r"ignored streaming request; ID mismatch|failed to find remote peer in cluster",),
        "a peer uses a member ID that is not in the list",
        "recover-member for the peer with the stale ID",
        Severity.WARN,
    ),
    _recover(
        "backend-lost",
        (r"failed to recover v3 backend from snapshot", r"snapshot file doesn't exist"),
        "its database and its log do not belong together, as after a power loss",
        _RECOVER_HINT,
    ),
    _recover(
        "backend-missing",
        (r"database file \(.*\) of the backend is missing",),
        "its database file is missing",
        _RECOVER_HINT,
    ),
    _fix(
        "database-permission",
        (r"failed to open database", r"permission denied"),
        "it may not open its own database",
        "set owner and mode as on the other masters, then restorecon",
        excludes=True,
    ),
    _recover(
        "database-invalid",
        (r"failed to open database", r"invalid database|checksum error|version mismatch"),
        "its database is damaged",
        _RECOVER_HINT,
    ),
    _recover(
        "wal-damaged",
        (
            r"(walpb|wal|snap): crc mismatch|failed to read WAL, cannot be repaired"
            r"|wal: file not found",
        ),
        "its write-ahead log is damaged",
        f"never edit it; {_RECOVER_HINT}",
    ),
    _recover(
        "database-corrupt",
        (r"freepages: failed to get all reachable pages|Page expected to be|page \d+ already freed",),
        "its database is corrupt",
        _RECOVER_HINT,
    ),
    _look(
        "data-differs",
        (r"found data inconsistency with peers|failed compaction hash check|[Dd]etected compaction hash mismatch",),
        "members hold different data",
        "compare hashkv of all members: the minority is recovered, never the majority",
        Severity.BAD,
    ),
    _look(
        "quota-exceeded",
        (r"message exceeded backend quota|database space exceeded",),
        "the database is at its quota and takes no writes",
        "compact, defragment each member, then disarm the NOSPACE alarm; no data is lost",
        Severity.BAD,
    ),
    _look(
        "alarm-raised",
        (r"\balarm raised\b",),
        "an alarm was raised",
        "endpoint status says which one and on which member",
        Severity.WARN,
    ),
    _fix(
        "disk-full",
        (r"no space left on device|failed to preallocate",),
        "its disk is full",
        "free space on it, then start it; this is not etcd's quota",
        excludes=True,
    ),
    _fix(
        "data-dir-access",
        (r"cannot access data directory",),
        "it may not enter its data directory",
        "set owner and mode 0700 as on the other masters, then restorecon",
        excludes=True,
    ),
    _fix(
        "port-in-use",
        (r"bind: address already in use",),
        "another process holds its port",
        "find it with ss -ltnp: most often a second etcd",
        excludes=True,
    ),
    _fix(
        "database-locked",
        (r"db file is flocked by another process",),
        "another process holds its database",
        "it waits for the lock: find the second etcd, or the tool that has the file open",
        excludes=True,
    ),
    _fix(
        "certificate",
        (
            r"tls: bad certificate|x509: certificate has expired or is not yet valid|x509: certificate has expired"
            r"|(does|do) not match any of DNSNames|x509: certificate signed by unknown authority"
            r"|x509: certificate is valid for|tls: failed to verify certificate",
        ),
        "certificates are refused",
        "look at validity, names and CA; 'bad certificate' means that the other side refused ours",
        excludes=True,
    ),
    _fix(
        "clock-drift",
        (r"prober found high clock drift|clock difference against peer",),
        "its clock and a peer's differ",
        "look at chrony on both",
        excludes=True,
    ),
    _wait(
        "no-leader",
        (r"lost leader|is starting a new election|failed to publish local member to cluster through raft",),
        "it has no leader for the moment",
        "no quorum or a slow disk: wait, and start the peers that are down; never restore for this",
        Severity.WARN,
    ),
    _wait(
        "slow",
        (
            r"apply request took too long|slow fdatasync|leader failed to send out heartbeat on time"
            r"|waiting for ReadIndex response took too long",
        ),
        "disk or CPU are slow",
        "look at the disk's latency and at what else runs there; never wipe for this",
        Severity.INFO,
    ),
    _look(
        "member-change-rejected",
        (r"rejecting member (add|remove|promote) request|rejecting member add;|etcdserver: unhealthy cluster",),
        "a change of members was refused because a voter is not connected",
        "bring the unconnected voter up, or remove it first",
        Severity.WARN,
    ),
    Pattern(
        id="already-initialized",
        all_of=(r"server has (been already|already been) initialized",),
        cause="it has data, so ETCD_INITIAL_* are ignored",
        hint="",
        remedy=Remedy.NONE,
        severity=Severity.INFO,
        never_wipe=True,
    ),
)  # fmt: skip

BY_ID: dict[str, Pattern] = {pattern.id: pattern for pattern in PATTERNS}

_COMPILED = tuple((pattern, tuple(re.compile(part) for part in pattern.all_of)) for pattern in PATTERNS)


@lru_cache(maxsize=8192)
def match(text: str, error: str = "") -> Pattern | None:
    """The row that a line's ``msg`` and ``error`` belong to, or None."""
    both = f"{text}\n{error}"
    for pattern, parts in _COMPILED:
        if all(part.search(both) for part in parts):
            return pattern
    return None
