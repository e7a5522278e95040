"""What must agree between the masters, and whether a restore is the answer at all: quorum, intact data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from novatui.config import ClusterConfig, NodeConfig
from novatui.diagnosis.data import DataState, Usability
from novatui.model.findings import Finding
from novatui.runbooks.parts import voters
from novatui.runbooks.parts.host import Host, dotted, version
from novatui.runbooks.parts.refusal import DATA_INTACT, QUORUM_STANDS, reason
from novatui.runbooks.parts.seen import restorer


def agreement(
    cluster: ClusterConfig, hosts: Mapping[str, Host], *, left_out: bool = False
) -> Iterator[Finding]:
    """Reasons in differences between masters: every one of them must be told the same cluster."""
    yield from _same("env-initial-cluster", "ETCD_INITIAL_CLUSTER", _each(hosts, _initial))
    yield from _same("env-token", "ETCD_INITIAL_CLUSTER_TOKEN", _each(hosts, _token))
    for tool in ("etcd", "etcdctl", "etcdutl"):
        versions = {node: host.tools[tool] for node, host in hosts.items() if tool in host.tools}
        yield from _same("tool-versions", f"the version of {tool}", versions)
    yield from _names(cluster, hosts, left_out)


def restoring_tool(config: NodeConfig, host: Host) -> Iterator[Finding]:
    """What a tool of another minor version makes of a snapshot is not what this etcd would have written: 3.6 has another
    form of the database."""
    tool = restorer(config, host)
    name = tool.rpartition("/")[2]
    own = version(host.status.version if host.status is not None else host.tools.get("etcd", ""))
    its = version(host.tools.get("etcdutl" if tool == config.etcd.etcdutl else "etcdctl", ""))
    if own is None or its is None or own[:2] == its[:2]:
        return
    yield reason(
        "tool-versions",
        f"{tool} is {dotted(its)}, the etcd that would start on what it restores is {dotted(own)}",
        f"put {name} of etcd's own version there",
        node=config.name,
    )


def _each(hosts: Mapping[str, Host], what: Callable[[Host], str]) -> dict[str, str]:
    return {node: text for node, host in hosts.items() if (text := what(host))}


def _initial(host: Host) -> str:
    found = host.env.initial_cluster() if host.env else {}
    return ",".join(f"{name}={url}" for name in sorted(found) for url in found[name])


def _token(host: Host) -> str:
    return host.env.get("ETCD_INITIAL_CLUSTER_TOKEN") if host.env else ""


def _same(id: str, what: str, values: Mapping[str, str]) -> Iterator[Finding]:
    if len(set(values.values())) > 1:
        said = "; ".join(f"{node}: {value}" for node, value in values.items())
        yield reason(id, f"{what} differs between the masters: {said}", "make them agree on all masters")


def _names(cluster: ClusterConfig, hosts: Mapping[str, Host], left_out: bool) -> Iterator[Finding]:
    """The configured masters are the members, all of them, each once."""
    names = {node: host.env.get("ETCD_NAME") for node, host in hosts.items() if host.env}
    taken: dict[str, str] = {}
    for node, name in names.items():
        if name and name in taken:
            yield reason(
                "env-name",
                f"{cluster.node(node).etcd.env_file}: ETCD_NAME is {name!r} on {taken[name]} too",
                "names are unique",
                node=node,
            )
        taken.setdefault(name, node)
    listed = {name for host in hosts.values() if host.env for name in host.env.initial_cluster()}
    missing = sorted(listed - set(names.values()))
    if missing and len(hosts) == len(cluster.nodes) and not left_out:
        yield reason(
            "left-out",
            f"ETCD_INITIAL_CLUSTER names {', '.join(missing)}, which no configured master is",
            "add the missing masters to the configuration; one that is gone is left out by --without NODE",
        )
    elif (strangers := voters.without(hosts)) and len(hosts) == len(cluster.nodes) and not left_out:
        yield reason(
            "left-out",
            f"the member list of {voters.listed(hosts)[0]} has {', '.join(strangers)}, which no configured master is",
            "they would go on with the data of now: add them to the configuration, or take them out of the list first",
        )


def quorum_stands(cluster: ClusterConfig, hosts: Mapping[str, Host]) -> Iterator[Finding]:
    """One linearizable read that came back proves quorum, whatever the rest looks like."""
    if with_quorum := [node for node, host in hosts.items() if host.quorum]:
        yield reason(
            "quorum-stands",
            f"the cluster has quorum: {', '.join(with_quorum)} answered a linearizable read",
            "a restore takes all members back in time and is the last resort. A single broken member is recovered from the others: "
            "recover-member. To go back to the snapshot all the same, overrule it",
            guard=QUORUM_STANDS,
        )


def data_intact(
    cluster: ClusterConfig, hosts: Mapping[str, Host], data: Mapping[str, DataState], *, left_out: int = 0
) -> Iterator[Finding]:
    """Down is not lost: where enough members may have their data, the answer is to start them, never a restore."""
    if any(host.quorum for host in hosts.values()):
        return
    total = len(cluster.nodes) + left_out - len(voters.removed(hosts, data))
    needed = total // 2 + 1
    usable = [
        node
        for node, host in hosts.items()
        if host.status is not None or (host.data.complete and data[node].state is not Usability.UNUSABLE)
    ]
    if len(usable) < needed:
        return
    lost = [
        f"{node} ({data[node].why})" for node in hosts if node not in usable and hosts[node].data.complete
    ]
    lost += [f"{node} (no data)" for node in hosts if not hosts[node].data.complete]
    unit = cluster.nodes[0].etcd.unit
    yield reason(
        "data-intact",
        f"nothing says that the data of {len(usable)} of {total} members is damaged ({', '.join(usable)}), "
        f"and {needed} are enough" + (f"; lost: {', '.join(lost)}" if lost else ""),
        f"start them instead, together: novatui run start-cluster --yes {cluster.name}, or w on the screen. As by hand on every "
        f"master: systemctl start --no-block {unit}. A lone one waits for its peers. What does not come up then says why in its "
        "journal",
        guard=DATA_INTACT,
    )
