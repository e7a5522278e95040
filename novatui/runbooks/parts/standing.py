"""Where each member stands, from one survey, for the runbooks that start etcd on the data that is there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from novatui.config import ClusterConfig
from novatui.diagnosis.data import DataState, Usability
from novatui.diagnosis.quorum import needed
from novatui.model.findings import Finding
from novatui.model.plan import Request
from novatui.runbooks.parts import voters
from novatui.runbooks.parts.host import UNMOUNTED, Host, peer_urls
from novatui.runbooks.parts.node_checks import auth, held
from novatui.runbooks.parts.seen import Seen, node_params
from novatui.runbooks.step import Facts


def serves(host: Host) -> bool:
    """It answers, and a linearizable read came back from it."""
    return host.status is not None and host.quorum


def down(host: Host) -> bool:
    """No etcd of the unit's runs now."""
    unit = host.unit
    return unit.active in ("inactive", "failed") or (
        unit.active == "activating" and unit.sub == "auto-restart"
    )


def words(host: Host) -> str:
    """``active (running), does not answer``."""
    unit = f"{host.unit.active or 'unknown'} ({host.unit.sub})" if host.unit.sub else host.unit.active
    if host.status is None:
        return unit if down(host) else f"{unit}, does not answer"
    return f"{unit}, answers" + ("" if host.quorum else ", without quorum")


def lost(host: Host, data: DataState) -> str:
    """Why its data cannot be started on: it is not there, or its own journal says that it is damaged. Empty: it can."""
    if host.status is not None:
        return ""
    if host.env is not None and host.env.get("ETCD_WAL_DIR"):
        return ""  # the log lies elsewhere, unread; the key itself refuses
    if host.data.kind == UNMOUNTED:
        return ""  # what is seen is not its data; that itself refuses
    if not host.data.complete:
        what = [
            name
            for name, there in (("log", host.data.wal_files), ("database", host.data.db_size))
            if not there
        ]
        return f"no {' and no '.join(what)} in {host.data.path or 'its data directory'} (ETCD_DATA_DIR of its env file)"
    if data.state is Usability.UNUSABLE:
        said = f" ({data.evidence[-1].value})" if data.evidence else ""
        return f"{data.why}{said}"
    return ""


def mended_by(cluster: ClusterConfig, node: str, seen: Seen) -> str:
    """What helps a member whose data is lost, by what the others have."""
    least = needed(members(cluster, seen))
    others = {name: host for name, host in seen.hosts.items() if name != node}
    serving = [name for name, host in others.items() if serves(host)]
    good = [name for name, host in others.items() if not lost(host, seen.data[name])]
    silent = [name for name in seen.silent if name != node]
    if len(serving) >= least:
        return f"the others have quorum: recover-member --node {node} gives it a fresh copy of their data"
    if len(good) >= least:
        return f"when the others have quorum again (start-cluster): recover-member --node {node}"
    if len(good) + len(silent) >= least:
        return f"{', '.join(silent)} cannot be asked: reach them first, too few others are known to have their data"
    return f"only {len(good)} of {least} that are needed for a quorum have their data: restore-cluster"


def members(cluster: ClusterConfig, seen: Seen) -> int:
    """How many vote."""
    return _members(cluster, seen)[0]


def _members(cluster: ClusterConfig, seen: Seen) -> tuple[int, str]:
    return voters.count(cluster, seen.hosts, voters.removed(seen.hosts, seen.data))


def quorum_words(cluster: ClusterConfig, seen: Seen) -> str:
    """``2 of 3 members serve, 2 are needed (by the member list of nova-master-1); nova-master-2: inactive (dead)``."""
    total, by = _members(cluster, seen)
    serving = [node for node, host in seen.hosts.items() if serves(host)]
    rest = [f"{node}: {words(host)}" for node, host in seen.hosts.items() if node not in serving]
    rest += [f"{node}: cannot be asked" for node in seen.silent]
    if seen.waited_s:
        rest.append(f"asked again for {seen.waited_s} s, in case an election was under way")
    return "; ".join([f"{len(serving)} of {total} members serve, {needed(total)} are needed ({by})", *rest])


def all_held(cluster: ClusterConfig, seen: Seen) -> Iterator[Finding]:
    """Masters another run works on or holds down: what is half done there must not be mixed with etcds that were started.
    A drop-in without its hold keeps nothing down: it is no reason here."""
    for node in cluster.nodes:
        host = seen.hosts.get(node.name)
        if host is not None and (host.held_by or host.lease):
            yield from held(node, host)


def all_open(cluster: ClusterConfig, seen: Seen, but: str = "") -> Iterator[Finding]:
    """Masters whose etcd wants a user and a password: the checks that end a run ask every member."""
    for node in cluster.nodes:
        if node.name in seen.hosts and node.name != but:
            yield from auth(node, seen.hosts[node.name])


def facts(cluster: ClusterConfig, seen: Seen, acted_on: Sequence[str]) -> dict[str, Facts]:
    """What a plan relies on, of every master that answers; more of those that are ``acted_on``."""
    found: dict[str, Facts] = {}
    for node, host in seen.hosts.items():
        found[node] = {"serves": serves(host)}
        if node in acted_on:
            found[node] = {
                "serves": serves(host),
                "env_sha256": host.env_sha256,
                "unit": f"{host.unit.load} {host.unit.program} {' '.join(host.unit.flags)}".strip(),
                "drop_ins": list(host.unit.drop_ins),
                "data_dir": host.data.path,
                "data_inode": host.data.inode,
                "usable": not lost(host, seen.data[node]),
            }
    return found


def params(cluster: ClusterConfig, seen: Seen, nodes: Sequence[str], request: Request) -> dict[str, Any]:
    """What ``ClusterParams`` holds, of the masters that take part. The members' IDs are not computed: one that was added
    later has another than a bootstrap would give; the run reads them."""
    hosts = {node: seen.hosts[node] for node in nodes}
    first = next(host.env for host in hosts.values() if host.env is not None)
    ids = [host.status.cluster_id for host in hosts.values() if serves(host) and host.status]
    return {
        "nodes": {node: node_params(cluster.node(node), host, "") for node, host in hosts.items()},
        "initial_cluster": first.get("ETCD_INITIAL_CLUSTER"),
        "token": first.get("ETCD_INITIAL_CLUSTER_TOKEN"),
        "cluster_id": ids[0] if ids else "",
        "peer_urls": tuple(sorted(peer_urls(hosts))),
        "overruled": tuple(sorted(request.overrule)),
        "notes": tuple(notes(cluster, seen, nodes)),
    }


def notes(cluster: ClusterConfig, seen: Seen, nodes: Sequence[str]) -> Iterator[str]:
    """Who takes no part and why, and what a person should know of those that do."""
    disabled: dict[str, list[str]] = {}
    for node in cluster.nodes:
        host = seen.hosts.get(node.name)
        if host is None:
            yield f"{node.name} takes no part: it cannot be asked ({seen.silent[node.name]})"
        elif node.name not in nodes:
            why = lost(host, seen.data[node.name])
            yield f"{node.name} takes no part: {words(host)}" + (f"; {why}" if why else "")
        elif host.unit.file_state == "disabled":
            disabled.setdefault(node.etcd.unit, []).append(node.name)
    for unit, names in disabled.items():
        yield f"{', '.join(names)}: the unit is disabled, the next boot will not start it: systemctl enable {unit}"
