"""Env files that contradict each other or the member list: harmless while etcd runs, and a trap at the next recovery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from novatui.diagnosis.finding import of_all, of_node
from novatui.diagnosis.membership import Membership, initial_names, row_of
from novatui.model.cluster import NodeSnapshot
from novatui.model.findings import Finding, Severity
from novatui.model.words import N_, Words

NAMED_ONLY = "named-only"


def env_findings(nodes: Sequence[NodeSnapshot], group: Membership) -> Iterator[Finding]:
    """``nodes``: the masters whose env file is known."""
    agree = Words(N_("a running etcd ignores it; make them agree before a recovery needs it"))
    seen = {node.name: node.at_ms for node in nodes}  # each look compares the file's checksum
    tokens = {node.name: node.env.token for node in nodes if node.env.token}
    if len(set(tokens.values())) > 1:
        title = Words(N_("the env files have different cluster tokens"))
        yield of_all("env-tokens-differ", Severity.INFO, title, agree, tokens, "env", seen)
    initial = {node.name: node.env.initial_cluster for node in nodes if node.env.initial_cluster}
    if len({frozenset(text.split(",")) for text in initial.values()}) > 1:
        title = Words(N_("the env files name different initial clusters"))
        yield of_all("env-clusters-differ", Severity.INFO, title, agree, initial, "env", seen)
    if group.strangers:
        title = Words(
            N_("ETCD_INITIAL_CLUSTER names {names}, which no configured master is"),
            names=", ".join(group.strangers),
        )
        hint = Words(
            N_(
                "what nobody looks at is not judged: add the missing masters to the configuration, or correct the env files"
            )
        )
        names = set(group.strangers)
        those = {
            node.name: node.env.initial_cluster for node in nodes if names & set(initial_names(node).values())
        }
        yield of_all(NAMED_ONLY, Severity.WARN, title, hint, those, "env", seen)
    quotas = {node.name: f"{node.env.quota} bytes" for node in nodes if node.env.quota}
    if len(set(quotas.values())) > 1:
        title = Words(N_("the env files have different quotas for the database"))
        hint = Words(N_("the smallest one stops the writes of all: make them agree"))
        yield of_all("env-quotas-differ", Severity.INFO, title, hint, quotas, "env", seen)
    for node in nodes:
        yield from _asks_others(node, nodes)
        member = row_of(node, group.members, nodes)
        if member is None:
            continue
        if member.name and node.env.name and member.name != node.env.name:
            title = Words(
                N_("its env file calls it {name}, the member list {listed}"),
                name=node.env.name,
                listed=member.name,
            )
            value = f"ETCD_NAME={node.env.name}"
            yield of_node(
                "env-name",
                Severity.INFO,
                title,
                agree,
                node=node.name,
                source="env",
                value=value,
                at_ms=node.at_ms,
            )
        if node.env.peer_urls and set(node.env.peer_urls) != set(member.peer_urls):
            title = Words(
                N_("its env file says {url} for its peers, the member list {listed}"),
                url=" ".join(node.env.peer_urls),
                listed=" ".join(member.peer_urls),
            )
            value = f"ETCD_INITIAL_ADVERTISE_PEER_URLS={','.join(node.env.peer_urls)}"
            yield of_node(
                "env-peer-urls",
                Severity.INFO,
                title,
                agree,
                node=node.name,
                source="env",
                value=value,
                at_ms=node.at_ms,
            )


def _asks_others(node: NodeSnapshot, nodes: Sequence[NodeSnapshot]) -> Iterator[Finding]:
    """etcdctl with this file asks somebody else, and so does everybody who follows the procedure by hand."""
    named = node.env.asks_others
    if not named:
        return
    theirs = [one.name for one in nodes if one is not node and set(named) & set(one.env.client_urls)]
    title = Words(N_("ETCDCTL_ENDPOINTS in its env file is not its own: {urls}"), urls=", ".join(named))
    if theirs:
        title = Words(
            N_("ETCDCTL_ENDPOINTS in its env file is that of {names}: {urls}"),
            names=", ".join(theirs),
            urls=", ".join(named),
        )
    hint = Words(
        N_("etcdctl on this master answers for another one; correct it. novatui asks {url}"),
        url=node.env.endpoint,
    )
    value = f"ETCDCTL_ENDPOINTS={','.join(named)}"
    yield of_node(
        "env-endpoints",
        Severity.WARN,
        title,
        hint,
        node=node.name,
        source="env",
        value=value,
        at_ms=node.at_ms,
    )
