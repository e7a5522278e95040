"""Drawing a restore: from the survey's answers to the parameters of its plan, or every reason against it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from novatui.config import ClusterConfig, NodeConfig
from novatui.model.findings import Finding
from novatui.model.plan import Request
from novatui.runbooks import etcd_ids
from novatui.runbooks.parts import left_out, voters
from novatui.runbooks.parts.api_server import MANIFEST, RISK, other_version
from novatui.runbooks.parts.api_server import checks as api_checks
from novatui.runbooks.parts.host import Host, peer_urls
from novatui.runbooks.parts.node_checks import node_checks
from novatui.runbooks.parts.params import NodeParams, RestoreParams, Source
from novatui.runbooks.parts.refusal import reason
from novatui.runbooks.parts.seen import Seen, node_params
from novatui.runbooks.restore_cluster import bump, cluster_checks, source_checks
from novatui.runbooks.restore_cluster import token as tokens


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
            found += cluster_checks.restoring_tool(node, seen.hosts[node.name])
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
        peer_urls=tuple(sorted(peer_urls(seen.hosts))),
        overruled=tuple(sorted(request.overrule)),
        left_out=tuple(sorted(set(request.without))),
        fresh_token=anew,
        notes=_notes(cluster, request, seen, source),
    )


def _place(seen: Seen, node: str) -> str:
    found = seen.api[node]
    return found.place if found is not None else ""


def _with_id(config: NodeConfig, seen: Host, ids: Mapping[str, int]) -> NodeParams:
    assert seen.env is not None
    return node_params(config, seen, etcd_ids.shown(ids[seen.env.get("ETCD_NAME")]))


def _notes(cluster: ClusterConfig, request: Request, seen: Seen, source: Source) -> tuple[str, ...]:
    notes = left_out.notes(request, seen.hosts, seen.ports)
    if words := other_version(source.name, seen.api.values()):
        notes.append(words)
    if words := _unfenced(cluster, request, seen):
        notes.append(words)
        if not request.bump_revision:
            notes.append(bump.proposal(seen.hosts))
    if not tokens.wanted(request) and not voters.listed(seen.hosts)[1]:
        notes.append(tokens.proposal(_urls_inside(request, seen, source), peer_urls(seen.hosts)))
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
    return tuple(note for note in notes if note)


def _unfenced(cluster: ClusterConfig, request: Request, seen: Seen) -> str:
    """In words, once for all masters; empty where every one of them has an API server that is fenced."""
    running = [node for node in seen.hosts if _place(seen, node)]
    if running and request.no_fence:
        return f"API servers are not fenced ({', '.join(running)}): {RISK}"
    bare = [node for node in cluster.nodes if not _place(seen, node.name)]
    if not bare:
        return ""
    names = ", ".join(node.name for node in bare)
    places = {node.kubernetes.manifests for node in bare}
    where = places.pop() if len(places) == 1 else "kubernetes.manifests"
    return f"no {MANIFEST} in {where} of {names}: no API server is fenced there. Those that run elsewhere go on: {RISK}"


def _urls_inside(request: Request, seen: Seen, source: Source) -> tuple[str, ...]:
    """As they are known before the run; nothing of a survivor is."""
    if request.upload is not None:
        return request.upload.urls
    archives = seen.archives.get(source.nodes[0])
    return archives[0].urls if archives else ()
