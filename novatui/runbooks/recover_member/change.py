"""Steps of recover-member on masters' files and units: a snapshot kept, the old data put aside, the env file, the start."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.commands import At, limit_s
from novatui.runbooks.parts.host import GIB
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.parts.start import START_S, proved_env, unit_words
from novatui.runbooks.recover_member.params import JOIN, RecoverParams, recover_params
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Scope, State, Step, always

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
        until="start",
        again=always,
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
    at = At(ctx)
    there = at.places.live if at.node.had_live else ""
    return Ask(_archive(ctx, "look"), lambda outcome: read_archive(outcome, there))


def read_archive(outcome: Outcome, there: str = "") -> Probed:
    """``there``: what was live at planning; empty: nothing was."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    word = reading.get("state")
    facts = {key: reading.get(key) for key in ("live", "old") if reading.get(key)}
    if there and not facts:  # a new member would fill what a file system covers that is not mounted now
        detail = f"{there} is gone and was not put aside: mount its file system; if it was removed by hand, make it anew, empty"
        return Probed(State.FOREIGN, detail=detail)
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
        again=always,
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
        until="release",
        again=always,
        settle_s=START_S + limit_s(params.db_size),
        barrier="the unit is active: it has joined, and has the data of the others",
        seed="1.2/13-14",
    )


def _start(ctx: Context, verb: str) -> Command:
    at = At(ctx)
    node = at.node
    env = proved_env(ctx, f"ETCD_INITIAL_CLUSTER={at.params.initial_cluster}") if verb == "do" else ()
    argv = (verb, at.run, node.work_dir, node.unit, node.data_dir, "-", "yes", *env)
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
