"""Stopping etcd, and what says that really none is left: unit, process group, database lock, ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At, known
from novatui.runbooks.parts.reading import UNREADABLE, Reading, read
from novatui.runbooks.step import Act, Ask, Context, Effect, Facts, Probed, Scope, State, Step, always

# How long a stop may take beyond what the unit itself allows.
STOP_SLACK_S = 20.0
SETTLE_S = 15.0
DOWN = ("inactive", "failed")


def stop() -> Step:
    """All participants, the leader last: all at once made it hang 15 s in a leadership transfer. One that was started again
    by somebody is not stopped a second time: what it wrote is not in what was confirmed."""
    return _stop_all("stop", leader, until="start", again=None)


def stop_back(last: Callable[[Context], str]) -> Step:
    """For an undo, which gives up what was written since anyway."""
    return _stop_all("undo-stop", last, until="undo-start", again=always)


def _stop_all(
    id: str, last: Callable[[Context], str], *, until: str, again: Callable[[Context], bool] | None
) -> Step:
    return Step(
        id=id,
        title="Stop etcd, followers first, then the leader",
        effect=Effect.CHANGE,
        scope=Scope.FOLLOWERS_THEN_LEADER,
        last=last,
        probe=lambda ctx: _ask_stop(ctx, before=None if again else ctx.facts.get(id, {}).get(ctx.node)),
        apply=_stop,
        until=until,
        again=again,
        settle_s=SETTLE_S,
        barrier="no etcd runs on any master: units, process groups, database locks and ports say so",
        seed="1.3/2",
    )


def stop_one(node: str, *, again: Callable[[Context], bool], seed: str) -> Step:
    """One member; the others go on."""
    return Step(
        id="stop",
        title=f"Stop etcd on {node}",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=node,
        probe=_ask_stop,
        apply=_stop,
        until="start",
        again=again,
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


def _ask_stop(ctx: Context, *, before: Facts | None = None) -> Ask:
    at = At(ctx)
    argv = ("look", at.node.unit, at.node.data_dir, *at.node.listening)
    return Ask(
        Command(script="stop", argv=argv, timeout_s=30), lambda outcome: read_stop(outcome, before=before)
    )


def read_stop(outcome: Outcome, *, before: Facts | None = None) -> Probed:
    """``before``: the facts of this reading when the run had stopped it."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    found = what_runs(reading)
    written = reading.number("written")
    facts: dict[str, Any] = {"unit": reading.unit("ActiveState"), "result": reading.unit("Result")}
    facts |= {"data": reading.number("data"), "written": written}
    if found:
        return Probed(State.TODO, facts, detail="; ".join(found))
    if before and before.get("data") == facts["data"] and _later(written, before.get("written")):
        detail = "its data was written since this run stopped it: it was started"
        return Probed(State.FOREIGN, facts, detail=detail)
    return Probed(State.DONE, facts)


def _later(now: int | None, then: int | None) -> bool:
    return now is not None and then is not None and now > then


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
