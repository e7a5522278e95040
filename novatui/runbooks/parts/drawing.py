"""Drawing a restore: from the survey's answers to the parameters of its plan, or every reason against it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from novatui.config import ClusterConfig, NodeConfig
from novatui.diagnosis.data import DataState
from novatui.model.findings import Finding
from novatui.model.plan import Request
from novatui.model.sanitize import clean
from novatui.remote.command import Outcome
from novatui.runbooks import etcd_ids
from novatui.runbooks.parts import bump, cluster_checks, evidence, left_out, source_checks
from novatui.runbooks.parts import token as tokens
from novatui.runbooks.parts.api_server import RISK, ApiServer, api_server, other_version
from novatui.runbooks.parts.api_server import checks as api_checks
from novatui.runbooks.parts.archives import Archive, archives
from novatui.runbooks.parts.commands import unit_name
from novatui.runbooks.parts.host import Host, host
from novatui.runbooks.parts.left_out import Port
from novatui.runbooks.parts.node_checks import node_checks
from novatui.runbooks.parts.params import NodeParams, RestoreParams, Source
from novatui.runbooks.parts.refusal import reason
from novatui.runbooks.step import Answers

_HOST_PORT = re.compile(r"^[a-z]+://(?P<host>\[[0-9a-fA-F:]+\]|[^:/\[\]]+):(?P<port>\d+)$")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


@dataclass(frozen=True)
class Seen:
    """The survey, read. ``hosts`` holds the masters that answered whole; ``silent`` the others, each with why.
    ``ports``: of the members that are left out, as each participant found them."""

    hosts: dict[str, Host]
    silent: dict[str, str]
    archives: dict[str, tuple[Archive, ...] | None]
    data: dict[str, DataState]
    api: dict[str, ApiServer | None]
    ports: dict[str, tuple[Port, ...] | None] = field(default_factory=dict)


def see(cluster: ClusterConfig, answers: Answers) -> Seen:
    """Total: a master that did not answer is in ``silent``."""
    hosts: dict[str, Host] = {}
    silent: dict[str, str] = {}
    found: dict[str, tuple[Archive, ...] | None] = {}
    api: dict[str, ApiServer | None] = {}
    answering: dict[str, tuple[Port, ...] | None] = {}
    for node in cluster.nodes:
        outcomes = answers.get(node.name, {})
        outcome = outcomes.get("host")
        seen = host(outcome)
        if seen is None:
            silent[node.name] = _why_silent(outcome)
            continue
        hosts[node.name] = seen
        if "archives" in outcomes:
            found[node.name] = archives(outcomes["archives"], seen.zone)
        if "ports" in outcomes:
            answering[node.name] = left_out.ports(outcomes["ports"])
        api[node.name] = api_server(outcomes.get("api"))
    data = {
        name: evidence.judge(name, seen, answers.get(name, {}).get("journal")) for name, seen in hosts.items()
    }
    return Seen(hosts=hosts, silent=silent, archives=found, data=data, api=api, ports=answering)


def _why_silent(outcome: Outcome | None) -> str:
    if outcome is None:
        return "it was not asked"
    said = outcome.stderr.decode("utf-8", "replace").strip().splitlines()
    return clean(outcome.error) or (clean(said[-1]) if said else "") or "no whole answer"


def reasons(cluster: ClusterConfig, request: Request, seen: Seen) -> tuple[Source | None, list[Finding]]:
    """The source if one can be spoken of, and every reason not to run: unreachable first, guards last.

    ``cluster``: with the masters that are left out.
    """
    whole, cluster = cluster, left_out.taking_part(cluster, request)
    found = [
        reason(
            "unreachable",
            f"cannot be asked: {why}",
            "every master takes part that can be reached; one that is gone for good is left out by --without NODE",
            node=node,
        )
        for node, why in seen.silent.items()
    ]
    for node in cluster.nodes:
        if node.name in seen.hosts:
            found += node_checks(node, seen.hosts[node.name])
            found += api_checks(node, seen.hosts[node.name], seen.api[node.name], fenced=not request.no_fence)
    found += cluster_checks.agreement(cluster, seen.hosts, left_out=bool(request.without))
    found += left_out.checks(whole, request, seen.hosts, seen.ports)
    if request.bump_revision:
        found += bump.checks(seen.hosts)
    source, against = source_checks.choose(cluster, request, seen.hosts, seen.archives)
    found += against
    if source is not None:
        found += source_checks.space(seen.hosts, source)
    found += cluster_checks.quorum_stands(cluster, seen.hosts)
    out = len(whole.nodes) - len(cluster.nodes)
    found += cluster_checks.data_intact(cluster, seen.hosts, seen.data, left_out=out)
    return source, found


def params(cluster: ClusterConfig, request: Request, run: str, seen: Seen, source: Source) -> RestoreParams:
    """Only for a survey without a standing reason. ``cluster``: those that take part."""
    first = next(iter(seen.hosts.values()))
    assert first.env is not None
    token = first.env.get("ETCD_INITIAL_CLUSTER_TOKEN")
    if anew := tokens.wanted(request):
        token = tokens.fresh(token, run)
    gone = left_out.members(seen.hosts)
    initial = {name: urls for name, urls in first.env.initial_cluster().items() if name not in gone}
    ids = {name: etcd_ids.member_id(urls, token) for name, urls in initial.items()}
    nodes = {
        node.name: msgspec.structs.replace(
            _with_id(node, seen.hosts[node.name], ids),
            kubectl=node.kubernetes.kubectl,
            kubeconfig=node.kubernetes.kubeconfig,
            manifests=node.kubernetes.manifests,
            api_server="" if request.no_fence else _place(seen, node.name),
        )
        for node in cluster.nodes
    }
    return RestoreParams(
        nodes=nodes,
        source=source,
        bump=bump.BUMP if request.bump_revision else 0,
        initial_cluster=",".join(f"{name}={url}" for name, urls in initial.items() for url in urls),
        token=token,
        cluster_id=etcd_ids.shown(etcd_ids.cluster_id(ids.values())),
        peer_urls=tuple(sorted(source_checks.peer_urls(seen.hosts))),
        overruled=tuple(sorted(request.overrule)),
        left_out=tuple(sorted(set(request.without))),
        fresh_token=anew,
        notes=_notes(request, seen, source),
    )


def _place(seen: Seen, node: str) -> str:
    found = seen.api[node]
    return found.place if found is not None else ""


def _with_id(config: NodeConfig, seen: Host, ids: Mapping[str, int]) -> NodeParams:
    assert seen.env is not None
    return node_params(config, seen, etcd_ids.shown(ids[seen.env.get("ETCD_NAME")]))


def node_params(config: NodeConfig, seen: Host, member_id: str) -> NodeParams:
    """One master whose env file could be read. ``member_id``: as a bootstrap computes it or as the member list has it;
    empty where it is not known yet."""
    env, data, etcd = seen.env, seen.data, config.etcd
    assert env is not None
    inside = data.kind == "mount"
    live_inode = data.member_inode if inside else data.inode
    size = seen.status.db_size if seen.status else data.size
    return NodeParams(
        member=env.get("ETCD_NAME"),
        member_id=member_id,
        peer_urls=env.urls("ETCD_INITIAL_ADVERTISE_PEER_URLS"),
        data_dir=data.path,
        kind="mount" if inside else "dir",
        # Where there is no directory to be like: the unit's own user must be able to read it.
        owner=data.owner or (f"{seen.unit.user}:" if seen.unit.user else seen.uid),
        mode="700" if inside else (data.mode or "700"),
        had_live=bool(live_inode),
        live_inode=live_inode,
        etcd=seen.unit.program,
        etcdctl=etcd.etcdctl,
        restorer=restorer(config, seen),
        endpoint=seen.endpoint,
        cacert=seen.cacert,
        cert=seen.cert,
        key=seen.key,
        env_file=seen.env_path or etcd.env_file,
        unit=unit_name(etcd.unit),
        unit_dir=etcd.unit_dir,
        work_dir=etcd.work_dir,
        listening=tuple(
            place
            for key in ("ETCD_LISTEN_CLIENT_URLS", "ETCD_LISTEN_PEER_URLS")
            for url in env.urls(key)
            if (place := listening(url))
        ),
        was_running=seen.unit.active not in ("inactive", ""),
        had_quorum=seen.quorum,
        survivor_bytes=size,
        stop_s=seen.unit.stop_s,
    )


def restorer(config: NodeConfig, seen: Host) -> str:
    """etcdutl from 3.5 on where there is one; 3.6's etcdctl cannot restore and says success."""
    version = seen.etcd_version
    use_utl = version is not None and version >= (3, 5, 0) and "etcdutl" in seen.tools
    return config.etcd.etcdutl if use_utl else config.etcd.etcdctl


def listening(url: str) -> str:
    """``[IPv4:]PORT`` of a listen URL, as stop.sh looks for it; a name or IPv6 address gives the port alone."""
    found = _HOST_PORT.match(url)
    if found is None:
        return ""
    where = found["host"]
    plain = _IPV4.fullmatch(where) is not None and where != "0.0.0.0"
    return f"{where}:{found['port']}" if plain else found["port"]


def _notes(request: Request, seen: Seen, source: Source) -> tuple[str, ...]:
    notes = left_out.notes(request, seen.hosts, seen.ports)
    if words := other_version(source.name, seen.api.values()):
        notes.append(words)
    running = [node for node in seen.hosts if _place(seen, node)]
    if running and request.no_fence:
        notes.append(f"API servers are not fenced ({', '.join(running)}): {RISK}")
        if not request.bump_revision:
            notes.append(bump.proposal(seen.hosts))
    notes += [
        f"{node}: the env file has Windows line ends; they are read as systemd reads them, and left"
        for node, one in seen.hosts.items()
        if one.env and one.env.carriage_returns
    ]
    notes += [
        f"{node}: from earlier runs there is still {', '.join(one.leftovers)}"
        for node, one in seen.hosts.items()
        if one.leftovers
    ]
    return tuple(notes)
