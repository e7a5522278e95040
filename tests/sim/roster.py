"""Who is a member of a cluster, as its log has it: what outlives every single member. Only clusters whose list was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from tests.sim import etcd

if TYPE_CHECKING:
    from tests.sim.fleet import Fleet
    from tests.sim.master import Master

Member = tuple[str, str, str]  # ID, name (empty while it never started), peer URL


@dataclass
class Roster:
    """``joined``: IDs whose member has had data. ``removed`` ones are banned for good."""

    members: dict[str, Member]
    removed: set[str] = field(default_factory=set)
    joined: set[str] = field(default_factory=set)

    @property
    def listed(self) -> tuple[Member, ...]:
        return tuple(sorted(self.members.values()))


def of(fleet: Fleet, cluster: str, members: Sequence[Member]) -> Roster:
    """The roster of a cluster; ``members`` are those that it has while nobody changed it."""
    if cluster not in fleet.rosters:
        found = {one[0]: one for one in members}
        fleet.rosters[cluster] = Roster(found, joined=set(found))
    return fleet.rosters[cluster]


def tell(fleet: Fleet, cluster: str) -> None:
    """Every member that is up learns of the list as it is; one that was removed ends."""
    roster = fleet.rosters.get(cluster)
    if roster is None:
        return
    for master in fleet.masters.values():
        daemon = master.unit.daemon
        if daemon is None or not daemon.up or daemon.data.cluster != cluster:
            continue
        if daemon.data.member in roster.removed:
            master.unit.crash(0)
        elif daemon.data.members != roster.listed and daemon.db is not None:
            daemon.data = msgspec.structs.replace(daemon.data, members=roster.listed)
            daemon.db.content = etcd.encode(daemon.data)


def remove(fleet: Fleet, cluster: str, roster: Roster, member: str) -> None:
    del roster.members[member]
    roster.removed.add(member)
    tell(fleet, cluster)


def add(fleet: Fleet, cluster: str, roster: Roster, url: str) -> str:
    """Its ID depends on when it is added, as with the real one."""
    seed = f"{url} {cluster} {fleet.loop.time()}"
    member = hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()[:15].lstrip("0")
    roster.members[member] = (member, "", url)
    tell(fleet, cluster)
    return member


def joining(fleet: Fleet, master: Master, env: dict[str, str]) -> etcd.Data | None:
    """What a blank member with ``existing`` in its environment begins with; None when it is refused and ends."""
    url = env.get("ETCD_INITIAL_ADVERTISE_PEER_URLS", "")
    for cluster, roster in fleet.rosters.items():
        own = next((one for one in roster.members.values() if one[2] == url and not one[1]), None)
        peers = [one.unit.daemon for one in fleet.members_up(cluster) if fleet.has_quorum(one)]
        if own is None or not peers or peers[0] is None:
            continue
        named = {f"{name or env.get('ETCD_NAME')}={place}" for _, name, place in roster.members.values()}
        if set(env.get("ETCD_INITIAL_CLUSTER", "").split(",")) != named:
            return None  # member count is unequal
        if own[0] in roster.joined:
            fleet.checks.breach(
                f"{master.name}: {own[0]} has had data, and begins with nothing under the same ID"
            )
        return msgspec.structs.replace(peers[0].data, member=own[0], members=roster.listed)
    return None


def joined(fleet: Fleet, data: etcd.Data) -> None:
    """It has data now: its ID must never come back without."""
    if (roster := fleet.rosters.get(data.cluster)) is not None:
        roster.joined.add(data.member)


def publish(fleet: Fleet, master: Master, name: str) -> None:
    """A member that is ready for the first time makes its name known."""
    daemon = master.unit.daemon
    roster = fleet.rosters.get(daemon.data.cluster) if daemon is not None else None
    if daemon is None or roster is None or daemon.data.member not in roster.members:
        return
    member, known, url = roster.members[daemon.data.member]
    if not known:
        roster.members[member] = (member, name, url)
        tell(fleet, daemon.data.cluster)
