"""Who the members are, as those with quorum tell it; who of them is the master that is asked about; whose keys agree. Pure."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from novatui.remote.command import Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.answer import Listed
from novatui.runbooks.parts.host import Host
from novatui.runbooks.parts.reading import Reading, read
from novatui.runbooks.recover_member import wal


class Hash(msgspec.Struct, frozen=True):
    """Of all keys at ``revision``. To be compared only where ``compacted`` is equal too."""

    revision: int
    compacted: int
    value: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What survey.sh tells of one master when it is asked for the roster. ``data_of``: the member whose data is on its disk,
    ``data_cluster`` the cluster of that; empty when there is none or that cannot be read."""

    members: tuple[Listed, ...] | None = None
    hashes: tuple[Hash, ...] = ()
    data_of: str = ""
    data_cluster: str = ""


def said(outcome: Outcome | None) -> Said:
    """Total: a master that did not answer has said nothing."""
    reading = read(outcome)
    if not reading.whole:
        return Said()
    hashes = [_hash(reading, "hashkv", None), _hash(reading, "hashkv_floor", reading.number("floor"))]
    member, cluster = wal.owner(_bytes(reading, "wal64"))
    return Said(
        members=answer.members(reading.json("members")),
        hashes=tuple(one for one in hashes if one is not None),
        data_of=member,
        data_cluster=cluster,
    )


def _hash(reading: Reading, key: str, revision: int | None) -> Hash | None:
    found = answer.hashkv(reading.json(key))
    if found is None:
        return None
    value, compacted, newest = found
    return Hash(newest if revision is None else revision, compacted, value)


def _bytes(reading: Reading, key: str) -> bytes:
    try:
        return base64.b64decode(reading.get(key), validate=True)
    except (binascii.Error, ValueError):
        return b""


@dataclass(frozen=True)
class Roster:
    """The cluster without the master ``target``: ``healthy`` are the other masters whose voting member answered a linearizable
    read, by node, with their entry of the list. ``members`` is the list they agree on, empty when they do not or none is.

    ``seats`` are the entries of ``target``: none, one, or more when it cannot be told which is its.
    """

    target: str
    healthy: dict[str, Listed]
    members: tuple[Listed, ...]
    cluster_ids: frozenset[str]
    seats: tuple[Listed, ...]

    @property
    def voters(self) -> tuple[Listed, ...]:
        return tuple(one for one in self.members if not one.learner)

    @property
    def others(self) -> tuple[Listed, ...]:
        """All entries but the target's."""
        ids = {seat.id for seat in self.seats}
        return tuple(one for one in self.members if one.id not in ids)


def roster(target: str, hosts: Mapping[str, Host], told: Mapping[str, Said]) -> Roster:
    """``hosts``: the masters that answered, the target among them or not."""
    healthy: dict[str, Listed] = {}
    lists: dict[str, tuple[Listed, ...]] = {}
    clusters: set[str] = set()
    for node, host in hosts.items():
        listed = told[node].members
        if node == target or host.status is None or not host.quorum or host.status.learner or listed is None:
            continue
        own = next((one for one in listed if one.id == host.status.member_id), None)
        if own is not None:
            healthy[node], lists[node] = own, listed
            clusters.add(host.status.cluster_id)
    shapes = {frozenset((one.id, one.name, one.learner) for one in listed) for listed in lists.values()}
    members = next(iter(lists.values())) if len(shapes) == 1 else ()
    return Roster(
        target=target,
        healthy=healthy,
        members=members,
        cluster_ids=frozenset(clusters),
        seats=_seats(target, hosts, members, {one.id for one in healthy.values()}),
    )


def _seats(
    target: str, hosts: Mapping[str, Host], members: Sequence[Listed], taken: set[str]
) -> tuple[Listed, ...]:
    """By the name or a peer URL of its env file, or by the ID its etcd says it is."""
    host = hosts.get(target)
    if host is None:
        return ()
    name = host.env.get("ETCD_NAME") if host.env else ""
    urls = set(host.env.urls("ETCD_INITIAL_ADVERTISE_PEER_URLS")) if host.env else set()
    own = host.status.member_id if host.status else ""
    return tuple(
        one
        for one in members
        if one.id not in taken and ((name and one.name == name) or urls & set(one.peer_urls) or one.id == own)
    )


def majority(hashes: Mapping[str, Sequence[Hash]], voters: int) -> tuple[frozenset[str], frozenset[str]]:
    """Of the nodes: those whose keys are what more than half of all ``voters`` have, and those whose keys differ from that.
    Both empty when there is no such majority, or the hashes are not of the same revision."""
    places = Counter((one.revision, one.compacted) for found in hashes.values() for one in found)
    for place, _ in sorted(places.items(), key=lambda one: (-one[1], -one[0][0])):
        values = {
            node: one.value
            for node, found in hashes.items()
            for one in found
            if (one.revision, one.compacted) == place
        }
        value, count = Counter(values.values()).most_common(1)[0]
        if 2 * count > voters:
            agree = frozenset(node for node, other in values.items() if other == value)
            return agree, frozenset(values) - agree
    return frozenset(), frozenset()


def alarms(hosts: Mapping[str, Host]) -> frozenset[str]:
    """The kinds of alarm that any member tells: CORRUPT, NOSPACE."""
    statuses = [host.status for host in hosts.values() if host.status is not None]
    return frozenset(
        kind for kind in ("CORRUPT", "NOSPACE") if any(status.alarmed(kind) for status in statuses)
    )
