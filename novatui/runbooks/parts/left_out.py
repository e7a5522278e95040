"""Masters that a restore leaves out: unreachable by SSH is not dead, so what they could still do is asked of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from novatui.config import ClusterConfig, NodeConfig
from novatui.model.findings import Finding
from novatui.model.plan import Request
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import voters
from novatui.runbooks.parts.host import Host
from novatui.runbooks.parts.reading import read
from novatui.runbooks.parts.refusal import LEFT_OUT_QUORUM, reason


class Port(msgspec.Struct, frozen=True):
    """One port of a member, as one participant found it. ``answers``: yes, no, unknown."""

    member: str
    place: str
    answers: str


Ports = Mapping[str, tuple[Port, ...] | None]  # per participant; None: no whole answer


def taking_part(cluster: ClusterConfig, request: Request) -> ClusterConfig:
    """The cluster without the masters that are left out."""
    nodes = tuple(node for node in cluster.nodes if node.name not in request.without)
    return msgspec.structs.replace(cluster, nodes=nodes)


def command(config: NodeConfig) -> Command:
    """The question to each participant, for a survey."""
    return Command(script="ports", argv=(config.etcd.env_file,), timeout_s=30)


def ports(outcome: Outcome | None) -> tuple[Port, ...] | None:
    """None when the answer did not come, or not whole."""
    reading = read(outcome)
    if not reading.whole:
        return None
    words = [line.split(" ") for line in reading.all("port")]
    return tuple(
        sorted((Port(*three) for three in words if len(three) == 3), key=lambda one: (one.member, one.place))
    )


def members(hosts: Mapping[str, Host]) -> dict[str, tuple[str, ...]]:
    """Name -> peer URLs of the members that no participant is."""
    own = {host.env.get("ETCD_NAME") for host in hosts.values() if host.env}
    listed = {
        name: urls for host in hosts.values() if host.env for name, urls in host.env.initial_cluster().items()
    }
    return {name: urls for name, urls in sorted(listed.items()) if name not in own}


def answering(hosts: Mapping[str, Host], found: Ports, word: str = "yes") -> list[str]:
    """``MEMBER at HOST:PORT (from NODE)`` of every port of a left-out member that answers, or of which that is unknown."""
    out = members(hosts)
    return [
        f"{port.member} at {port.place} (from {node})"
        for node, all_ports in found.items()
        for port in all_ports or ()
        if port.member in out and port.answers == word
    ]


def checks(
    cluster: ClusterConfig, request: Request, hosts: Mapping[str, Host], found: Ports
) -> Iterator[Finding]:
    """``cluster``: with those that are left out."""
    known = [node.name for node in cluster.nodes]
    if unknown := [name for name in request.without if name not in known]:
        said = f"--without {', '.join(unknown)}: there is no such master"
        yield reason("unknown-node", said, f"known: {', '.join(known)}")
        return
    if not request.without:
        return
    if not set(known) - set(request.without):
        yield reason("left-out", "--without: nobody is left to take part", "leave out fewer")
        return
    if request.token == "keep":
        yield reason(
            "left-out-token",
            "--token keep with --without: with the old token a master that comes back joins with its old data, "
            "leads, and corrupts, all green",
            "a fresh token is taken by itself where one is left out",
        )
    for what, node in (("--survivor", request.survivor), ("--from", request.from_node)):
        if node in request.without:
            yield reason("left-out", f"{what} {node}: it is left out", "choose a master that takes part")
    if len(hosts) < len(known) - len(request.without):
        return
    out = members(hosts)
    if len(out) != len(set(request.without)):
        named = ", ".join(out) or "none"
        yield reason(
            "left-out",
            f"left out are {', '.join(request.without)}, but of ETCD_INITIAL_CLUSTER no participant is: {named}",
            "every member is a configured master, taking part or left out",
        )
        return
    yield from _quorum(cluster, request, hosts, found)


def _quorum(
    cluster: ClusterConfig, request: Request, hosts: Mapping[str, Host], found: Ports
) -> Iterator[Finding]:
    """Two clusters that both take writes: only where enough are left out to be one of their own."""
    total, by = voters.count(cluster, hosts)
    needed = total // 2 + 1
    gone = len(voters.without(hosts)) if voters.listed(hosts)[1] else len(set(request.without))
    if gone < needed:
        return
    names = ", ".join(request.without)
    for node, all_ports in found.items():
        tried = {port.member for port in all_ports or ()}
        if untried := ", ".join(sorted(set(members(hosts)) - tried)):
            yield reason(
                "left-out-ports", f"whether {untried} answer could not be tried from here", node=node
            )
    if alive := answering(hosts, found):
        yield reason(
            "left-out-alive",
            f"{names} could be a cluster of their own, and answer: {'; '.join(alive)}",
            "power them off, or make them reachable and let them take part",
        )
    if unsure := answering(hosts, found, "unknown"):
        yield reason(
            "left-out-ports",
            f"whether they answer is not known: {'; '.join(unsure)}",
            "bash or curl is needed on the participants, and the name must be known there",
        )
    yield reason(
        "left-out-quorum",
        f"{names} could form a quorum of their own: {gone} of {total}, {needed} are enough ({by}). "
        "Nothing answers at their etcd's ports, but that is not dead",
        "overruling it says that each of them is powered off, and stays so until its data is put aside",
        guard=LEFT_OUT_QUORUM,
    )


def notes(request: Request, hosts: Mapping[str, Host], found: Ports) -> list[str]:
    """What a person should know of those that are left out."""
    if not request.without:
        return []
    names = ", ".join(request.without)
    said = [
        f"{names} left out: when it comes back it is alone, a fresh token keeps it out; then recover-member --overrule data-intact",
        f"{names}: an API server there is not fenced; keep the master off, or its etcd and API server stopped",
    ]
    if alive := answering(hosts, found):
        said.append(f"still answering, and staying in the old cluster: {'; '.join(alive)}")
    return said
