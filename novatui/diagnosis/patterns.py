"""Journal lines that decide: what etcd logs when it will not start or serve, the cause, and what helps.

Each row was found in etcd's sources (3.4 to 3.6) or seen on a lab; the first matching row wins, so narrow ones
stand before wide ones. Lines come as zap JSON: both ``msg`` and ``error`` are looked at, because the top line is often
only ``discovery failed`` (3.5) or ``bootstrap failed`` (3.6).
"""

from __future__ import annotations

import re
from functools import lru_cache

from novatui.diagnosis.pattern import Pattern, Remedy, fix, look, recover, wait
from novatui.model.findings import Severity
from novatui.model.words import N_

REMOVED = "removed"

PATTERNS: tuple[Pattern, ...] = (
    recover(
        "already-bootstrapped",
        (r"member \S+ has already been bootstrapped",),
        N_("its data directory is empty and it would found a new cluster"),
    ),
    recover(
        "tocommit-out-of-range",
        (r"tocommit\(\d+\) is out of range \[lastIndex\(\d+\)\]",),
        N_("its data was wiped or rolled back under its old member ID"),
        at_runtime=True,
    ),
    recover(
        REMOVED,
        (
            r"the member has been permanently removed from the cluster"
            r"|data-dir used by this member must be removed",
        ),
        N_("it was removed from the cluster"),
        N_("recover-member archives its data and adds it again; it exits 0, so its unit may not look failed"),
    ),
    fix(
        "peer-urls-differ",
        (r"PeerURLs: no match found for existing member",),
        N_("its peer URL is not the one the member list has"),
        N_("correct ETCD_INITIAL_ADVERTISE_PEER_URLS and ETCD_INITIAL_CLUSTER in its env file"),
    ),
    fix(
        "initial-cluster-differs",
        (r"error validating peerURLs|member count is unequal",),
        N_("ETCD_INITIAL_CLUSTER differs from the member list, or it was not added"),
        N_("compare its env file with the member list"),
    ),
    fix(
        "name-not-in-initial-cluster",
        (r"couldn't find local name",),
        N_("ETCD_NAME is not in ETCD_INITIAL_CLUSTER"),
        N_("correct ETCD_NAME or ETCD_INITIAL_CLUSTER in its env file"),
    ),
    fix(
        "no-peer-answers",
        (r"cannot fetch cluster info from peer urls",),
        N_("it joins an existing cluster and no peer answers it"),
        N_("look at its peers, the network between them and TLS"),
    ),
    look(
        "cluster-id-mismatch",
        (r"cluster ID mismatch",),
        N_("members of two different clusters talk to each other"),
        N_("mixed tokens or old data: the majority's cluster ID wins, the odd one is replaced"),
        Severity.WARN,
        lasting=True,
    ),
    look(
        "member-id-mismatch",
        (r"ignored streaming request; ID mismatch|failed to find remote peer in cluster",),
        N_("a peer uses a member ID that is not in the list"),
        N_("recover-member for the peer with the stale ID"),
        Severity.WARN,
        lasting=True,
    ),
    recover(
        "backend-lost",
        (r"failed to recover v3 backend from snapshot", r"snapshot file doesn't exist"),
        N_("its database and its log do not belong together, as after a power loss"),
    ),
    recover(
        "backend-missing",
        (r"database file \(.*\) of the backend is missing",),
        N_("its database file is missing"),
    ),
    fix(
        "database-permission",
        (r"failed to open database", r"permission denied"),
        N_("it may not open its own database"),
        N_("set owner and mode as on the other masters, then restorecon"),
        excludes=True,
    ),
    recover(
        "database-invalid",
        (r"failed to open database", r"invalid database|checksum error|version mismatch"),
        N_("its database is damaged"),
    ),
    recover(
        "wal-damaged",
        (
            r"(walpb|wal): crc mismatch|failed to read WAL, cannot be repaired"
            r"|wal: file not found",
        ),
        N_("its write-ahead log is damaged"),
        N_(
            "never edit it; recover-member gives the member a fresh copy of the cluster's data; with no quorum left, "
            "restore-cluster"
        ),
    ),
    look(
        "snapshot-skipped",
        (r"snap: crc mismatch|snap file is corrupt",),
        N_("it skipped a damaged snapshot file"),
        N_("it goes on from the next older one and its log, and says so if that is too short; look at its disk"),
        Severity.WARN,
    ),
    recover(
        "database-corrupt",
        (r"freepages: failed to get all reachable pages|Page expected to be|page \d+ already freed",),
        N_("its database is corrupt"),
        at_runtime=True,
    ),
    look(
        "data-differs",
        (r"found data inconsistency with peers|failed compaction hash check|[Dd]etected compaction hash mismatch",),
        N_("members hold different data"),
        N_("compare hashkv of all members: the minority is recovered, never the majority"),
        Severity.BAD,
        lasting=True,
    ),
    look(
        "quota-exceeded",
        (r"message exceeded backend quota|database space exceeded",),
        N_("the database is at its quota and takes no writes"),
        N_("compact, defragment each member, then disarm the NOSPACE alarm; no data is lost"),
        Severity.BAD,
        lasting=True,
        past=N_("the database was at its quota and took no writes"),
    ),
    look(
        "alarm-raised",
        (r"\balarm raised\b",),
        N_("an alarm was raised"),
        N_("endpoint status says which one and on which member"),
        Severity.WARN,
        past=N_("an alarm was raised"),
    ),
    fix(
        "disk-full",
        (r"no space left on device|failed to preallocate",),
        N_("its disk is full"),
        N_("free space on it; this is not etcd's quota"),
        excludes=True,
        lasting=True,
        past=N_("its disk was full"),
    ),
    fix(
        "data-dir-access",
        (r"cannot access data directory|failed to list data directory",),
        N_("it may not enter its data directory"),
        N_("set owner and mode 0700 as on the other masters, then restorecon"),
        excludes=True,
    ),
    fix(
        "port-in-use",
        (r"bind: address already in use",),
        N_("another process holds its port"),
        N_("find it with ss -ltnp: most often a second etcd"),
        excludes=True,
    ),
    fix(
        "database-locked",
        (r"db file is flocked by another process",),
        N_("another process holds its database"),
        N_("it waits for the lock: find the second etcd, or the tool that has the file open"),
        excludes=True,
    ),
    fix(
        "certificate",
        (
            r"tls: bad certificate|x509: certificate has expired or is not yet valid|x509: certificate has expired"
            r"|(does|do) not match any of DNSNames|x509: certificate signed by unknown authority"
            r"|x509: certificate is valid for|tls: failed to verify certificate",
        ),
        N_("certificates are refused"),
        N_("look at validity, names and CA; 'bad certificate' means that the other side refused ours"),
        excludes=True,
        past=N_("a certificate was refused, of a client or of a peer"),
    ),
    look(
        "clock-drift",
        (r"prober found high clock drift|clock difference against peer",),
        N_("its clock and a peer's differ"),
        N_("look at chrony on both"),
        Severity.WARN,
        excludes=True,
        lasting=True,
    ),
    wait(
        "no-leader",
        (r"lost leader|is starting a new election|failed to publish local member to cluster through raft",),
        N_("it has no leader for the moment"),
        N_("no quorum or a slow disk: wait, and start the peers that are down; never restore for this"),
        Severity.INFO,
        past=N_("it had no leader for a moment"),
    ),
    wait(
        "slow",
        (
            r"apply request took too long|slow fdatasync|leader failed to send out heartbeat on time"
            r"|waiting for ReadIndex response took too long",
        ),
        N_("disk or CPU are slow"),
        N_("look at the disk's latency and at what else runs there; never wipe for this"),
        Severity.INFO,
        past=N_("disk or CPU were slow"),
    ),
    look(
        "member-change-rejected",
        (r"rejecting member (add|remove|promote) request|rejecting member add;|etcdserver: unhealthy cluster",),
        N_("a change of members was refused because a voter is not connected"),
        N_("bring the unconnected voter up, or remove it first"),
        Severity.WARN,
        past=N_("a change of members was refused because a voter was not connected"),
    ),
    Pattern(
        id="already-initialized",
        all_of=(r"server has (been already|already been) initialized",),
        cause=N_("it has data, so ETCD_INITIAL_* are ignored"),
        hint="",
        remedy=Remedy.NONE,
        severity=Severity.INFO,
        never_wipe=True,
    ),
)  # fmt: skip

BY_ID: dict[str, Pattern] = {pattern.id: pattern for pattern in PATTERNS}

_SEARCHES = tuple(
    (pattern, re.compile(pattern.all_of[0]).search, [re.compile(part).search for part in pattern.all_of[1:]])
    for pattern in PATTERNS
)


@lru_cache(maxsize=8192)
def match(text: str, error: str = "") -> Pattern | None:
    """The row that a line's ``msg`` and ``error`` belong to, or None."""
    both = f"{text}\n{error}"
    for pattern, first, others in _SEARCHES:
        if first(both) and all(other(both) for other in others):
            return pattern
    return None
