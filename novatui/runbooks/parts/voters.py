"""How many members vote, and how that is known: the list of a member that has quorum, else what is written down. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from novatui.config import ClusterConfig
from novatui.diagnosis.data import DataState
from novatui.runbooks.parts.answer import Listed
from novatui.runbooks.parts.host import Host

WRITTEN_DOWN = "by the configuration and the env files, no member list could be read"


def listed(hosts: Mapping[str, Host]) -> tuple[str, tuple[Listed, ...]]:
    """Who tells it, and the voters of the member list; both empty where none that has quorum tells one."""
    for node, host in hosts.items():
        if host.status is not None and host.quorum and host.members:
            return node, tuple(one for one in host.members if not one.learner)
    return "", ()


def removed(hosts: Mapping[str, Host], data: Mapping[str, DataState]) -> tuple[str, ...]:
    """The nodes that say themselves that they were taken out of the cluster. None has a vote, unless it was added again: then
    it never started, and has no data that counts."""
    return tuple(node for node, host in hosts.items() if host.status is None and data[node].removed)


def count(cluster: ClusterConfig, hosts: Mapping[str, Host], gone: Collection[str] = ()) -> tuple[int, str]:
    """How many vote, and by what, in words. Not from the list: the configured masters, or as many as an env file names where
    those are more, without those that are ``gone``."""
    node, voters = listed(hosts)
    if voters:
        return len(voters), f"by the member list of {node}"
    named = [len(host.env.initial_cluster()) for host in hosts.values() if host.env]
    total = max([len(cluster.nodes), *named]) - len(gone)
    if not gone:
        return total, WRITTEN_DOWN
    names = ", ".join(gone)
    return (
        total,
        f"by what is written down, without {names}, removed by their own word; no member list could be read",
    )


def without(hosts: Mapping[str, Host]) -> tuple[str, ...]:
    """Names, or IDs, of the voters in the list that are on none of ``hosts``; empty where there is no list."""
    names = {host.env.get("ETCD_NAME") for host in hosts.values() if host.env}
    ids = {host.status.member_id for host in hosts.values() if host.status is not None}
    return tuple(
        one.name or one.id for one in listed(hosts)[1] if one.name not in names and one.id not in ids
    )
