"""The run screen's words: where a run stands, step by step, and for how long etcd has been down."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from novatui.model.plan import Plan, PlannedStep
from novatui.model.run import At, RunState, StepRun
from novatui.model.sanitize import clean
from novatui.present import record_words
from novatui.present.guides import guide
from novatui.present.i18n import _, translated
from novatui.present.rows import Role, Row, row

GATE = "gate"  # PlannedStep.scope of a gate


class Link(StrEnum):
    """How this screen is tied to the run."""

    OPENING = "opening"
    LIVE = "live"  # a runner works on it and tells us
    PAST = "past"  # it ended; the journal was read
    GONE = "gone"  # no runner lives and the journal has no end: it was killed


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """All that the run screen is made of, at one moment."""

    plan: Plan
    state: RunState
    link: Link
    now_ms: int
    environment: str = ""
    needs: tuple[str, ...] = ()  # what the runner waits for people to tell it, in words


class Mark(StrEnum):
    """Where one step stands on all masters together."""

    TODO = "todo"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDONE = "undone"
    GATE_OPEN = "gate-open"
    STOPPED = "stopped"  # was under way when the run ended


def titles(plan: Plan) -> dict[str, str]:
    """Of every step, by id."""
    return {step.id: translated(step.title) for step in (*plan.steps, *plan.undo)}


def short_title(step: PlannedStep) -> str:
    """What is before the first comma or colon: for the list, where a title has one row."""
    title = translated(step.title)
    cut = min(
        (at for at in (title.find(","), title.find(":"), title.find(";")) if at > 0), default=len(title)
    )
    return title[:cut]


def shown_steps(watch: Watch) -> tuple[PlannedStep, ...]:
    """The steps under way: the runbook's, or those that take it back."""
    return watch.plan.undo if watch.state.undoing else watch.plan.steps


def mark(watch: Watch, step: PlannedStep) -> Mark:
    state = watch.state
    if step.scope == GATE:
        gate = state.gates.get(step.id)
        if gate is None:
            return Mark.TODO
        if gate.answered_ms is not None:
            return Mark.DONE
        return Mark.TODO if state.ended else Mark.GATE_OPEN
    run = state.steps.get(step.id)
    return _mark_of(run, ended=state.ended or watch.link in (Link.GONE, Link.PAST)) if run else Mark.TODO


def _mark_of(run: StepRun, *, ended: bool) -> Mark:
    states = {node.state for node in run.nodes.values()}
    if run.passed is False:
        return Mark.FAILED
    if At.UNDONE in states:
        return Mark.UNDONE
    if run.passed:
        return Mark.DONE
    if At.UNKNOWN in states:
        return Mark.UNKNOWN
    if At.FAILED in states and (ended or not states & {At.ACTING, At.PROBING}):
        return Mark.FAILED
    return Mark.STOPPED if ended else Mark.RUNNING


def current(watch: Watch) -> PlannedStep | None:
    """The step that is worked on, or where it stopped; None before the first and after the last."""
    steps = shown_steps(watch)
    for step in reversed(steps):
        if mark(watch, step) in (Mark.RUNNING, Mark.GATE_OPEN, Mark.UNKNOWN, Mark.FAILED, Mark.STOPPED):
            return step
    if watch.state.ended:
        return None
    return next((step for step in steps if mark(watch, step) is Mark.TODO), None)


def waiting_for(watch: Watch, step: PlannedStep) -> str:
    """In words: which masters a step still waits for. Masters by their number, as on the keys."""
    run = watch.state.steps.get(step.id)
    if run is None or mark(watch, step) is not Mark.RUNNING:
        return ""
    left = [node for node in watch.plan.nodes if (got := run.nodes.get(node)) and got.state is not At.DONE]
    later = [node for node in _nodes_of(watch, step) if node not in run.nodes]
    numbers = " ".join(node_number(watch.plan, node) for node in left)
    if not left and not later:
        return _("judging") if run.nodes else ""
    if not left:
        return _("then {nodes}").format(nodes=" ".join(node_number(watch.plan, n) for n in later))
    return _("waiting for {nodes}").format(nodes=numbers)


def _nodes_of(watch: Watch, step: PlannedStep) -> tuple[str, ...]:
    if step.scope == "one":
        return tuple(step.commands)
    return () if step.scope in ("local", GATE) else watch.plan.nodes


def node_number(plan: Plan, node: str) -> str:
    return str(plan.nodes.index(node) + 1) if node in plan.nodes else clean(node)


def minutes(milliseconds: int | None) -> str:
    """``00:41``; ``1:02:03`` from an hour on. Of a width that does not jump."""
    if milliseconds is None:
        return "--:--"
    seconds = max(0, milliseconds) // 1000
    if seconds < 3600:
        return f"{seconds // 60:02}:{seconds % 60:02}"
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def elapsed(watch: Watch) -> int | None:
    """Since the run began; it stands still when the run has ended or nobody works on it."""
    state = watch.state
    if not state.started_ms:
        return None
    until = state.ended_ms if state.ended_ms is not None else _frozen_at(watch)
    return until - state.started_ms


def _frozen_at(watch: Watch) -> int:
    return watch.state.last_ms if watch.link is Link.GONE else watch.now_ms


class Down(NamedTuple):
    """For how long a run kept etcd stopped. ``left_ms``: it was when the run ended, and nobody has looked since."""

    ms: int
    still: bool = False  # it is, and the run works on it
    left_ms: int | None = None


def down(watch: Watch) -> Down | None:
    """None while it stopped none."""
    spans, since = 0, None
    for step, stops in (("stop", True), ("start", False), ("undo-stop", True), ("undo-start", False)):
        run = watch.state.steps.get(step)
        if run is None:
            continue
        if stops and since is None and (run.effect or run.passed):
            since = run.started_ms
        elif not stops and since is not None and run.passed and run.ended_ms is not None:
            spans, since = spans + run.ended_ms - since, None
    if since is not None and watch.state.result not in ("verified", "undone"):
        if watch.link in (Link.LIVE, Link.OPENING) and not watch.state.ended:
            return Down(spans + watch.now_ms - since, still=True)
        until = watch.state.last_ms if watch.state.ended_ms is None else watch.state.ended_ms
        return Down(spans + until - since, left_ms=until)
    return Down(spans) if spans else None


def result_word(result: str, *, verified: bool = False) -> Row:
    """How a run ended: glyph and word. ``verified``: it was, before; an undo that is refused leaves it so."""
    match result:
        case "refused" if verified:
            return row(("● " + record_words.result(result, verified=True), Role.OK))
        case "verified":
            return row(("● " + _("done and verified"), Role.OK))
        case "undone":
            return row(("↩ " + _("taken back and verified"), Role.OK))
        case "aborted":
            return row(("■ " + _("aborted"), Role.WARN))
        case "refused":
            return row(("▲ " + _("refused, nothing was changed"), Role.WARN))
        case "failed":
            return row(("✖ " + _("failed"), Role.BAD))
        case "fenced":
            return row(("✖ " + _("taken over by another runner"), Role.BAD))
        case "":
            return row(("▶ " + _("under way"), Role.ACCENT))
    return row(("? " + clean(result), Role.WARN))


def taken_words(what: str, place: str) -> str:
    """What the runner's yes to a request means. ``place``: the step after which a pause begins."""
    match what:
        case "pause":
            return _("asked: it waits after the step {step}").format(step=translated(clean(place)))
        case "continue":
            return _("it goes on")
    return _("asked: it stops at the next safe point")


def confirm_word(plan: Plan) -> str:
    """What a person types for it: the master it is about, else the cluster."""
    return plan.request.node or plan.cluster


def past_return(plan: Plan, state: RunState) -> bool:
    """Whether a step that cannot be taken back was seen to be done: from there on the way is forward. Of one that was only
    begun the runner looks at the masters."""
    final = [step.id for step in plan.steps if step.effect == "no_return"]
    runs = [state.steps[id] for id in final if id in state.steps]
    return any(node.state is At.DONE for run in runs for node in run.nodes.values())


def no_return(plan: Plan, *, short: bool = False) -> str:
    """Where this plan cannot be taken back any more; for a restore: nowhere."""
    at = next((step for step in plan.steps if step.effect == "no_return"), None)
    if at is None and not plan.undo and (why := _(guide(plan.runbook).no_undo)):
        return why if short else _("point of no return: none, {why}").format(why=why)
    if at is None:
        if short:
            return _("all below can be taken back")
        return _("point of no return: none, every step can be taken back until you purge")
    return _("point of no return: {step}").format(step=translated(at.title))
