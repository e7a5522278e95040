"""How often the screen is drawn from snapshots: a change of state at once, figures that moved once a second.

Three masters give six snapshots a second in which nothing but index, latency and age differ: drawing each of them was
most of what an idle screen cost.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from novatui.model.cluster import ClusterSnapshot, NodeSnapshot


class Pace:
    """Gives ``show`` every change of state as it comes; the newest of the others is had with ``release``, on the clock's
    second."""

    def __init__(self, show: Callable[[ClusterSnapshot], None]) -> None:
        self._show = show
        self._state: tuple[NodeSnapshot, ...] = ()
        self._held: ClusterSnapshot | None = None

    def arrived(self, snapshot: ClusterSnapshot) -> None:
        state = tuple(map(state_of, snapshot.nodes))
        if state == self._state:
            self._held = snapshot
            return
        self._state, self._held = state, None
        self._show(snapshot)

    def release(self) -> ClusterSnapshot | None:
        """The newest that was not shown."""
        held, self._held = self._held, None
        return held


def state_of(node: NodeSnapshot) -> NodeSnapshot:
    """The master without what always moves: times, latency, indexes, revision, sizes. What is not named here counts."""
    return replace(
        node,
        at_ms=None if node.at_ms is None else 0,
        members_at_ms=None,
        clock_skew_ms=None,
        disk=None,
        unit=replace(node.unit, since_ms=None),
        endpoint=replace(
            node.endpoint,
            latency_ms=None,
            answered_ms=None,
            index=None,
            applied=None,
            revision=None,
            db_size=None,
            db_in_use=None,
            metrics_ms=None,
            fsync_p99_ms=None,
            proposals_pending=None,
        ),
    )
