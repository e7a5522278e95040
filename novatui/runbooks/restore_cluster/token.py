"""A fresh cluster token: what a restore makes is then another cluster than any that the data from before belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from novatui.model.plan import Plan, Request
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At
from novatui.runbooks.parts.params import restore_params
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.restore_cluster.source_checks import is_ours, strangers
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, State, Step, always

_INFIX = "-novatui-"


def wanted(request: Request) -> bool:
    """With the old token a stale master that returns joins, leads and corrupts, all green: fresh where one is left out."""
    return bool(request.without) or request.token == "fresh"


def proposal(urls: Sequence[str], ours: frozenset[str]) -> str:
    """In words, for a plan that keeps the token and knows of no member list; empty where no ``urls`` of a snapshot are a reason.

    Where none of them is ours the members' addresses were changed: by these it is another cluster anyway."""
    others = strangers(urls, ours) if is_ours(urls, ours) else []
    if not others:
        return ""
    return (
        f"the snapshot knows members that no master here is ({', '.join(others[:6])}): gone long since, or alive. One that lives "
        "joins by the token that is kept, with its old data, leads, and corrupts, all green: --token fresh keeps it out"
    )


def fresh(token: str, run: str) -> str:
    """``run`` is random; what an earlier run had added goes."""
    return f"{token.partition(_INFIX)[0]}{_INFIX}{run}"


def changed(plan: Plan) -> bool:
    return restore_params(plan).fresh_token


def lines(plan: Plan) -> tuple[str, ...]:
    """What it writes into an env file."""
    return (f"ETCD_INITIAL_CLUSTER_TOKEN={restore_params(plan).token}",)


def give() -> Step:
    return Step(
        id="token",
        title="Put the fresh token into the env files",
        effect=Effect.CHANGE,
        probe=lambda ctx: Ask(_command(ctx, "look"), _reader("fresh")),
        apply=_act("do"),
        again=always,
        barrier="every env file names the token that the restored data was made with",
    )


def take_back() -> Step:
    return Step(
        id="undo-token",
        title="Put the token from before back into the env files",
        effect=Effect.CHANGE,
        probe=lambda ctx: Ask(_command(ctx, "look"), _reader("before")),
        apply=_act("undo"),
        again=always,
    )


def _act(verb: str) -> Callable[[Context], Sequence[Act]]:
    return lambda ctx: [_command(ctx, verb)]


def _command(ctx: Context, verb: str) -> Command:
    at = At(ctx)
    argv = (verb, at.run, at.node.env_file, at.params.token)
    return Command(script="token", argv=argv, timeout_s=30, changes=verb != "look")


def _reader(word: str) -> Callable[[Outcome], Probed]:
    def reader(outcome: Outcome) -> Probed:
        reading = read(outcome)
        if not reading.whole:
            return UNREADABLE
        if reading.get("token") == word:
            return Probed(State.DONE, {"token": word})
        if reading.get("copy") != "yes":
            return Probed(State.FOREIGN, detail="the copy of the env file from before the run is gone")
        return Probed(State.TODO, detail="the env file has another token")

    return reader
