"""The exchange of the live data for the restored, by two renames; and the same the other way round for undo."""

from __future__ import annotations

from typing import Any

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At, known
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.step import Ask, Context, Effect, Probed, State, Step, always


def swap() -> Step:
    return Step(
        id="swap",
        title="Swap the restored data in",
        effect=Effect.CHANGE,
        probe=lambda ctx: _ask_swap(ctx, "look"),
        apply=lambda ctx: [_swap(ctx, "do", changes=True)],
        until="start",
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
    inode, undo = At(ctx).node.live_inode, verb != "look"
    since = None if undo else known(ctx, "swap", ctx.node, "written")
    return Ask(
        _swap(ctx, verb, changes=False), lambda outcome: read_swap(outcome, inode, undo=undo, since=since)
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


def read_swap(outcome: Outcome, inode: str, *, undo: bool = False, since: int | None = None) -> Probed:
    """``inode``: of the directory that was live at planning; it must be the one that is kept, or that is back. ``since``:
    when the restored data was written last, as an earlier runner of the run had swapped it in."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    word = reading.get("state")
    state = _SWAP_STATES.get(word, State.UNKNOWN)
    names = ("live", "staged", "old", "aside", "foreign")
    facts: dict[str, Any] = {key: reading.get(key) for key in names if reading.get(key)}
    facts["written"] = written = reading.number("written")
    original = "live" if undo or word == "todo" else "old"
    before = state is State.DONE or (state is State.TODO and not undo)
    if before and not is_inode(facts.get(original, ""), inode):
        return Probed(
            State.FOREIGN, facts, detail=f"the {original} directory is not the one that was live at planning"
        )
    if state is State.DONE and since is not None and written is not None and written > since:
        return Probed(
            State.FOREIGN,
            facts,
            detail="the restored data was written before this run started it: somebody did",
        )
    return Probed(state, facts, detail=_SWAP_WORDS.get(word, ""))


def is_inode(found: str, planned: str) -> bool:
    """Both ``DEVICE:INODE``. The device's number may be another after a reboot: it does not count."""
    return not planned or found.rpartition(":")[2] == planned.rpartition(":")[2]


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
    if not is_inode(str(found.facts.get("old", "")), inode):
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
        again=always,
        barrier="EVERY master has its data from before in place; only then does any etcd start",
    )
