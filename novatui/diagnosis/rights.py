"""Masters where we are in but not root: what is seen of them is what anybody may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from novatui.diagnosis.finding import of_all
from novatui.model.cluster import NodeError, NodeSnapshot
from novatui.model.findings import Finding, Severity
from novatui.model.words import N_, Words


def blind(nodes: Sequence[NodeSnapshot]) -> list[NodeSnapshot]:
    """Those whose etcd cannot be asked for it."""
    return [node for node in nodes if node.lacks_root and node.endpoint.answers is None]


def rights_findings(nodes: Sequence[NodeSnapshot]) -> Iterator[Finding]:
    """One finding for all that lack it for the same reason."""
    causes: dict[NodeError, dict[str, str]] = {}
    for node in nodes:
        if node.lacks_root and node.error is not None:
            causes.setdefault(node.error, {})[node.name] = node.error.title
    for error, values in causes.items():
        title = Words(N_("not root on {names}: {why}"), names=", ".join(values), why=error.title)
        times = {node.name: node.at_ms for node in nodes}
        hint = Words(N_("{hint}"), hint=error.hint)
        yield of_all("not-root", Severity.WARN, title, hint, values, "sudo", times)
