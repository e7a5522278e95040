"""A member that is active and does not answer: slow, or hung."""

from __future__ import annotations

from novatui.model.cluster import NodeSnapshot

# A process that has not answered for this long is taken for hung, not for slow.
HUNG_MS = 10_000


def hung_from_ms(node: NodeSnapshot) -> int | None:
    """When it is taken for hung, by our clock; None: it is not silent. It counts from the first look that came to nothing,
    not from the last answer: nobody may have asked since."""
    if node.unit.active != "active" or node.endpoint.answers is not False:
        return None
    since_ms = node.endpoint.silent_since_ms or node.endpoint.answered_ms or 0
    return max(since_ms, node.unit_since_ms or 0) + HUNG_MS


def hung(node: NodeSnapshot, now_ms: int) -> bool:
    from_ms = hung_from_ms(node)
    return from_ms is not None and now_ms > from_ms
