"""The checks that end every run: who is a member, one leader, the same keys by their hash, a write on every endpoint.

What they expect is a function of the context, a runbook's own: a restore computes its members' IDs, others read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from novatui.model.findings import Finding
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.commands import At, known
from novatui.runbooks.parts.params import restore_params
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.parts.refusal import reason
from novatui.runbooks.step import Ask, Context, Effect, Probed, Scope, State, Step

MEMBERS_S = 60.0
LAST_GATE_S = 60.0
MOST_LAG = 100


@dataclass(frozen=True)
class Expected:
    """The cluster a run must end in, as far as it is known when a step asks.

    ``own``: the member ID of each participant; ``ids``: all IDs of the member list, also of members that take no part.
    ``least``: a revision no member may be below, None while it is not known (then nothing is good enough);
    ``least_of`` says in words what has that revision, ``least_fact`` is its name in the journal.
    """

    cluster_id: str
    own: Mapping[str, str]
    ids: frozenset[str]
    least: int | None
    least_of: str = "the snapshot"
    least_fact: str = "snapshot_revision"


Expect = Callable[[Context], Expected]


def restored(ctx: Context) -> Expected:
    """What a restore ends in: the participants and nobody else, with the IDs of a bootstrap, not before the snapshot."""
    params = restore_params(ctx.plan)
    own = {node: one.member_id for node, one in params.nodes.items()}
    least = known(ctx, "prove", params.source.nodes[0], "revision")
    if least is not None:
        least += params.bump
    what = "the snapshot, raised" if params.bump else "the snapshot"
    return Expected(params.cluster_id, own, frozenset(own.values()), least, what)


# -- members --------------------------------------------------------------------------------------------------------


def members(expect: Expect = restored, *, seed: str = "1.3/9") -> Step:
    return Step(
        id="members",
        title="Exactly the expected members, one leader",
        effect=Effect.OBSERVE,
        probe=lambda ctx: _ask_members(ctx, expect(ctx)),
        judge=judge_members,
        settle_s=MEMBERS_S,
        barrier="all members are started, agree on the cluster and on one leader",
        seed=seed,
    )


def _member_command(ctx: Context) -> Command:
    at = At(ctx)
    return Command(script="member", argv=(at.node.unit, *at.tls, at.node.etcdctl), timeout_s=25)


def _ask_members(ctx: Context, expected: Expected) -> Ask:
    own = expected.own[ctx.node]
    return Ask(
        _member_command(ctx),
        lambda outcome: read_members(outcome, own, expected.cluster_id, expected.ids),
    )


def read_members(outcome: Outcome, member_id: str, cluster_id: str, ids: frozenset[str]) -> Probed:
    """One member's own view; anything that is not as it must be is TODO: a cluster that just started may still settle."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    status = answer.status(reading.json("status"))
    listed = answer.members(reading.json("members"))
    if status is None:
        return Probed(State.TODO, detail=f"does not answer; the unit is {reading.unit('ActiveState')}")
    wrong = []
    if status.cluster_id != cluster_id:
        wrong.append(f"cluster {status.cluster_id}, expected {cluster_id}")
    if status.member_id != member_id:
        wrong.append(f"member {status.member_id}, expected {member_id}")
    if listed is None or {one.id for one in listed} != ids:
        names = "not read" if listed is None else ", ".join(sorted(one.id for one in listed))
        wrong.append(f"its list is {names}, expected {', '.join(sorted(ids))}")
    elif unstarted := [one.id for one in listed if not one.name or one.learner]:
        wrong.append(f"not started voters: {', '.join(unstarted)}")
    if not status.leader_id:
        wrong.append("no leader yet")
    if reading.get("quorum") != "yes":
        wrong.append("no linearizable read yet")
    facts = {
        "member_id": status.member_id,
        "cluster_id": status.cluster_id,
        "leader_id": status.leader_id,
        "revision": status.revision,
        "version": status.version,
    }
    return Probed(State.TODO, facts, detail="; ".join(wrong)) if wrong else Probed(State.DONE, facts)


def judge_members(ctx: Context) -> Sequence[Finding]:
    leaders = {node: known(ctx, "members", node, "leader_id") for node in ctx.plan.nodes}
    if len(set(leaders.values())) == 1:
        return ()
    said = "; ".join(f"{node}: {leader}" for node, leader in leaders.items())
    return [reason("leader", f"the members do not agree on one leader: {said}")]


# -- last gate ------------------------------------------------------------------------------------------------------


def last_gate(
    expect: Expect = restored,
    *,
    also: Callable[[Context], Sequence[str]] = lambda ctx: (),
    judge: Callable[[Context], Sequence[Finding]] | None = None,
    barrier: str = "the cluster is the snapshot, on every member, and takes writes",
    seed: str = "1.3/9",
) -> Step:
    return Step(
        id="last-gate",
        title="Last gate: same revision, same hash, a write on every endpoint",
        effect=Effect.OBSERVE,
        probe=lambda ctx: _ask_last_gate(ctx, expect(ctx), also(ctx)),
        judge=judge or judge_last_gate,
        settle_s=LAST_GATE_S,
        barrier=barrier,
        seed=seed,
    )


def _ask_last_gate(ctx: Context, expected: Expected, also: Sequence[str]) -> Ask:
    at = At(ctx)
    revision = newest_seen(ctx, expected.least or 0)
    argv = (*at.tls, at.node.etcdctl, str(revision), *also)
    return Ask(
        Command(script="last-gate", argv=argv, timeout_s=210),
        lambda outcome: read_last_gate(
            outcome, expected.least, revision, of=expected.least_of, fact=expected.least_fact
        ),
    )


def newest_seen(ctx: Context, least: int) -> int:
    """The revision to hash at: the highest that a member was seen at since the start. At the snapshot's own revision all
    would be equal whatever came after it: the data from before has the snapshot in its past too."""
    seen = [
        known(ctx, step, node, "revision") for step in ("members", "last-gate") for node in ctx.plan.nodes
    ]
    return max([least, *(int(one) for one in seen if one is not None)])


def read_last_gate(
    outcome: Outcome,
    least: int | None,
    revision: int,
    *,
    of: str = "the snapshot",
    fact: str = "snapshot_revision",
) -> Probed:
    """``least``, of what ``of`` says: no revision may be below it; ``revision``: where to hash. Facts hold both looks at the
    index, for the judge."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    looks = [answer.status(reading.json(key)) for key in ("status1", "status2")]
    first, second = looks
    if first is None or second is None:
        return Probed(State.TODO, detail="does not answer")
    hashed = answer.hashkv(reading.json("hashkv"))
    wrong = []
    if least is None or second.revision < least:
        wrong.append(f"revision {second.revision}, that of {of} is {least}")
    if hashed is None:
        wrong.append("its keys could not be hashed")
    if alarms := {*first.alarms, *second.alarms}:
        wrong.append(f"alarms: {', '.join(sorted(alarms))}")
    if reading.get("write") != "yes":
        wrong.append(f"a lease could not be granted and revoked: {reading.text('write_error')}")
    facts = {
        "revision": second.revision,
        fact: least,
        "hash": hashed[0] if hashed else None,
        "compact_revision": hashed[1] if hashed else None,
        "hash_revision": hashed[2] if hashed and reading.get("hashed") == "newest" else revision,
        "index": [first.index, second.index],
        "write": reading.get("write") == "yes",
    }
    if fenced := reading.get("fenced"):
        facts["fenced"] = fenced == "yes"
    return Probed(State.TODO, facts, detail="; ".join(wrong)) if wrong else Probed(State.DONE, facts)


def judge_last_gate(ctx: Context) -> Sequence[Finding]:
    """Across the members: hashes are compared only of the same revision, and where the compact revision is equal."""
    facts = {node: ctx.facts.get("last-gate", {}).get(node, {}) for node in ctx.plan.nodes}
    found: list[Finding] = []
    compacted = {node: one.get("compact_revision") for node, one in facts.items()}
    hashes = {node: one.get("hash") for node, one in facts.items()}
    hashed_at = {node: one.get("hash_revision") for node, one in facts.items()}
    if len(set(hashed_at.values())) > 1:
        found.append(reason("hash", f"hashed at different revisions, not to be compared yet: {hashed_at}"))
    elif len(set(compacted.values())) > 1:
        found.append(reason("hash", f"compacted to different revisions, not to be compared yet: {compacted}"))
    elif len(set(hashes.values())) > 1 or None in hashes.values():
        found.append(reason("hash", f"the members' keys differ: hashkv {hashes}"))
    for look in (0, 1):
        indexes = {node: one["index"][look] for node, one in facts.items() if one.get("index")}
        if len(indexes) == len(facts) and max(indexes.values()) - min(indexes.values()) >= MOST_LAG:
            found.append(reason("lag", f"a member lags: raft index {indexes}"))
    return found


# -- as before ------------------------------------------------------------------------------------------------------


def undo_reach() -> Step:
    """Everything an undo discards, and that every master is there: a partial undo was green with differing data."""
    return Step(
        id="undo-reach",
        title="Reach all masters; what the undo discards",
        effect=Effect.OBSERVE,
        probe=_ask_undo_reach,
        settle_s=10,
        barrier="every master answers: an undo is done on all or on none",
    )


def _ask_undo_reach(ctx: Context) -> Ask:
    least = restored(ctx).least
    return Ask(_member_command(ctx), lambda outcome: read_undo_reach(outcome, least))


def read_undo_reach(outcome: Outcome, least: int | None) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    status = answer.status(reading.json("status"))
    revision = status.revision if status else None
    facts = {"leads": status is not None and status.leads, "revision": revision, "snapshot_revision": least}
    if revision is None or least is None:
        return Probed(State.DONE, facts)
    return Probed(
        State.DONE, facts, detail=f"discards {max(0, revision - least)} revisions written since the restore"
    )


def undo_leader(ctx: Context) -> str:
    """Who leads now: it is stopped last."""
    return next((node for node in ctx.plan.nodes if known(ctx, "undo-reach", node, "leads")), "")


def as_before(*, node: str = "") -> Step:
    return Step(
        id="as-before",
        title="As before: the same members on their own data",
        effect=Effect.OBSERVE,
        scope=Scope.ONE if node else Scope.EACH,
        node=node,
        probe=_ask_as_before,
        settle_s=MEMBERS_S,
        barrier="every member is what it was before the run",
    )


def _ask_as_before(ctx: Context) -> Ask:
    node = At(ctx).node
    started = node.was_running and not known(ctx, "undo-start", ctx.node, "nothing")
    return Ask(_member_command(ctx), _as_before_reader(node.had_quorum, started, node.was_member))


def _as_before_reader(had_quorum: bool, started: bool, was_member: str) -> Callable[[Outcome], Probed]:
    def reader(outcome: Outcome) -> Probed:
        reading = read(outcome)
        if not reading.whole:
            return UNREADABLE
        status = answer.status(reading.json("status"))
        active = reading.unit("ActiveState")
        facts = {
            "unit": active,
            "answers": status is not None,
            "revision": status.revision if status else None,
        }
        if was_member and status is not None and (now := answer.identity(status)) != was_member:
            detail = f"it answers as cluster/member {now}, it was {was_member} before the run"
            return Probed(State.FOREIGN, facts, detail=detail)
        if had_quorum and reading.get("quorum") != "yes":
            return Probed(State.TODO, facts, detail="it had quorum before, and has none yet")
        if started and active in ("inactive", ""):
            return Probed(State.TODO, facts, detail=f"the unit is {active or 'unknown'}, it ran before")
        words = "" if had_quorum else "without quorum, as before"
        return Probed(State.DONE, facts, detail=words)

    return reader
