"""Steps after the gate: hold, stop, swap, start, release; and the same the other way round for undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At, known
from novatui.runbooks.parts.prepare import UNREADABLE, unstage
from novatui.runbooks.parts.reading import Reading, read
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Scope, State, Step

# How long a stop may take beyond what the unit itself allows.
STOP_SLACK_S = 20.0
# Until a started member is up: its peers, an election, and a first publish that is lost and retried (15.3 s).
START_S = 60.0
DOWN = ("inactive", "failed")

# -- hold -----------------------------------------------------------------------------------------------------------


def hold(id: str = "hold") -> Step:
    return Step(
        id=id,
        title="Hold etcd: nothing can start it",
        effect=Effect.CHANGE,
        probe=_ask_hold,
        apply=lambda ctx: [_hold(ctx, "do", changes=True)],
        settle_s=5,
        barrier="a start of etcd would fail on every master",
        seed="1.3/3",
    )


def _hold(ctx: Context, verb: str, *, changes: bool) -> Command:
    at = At(ctx)
    node = at.node
    argv = (verb, at.run, node.work_dir, node.unit, node.unit_dir, node.env_file)
    return Command(script="hold", argv=argv, timeout_s=60, changes=changes)


def _ask_hold(ctx: Context) -> Ask:
    return Ask(_hold(ctx, "look", changes=False), read_hold)


def read_hold(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("hold") == "other":
        return Probed(State.FOREIGN, detail=f"run {reading.get('by')} holds this master")
    parts = {key: reading.get(key) == "yes" for key in ("hold", "dropin", "env", "copy")}
    parts["loaded"] = reading.get("reload") != "yes" and "00-novatui-hold.conf" in reading.get("dropins")
    if all(parts.values()):
        return Probed(State.DONE, parts)
    missing = ", ".join(key for key, there in parts.items() if not there)
    begun = parts["hold"] or parts["dropin"] or parts["copy"]
    return Probed(State.PARTIAL if begun else State.TODO, parts, detail=f"not there yet: {missing}")


# -- stop -----------------------------------------------------------------------------------------------------------


def stop(id: str = "stop", *, last: Callable[[Context], str] | None = None) -> Step:
    return Step(
        id=id,
        title="Stop etcd, followers first, then the leader",
        effect=Effect.CHANGE,
        scope=Scope.FOLLOWERS_THEN_LEADER,
        last=last or leader,
        probe=_ask_stop,
        apply=_stop,
        settle_s=15,
        barrier="no etcd runs on any master: units, process groups, database locks and ports say so",
        seed="1.3/2",
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


# -- swap -----------------------------------------------------------------------------------------------------------


def swap() -> Step:
    return Step(
        id="swap",
        title="Swap the restored data in",
        effect=Effect.CHANGE,
        probe=lambda ctx: _ask_swap(ctx, "look"),
        apply=lambda ctx: [_swap(ctx, "do", changes=True)],
        barrier="EVERY master has the restored data in place; only then does any etcd start",
        seed="1.3/5",
    )


def _swap(ctx: Context, verb: str, *, changes: bool) -> Command:
    at = At(ctx)
    node, here = at.node, at.places
    argv = (
        verb, at.run, node.unit, here.live, here.staged, here.old, here.aside, here.mark,
        "yes" if node.had_live else "no",
        f"{node.work_dir}/hold",
    )  # fmt: skip
    # A foreign etcd may have to be stopped on the way.
    return Command(script="swap", argv=argv, timeout_s=node.stop_s + 120 if changes else 30, changes=changes)


def _ask_swap(ctx: Context, verb: str) -> Ask:
    inode = At(ctx).node.live_inode
    return Ask(
        _swap(ctx, verb, changes=False), lambda outcome: read_swap(outcome, inode, undo=verb != "look")
    )


_SWAP_STATES = {
    "done": State.DONE,
    "todo": State.TODO,
    "partial": State.PARTIAL,
    "foreign": State.PARTIAL,
    "missing": State.FOREIGN,
    "newer": State.FOREIGN,
    "lost": State.FOREIGN,
    "odd": State.FOREIGN,
}
_SWAP_WORDS = {
    "partial": "between the two renames",
    "foreign": "somebody made a new data directory meanwhile: it will be kept aside",
    "missing": "the staged data of this run is gone",
    "newer": "another run has restored this master since: undo that one first",
    "lost": "the directories are not as this run left them: what was there before cannot be found by its name",
    "odd": "both the live and the staged directory carry this run's marker",
}


def read_swap(outcome: Outcome, inode: str, *, undo: bool = False) -> Probed:
    """``inode``: of the directory that was live at planning; it must be the one that is kept, or that is back."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    word = reading.get("state")
    state = _SWAP_STATES.get(word, State.UNKNOWN)
    names = ("live", "staged", "old", "aside", "foreign")
    facts = {key: reading.get(key) for key in names if reading.get(key)}
    original = "live" if undo or word == "todo" else "old"
    if state is State.DONE and not _is_inode(facts.get(original, ""), inode):
        return Probed(
            State.FOREIGN, facts, detail=f"the {original} directory is not the one that was live at planning"
        )
    return Probed(state, facts, detail=_SWAP_WORDS.get(word, ""))


def _is_inode(found: str, planned: str) -> bool:
    """Both ``DEVICE:INODE``. The device's number may be another after a reboot: it does not count."""
    return not planned or found.rpartition(":")[2] == planned.rpartition(":")[2]


# -- start ----------------------------------------------------------------------------------------------------------


def start() -> Step:
    return Step(
        id="start",
        title="Lift the hold and start etcd, all together",
        effect=Effect.CHANGE,
        probe=lambda ctx: _ask_start(ctx, restored=True),
        apply=lambda ctx: [_start(ctx, "do", restored=True)],
        settle_s=START_S,
        barrier="etcd is active on every master",
        seed="1.3/8",
    )


def _start(ctx: Context, verb: str, *, restored: bool) -> Command:
    at = At(ctx)
    node = at.node
    mark = at.places.mark_in_data if restored else ""
    begin = "yes" if restored or node.was_running else "no"
    argv = (verb, at.run, node.work_dir, node.unit, node.data_dir, mark, begin)
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
    return Probed(State.TODO, facts, detail=_unit_words(reading))


def _unit_words(reading: Reading) -> str:
    words = f"the unit is {reading.unit('ActiveState') or 'unknown'} ({reading.unit('SubState')})"
    if (status := reading.unit("ExecMainStatus")) not in ("", "0"):
        words += f", its last exit {status}"
    return words


# -- release --------------------------------------------------------------------------------------------------------


def release(id: str = "release") -> Step:
    return Step(
        id=id,
        title="Release: take the hold away, put the env file's state back",
        effect=Effect.CHANGE,
        probe=_ask_release,
        apply=_release,
    )


def _ask_release(ctx: Context) -> Ask:
    at = At(ctx)
    node = at.node
    argv = (
        "look", at.run, node.work_dir, node.unit, node.unit_dir, node.env_file, at.places.stage, at.places.staged,
    )  # fmt: skip
    return Ask(Command(script="release", argv=argv, timeout_s=30), read_release)


def read_release(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("hold") == "other":
        return Probed(State.FOREIGN, detail="another run holds this master")
    left = [
        words
        for key, value, words in (
            ("hold", "no", "the hold"),
            ("dropin", "no", "the drop-in"),
            ("env", "yes", "the env file's state"),
            ("staged", "no", "staged files"),
        )
        if reading.get(key) != value
    ]
    facts = {"env_copy": reading.get("copy")}
    return Probed(State.TODO, facts, detail=f"left: {', '.join(left)}") if left else Probed(State.DONE, facts)


def _release(ctx: Context) -> Sequence[Act]:
    at = At(ctx)
    node = at.node
    argv = ("do", at.run, node.work_dir, node.unit, node.unit_dir, node.env_file)
    return [Command(script="release", argv=argv, timeout_s=60, changes=True), *unstage(ctx)]


# -- the way back ---------------------------------------------------------------------------------------------------


def undo_look() -> Step:
    """Before anything is stopped: an undo that finds on one master that its data from before was purged would leave the
    others with theirs, and nothing that may be started."""
    return Step(
        id="undo-look",
        title="Look whether every master still has its data from before",
        effect=Effect.OBSERVE,
        probe=_ask_undo_look,
        settle_s=10,
        barrier="the data from before is there on every master",
    )


def _ask_undo_look(ctx: Context) -> Ask:
    inode = At(ctx).node.live_inode
    return Ask(_swap(ctx, "undo-look", changes=False), lambda outcome: read_undo_look(outcome, inode))


def read_undo_look(outcome: Outcome, inode: str) -> Probed:
    """DONE when a swap back would find what was live at planning, ``inode``, or has nothing to do."""
    found = read_swap(outcome, inode, undo=True)
    if found.state not in (State.TODO, State.PARTIAL):
        return found
    if not _is_inode(str(found.facts.get("old", "")), inode):
        detail = "the kept directory is not the one that was live at planning"
        return Probed(State.FOREIGN, found.facts, detail=detail)
    return Probed(State.DONE, found.facts)


def swap_back() -> Step:
    return Step(
        id="undo-swap",
        title="Swap the data from before back in",
        effect=Effect.CHANGE,
        probe=lambda ctx: _ask_swap(ctx, "undo-look"),
        apply=lambda ctx: [_swap(ctx, "undo", changes=True)],
        barrier="EVERY master has its data from before in place; only then does any etcd start",
    )


def start_as_before() -> Step:
    return Step(
        id="undo-start",
        title="Lift the hold, start what ran before",
        effect=Effect.CHANGE,
        probe=lambda ctx: _ask_start(ctx, restored=False),
        apply=lambda ctx: [_start(ctx, "do", restored=False)],
        settle_s=START_S,
        barrier="every unit is started that was started before",
    )


def read_started_as_before(outcome: Outcome, was_running: bool, had_quorum: bool) -> Probed:
    """A cluster without quorum never becomes active again: for it "as before" is that its units were started."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    active = reading.unit("ActiveState")
    facts = {"unit": active, "restarts": reading.unit("NRestarts")}
    if reading.get("restored") == "yes":
        return Probed(State.FOREIGN, facts, detail="the live data is still what this run restored")
    if reading.get("held_by"):
        return Probed(State.TODO, facts, detail="held")
    fine = ("active",) if had_quorum else ("active", "activating", "failed", "reloading")
    if not was_running or active in fine:
        return Probed(State.DONE, facts)
    return Probed(State.TODO, facts, detail=_unit_words(reading))
