"""Lifting the hold and starting etcd, only on data that is what it must be; and starting what ran before, for undo."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At
from novatui.runbooks.parts.reading import UNREADABLE, Reading, read
from novatui.runbooks.step import Ask, Context, Effect, Probed, Scope, State, Step, always

# Until a started member is up: its peers, an election, and a first publish that is lost and retried (15.3 s).
START_S = 60.0
STATE_KEY = "ETCD_INITIAL_CLUSTER_STATE"
NOTHING_THERE = (
    "left stopped: its data directory has no log, as before the run, and nothing is started on nothing"
)


def start(written: Sequence[str] = ()) -> Step:
    """``written``: the KEY=VALUE lines that the run has put into the env files, beside the hold's."""
    return Step(
        id="start",
        title="Lift the hold and start etcd, all together",
        effect=Effect.CHANGE,
        probe=lambda ctx: _ask_start(ctx, restored=True),
        apply=lambda ctx: [_start(ctx, "do", restored=True, env=proved_env(ctx, *written))],
        until="release",  # which puts the env file back: the checks that follow say what does not run any more
        again=always,
        settle_s=START_S,
        rest=True,
        barrier="etcd is active on every master",
        seed="1.3/8",
    )


def proved_env(ctx: Context, *written: str) -> tuple[str, ...]:
    """As start.sh takes it: the env file, what it was when it was proved, and what the run has written into it since."""
    node = At(ctx).node
    return node.env_file, node.env_sha256, f"{STATE_KEY}=existing", *written


def _start(ctx: Context, verb: str, *, restored: bool, env: Sequence[str] = ()) -> Command:
    at = At(ctx)
    node = at.node
    mark = at.places.mark_in_data if restored else ""
    begin = "yes" if restored or node.was_running else "no"
    argv = (verb, at.run, node.work_dir, node.unit, node.data_dir, mark, begin, *env)
    return Command(script="start", argv=argv, timeout_s=30, changes=verb == "do")


def _ask_start(ctx: Context, *, restored: bool) -> Ask:
    was_running, had_quorum = At(ctx).node.was_running, At(ctx).node.had_quorum

    def reader(outcome: Outcome) -> Probed:
        return read_start(outcome) if restored else read_started_as_before(outcome, was_running, had_quorum)

    return Ask(_start(ctx, "look", restored=restored), reader)


def read_start(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    facts = {"unit": reading.unit("ActiveState"), "restarts": reading.unit("NRestarts")}
    if reading.get("restored") != "yes":
        return Probed(State.FOREIGN, facts, detail="the live data is not what this run restored")
    if reading.unit("ActiveState") == "active" and not reading.get("held_by"):
        return Probed(State.DONE, facts)
    return Probed(State.TODO, facts, detail=unit_words(reading))


def unit_words(reading: Reading) -> str:
    words = f"the unit is {reading.unit('ActiveState') or 'unknown'} ({reading.unit('SubState')})"
    if (status := reading.unit("ExecMainStatus")) not in ("", "0"):
        words += f", its last exit {status}"
    return words


# -- the way back ---------------------------------------------------------------------------------------------------


def start_as_before(*, node: str = "") -> Step:
    return Step(
        id="undo-start",
        title="Lift the hold, start what ran before",
        effect=Effect.CHANGE,
        scope=Scope.ONE if node else Scope.EACH,
        node=node,
        probe=lambda ctx: _ask_start(ctx, restored=False),
        apply=lambda ctx: [_start(ctx, "do", restored=False)],
        again=always,
        settle_s=START_S,
        rest=True,
        barrier="every unit is started that was started before",
    )


def read_started_as_before(outcome: Outcome, was_running: bool, had_quorum: bool) -> Probed:
    """A cluster without quorum never becomes active again: for it "as before" is that its units were started; but none is on
    nothing (``nothing``)."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    active = reading.unit("ActiveState")
    facts = {"unit": active, "restarts": reading.unit("NRestarts")}
    if reading.get("restored") == "yes":
        return Probed(State.FOREIGN, facts, detail="the live data is still what this run restored")
    if reading.get("nothing") == "yes":
        return Probed(State.DONE, {**facts, "nothing": True}, detail=NOTHING_THERE)
    if reading.get("held_by"):
        return Probed(State.TODO, facts, detail="held")
    fine = ("active",) if had_quorum else ("active", "activating", "failed", "reloading")
    if not was_running or active in fine:
        return Probed(State.DONE, facts)
    return Probed(State.TODO, facts, detail=unit_words(reading))
