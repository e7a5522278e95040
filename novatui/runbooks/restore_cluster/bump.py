"""Raising the revision of what is restored: a client that has seen the discarded future then never sees a revision twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from novatui.model.findings import Finding
from novatui.runbooks.parts.host import Host, version
from novatui.runbooks.parts.refusal import reason

# As etcd's own documentation proposes it for Kubernetes: more than any cluster writes between two backups.
BUMP = 1_000_000_000
SINCE = (3, 5, 10)


def can(host: Host) -> bool:
    """Whether this master's tool can: etcdutl where there is one, else etcdctl."""
    found = version(host.tools.get("etcdutl") or host.tools.get("etcdctl", ""))
    return found is not None and found >= SINCE


def checks(hosts: Mapping[str, Host]) -> Iterator[Finding]:
    """Every master must be able to, or none does it: all members restore the same."""
    for node, host in hosts.items():
        if not can(host):
            said = host.tools.get("etcdutl") or host.tools.get("etcdctl") or "of unknown version"
            yield reason(
                "bump-version",
                f"--bump-revision needs etcd's tools from {'.'.join(map(str, SINCE))} on; here is: {said}",
                "leave it out. Where API servers are fenced nothing is lost by that",
                node=node,
            )


def proposal(hosts: Mapping[str, Host]) -> str:
    """For a plan that leaves API servers running."""
    if hosts and all(map(can, hosts.values())):
        return "--bump-revision takes the edge off: revisions then go on above any they have seen"
    return "the tools here are too old for --bump-revision"
