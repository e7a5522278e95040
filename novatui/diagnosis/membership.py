"""Who belongs to the cluster: which masters speak of now, which cluster they are of, and who holds each vote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import msgspec

from novatui.model.cluster import ClusterSnapshot, Link, Member, NodeSnapshot

# A sample older than this is not of now, whatever the link says.
FRESH_MS = 10_000


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One vote. ``member`` is None when no member list is known, ``node`` when no configured master is known to hold it."""

    member: Member | None = None
    node: NodeSnapshot | None = None


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """``cluster_id`` of the cluster that is judged: the one most masters are of, by what they say or last said ("" when
    none is known or two are equally large). ``members`` as the lists agree on, empty when they do not or none is
    known; ``seats`` are its voters, else what is written down: the configured masters and, by their names, the
    ``strangers`` that env files name beside them."""

    cluster_id: str
    cluster_ids: tuple[str, ...]
    members: tuple[Member, ...]
    lists_differ: bool
    seats: tuple[Seat, ...]
    strangers: tuple[str, ...] = ()


def fresh(node: NodeSnapshot, now_ms: int) -> bool:
    """Whether what is known of the node is of now; only then is it evidence for or against quorum."""
    return node.link is Link.LIVE and node.at_ms is not None and now_ms - node.at_ms <= FRESH_MS


def answering(snapshot: ClusterSnapshot, now_ms: int) -> list[NodeSnapshot]:
    return [node for node in snapshot.nodes if fresh(node, now_ms) and node.endpoint.answers]


def membership(snapshot: ClusterSnapshot, now_ms: int, gone: Collection[str] = ()) -> Membership:
    """Read the member lists of the cluster most masters are of; those with quorum are believed before the others.

    ``gone``: masters that are down and say themselves that they were removed. Where nobody tells a list now they hold no
    seat: too few seats keep more from being called lost than too many, and nothing is lost by that.
    """
    live = answering(snapshot, now_ms)
    ids = Counter(node.endpoint.cluster_id for node in snapshot.nodes if node.endpoint.cluster_id)
    main = _largest(ids)
    ours = [node for node in live if node.endpoint.cluster_id in (None, "", main)]
    members, differ = _agreed(ours, [n for n in snapshot.nodes if n.endpoint.cluster_id in (None, "", main)])
    voters = [member for member in members if not member.learner]
    seats = [Seat(member=member, node=holder(member, snapshot.nodes)) for member in voters]
    strangers: tuple[str, ...] = ()
    if not members:
        strangers, more = _strangers(snapshot.nodes)
        seats = [*(Seat(node=node) for node in snapshot.nodes), *(Seat() for _ in range(more))]
    if not any(node.members for node in ours):
        seats = [seat for seat in seats if seat.node is None or seat.node.name not in gone]
    return Membership(
        cluster_id=main,
        cluster_ids=tuple(sorted(ids)),
        members=members,
        lists_differ=differ,
        seats=tuple(seats) or (Seat(),),  # who removed them all is on no master of ours
        strangers=strangers,
    )


def initial_names(node: NodeSnapshot) -> dict[str, str]:
    """Peer URL -> name, of every member that ETCD_INITIAL_CLUSTER of its env file names."""
    pairs = (pair.partition("=") for pair in node.env.initial_cluster.split(","))
    return {url.strip(): name.strip() for name, equals, url in pairs if equals}


def _strangers(nodes: Sequence[NodeSnapshot]) -> tuple[tuple[str, ...], int]:
    """Names in the env files that are on no configured master, and how many votes they are; no names while some master's
    own is not known, for it may be one of them."""
    names = {node.env.name for node in nodes}
    urls = {url for node in nodes for url in node.env.peer_urls}
    named = {url: name for node in nodes for url, name in initial_names(node).items()}
    odd = tuple(dict.fromkeys(name for url, name in named.items() if name not in names and url not in urls))
    unknown = sum(1 for node in nodes if not node.env.name and not node.env.peer_urls)
    return () if unknown else odd, max(0, len(odd) - unknown)


def holder(member: Member, nodes: Iterable[NodeSnapshot]) -> NodeSnapshot | None:
    """The master this member is on: by its own ID, else by the name or the peer URL of its env file."""
    candidates = list(nodes)
    tests = (
        lambda node: node.endpoint.member_id == member.id,
        lambda node: bool(member.name) and node.env.name == member.name,
        lambda node: bool(set(member.peer_urls) & set(node.env.peer_urls)),
    )
    return next((node for test in tests for node in candidates if test(node)), None)


def row_of(node: NodeSnapshot, members: Sequence[Member], nodes: Iterable[NodeSnapshot]) -> Member | None:
    """The row of the member list that is this master's, or None."""
    everyone = list(nodes)
    for member in members:
        found = holder(member, everyone)
        if found is not None and found.name == node.name:
            return member
    return None


def _largest(ids: Counter[str]) -> str:
    ranked = ids.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def _agreed(
    ours: Sequence[NodeSnapshot], everyone: Sequence[NodeSnapshot]
) -> tuple[tuple[Member, ...], bool]:
    """The list all believable masters hold, and whether any of those that answer disagree.

    Believed first: with quorum; then: answering; at last, when nobody answers: last known.
    """
    spoken = [node for node in ours if node.members]
    differ = len({_shape(node) for node in spoken}) > 1
    for tier in (
        [node for node in spoken if node.endpoint.has_quorum],
        spoken,
        [n for n in everyone if n.members],
    ):
        if tier:
            shapes = {_shape(node) for node in tier}
            newest = max(
                tier, key=lambda node: (sum(m.started for m in node.members), node.members_at_ms or 0)
            )
            return (newest.members if len(shapes) == 1 else ()), differ
    return (), differ


def _shape(node: NodeSnapshot) -> frozenset[tuple[str, bool]]:
    """What two lists must share to agree. Names come later than IDs (an unstarted member has none)."""
    return frozenset((member.id, member.learner) for member in node.members)
