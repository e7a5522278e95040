"""What is known of one master, growing frame by frame: pure, no I/O. Feeds NodeSnapshot."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from novatui.config import NodeConfig
from novatui.model.cluster import (
    Endpoint,
    EtcdEnv,
    KeyHash,
    Link,
    NodeError,
    NodeSnapshot,
    UnitState,
)
from novatui.probes import disk, envfile, etcd, held, systemd
from novatui.probes.frames import Frame, Piece
from novatui.probes.metrics import Pasts, counters
from novatui.probes.numbers import date_ms, fraction, whole
from novatui.probes.upkeep import upkeep

# A live link whose last sample is older, milliseconds, is stale. A hung etcd takes two seconds of its master's loop.
STALE_MS = 3000
_UP = ("active", "activating", "reloading")
_WHY_NO_ENV = {"missing": "is missing", "odd": "is no regular file, so it was not opened"}


class Sight:
    """Last known values stay when a master cannot be asked, with the time they were true. Times are ours, UTC ms."""

    def __init__(self, node: NodeConfig) -> None:
        self._buckets: dict[float, float] = {}
        self._pasts = Pasts()
        self._live_from: int | None = None
        self._unit = UnitState()  # as it was read last
        self.snapshot = NodeSnapshot(name=node.name, host=node.host)
        self.gateway = True
        self.trouble: NodeError | None = None  # why the samples do not come though the link is live

    def facts(self, frame: Frame, file: str) -> None:
        """One frame of ``facts.sh``, with which each loop of looks begins: etcd may be another one, or be asked elsewhere."""
        changes: dict[str, object] = {}
        if "boot" in frame:
            changes["boot_id"] = frame["boot"].said().replace("-", "")[:32] or None
        env = frame.get("env")
        if env is not None and env.exit == 0:
            parsed = envfile.parse(env.body, file=file, cksum=cksum(frame))
        else:
            why = _WHY_NO_ENV.get(env.args[0] if env is not None and env.args else "", "cannot be read")
            parsed = EtcdEnv(cksum=cksum(frame), problems=(f"{file}: {why}",))
        unit = frame.get("unit")
        problems = systemd.env_file_problems(unit.body, file) if unit is not None else ()
        changes["env"] = replace(parsed, problems=parsed.problems + problems)
        if not _same_file(parsed, self.snapshot.env):
            changes["upkeep"] = None  # it is of the places that the other one named
        self.snapshot = replace(_unheard(self.snapshot), **changes)

    def look(self, frame: Frame, now_ms: int) -> None:
        """One frame of ``poll.sh``."""
        seen = replace(self.snapshot, at_ms=now_ms)
        clock = frame.get("clock")
        if clock is not None:
            seen = self._by_the_unit(seen, frame, now_ms)
        else:
            seen = self._by_etcd(seen, frame, now_ms)
        self.snapshot = seen

    def upkeep(self, frame: Frame, env: EtcdEnv, directories: Sequence[str], now_ms: int) -> None:
        """One frame of ``upkeep.sh``, asked with this env file: of no use where it has become another one meanwhile."""
        if not _same_file(env, self.snapshot.env):
            return
        self.snapshot = replace(self.snapshot, upkeep=upkeep(frame, env, directories, now_ms=now_ms))

    def hashed(self, found: KeyHash) -> None:
        """What its keys hash to."""
        self.snapshot = replace(self.snapshot, hash=found)

    def notes(self, notes: tuple[str, ...]) -> None:
        """What the transport has to say besides the state of the link."""
        if notes != self.snapshot.notes:
            self.snapshot = replace(self.snapshot, notes=notes)

    def connection(self, state: Link, error: NodeError | None, doing: str, now_ms: int) -> None:
        """What the transport says, and whether the samples come: a live link without them is stale."""
        seen = self.snapshot
        if state is not Link.LIVE:
            self._live_from = None
        else:
            if self._live_from is None:  # what was so before the link was lost proves nothing
                self._live_from = now_ms
                seen = self.snapshot = _unheard(seen)
            if now_ms > max(seen.at_ms or 0, self._live_from) + STALE_MS:
                state = Link.STALE
            error = self.trouble or error
        if (state, error, doing) != (seen.link, seen.error, seen.doing):
            since = now_ms if state is not seen.link or seen.since_ms is None else seen.since_ms
            self.snapshot = replace(seen, link=state, error=error, doing=doing, since_ms=since)

    def _by_the_unit(self, seen: NodeSnapshot, frame: Frame, now_ms: int) -> NodeSnapshot:
        theirs, uptime, asked = (*frame["clock"].args, "", "", "")[:3]
        their_ms, asked_ms = date_ms(whole(theirs)), date_ms(whole(asked))
        if their_ms is not None and asked_ms is not None:
            seen = replace(seen, clock_skew_ms=skew_ms(asked_ms, their_ms, now_ms))
        unit = frame.get("unit")
        if unit is not None and unit.exit == 0:
            at_ms = now_ms if their_ms is None else their_ms
            found_unit = systemd.unit_state(unit.body, now_ms=at_ms, uptime_s=fraction(uptime))
            if _overtaken(seen.endpoint, self._unit, found_unit):
                seen = _unheard(seen)
            self._unit = found_unit
            seen = replace(seen, unit=found_unit)
        elif unit is not None:  # what was so before is not told as of now
            why = unit.said() or f"systemctl show: exit {' '.join(unit.args[:1])}"
            seen = replace(seen, unit=UnitState(unread=why))
        if "held" in frame:
            seen = replace(seen, held=held.held(frame["held"]))
        df = frame.get("disk")
        found = disk.disk(df.body) if df is not None and df.exit == 0 else None
        return replace(seen, disk=self._pasts.disk(found, now_ms)) if found is not None else seen

    def _by_etcd(self, seen: NodeSnapshot, frame: Frame, now_ms: int) -> NodeSnapshot:
        if etcd.gateway_missing(frame):
            self.gateway = False
            return seen
        said = map(whole, frame["listening"].args) if "listening" in frame else None
        ports = tuple(port for port in said if port is not None) if said is not None else None
        before, now = seen.endpoint, etcd.endpoint(frame, seen.endpoint, now_ms=now_ms)
        seen = replace(seen, listening=ports, endpoint=now)
        if now.answers and _other_data(before, now, seen.hash):
            seen = replace(seen, hash=None)
        found = etcd.members(frame.get("members"))
        if found is not None:
            seen = replace(seen, members=found, members_at_ms=now_ms)
        metrics = frame.get("metrics")
        if metrics is not None:
            seen = replace(seen, endpoint=self._by_metrics(seen.endpoint, metrics, now_ms))
        return seen

    def _by_metrics(self, endpoint: Endpoint, metrics: Piece, now_ms: int) -> Endpoint:
        endpoint = self._pasts.endpoint(endpoint, counters(metrics), now_ms)
        buckets = etcd.fsync_buckets(metrics)
        if not buckets:
            return endpoint
        p99 = etcd.p99_ms(buckets, self._buckets)
        if p99 is None:  # none since the last look, or etcd was started anew
            p99 = etcd.p99_ms(buckets, {})
        self._buckets = buckets
        return replace(endpoint, fsync_p99_ms=p99)


def _unheard(seen: NodeSnapshot) -> NodeSnapshot:
    """As long as etcd has said nothing of now."""
    return replace(seen, endpoint=etcd.forgotten(seen.endpoint), listening=None)


def _other_data(before: Endpoint, now: Endpoint, hash: KeyHash | None) -> bool:
    """Whether what it serves is not what was hashed: another member's, or of before that. Silence alone changes no key."""
    if (before.cluster_id, before.member_id) != (now.cluster_id, now.member_id):
        return True
    return hash is not None and (now.revision or 0) < hash.revision


def _overtaken(endpoint: Endpoint, before: UnitState, now: UnitState) -> bool:
    """Whether the unit's state is newer than what etcd said last: a yes is of a process that has ended or is being ended,
    a no of one that was not up yet. A no of one that is still not up stands."""
    same = (before.main_pid, before.invocation_id) == (now.main_pid, now.invocation_id)
    if endpoint.answers:
        return not same or (now.active != before.active and now.active not in _UP)
    return endpoint.answers is False and now.active == "active" and not (same and before.active == "active")


def _same_file(one: EtcdEnv, other: EtcdEnv) -> bool:
    return (one.cksum, one.data_dir) == (other.cksum, other.data_dir)


def cksum(frame: Frame) -> str:
    """Of the env file, empty when it cannot be read."""
    piece = frame.get("cksum")
    return "-".join(piece.said().split()[:2]) if piece is not None and piece.exit == 0 else ""


def skew_ms(asked_ms: int, theirs_ms: int, heard_ms: int) -> int:
    """The master's clock minus ours, beyond what question and answer took: 0 when it was read between the two."""
    if theirs_ms > heard_ms:
        return theirs_ms - heard_ms
    return min(0, theirs_ms - asked_ms)
