"""How often the screen is drawn from snapshots: a change of state at once, figures that moved once a second.

Three masters give six snapshots a second in which nothing but index, latency and age differ: drawing each of them was
most of what an idle screen cost.
"""

from __future__ import annotations

from collections.abc import Callable

from novatui.model.cluster import ClusterSnapshot, NodeSnapshot


class Pace:
    """Gives ``show`` every change of state as it comes; the newest of the others is had with ``release``, on the clock's
    second."""

    def __init__(self, show: Callable[[ClusterSnapshot], None]) -> None:
        self._show = show
        self._state: tuple[object, ...] = ()
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


def state_of(node: NodeSnapshot) -> tuple[object, ...]:
    """Everything of a master but what always moves: times, latency, indexes, revision, sizes."""
    unit, endpoint = node.unit, node.endpoint
    return (
        (node.link, node.doing, node.error, node.boot_id, node.env, node.members, node.at_ms is None),
        (unit.load, unit.active, unit.sub, unit.main_pid, unit.restarts, unit.exit_status, unit.result),
        (endpoint.answers, endpoint.has_quorum, endpoint.error, endpoint.alarms, endpoint.errors),
        (endpoint.member_id, endpoint.leader_id, endpoint.is_learner, endpoint.term, endpoint.version),
        endpoint.cluster_id,
    )
