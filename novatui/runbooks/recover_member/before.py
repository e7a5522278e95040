"""Steps of recover-member before its gate: who can be worked on, whether the others agree and can do without it."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.diagnosis.quorum import needed
from novatui.model.findings import Finding
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.commands import At, known, limit_s
from novatui.runbooks.parts.host import GIB
from novatui.runbooks.parts.reach import reach, unstage
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.parts.refusal import reason
from novatui.runbooks.recover_member.checks import NEW_LOGS
from novatui.runbooks.recover_member.params import ADD, JOIN, REMOVE, RecoverParams, recover_params
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Scope, State, Step

# How long the others must have had quorum without a break.
STEADY_S = 5


def steps(params: RecoverParams) -> list[Step]:
    """In order; none of them stops anything, or touches what is there."""
    return [_reach(), trial(params), connected(params), alike(params), steady(params)]


def healthy(params: RecoverParams) -> tuple[str, ...]:
    """The participants but the target."""
    return tuple(node for node in params.nodes if node != params.target)


def _reach() -> Step:
    return reach(seed="1.2/1-2")


# -- trial ----------------------------------------------------------------------------------------------------------


def trial(params: RecoverParams) -> Step:
    return Step(
        id="trial",
        title=f"Try on {params.target} what will be done there: write, rename, room",
        effect=Effect.STAGE,
        scope=Scope.ONE,
        node=params.target,
        probe=_ask_trial,
        apply=_trial,
        cleanup=unstage,
        barrier=f"{params.target} lets us rename beside its data and its env file, and has room for new data",
    )


def _ask_trial(ctx: Context) -> Ask:
    at = At(ctx)
    return Ask(Command(script="trial", argv=("look", at.places.stage, at.run), timeout_s=20), read_trial)


def read_trial(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("tried") != "yes":
        return Probed(State.TODO, detail="not tried yet")
    return Probed(State.DONE, {"free_kib": reading.number("free_kib")})


def _trial(ctx: Context) -> Sequence[Act]:
    at = At(ctx)
    need = (recover_params(ctx.plan).db_size + NEW_LOGS + GIB) // 1024
    argv = ("do", at.places.stage, at.run, at.node.env_file, str(need))
    return [Command(script="trial", argv=argv, timeout_s=60, changes=True)]


# -- connected ------------------------------------------------------------------------------------------------------


def connected(params: RecoverParams) -> Step:
    return Step(
        id="connected",
        title="Ask every other member, through the network that etcd uses",
        effect=Effect.OBSERVE,
        scope=Scope.ONE,
        node=params.via,
        probe=_ask_connected,
        judge=judge_connected,
        settle_s=15,
        barrier="etcd takes no new member while a voter is not connected: all others answer",
        seed="1.2/3",
    )


def peers(params: RecoverParams) -> tuple[str, ...]:
    """As roster.sh takes the other members: ``NAME=URL[,URL]``, those that tell where their clients reach them."""
    return tuple(f"{one.name}={','.join(one.client_urls)}" for one in params.others if one.client_urls)


def _ask_connected(ctx: Context) -> Ask:
    at = At(ctx)
    argv = ("peers", *at.tls, at.node.etcdctl, *peers(recover_params(ctx.plan)))
    return Ask(Command(script="roster", argv=argv, timeout_s=60), read_connected)


def read_connected(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    return Probed(State.DONE, {"up": sorted(reading.all("up")), "down": sorted(reading.all("down"))})


def judge_connected(ctx: Context) -> Sequence[Finding]:
    """All of them where a member is added; enough for the quorum where it only joins."""
    params = recover_params(ctx.plan)
    up = known(ctx, "connected", params.via, "up") or []
    down = [one for one in params.others if one.name not in up]
    if not down or (params.way == JOIN and len(params.others) - len(down) >= needed(params.voters)):
        return ()
    names = "; ".join(f"{one.name} ({','.join(one.client_urls) or 'no client URL'})" for one in down)
    return [
        reason(
            "other-down",
            f"asked from {params.via}, these do not answer: {names}",
            "etcd takes no new member while a voter is not connected: bring them up first, one at a time",
        )
    ]


# -- alike ----------------------------------------------------------------------------------------------------------


def alike(params: RecoverParams, id: str = "alike", *, after: bool = False) -> Step:
    """``after``: with the new member among them. Before: the others alone, and that one that serves is still the odd one."""
    among = tuple(params.nodes) if after or params.odd else healthy(params)
    return Step(
        id=id,
        title="The same keys on all, by their hash"
        if after
        else "The others have the same keys, by their hash",
        effect=Effect.OBSERVE,
        among=among,
        probe=lambda ctx: _ask_alike(ctx, id, among),
        judge=lambda ctx: judge_alike(ctx, id, among, after=after),
        settle_s=60,
        barrier="hashkv is equal at one revision"
        + ("" if after else ": what the new member copies is what all have"),
        seed="" if after else "1.2/4",
    )


def _ask_alike(ctx: Context, id: str, among: Sequence[str]) -> Ask:
    at = At(ctx)
    seen = [known(ctx, step, node, "revision") for step in ("reach", "members", id) for node in among]
    revision = max((int(one) for one in seen if one is not None), default=0)
    limit = limit_s(recover_params(ctx.plan).db_size)
    argv = (*at.tls, at.node.etcdctl, str(revision))
    command = Command(script="hash", argv=argv, timeout_s=limit + 90)
    return Ask(command, lambda outcome: read_alike(outcome, revision))


def read_alike(outcome: Outcome, revision: int) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    status = answer.status(reading.json("status"))
    hashed = answer.hashkv(reading.json("hashkv"))
    if status is None or hashed is None:
        return Probed(State.TODO, detail="does not answer, or its keys could not be hashed")
    value, compacted, newest = hashed
    at = newest if reading.get("hashed") == "newest" else revision
    return Probed(
        State.DONE,
        {"revision": status.revision, "hash": value, "compact_revision": compacted, "hash_revision": at},
    )


def judge_alike(ctx: Context, id: str, among: Sequence[str], *, after: bool) -> Sequence[Finding]:
    params = recover_params(ctx.plan)
    facts = {node: ctx.facts.get(id, {}).get(node, {}) for node in among}
    places = {(one.get("hash_revision"), one.get("compact_revision")) for one in facts.values()}
    if len(places) > 1:
        said = ", ".join(f"{node} at {one.get('hash_revision')}" for node, one in facts.items())
        return [reason("hash", f"hashed at different revisions, not to be compared yet: {said}")]
    values = {node: one.get("hash") for node, one in facts.items()}
    others = {value for node, value in values.items() if node != params.target}
    if len(others) > 1 or (after and len(set(values.values())) > 1):
        hint = "" if after else "which of them is right cannot be told by us: nothing is replaced"
        return [reason("hash", f"the members' keys differ: hashkv {values}", hint)]
    if params.odd and not after and values.get(params.target) in others:
        return [
            reason(
                "member-serves",
                "its keys are the others' now: there is nothing to recover",
                node=params.target,
            )
        ]
    return ()


# -- steady ---------------------------------------------------------------------------------------------------------


def steady(params: RecoverParams, id: str = "steady", *, alone: bool = False) -> Step:
    """``alone``: with the target stopped. A read then proves that as many others vote as the quorum before its removal
    needs, which is no less than the one after."""
    without = f" without {params.target}" if alone else ""
    return Step(
        id=id,
        title=f"The others have quorum{without}, {STEADY_S} s without a break",
        effect=Effect.OBSERVE,
        among=healthy(params),
        probe=_ask_steady,
        settle_s=30,
        until=first(params),
        barrier=f"a linearizable read on each of them, twice a second for {STEADY_S} s",
    )


def first(params: RecoverParams) -> str:
    """The step from which on the way is forward."""
    return {REMOVE: "remove", ADD: "add", JOIN: "archive"}[params.way]


def _ask_steady(ctx: Context) -> Ask:
    at = At(ctx)
    argv = (*at.tls, at.node.etcdctl, str(STEADY_S))
    return Ask(Command(script="steady", argv=argv, timeout_s=STEADY_S + 25), read_steady)


def read_steady(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    first, second = (answer.status(reading.json(key)) for key in ("status1", "status2"))
    facts = {"reads": reading.number("reads"), "revision": second.revision if second else None}
    if reading.get("steady") != "yes" or first is None or second is None:
        return Probed(State.TODO, facts, detail="a linearizable read did not come back")
    if first.leader_id != second.leader_id or not second.leader_id:
        return Probed(State.TODO, facts, detail="the leader changed meanwhile")
    if first.term != second.term:  # the same one may win again
        return Probed(State.TODO, facts, detail="there was an election meanwhile")
    return Probed(State.DONE, {**facts, "leader_id": second.leader_id})
