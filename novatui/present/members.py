"""etcd's view of itself, put together from the member lists of the masters that answer; where none does, from the last known."""

from __future__ import annotations

from dataclasses import dataclass, field

from novatui.model.cluster import ClusterSnapshot, Member, NodeSnapshot
from novatui.present.standing import current


@dataclass(slots=True)
class Line:
    """One member: the lists that hold it, and the master it runs on where that is known. ``differs``: per column."""

    member: Member | None
    node: NodeSnapshot | None
    seen_by: list[int] = field(default_factory=list)
    versions: list[Member] = field(default_factory=list)


def lines(snapshot: ClusterSnapshot) -> list[Line]:
    """One line a member of any list that counts, in the order of the masters, then those that run on none of ours;
    then masters that no list holds."""
    found: dict[str, Line] = {}
    for number in listing(snapshot):
        for member in snapshot.nodes[number - 1].members:
            line = found.setdefault(member.id, Line(member, None))
            line.seen_by.append(number)
            line.versions.append(member)
            if member.started and line.member is not None and not line.member.started:
                line.member = member  # what has started was unstarted before
    homeless: list[Line] = []
    placed: list[Line] = []
    left = dict(found)
    for node in snapshot.nodes:
        key = _member_of(node, found)
        if key is not None and key in left:
            line = left.pop(key)
            line.node = node
            placed.append(line)
        else:
            homeless.append(Line(None, node))
    return [*_in_node_order(snapshot, placed + homeless), *left.values()]


def _in_node_order(snapshot: ClusterSnapshot, found: list[Line]) -> list[Line]:
    order = {node.name: i for i, node in enumerate(snapshot.nodes)}
    return sorted(found, key=lambda line: order[line.node.name] if line.node else len(order))


def _member_of(node: NodeSnapshot, found: dict[str, Line]) -> str | None:
    """The member that runs on ``node``: by its own answer, else by peer URL, else by name."""
    own = node.endpoint.member_id
    if own and own in found:
        return own
    for by in (_same_peer_url, _same_name):
        for key, line in found.items():
            if line.member and by(node, line.member):
                return key
    return None


def _same_peer_url(node: NodeSnapshot, member: Member) -> bool:
    return bool(set(node.env.peer_urls) & set(member.peer_urls))


def _same_name(node: NodeSnapshot, member: Member) -> bool:
    return bool(member.name) and member.name == node.env.name


def listing(snapshot: ClusterSnapshot) -> list[int]:
    """Numbers of the masters whose member list counts: of those that tell it now; where none does, of all it is known of."""
    known = [number for number, node in enumerate(snapshot.nodes, 1) if node.members]
    return [number for number in known if _tells(snapshot.nodes[number - 1])] or known


def listed_ms(snapshot: ClusterSnapshot) -> int | None:
    """When the newest list came, where no master tells one now; else None."""
    if any(_tells(node) for node in snapshot.nodes):
        return None
    return max((node.members_at_ms or 0 for node in snapshot.nodes if node.members), default=0) or None


def _tells(node: NodeSnapshot) -> bool:
    return bool(node.members and current(node) and node.endpoint.answers)
