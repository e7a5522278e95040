"""The end of recover-member: the new member has caught up, and the checks that end every run expect it under its new ID."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.findings import Finding
from novatui.remote.command import Outcome
from novatui.runbooks.parts import answer, proof
from novatui.runbooks.parts.commands import known, limit_s
from novatui.runbooks.parts.proof import MOST_LAG, Expected
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.parts.refusal import reason
from novatui.runbooks.parts.start import unit_words
from novatui.runbooks.recover_member.members import list_command, new_id
from novatui.runbooks.recover_member.params import RecoverParams, recover_params
from novatui.runbooks.step import Ask, Context, Effect, Probed, State, Step


def caught_up(params: RecoverParams) -> Step:
    return Step(
        id="caught-up",
        title=f"Wait until {params.target} has caught up",
        effect=Effect.OBSERVE,
        probe=lambda ctx: Ask(list_command(ctx), read_index),
        judge=judge_index,
        settle_s=limit_s(params.db_size),
        barrier=f"its raft index is less than {MOST_LAG} behind",
    )


def read_index(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    status = answer.status(reading.json("status"))
    if status is None:
        return Probed(State.TODO, detail=f"does not answer; {unit_words(reading)}")
    facts = {
        "member_id": status.member_id,
        "index": status.applied or status.index,
        "revision": status.revision,
    }
    return Probed(State.DONE, facts)


def judge_index(ctx: Context) -> Sequence[Finding]:
    params = recover_params(ctx.plan)
    facts = {node: ctx.facts.get("caught-up", {}).get(node, {}) for node in ctx.plan.nodes}
    indexes = {node: int(one["index"]) for node, one in facts.items() if one.get("index") is not None}
    behind = max(indexes.values(), default=0) - indexes.get(params.target, 0)
    if behind < MOST_LAG:
        return ()
    return [reason("lag", f"it is {behind} entries behind the others, and copies", node=params.target)]


def expected(ctx: Context) -> Expected:
    """The same cluster, the others as they were, the target under its new ID; no revision below the others' before."""
    params = recover_params(ctx.plan)
    new = new_id(ctx)
    own = {node: one.member_id for node, one in params.nodes.items()} | {params.target: new}
    seen = [
        known(ctx, step, node, "revision")
        for step in ("reach", "steady", "steady-alone")
        for node in params.nodes
        if node != params.target
    ]
    return Expected(
        cluster_id=params.cluster_id,
        own=own,
        ids=frozenset({one.id for one in params.others} | {new}),
        least=max((int(one) for one in seen if one is not None), default=None),
        least_of="the others before",
        least_fact="least_revision",
    )


def members() -> Step:
    return proof.members(expected, seed="1.2/15")


def last_gate() -> Step:
    return proof.last_gate(
        expected, barrier="the new member is like the others, and every member takes writes", seed="1.2/16"
    )
