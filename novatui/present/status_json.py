"""``novatui status --json``: the shapes other programs read. Within schema 1 keys are only added.

Unknown is null, never 0. Times are RFC 3339, UTC, with milliseconds; ``since`` is by the master's clock. IDs are
lower-case hex. A node that cannot be asked shows what was last known of it, dated by its own ``at``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from novatui.diagnosis.membership import row_of
from novatui.model.cluster import Alarm, ClusterSnapshot, Endpoint, Held, Member, NodeSnapshot, UnitState
from novatui.model.findings import Diagnosis, Finding, Severity

SCHEMA = 1


class QuorumShape(msgspec.Struct, frozen=True):
    healthy: int
    needed: int
    total: int


class ClusterShape(msgspec.Struct, frozen=True, kw_only=True):
    """``recommend`` is a runbook's name, ``wait`` or null; ``leader`` a node's name."""

    name: str
    verdict: str
    reasons: tuple[str, ...]
    recommend: str | None
    quorum: QuorumShape
    cluster_id: str | None
    leader: str | None
    revision: int | None


class ErrorShape(msgspec.Struct, frozen=True):
    code: str
    title: str
    hint: str


class UnitShape(msgspec.Struct, frozen=True, kw_only=True):
    load: str | None
    active: str | None
    sub: str | None
    since: str | None
    restarts: int | None
    exit_status: int | None


class EndpointShape(msgspec.Struct, frozen=True, kw_only=True):
    answers: bool | None
    has_quorum: bool | None
    alarms: tuple[Alarm, ...]
    member_id: str | None
    is_leader: bool | None
    is_learner: bool | None
    term: int | None
    index: int | None
    applied: int | None
    revision: int | None
    db_size: int | None
    db_in_use: int | None
    version: str | None
    errors: tuple[str, ...]


class MemberShape(msgspec.Struct, frozen=True, kw_only=True):
    """The row of the member list that is this node's; ``seen_by`` are the nodes whose list holds it."""

    id: str
    name: str
    peer_urls: tuple[str, ...]
    client_urls: tuple[str, ...]
    started: bool
    learner: bool
    seen_by: tuple[str, ...]


class HeldShape(msgspec.Struct, frozen=True, kw_only=True):
    run: str | None
    operator: str | None
    host: str | None
    since: str | None
    alive: bool | None
    hold: str | None


class NodeShape(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    host: str
    reachable: bool
    at: str | None
    error: ErrorShape | None
    unit: UnitShape
    endpoint: EndpointShape
    member: MemberShape | None
    held: HeldShape | None  # null: not known; all null: free


class StatusShape(msgspec.Struct, frozen=True, kw_only=True):
    schema: int
    at: str
    cluster: ClusterShape
    nodes: tuple[NodeShape, ...]


def status(snapshot: ClusterSnapshot, diagnosis: Diagnosis) -> StatusShape:
    """The whole document."""
    quorum = diagnosis.quorum
    listed = {member.id: member for node in snapshot.nodes for member in node.members}
    return StatusShape(
        schema=SCHEMA,
        at=instant(snapshot.at_ms),
        cluster=ClusterShape(
            name=snapshot.cluster,
            verdict=diagnosis.verdict.value,
            reasons=tuple(
                reason(f) for f in diagnosis.findings if f.severity in (Severity.BAD, Severity.WARN)
            ),
            recommend=diagnosis.recommend or None,
            quorum=QuorumShape(quorum.healthy, quorum.needed, quorum.total),
            cluster_id=diagnosis.cluster_id or None,
            leader=diagnosis.leader or None,
            revision=diagnosis.revision,
        ),
        nodes=tuple(_node(node, tuple(listed.values()), snapshot) for node in snapshot.nodes),
    )


def encode(shape: StatusShape) -> str:
    """One indented JSON document."""
    return msgspec.json.format(msgspec.json.encode(shape), indent=2).decode()


def reason(finding: Finding) -> str:
    """In English whatever the operator's language: other programs read it."""
    return f"{finding.node}: {finding.title}" if finding.node else str(finding.title)


def instant(at_ms: int) -> str:
    """``2024-06-14T08:15:00.042Z``."""
    moment = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{at_ms % 1000:03}Z"


def _node(node: NodeSnapshot, listed: Sequence[Member], snapshot: ClusterSnapshot) -> NodeShape:
    error = node.error
    row = row_of(node, listed, snapshot.nodes)
    return NodeShape(
        name=node.name,
        host=node.host,
        reachable=node.reachable,
        at=_instant(node.at_ms),
        error=ErrorShape(error.code, error.title, error.hint) if error else None,
        unit=_unit(node.unit),
        endpoint=_endpoint(node.endpoint),
        member=_member(row, snapshot) if row else None,
        held=_held(node.held) if node.held is not None else None,
    )


def _held(held: Held) -> HeldShape:
    return HeldShape(
        run=held.run or None,
        operator=held.operator or None,
        host=held.host or None,
        since=_instant(held.since_ms),
        alive=held.alive,
        hold=held.hold or None,
    )


def _unit(unit: UnitState) -> UnitShape:
    return UnitShape(
        load=unit.load,
        active=unit.active,
        sub=unit.sub,
        since=_instant(unit.since_ms),
        restarts=unit.restarts,
        exit_status=unit.exit_status,
    )


def _endpoint(endpoint: Endpoint) -> EndpointShape:
    return EndpointShape(
        answers=endpoint.answers,
        has_quorum=endpoint.has_quorum,
        alarms=endpoint.alarms,
        member_id=endpoint.member_id,
        is_leader=endpoint.is_leader,
        is_learner=endpoint.is_learner,
        term=endpoint.term,
        index=endpoint.index,
        applied=endpoint.applied,
        revision=endpoint.revision,
        db_size=endpoint.db_size,
        db_in_use=endpoint.db_in_use,
        version=endpoint.version,
        errors=endpoint.errors,
    )


def _member(row: Member, snapshot: ClusterSnapshot) -> MemberShape:
    return MemberShape(
        id=row.id,
        name=row.name,
        peer_urls=row.peer_urls,
        client_urls=row.client_urls,
        started=row.started,
        learner=row.learner,
        seen_by=tuple(node.name for node in snapshot.nodes if any(m.id == row.id for m in node.members)),
    )


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else instant(at_ms)
