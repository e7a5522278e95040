"""What was seen of the masters, frozen and dated: one ``ClusterSnapshot`` a poll.

Times are UTC milliseconds. Unknown is ``None``, never 0. IDs are lower-case hex strings without a prefix.
A *node* is a master host; a *member* is etcd's view of it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Link(StrEnum):
    """The life of the SSH connection to one master."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"  # connected, but the last sample is older than three seconds
    LOST = "lost"  # not connected; ``NodeSnapshot.error`` says why, retry is under way
    REFUSED = "refused"  # will not be retried by itself: host key, authentication, privilege


# codes of errors.NoPrivilege and what is derived from it
NOT_ROOT = ("no-privilege", "sudo-password-wrong")


class NodeError(msgspec.Struct, frozen=True):
    """Why a node could not be asked: the ``code``, ``title`` and ``hint`` of a RemoteError."""

    code: str
    title: str
    hint: str = ""


class UnitState(msgspec.Struct, frozen=True, kw_only=True):
    """``systemctl show`` of the etcd unit."""

    unread: str | None = None  # why it could not be read; then nothing else is known
    load: str | None = None
    active: str | None = None
    sub: str | None = None
    since_ms: int | None = None  # when ActiveState was entered, by the master's clock
    restarts: int | None = None  # by systemd, since somebody started it
    ran_ms: int | None = (
        None  # how long it was active before the end that systemd is about to start it again after
    )
    exit_status: int | None = None  # ExecMainStatus; None while the main process runs
    exit_signal: bool = False  # ExecMainCode says killed/dumped: exit_status is a signal number
    result: str | None = None
    main_pid: int | None = None
    invocation_id: str | None = None


class Alarm(msgspec.Struct, frozen=True):
    """One raised alarm, as Status reports it (asking for alarms by their own call would write to raft); ``member_id`` is 0
    where etcd names none."""

    member_id: str
    kind: str  # NOSPACE | CORRUPT


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The member's own answer on its own loopback endpoint. Four properties, never one "healthy"."""

    answers: bool | None = None  # Status came back
    has_quorum: bool | None = None  # a linearizable read on this endpoint came back
    error: str | None = None  # why it does not answer, could not be asked, or has no quorum
    # what kept us from asking: files | refused (our certificate) | distrusted (its certificate, by us) | curl | etcdctl
    unasked: str | None = None
    latency_ms: float | None = None
    answered_ms: int | None = None  # last time it answered
    silent_since_ms: int | None = None  # the first of the looks in a row that it did not answer
    cluster_id: str | None = None
    member_id: str | None = None
    leader_id: str | None = None
    is_learner: bool | None = None
    term: int | None = None
    index: int | None = None
    applied: int | None = None
    revision: int | None = None
    db_size: int | None = None  # bytes
    db_in_use: int | None = None  # bytes
    version: str | None = None
    alarms: tuple[Alarm, ...] = ()
    errors: tuple[str, ...] = ()
    # of its metrics, every ten seconds or so; None also where it has no metrics
    metrics_ms: int | None = None  # when they were read last
    fsync_p99_ms: float | None = None
    quota: int | None = None  # bytes that its database may take, the default included
    proposals_pending: int | None = None
    leader_changes: int | None = None  # that it saw in the last ten minutes

    @property
    def is_leader(self) -> bool | None:
        """None while there is no leader or no answer."""
        if not self.member_id or not self.leader_id or int(self.leader_id, 16) == 0:
            return None
        return self.member_id == self.leader_id


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a member list, as one node's etcd holds it."""

    id: str
    name: str = ""  # empty while unstarted
    peer_urls: tuple[str, ...] = ()
    client_urls: tuple[str, ...] = ()
    learner: bool = False

    @property
    def started(self) -> bool:
        return bool(self.name)


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """The file system that holds the data directory; bytes."""

    path: str
    size: int
    free: int
    # bytes of free space that go a second, over some minutes; None: not known yet
    shrinks: float | None = None


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One file of certificates that the env file names. ``ends_ms`` is the first one's end, of a CA's file the last to end.

    ``keys`` are the keys of the env file that name it. UTC ms by the calendar; None: it could not be read as one.
    """

    file: str
    keys: tuple[str, ...] = ()
    begins_ms: int | None = None
    ends_ms: int | None = None
    problem: str = ""  # missing | odd (no regular file) | unreadable | no certificate | damaged (one in it)


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """The newest snapshot archive in one directory where they are looked for; ``path`` is empty when there is none."""

    directory: str
    path: str = ""
    at_ms: int | None = None  # its mtime
    size: int | None = None  # bytes


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """What changes slowly, looked at once a minute. ``log``: whether the data directory holds a write-ahead log (``yes``,
    ``no``, ``missing``: there is no such directory, ``unmounted``: nor is its file system mounted, ``unknown``)."""

    at_ms: int
    log: str = "unknown"
    certificates: tuple[Certificate, ...] = ()
    backups: tuple[Backup, ...] = ()


# Of a larger database the watch has no hash made: for that a member reads all of it, and commits nothing meanwhile.
HASHED_MAX_BYTES = 128 * 1024**2
# Nor of one whose disk takes this long for an fsync, milliseconds at the 99th percentile.
HASHED_SLOW_MS = 50.0


class KeyHash(msgspec.Struct, frozen=True, kw_only=True):
    """etcd's hash of all keys from ``compacted`` to ``revision``: comparable only where both are equal."""

    revision: int
    compacted: int
    hash: int
    at_ms: int


class EtcdEnv(msgspec.Struct, frozen=True, kw_only=True):
    """What a node's etcd env file says, parsed, never sourced."""

    name: str = ""
    data_dir: str = ""
    wal_dir: str = ""
    initial_cluster: str = ""
    initial_state: str = ""
    token: str = ""
    peer_urls: tuple[str, ...] = ()  # ETCD_INITIAL_ADVERTISE_PEER_URLS
    client_urls: tuple[str, ...] = ()  # ETCD_ADVERTISE_CLIENT_URLS
    endpoint: str = ""  # where this node's own etcd is asked
    asks_others: tuple[str, ...] = ()  # ETCDCTL_ENDPOINTS, when none of them is this node's own
    quota: int | None = None  # bytes, etcd's default included; None: it has none, or is not known
    certificates: tuple[tuple[str, str], ...] = ()  # (key, file) of every certificate, CAs included
    cacert: str = ""
    cert: str = ""
    key: str = ""
    cksum: str = ""  # of the whole file: tells a change
    problems: tuple[str, ...] = ()  # file, key and what is wrong with it


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Which run has a master, as its work directory says. Empty: free.

    ``operator``, ``host`` and ``since_ms`` (by the operator's clock) are the holder's own words. ``alive``: its runner's
    heartbeat is heard. ``hold``: the run whose hold keeps etcd from being started, which outlives a lease.
    """

    run: str = ""
    epoch: int | None = None
    operator: str = ""
    host: str = ""
    since_ms: int | None = None
    alive: bool | None = None
    hold: str = ""


class NodeSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one master. When it cannot be asked, the last known values stay, with their ``at_ms``."""

    name: str
    host: str
    link: Link = Link.CONNECTING
    doing: str = ""  # while connecting: the step it is at
    error: NodeError | None = None
    # of the connection: what of ssh_config is not followed, what the master is short of
    notes: tuple[str, ...] = ()
    since_ms: int | None = None  # of the present ``link``
    at_ms: int | None = None  # of the last sample
    boot_id: str | None = None
    clock_skew_ms: int | None = None  # master minus us, beyond the round trip
    unit: UnitState = UnitState()
    endpoint: Endpoint = Endpoint()
    members: tuple[Member, ...] = ()  # the list as this node's etcd holds it
    members_at_ms: int | None = None
    env: EtcdEnv = EtcdEnv()
    disk: Disk | None = None
    listening: tuple[int, ...] | None = (
        None  # of etcd's usual ports; looked at only where etcd itself cannot be asked
    )
    held: Held | None = None  # None: not known
    upkeep: Upkeep | None = None
    hash: KeyHash | None = None  # of the last comparison that this member was in

    @property
    def reachable(self) -> bool:
        return self.link in (Link.LIVE, Link.STALE)

    @property
    def unit_since_ms(self) -> int | None:
        """When the unit came to its present state, by our clock."""
        since = self.unit.since_ms
        return None if since is None else since - (self.clock_skew_ms or 0)

    @property
    def lacks_root(self) -> bool:
        """We are in, and are not root there: ``error`` says why. The env file, etcd's keys and data are root's."""
        return self.reachable and self.error is not None and self.error.code in NOT_ROOT


class ClusterSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All masters at one moment; nodes in the order of the configuration."""

    cluster: str
    environment: str = ""
    at_ms: int = 0
    nodes: tuple[NodeSnapshot, ...] = ()

    def node(self, name: str) -> NodeSnapshot:
        return next(node for node in self.nodes if node.name == name)
