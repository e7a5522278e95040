"""Stopping etcd, and what says that really none is left: unit, process group, database lock, ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At, known
from novatui.runbooks.parts.reading import UNREADABLE, Reading, read
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Scope, State, Step

# How long a stop may take beyond what the unit itself allows.
STOP_SLACK_S = 20.0
SETTLE_S = 15.0
DOWN = ("inactive", "failed")


def stop(id: str = "stop", *, last: Callable[[Context], str] | None = None) -> Step:
    """All participants, the leader last: all at once made it hang 15 s in a leadership transfer."""
    return Step(
        id=id,
        title="Stop etcd, followers first, then the leader",
        effect=Effect.CHANGE,
        scope=Scope.FOLLOWERS_THEN_LEADER,
        last=last or leader,
        probe=_ask_stop,
        apply=_stop,
        settle_s=SETTLE_S,
        barrier="no etcd runs on any master: units, process groups, database locks and ports say so",
        seed="1.3/2",
    )


def stop_one(node: str, *, seed: str) -> Step:
    """One member; the others go on."""
    return Step(
        id="stop",
        title=f"Stop etcd on {node}",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=node,
        probe=_ask_stop,
        apply=_stop,
        settle_s=SETTLE_S,
        barrier=f"no etcd runs on {node}: unit, process group, database lock and ports say so",
        seed=seed,
    )


def leader(ctx: Context) -> str:
    """The node that said, when it was reached, that it leads."""
    return next((node for node in ctx.plan.nodes if known(ctx, "reach", node, "leads")), "")


def _stop(ctx: Context) -> Sequence[Act]:
    at = At(ctx)
    limit = at.node.stop_s + STOP_SLACK_S
    return [Command(script="stop", argv=("do", at.node.unit), timeout_s=limit, changes=True)]


def _ask_stop(ctx: Context) -> Ask:
    at = At(ctx)
    argv = ("look", at.node.unit, at.node.data_dir, *at.node.listening)
    return Ask(Command(script="stop", argv=argv, timeout_s=30), read_stop)


def read_stop(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    found = what_runs(reading)
    facts = {"unit": reading.unit("ActiveState"), "result": reading.unit("Result")}
    return Probed(State.TODO, facts, detail="; ".join(found)) if found else Probed(State.DONE, facts)


def what_runs(reading: Reading) -> list[str]:
    """Everything that says an etcd is still there, in words."""
    active, pid = reading.unit("ActiveState"), reading.unit("MainPID")
    found = []
    if active not in DOWN:
        found.append(f"the unit is {active or 'unknown'} ({reading.unit('SubState')})")
    if pid not in ("", "0"):
        found.append(f"its main process is {pid}")
    if reading.number("cgroup"):
        found.append(f"{reading.number('cgroup')} processes are left in its group")
    if reading.get("lock") != "free":
        found.append("a process holds its database")
    if ports := sorted(set(reading.all("listening"))):
        found.append(f"something listens on {', '.join(ports)}")
    return found
