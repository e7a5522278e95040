"""The run screen's rows: header, step list, what each master is at, and what the moment means."""

from __future__ import annotations

from novatui.model.plan import PlannedStep
from novatui.model.run import At, NodeStep, Pause, Phase, RunState
from novatui.model.sanitize import clean
from novatui.present.environment import badges
from novatui.present.i18n import _, translated
from novatui.present.numbers import clock
from novatui.present.plan import seed_rows, stages
from novatui.present.rows import BLANK, Role, Row, clip, first_that_fits, joined, row, spread, width_of, wrap
from novatui.present.run import (
    GATE,
    Link,
    Mark,
    Watch,
    current,
    down,
    elapsed,
    mark,
    minutes,
    no_return,
    past_return,
    result_word,
    short_title,
    shown_steps,
    titles,
    waiting_for,
)

_GLYPH = {
    Mark.TODO: ("▷", Role.DIM),
    Mark.RUNNING: ("▶", Role.ACCENT),
    Mark.DONE: ("✔", Role.OK),
    Mark.FAILED: ("✖", Role.BAD),
    Mark.UNKNOWN: ("?", Role.WARN),
    Mark.UNDONE: ("↩", Role.DIM),
    Mark.GATE_OPEN: ("◆", Role.WARN),
    Mark.STOPPED: ("■", Role.WARN),
}


def header(watch: Watch, width: int) -> Row:
    """Cluster, runbook, run, step n of N, elapsed, and for how long etcd has been down."""
    plan = watch.plan
    badge, short = badges(plan.cluster, watch.environment)
    what = row((plan.runbook, Role.BRIGHT))
    run = row((_("run {run}").format(run=plan.run), Role.DIM))
    here, brief, count = (_position(watch, title) for title in (_WHOLE, _SHORT, _NONE))
    clocks = joined([row((minutes(elapsed(watch)), Role.BRIGHT)), _down_row(watch, width)], "   ")
    right = (*clocks, (" ", Role.NORMAL))
    room = width - width_of(right) - 1
    left = first_that_fits(
        [
            joined([badge, what, run, here], "   "),
            joined([badge, what, run, here]),
            joined([badge, what, run, brief]),
            joined([badge, what, brief]),
            joined([badge, brief]),
            joined([badge, what, count]),
            joined([badge, count]),
            joined([short, count]),
            short,
        ],
        room,
    )
    return spread(left, right, width)


def _down_row(watch: Watch, width: int) -> Row:
    span = down(watch)
    if span is None:
        return BLANK
    time, node = minutes(span.ms), clean(watch.plan.request.node)
    if span.left_ms is not None:
        words = _("{node} left down").format(node=node) if node and width >= 100 else _("left down")
        return row((words if node else _("etcd left down"), Role.WARN))
    if node and width < 100:
        words = _("down {time}") if span.still else _("was down {time}")
        return row((words.format(time=time), Role.WARN if span.still else Role.DIM))
    if node:  # of one master: the cluster's etcd serves
        words = _("{node} down {time}") if span.still else _("{node} was down {time}")
        return row((words.format(node=node, time=time), Role.WARN if span.still else Role.DIM))
    if span.still:
        return row((_("etcd down {time}").format(time=time), Role.WARN))
    return row((_("etcd was down {time}").format(time=time), Role.DIM))


_WHOLE, _SHORT, _NONE = "whole", "short", "none"


def _position(watch: Watch, title: str) -> Row:
    """``step 9 of 14  stop etcd``, with so much of its title, or how it ended."""
    if watch.state.ended:
        return result_word(watch.state.result, verified=watch.state.verified)
    steps = shown_steps(watch)
    step = current(watch)
    if watch.link is Link.GONE:
        return row(("✖ " + _("the runner is gone"), Role.BAD))
    if step is None:
        return row((_("finishing"), Role.NORMAL))
    figure = _("step {n} of {total}").format(n=steps.index(step) + 1, total=len(steps))
    if watch.state.undoing:
        figure = _("undo, ") + figure
    words = {_WHOLE: translated(step.title), _SHORT: short_title(step), _NONE: ""}[title]
    return joined([row(figure), row((words, Role.BRIGHT))]) if words else row(figure)


def step_rows(watch: Watch, width: int, selected: str = "") -> list[Row]:
    """One row a step: glyph, number, title, and at the right its time or whom it waits for."""
    rows: list[Row] = []
    steps = shown_steps(watch)
    if watch.state.undoing:
        done = sum(1 for step in watch.plan.steps if mark(watch, step) in (Mark.DONE, Mark.UNDONE))
        words = _("Taken back: {n} steps") if watch.state.ended else _("Taking back {n} steps")
        rows.append(clip(row((f" {words.format(n=done)}", Role.ACCENT)), width))
    for number, step in enumerate(steps, 1):
        rows.append(_step_row(watch, step, number, width, chosen=step.id == selected))
        rows += _waiting_row(watch, step, width)
        if not watch.state.undoing and step.scope == GATE:
            rows.append(clip(row((" ═ " + no_return(watch.plan, short=True), Role.DIM)), width))
    return rows


def detail_rows(watch: Watch, width: int, selected: str = "") -> list[Row]:
    """Below the list, of the chosen step or the one under way: its whole title, the platform's own words for it, and what
    every master must have come to before the next begins."""
    under_way = None if watch.state.ended else current(watch)
    step = next((one for one in shown_steps(watch) if one.id == selected), under_way)
    if step is None:
        return []
    rows: list[Row] = []
    if selected or step.seed:
        rows += [
            BLANK,
            *(row(" ", (piece, Role.BRIGHT)) for piece in wrap(translated(step.title), width - 2)),
        ]
        rows += [(*row(" "), *line) for line in seed_rows(step, width - 2)]
    if step.barrier and (under_way is step or selected):
        rows += [BLANK, row((f" {_('Next step only when')}", Role.DIM))]
        rows += [row(" ", (piece, Role.ACCENT)) for piece in wrap(translated(step.barrier), width - 2)]
    return rows


def _step_row(watch: Watch, step: PlannedStep, number: int, width: int, *, chosen: bool) -> Row:
    state = mark(watch, step)
    glyph, role = _GLYPH[state]
    quiet = Role.DIM if state is Mark.TODO else Role.NORMAL
    loud = state in (Mark.RUNNING, Mark.GATE_OPEN, Mark.FAILED, Mark.UNKNOWN, Mark.STOPPED)
    left = row(
        ("›" if chosen else " ", Role.ACCENT),
        (f"{glyph} ", role),
        (f"{number:>2} ", Role.DIM),
        (short_title(step), Role.BRIGHT if loud or chosen else quiet),
    )
    return spread(left, _step_right(watch, step, state), width)


def _step_right(watch: Watch, step: PlannedStep, state: Mark) -> Row:
    word = {
        Mark.FAILED: (_("failed"), Role.BAD),
        Mark.UNKNOWN: (_("unknown"), Role.WARN),
        Mark.UNDONE: (_("undone"), Role.DIM),
        Mark.GATE_OPEN: (_("your word"), Role.WARN),
        Mark.STOPPED: (_("stopped"), Role.WARN),
    }.get(state)
    if word:
        return row(word)
    if step.scope == GATE and state is Mark.DONE:
        return row((clock(watch.state.gates[step.id].answered_ms)[:5], Role.DIM))
    run = watch.state.steps.get(step.id)
    if run is None or run.started_ms is None:
        return BLANK
    until = run.ended_ms if run.ended_ms is not None else watch.now_ms
    took = until - run.started_ms
    if state is Mark.DONE and took < 1000:
        return BLANK
    words = _("{n} s").format(n=took // 1000) if took < 60_000 else minutes(took)
    return row((words, Role.ACCENT if state is Mark.RUNNING else Role.DIM))


def _waiting_row(watch: Watch, step: PlannedStep, width: int) -> list[Row]:
    if mark(watch, step) is not Mark.RUNNING:
        return []
    words = joined([row((waiting_for(watch, step), Role.ACCENT))])
    return [clip(row("      ", *words), width)] if words else []


def node_word(watch: Watch, node: str, *, brief: bool = False) -> Row:
    """The right end of a master's frame: where it stands in the current step; ``brief`` where there is little room."""
    step = current(watch)
    if step is None or step.scope in (GATE, "local"):
        return row((_("waits"), Role.DIM)) if step else BLANK
    at: NodeStep = watch.state.at(step.id, node)
    took = (at.ended_ms or watch.now_ms) - at.started_ms if at.started_ms is not None else 0
    span = _("{n} s").format(n=max(0, took) // 1000) if took < 60_000 else minutes(took)
    match at.state:
        case At.DONE:
            return row(("✔ ", Role.OK), (_("done") if brief else f"{_('done')} {span}", Role.DIM))
        case At.FAILED:
            return row(("✖ " + _("failed"), Role.BAD))
        case At.UNKNOWN:
            return _unknown(brief)
        case At.ACTING if watch.link is Link.GONE:
            return _unknown(brief)
        case At.ACTING | At.PROBING if watch.link is not Link.GONE:
            word = _("running") if at.state is At.ACTING else _("checking")
            return row((f"▶ {span}" if brief else f"▶ {word} {span}", Role.ACCENT))
        case At.UNDONE:
            return row(("↩ " + _("undone"), Role.DIM))
    return row((_("waits"), Role.DIM))


def _unknown(brief: bool) -> Row:
    return row(("? " + (_("unknown") if brief else _("outcome unknown")), Role.WARN))


def phase_words(watch: Watch) -> Row:
    """One line under the header: what this moment means for the masters."""
    state = watch.state
    if watch.link is Link.OPENING:
        return row((" " + _("opening the run"), Role.DIM))
    if watch.link is Link.GONE:
        return row(
            (" ✖ " + _("The runner process is gone, nobody works on this run. "), Role.BAD),
            (_("Its journal has all it did: r looks at the masters and goes on."), Role.BRIGHT),
        )
    if state.ended:
        said = "; ".join(clean(line) for line in translated(state.detail).splitlines())
        return row((" " + (said or _ended_words(state)), Role.NORMAL))
    if watch.needs:
        return row(
            (" ▲ " + _("Waiting for credentials: {what}").format(what=", ".join(watch.needs)), Role.WARN),
            ("   c", Role.KEY),
            (" " + _("gives them"), Role.NORMAL),
        )
    if state.pause is not None:
        return _pause_words(watch, state.pause)
    match state.phase:
        case Phase.NEW:
            words = _("beginning")
        case Phase.PREPARING:
            words = _("Preparing: nothing stops yet. Leaving now changes nothing.")
            if stages(watch.plan):
                words = _(
                    "Preparing: nothing stops yet. Leaving now changes nothing but files beside the live data."
                )
        case Phase.GATE:
            words = _("All is proved. Nothing has been changed; your word is awaited.")
            if stages(watch.plan):
                words = _("All is proved and staged. Nothing has been stopped; your word is awaited.")
            if state.open_gate is None:
                words = _("Your word is taken; looking once more whether anything changed on the masters.")
        case Phase.CLEANING:
            words = _("Taking the staged files back. Nothing was stopped.")
        case Phase.UNDOING:
            words = _("Putting everything back as it was before the run.")
        case _:
            words = no_return(watch.plan)
            if past_return(watch.plan, state):
                words = _("past the point of no return: the way is forward")
            return row((f" ═ {words} ", Role.DIM))
    return row((f" {words}", Role.NORMAL))


def _pause_words(watch: Watch, pause: Pause) -> Row:
    who = clean(pause.by)
    if not pause.at:
        words = _("{who} wants it to wait: it does at the first step after which etcd serves.").format(
            who=who
        )
        return row((f" ‖ {words}", Role.WARN), ("   c", Role.KEY), (" " + _("takes that back"), Role.NORMAL))
    step = titles(watch.plan).get(pause.at, clean(pause.at))
    words = _("Paused after: {step}, as {who} wanted.").format(step=step, who=who)
    return row((f" ‖ {words}", Role.WARN), ("   c", Role.KEY), (" " + _("goes on"), Role.NORMAL))


def _ended_words(state: RunState) -> str:
    match state.result:
        case "verified":
            return _("Every check of the last gate passed.")
        case "aborted" if not state.committed:
            return _("Aborted before anything was stopped: the masters are as they were.")
        case "undone":
            return _("Everything is as it was before the run.")
    return ""


def strip_row(watch: Watch, width: int) -> Row:
    """All steps as glyphs on one line: for narrow terminals."""
    cells: list[tuple[str, Role]] = [(" ", Role.NORMAL)]
    for step in shown_steps(watch):
        glyph, role = _GLYPH[mark(watch, step)]
        cells.append(("◆" if step.scope == GATE else glyph, role))
    step_now = current(watch)
    words = waiting_for(watch, step_now) if step_now else ""
    tail = joined(
        [row((short_title(step_now), Role.BRIGHT)) if step_now else BLANK, row((words, Role.ACCENT))]
    )
    return clip((*cells, ("  ", Role.NORMAL), *tail), width)
