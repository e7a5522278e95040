"""Steps of recover-member after its gate: the list without it and with it anew, its data put aside, its env file, its start."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.findings import Finding
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer, proof
from novatui.runbooks.parts.answer import Listed
from novatui.runbooks.parts.commands import At, born, known, limit_s
from novatui.runbooks.parts.prepare import UNREADABLE
from novatui.runbooks.parts.proof import MOST_LAG, Expected
from novatui.runbooks.parts.reading import Reading, read
from novatui.runbooks.parts.recover_before import peers
from novatui.runbooks.parts.recover_params import ADD, JOIN, RecoverParams, quorum_after, recover_params
from novatui.runbooks.parts.refusal import reason
from novatui.runbooks.parts.source_checks import GIB
from novatui.runbooks.parts.start import START_S, unit_words
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Scope, State, Step

# How long a refusal of etcd that may pass is asked again: a voter is not connected, an election is under way.
PATIENCE_S = 15
PROMOTE_S = 60
NEW_ID = "new member ID"


def _roster(ctx: Context, verb: str, *words: str, wait_s: int = PATIENCE_S) -> Command:
    """On ``via``, through its own member."""
    at = At(ctx)
    argv = (verb, *at.tls, at.node.etcdctl, str(wait_s), *words)
    return Command(script="roster", argv=argv, timeout_s=wait_s + 45, changes=True)


def _list(ctx: Context) -> Command:
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
        probe=lambda ctx: Ask(_list(ctx), read_lead),
        apply=lambda ctx: [_roster(ctx, "lead", params.nodes[params.via].member_id)],
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


# -- the snapshot ---------------------------------------------------------------------------------------------------


def safety_file(ctx: Context, params: RecoverParams) -> str:
    return f"{params.nodes[params.via].work_dir}/{ctx.plan.run}/safety.db"


def safety(params: RecoverParams) -> Step:
    return Step(
        id="safety",
        title=f"Keep a snapshot of the cluster on {params.via}",
        effect=Effect.STAGE,
        scope=Scope.ONE,
        node=params.via,
        probe=_ask_safety,
        apply=_safety,
        barrier=f"a snapshot with a right hash lies on {params.via}, and stays there",
    )


def _ask_safety(ctx: Context) -> Ask:
    at = At(ctx)
    argv = ("look", safety_file(ctx, recover_params(ctx.plan)), at.run)
    return Ask(Command(script="save", argv=argv, timeout_s=30), lambda outcome: read_safety(outcome, at.run))


def read_safety(outcome: Outcome, run: str) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("saved") != "yes":
        return Probed(State.TODO, detail="not saved yet")
    snapshot = answer.snapshot(reading.json("status"))
    if snapshot is None or reading.get("run") != run or reading.get("size_now") != reading.get("size"):
        return Probed(State.PARTIAL, detail="what lies there is not whole")
    facts = {"revision": snapshot.revision, "size": reading.number("size"), "sha256": reading.get("sha256")}
    return Probed(State.DONE, facts)


def _safety(ctx: Context) -> Sequence[Act]:
    at, params = At(ctx), recover_params(ctx.plan)
    limit = limit_s(params.db_size)
    need = (params.db_size + GIB) // 1024
    argv = ("do", safety_file(ctx, params), at.run, *at.tls, at.node.etcdctl, str(need), f"{limit:.0f}")
    return [Command(script="save", argv=argv, timeout_s=limit + 180, changes=True)]


# -- remove, add ----------------------------------------------------------------------------------------------------


def remove(params: RecoverParams) -> Step:
    """The point of no return."""
    return Step(
        id="remove",
        title=f"Remove member {params.seat} of {params.target} from the cluster",
        effect=Effect.NO_RETURN,
        scope=Scope.ONE,
        node=params.via,
        probe=lambda ctx: Ask(_list(ctx), lambda outcome: read_removed(outcome, params.seat)),
        apply=lambda ctx: [_roster(ctx, "remove", params.seat)],
        settle_s=10,
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
        probe=lambda ctx: Ask(_list(ctx), lambda outcome: read_added(outcome, params)),
        apply=lambda ctx: [_roster(ctx, "add", own.member, ",".join(own.peer_urls), *what)],
        settle_s=10,
        barrier=f"it is in the list, unstarted, under a new ID; {quorum_after(params, 'it is added')}",
        binds={NEW_ID: "member_id"},
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


# -- data and env file ----------------------------------------------------------------------------------------------


def archive(params: RecoverParams) -> Step:
    return Step(
        id="archive",
        title=f"Put the old data of {params.target} aside",
        effect=Effect.NO_RETURN if params.way == JOIN else Effect.CHANGE,
        scope=Scope.ONE,
        node=params.target,
        probe=_ask_archive,
        apply=lambda ctx: [_archive(ctx, "do")],
        barrier="its data is kept under another name; an empty directory is in its place",
        seed="1.2/11",
    )


def _archive(ctx: Context, verb: str) -> Command:
    at = At(ctx)
    node, here = at.node, at.places
    make = "make" if node.kind == "dir" else "leave"
    argv = (
        verb,
        node.unit,
        here.live,
        here.old,
        at.run,
        f"{node.work_dir}/hold",
        node.owner,
        node.mode,
        make,
    )
    return Command(script="aside", argv=argv, timeout_s=60, changes=verb == "do")


def _ask_archive(ctx: Context) -> Ask:
    return Ask(_archive(ctx, "look"), read_archive)


def read_archive(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    word = reading.get("state")
    facts = {key: reading.get(key) for key in ("live", "old") if reading.get(key)}
    if word == "blank":
        kept = "" if facts.get("old") else "there was nothing to keep"
        return Probed(State.DONE, facts, detail=kept)
    states = {"todo": State.TODO, "partial": State.PARTIAL, "foreign": State.PARTIAL}
    words = {
        "partial": "put aside, the empty directory is not there yet",
        "foreign": "somebody made new data meanwhile: it will be kept aside",
    }
    return Probed(states.get(word, State.UNKNOWN), facts, detail=words.get(word, ""))


def env(params: RecoverParams) -> Step:
    return Step(
        id="env",
        title=f"Write the cluster as it is now into the env file of {params.target}",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=params.target,
        probe=lambda ctx: Ask(_join(ctx, "look"), read_env),
        apply=lambda ctx: [_join(ctx, "do")],
        barrier="ETCD_INITIAL_CLUSTER_STATE=existing, ETCD_INITIAL_CLUSTER names every member",
        seed="1.2/12",
    )


def _join(ctx: Context, verb: str) -> Command:
    at = At(ctx)
    argv = (verb, at.run, at.node.env_file, at.params.initial_cluster)
    return Command(script="join", argv=argv, timeout_s=30, changes=verb == "do")


def read_env(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    state = State.DONE if reading.get("joins") == "yes" else State.TODO
    return Probed(state, {"env_copy": reading.get("copy")})


# -- start ----------------------------------------------------------------------------------------------------------


def start(params: RecoverParams) -> Step:
    return Step(
        id="start",
        title=f"Lift the hold and start etcd on {params.target}",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=params.target,
        probe=lambda ctx: Ask(_start(ctx, "look"), read_start),
        apply=lambda ctx: [_start(ctx, "do")],
        settle_s=START_S + limit_s(params.db_size),
        barrier="the unit is active: it has joined, and has the data of the others",
        seed="1.2/13-14",
    )


def _start(ctx: Context, verb: str) -> Command:
    at = At(ctx)
    node = at.node
    argv = (verb, at.run, node.work_dir, node.unit, node.data_dir, "-", "yes")
    return Command(script="start", argv=argv, timeout_s=30, changes=verb == "do")


def read_start(outcome: Outcome) -> Probed:
    """Activating: it copies the data and publishes itself. 0.4 s, or 15.3 when its first publish is lost."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    active, sub = reading.unit("ActiveState"), reading.unit("SubState")
    facts = {"unit": active, "restarts": reading.unit("NRestarts")}
    if held_by := reading.get("held_by"):
        return Probed(State.TODO, facts, detail=f"held by run {held_by}")
    if active == "active":
        return Probed(State.DONE, facts)
    if active == "activating" and sub == "start":
        words = "it joins and publishes itself: 0.4 s as a rule, 15.3 s when its first word is lost"
        return Probed(State.TODO, facts, detail=words)
    return Probed(State.TODO, facts, detail=unit_words(reading))


# -- caught up, promote ---------------------------------------------------------------------------------------------


def caught_up(params: RecoverParams) -> Step:
    return Step(
        id="caught-up",
        title=f"Wait until {params.target} has caught up",
        effect=Effect.OBSERVE,
        probe=lambda ctx: Ask(_list(ctx), read_index),
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


def promote(params: RecoverParams) -> Step:
    return Step(
        id="promote",
        title=f"Let {params.nodes[params.target].member} vote",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=params.via,
        probe=lambda ctx: Ask(_list(ctx), lambda outcome: read_promoted(outcome, new_id(ctx))),
        apply=lambda ctx: [
            _roster(ctx, "promote", born(ctx, "add", params.via, "member_id", NEW_ID), wait_s=PROMOTE_S)
        ],
        settle_s=10,
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


# -- the end --------------------------------------------------------------------------------------------------------


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


def disarm(params: RecoverParams) -> Step:
    """Only with a CORRUPT alarm, and only once the keys of all are the same again."""
    return Step(
        id="disarm",
        title="Disarm the CORRUPT alarm: all keys are the same again",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=params.via,
        probe=lambda ctx: Ask(_list(ctx), read_alarms),
        apply=lambda ctx: [_roster(ctx, "disarm")],
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
