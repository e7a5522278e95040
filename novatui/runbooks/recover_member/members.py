"""Steps of recover-member that change the member list, each asked of one member that has quorum."""

from __future__ import annotations

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.answer import Listed
from novatui.runbooks.parts.commands import At, born, known
from novatui.runbooks.parts.reading import UNREADABLE, Reading, read
from novatui.runbooks.recover_member.before import peers
from novatui.runbooks.recover_member.params import ADD, JOIN, RecoverParams, quorum_after, recover_params
from novatui.runbooks.step import Ask, Context, Effect, Probed, Scope, State, Step, always

# How long a refusal of etcd that may pass is asked again: a voter is not connected, an election is under way.
PATIENCE_S = 15
PROMOTE_S = 60
NEW_ID = "new member ID"


def _roster(ctx: Context, verb: str, *words: str, wait_s: int = PATIENCE_S) -> Command:
    """On ``via``, through its own member."""
    at = At(ctx)
    argv = (verb, *at.tls, at.node.etcdctl, str(wait_s), *words)
    return Command(script="roster", argv=argv, timeout_s=wait_s + 45, changes=True)


def list_command(ctx: Context) -> Command:
    at = At(ctx)
    return Command(script="member", argv=(at.node.unit, *at.tls, at.node.etcdctl), timeout_s=25)


def _listed(reading: Reading) -> tuple[Listed, ...] | None:
    """The list of a member that has quorum; None otherwise: an old list says nothing."""
    return answer.members(reading.json("members")) if reading.get("quorum") == "yes" else None


NO_LIST = Probed(State.UNKNOWN, detail="the member that is asked has no quorum now: its list may be old")


# -- hand over ------------------------------------------------------------------------------------------------------


def hand_over(params: RecoverParams) -> Step:
    """Only for one that serves: its stop is then no election."""
    return Step(
        id="hand-over",
        title=f"If {params.target} leads, hand the lead over to {params.via}",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=params.target,
        probe=lambda ctx: Ask(list_command(ctx), read_lead),
        apply=lambda ctx: [_roster(ctx, "lead", params.nodes[params.via].member_id)],
        until="stop",
        again=always,
        settle_s=15,
    )


def read_lead(outcome: Outcome) -> Probed:
    """A member that does not answer leads nobody any more, or its stop is an election: that is waited for later."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    status = answer.status(reading.json("status"))
    if status is not None and status.leads:
        return Probed(State.TODO, detail="it leads")
    return Probed(State.DONE, {"leader_id": status.leader_id if status else ""})


# -- remove, add ----------------------------------------------------------------------------------------------------


def remove(params: RecoverParams) -> Step:
    """The point of no return."""
    return Step(
        id="remove",
        title=f"Remove member {params.seat} of {params.target} from the cluster",
        effect=Effect.NO_RETURN,
        scope=Scope.ONE,
        node=params.via,
        probe=lambda ctx: Ask(list_command(ctx), lambda outcome: read_removed(outcome, params.seat)),
        apply=lambda ctx: [_roster(ctx, "remove", params.seat)],
        until="remove",
        settle_s=PATIENCE_S,
        barrier=f"the ID is banned for good, the way is forward from here; {quorum_after(params, 'it is removed')}",
        seed="1.2/5",
    )


def read_removed(outcome: Outcome, seat: str) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    listed = _listed(reading)
    if listed is None:
        return NO_LIST
    if any(one.id == seat for one in listed):
        return Probed(State.TODO, detail=f"{seat} is in the list")
    return Probed(State.DONE, {"members": len(listed)})


def add(params: RecoverParams) -> Step:
    own = params.nodes[params.target]
    what = ("learner" if params.learner else "voter", *peers(params))
    return Step(
        id="add",
        title=f"Add {own.member} anew, by its name and peer URL",
        effect=Effect.NO_RETURN if params.way == ADD else Effect.CHANGE,
        scope=Scope.ONE,
        node=params.via,
        probe=lambda ctx: Ask(list_command(ctx), lambda outcome: read_added(outcome, params)),
        apply=lambda ctx: [_roster(ctx, "add", own.member, ",".join(own.peer_urls), *what)],
        settle_s=PATIENCE_S,
        barrier=f"it is in the list, unstarted, under a new ID; {quorum_after(params, 'it is added')}",
        binds={NEW_ID: "member_id"},
        until="add",
        seed="1.2/6-7",
    )


def read_added(outcome: Outcome, params: RecoverParams) -> Probed:
    """DONE when one entry has the target's peer URLs and the others are those of the plan; its ID is born here."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    listed = _listed(reading)
    if listed is None:
        return NO_LIST
    urls = frozenset(params.nodes[params.target].peer_urls)
    own = [one for one in listed if urls & set(one.peer_urls)]
    rest = {one.id for one in listed if one not in own}
    if rest != {one.id for one in params.others} or len(own) > 1:
        said = ", ".join(f"{one.id} ({one.name or 'unstarted'})" for one in listed)
        return Probed(State.FOREIGN, detail=f"the members are not those of the plan any more: {said}")
    if not own or (params.way != JOIN and own[0].id == params.seat):
        return Probed(State.TODO, detail="it is not in the list")
    new = own[0]
    status = "started" if new.name else "unstarted"
    return Probed(State.DONE, {"member_id": new.id, "status": status, "learner": new.learner}, detail=status)


def new_id(ctx: Context) -> str:
    """The member ID it has from now on; empty while that is not known."""
    params = recover_params(ctx.plan)
    return params.seat if params.way == JOIN else str(known(ctx, "add", params.via, "member_id") or "")


# -- promote, disarm ------------------------------------------------------------------------------------------------


def promote(params: RecoverParams) -> Step:
    return Step(
        id="promote",
        title=f"Let {params.nodes[params.target].member} vote",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=params.via,
        probe=lambda ctx: Ask(list_command(ctx), lambda outcome: read_promoted(outcome, new_id(ctx))),
        apply=lambda ctx: [
            _roster(ctx, "promote", born(ctx, "add", params.via, "member_id", NEW_ID), wait_s=PROMOTE_S)
        ],
        until="promote",
        settle_s=PATIENCE_S,
        barrier=f"it is a voter; {quorum_after(params, 'it has joined')}",
    )


def read_promoted(outcome: Outcome, member_id: str) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    listed = _listed(reading)
    if listed is None:
        return NO_LIST
    own = next((one for one in listed if one.id == member_id), None)
    if own is None:
        return Probed(State.FOREIGN, detail=f"{member_id or 'the new member'} is not in the list")
    return Probed(State.TODO, detail="it is a learner") if own.learner else Probed(State.DONE)


def disarm(params: RecoverParams) -> Step:
    """Only with a CORRUPT alarm, and only once the keys of all are the same again."""
    return Step(
        id="disarm",
        title="Disarm the CORRUPT alarm: all keys are the same again",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=params.via,
        probe=lambda ctx: Ask(list_command(ctx), read_alarms),
        apply=lambda ctx: [_roster(ctx, "disarm")],
        again=always,
        settle_s=15,
        barrier="no alarm is left",
    )


def read_alarms(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    status = answer.status(reading.json("status"))
    if status is None:
        return Probed(State.UNKNOWN, detail="does not answer")
    return Probed(State.TODO, detail=", ".join(status.alarms)) if status.alarms else Probed(State.DONE)
