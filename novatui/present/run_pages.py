"""Pages of a run that are read, not watched: its result, its steps with their facts, the way by hand."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from novatui.model.plan import Plan, PlannedStep
from novatui.model.run import At, RunState
from novatui.model.sanitize import clean
from novatui.present.gate import pair_rows
from novatui.present.guides import guide
from novatui.present.i18n import _, translated
from novatui.present.numbers import dated, grouped
from novatui.present.rows import BLANK, Role, Row, cells_of, joined, row, text_of, wrap
from novatui.present.run import (
    GATE,
    Link,
    Mark,
    Watch,
    down,
    elapsed,
    mark,
    minutes,
    node_number,
    past_return,
    result_word,
    shown_steps,
)

# Facts that say what a person asks after a restore, in that order; others follow by name.
_FIRST = (
    "cluster_id",
    "member_id",
    "leader_id",
    "revision",
    "snapshot_revision",
    "hash",
    "compact_revision",
    "write",
)
_QUIET = ("endpoint", "cacert", "cert", "key", "boot_id", "state", "raw")
# What the checks compare with, or say in other words already.
_SAID = ("ids", "least_revision", "hash_revision", "reads")


def result_rows(watch: Watch, width: int, by_hand: Mapping[str, str], *, keys: bool = True) -> list[Row]:
    """How it ended, what is verified, what stands where. ``by_hand``: directory per node; ``keys``: also which key does what
    next, where they do."""
    which = row(
        (watch.plan.runbook, Role.NORMAL), "  ", (_("run {run}").format(run=watch.plan.run), Role.DIM)
    )
    rows = [joined([result_word(watch.state.result, verified=watch.state.verified), which]), BLANK]
    if watch.link is Link.GONE:
        rows = [row(("✖ " + _("the runner is gone"), Role.BAD)), BLANK]
    if watch.state.detail:
        rows += [
            row((piece, Role.BRIGHT))
            for line in translated(watch.state.detail).split("\n")
            for piece in wrap(clean(line), width)
        ]
        rows.append(BLANK)
    rows += _times(watch, width)
    rows += _wrong(watch, width)
    rows += _next(watch, width) if keys else []
    rows += _verified(watch, width)
    rows += _standing(watch, width)
    rows += _kept(watch, width)
    rows += _by_hand(watch, by_hand, width)
    return rows


def result_text(watch: Watch, by_hand: Mapping[str, str]) -> str:
    """The same, to be copied."""
    return "\n".join(text_of(line) for line in result_rows(watch, 100, by_hand, keys=False)) + "\n"


def _times(watch: Watch, width: int) -> list[Row]:
    span = down(watch)
    words = minutes(elapsed(watch))
    if span is not None:
        how = _("etcd still down, {time} so far") if span.still else _("etcd was down {time}")
        if watch.plan.request.node:
            how = (
                _("etcd on {node} still down, {time} so far")
                if span.still
                else _("etcd on {node} was down {time}")
            )
        words += "   " + how.format(time=minutes(span.ms), node=clean(watch.plan.request.node))
        if span.left_ms is not None:
            left = _("and down when the run ended, {when}; not looked at since")
            words += ", " + left.format(when=dated(span.left_ms, watch.now_ms))
    rows = pair_rows(_("Took"), words, width)
    gate = next((g for g in watch.state.gates.values() if g.answered_ms is not None), None)
    if gate is not None:
        rows += pair_rows(_("Typed by"), clean(gate.answered_by), width)
    return rows


def _wrong(watch: Watch, width: int) -> list[Row]:
    """Every step that is not as it should be, on which master, and why."""
    rows: list[Row] = []
    for step in shown_steps(watch):
        if mark(watch, step) not in (Mark.FAILED, Mark.UNKNOWN, Mark.STOPPED):
            continue
        rows += [BLANK, row(("✖ ", Role.BAD), (translated(step.title), Role.BRIGHT))]
        run = watch.state.steps[step.id]
        for node in watch.plan.nodes:
            at = run.nodes.get(node)
            if at is None or at.state is At.DONE:
                continue
            words = {At.FAILED: _("failed"), At.UNKNOWN: _("outcome unknown")}.get(
                at.state, _("not finished")
            )
            said = translated(at.detail) or (at.output[-1] if at.output else "")
            rows += _indented(
                f"{node_number(watch.plan, node)} {node}: {words}" + (f": {said}" if said else ""), width
            )
        for finding in run.findings:
            rows += _indented(clean(str(finding.get("title", finding))), width)
            if finding.get("hint"):
                rows += _indented(clean(str(finding["hint"])), width, Role.DIM)
    return rows


def _verified(watch: Watch, width: int) -> list[Row]:
    """The facts of the checks that ended the run, merged per master: what is the same on all is said once."""
    if watch.state.result not in ("verified", "undone"):
        return []
    seen = [s for s in _after_gate(watch) if s.effect == "observe" and watch.state.passed(s.id)]
    seen = seen[-1:] if watch.state.undoing else seen  # before an undo only what it discards was looked at
    facts: dict[str, dict[str, Any]] = {}
    for step in seen:
        for node, one in watch.state.facts.get(step.id, {}).items():
            facts.setdefault(node, {}).update(one)
    if not facts:
        return []
    rows = [BLANK, *_headed(_("Verified"), translated(seen[-1].title), width)]
    for key in [key for key in _keys(facts) if key not in (*_QUIET, *_SAID)]:
        values = {n: _value(key, facts[n].get(key), facts) for n in watch.plan.nodes if n in facts}
        if len(set(values.values())) == 1 and len(values) > 1:
            rows += pair_rows(_fact_name(key), f"{next(iter(values.values()))}  {_('on all')}", width)
        else:
            rows += _per_node(watch, _fact_name(key), values, width)
    said = dict.fromkeys(translated(watch.state.at(seen[-1].id, node).detail) for node in watch.plan.nodes)
    return rows + [line for words in said if words for line in pair_rows(_("Said"), words, width)]


def _per_node(watch: Watch, label: str, values: Mapping[str, str], width: int) -> list[Row]:
    """On one row if it fits, else a row a master: a value is never broken in two."""
    parts = [f"{node_number(watch.plan, node)}: {value}" for node, value in values.items()]
    if len(label) + len("   ".join(parts)) + 8 < width and sum(map(len, parts)) < width - 26:
        return pair_rows(label, "   ".join(parts), width)
    return [line for i, part in enumerate(parts) for line in pair_rows(label if i == 0 else "", part, width)]


def _after_gate(watch: Watch) -> list[PlannedStep]:
    steps = list(shown_steps(watch))
    gates = [number for number, step in enumerate(steps) if step.scope == GATE]
    return steps[gates[-1] + 1 :] if gates else steps


def _keys(facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    every = dict.fromkeys(key for one in facts.values() for key in one)
    return [key for key in _FIRST if key in every] + [key for key in every if key not in _FIRST]


def _fact_name(key: str) -> str:
    names = {
        "cluster_id": _("Cluster ID"),
        "member_id": _("Member IDs"),
        "leader_id": _("Leader"),
        "revision": _("Revision"),
        "snapshot_revision": _("Of snapshot"),
        "hash": _("Hash of keys"),
        "compact_revision": _("Compacted at"),
        "write": _("Takes writes"),
        "index": _("Raft index"),
        "version": _("etcd version"),
        "unit": _("Unit"),
        "answers": _("Answers"),
        "serves": _("Serves"),
        "restarts": _("Restarts"),
    }
    return names.get(key, clean(key.replace("_", " ")))


def _value(key: str, value: Any, facts: Mapping[str, Mapping[str, Any]]) -> str:
    if key == "leader_id":
        return next((node for node, one in facts.items() if one.get("member_id") == value), clean(str(value)))
    match value:
        case None:
            return "–"
        case bool():
            return _("yes") if value else _("no")
        case int():
            if key == "compact_revision" and value < 1:
                return _("not compacted")
            return str(value) if "hash" in key else grouped(value)
        case str():
            return clean(value) or "–"
        case [int(), int()]:
            return f"{grouped(value[0])} → {grouped(value[1])}"
        case list() | tuple() if all(isinstance(v, str) for v in value):
            return " ".join(clean(v) for v in value) or _("none")
    return clean(msgspec.json.encode(value).decode())


def _standing(watch: Watch, width: int) -> list[Row]:
    """After a stop before the end: the last thing each master is known to have finished."""
    if watch.state.result in ("verified", "undone") or not watch.state.steps:
        return []
    rows = [BLANK, row((_("What stands"), Role.ACCENT))]
    for node in watch.plan.nodes:
        done = [s for s in shown_steps(watch) if watch.state.at(s.id, node).state is At.DONE]
        words = _("after: {step}").format(step=translated(done[-1].title)) if done else _("nothing done")
        held = watch.state.leases.get(node, "")
        words += {"acquired": _("; held by this run"), "adopted": _("; held by this run")}.get(held, "")
        rows += pair_rows(f"{node_number(watch.plan, node)} {node}", words, width)
    return rows


def _kept(watch: Watch, width: int) -> list[Row]:
    kept = kept_paths(watch.plan, watch.state)
    if not kept:
        return []
    before = returning_paths(watch.plan, watch.state)
    what = _("the data from before")
    if before != kept:
        what = _("the restored data where it was taken back, else the data from before")
    if not before:
        what = _("the restored data")
    rows = [BLANK, *_headed(_("Kept"), _("{what}, until a person purges it").format(what=what), width)]
    for node, path in kept.items():
        rows += pair_rows(f"{node_number(watch.plan, node)} {node}", path, width)
    return rows


def kept_paths(plan: Plan, state: RunState) -> dict[str, str]:
    """Per node where the data that was swapped out lies: the restored data where it was taken back, else that from before."""
    found = returning_paths(plan, state)
    for node, path in _swapped_out(plan.undo, f"novatui-undone-{plan.run}", state).items():
        if any("aside" in state.facts.get(step.id, {}).get(node, {}) for step in plan.undo):
            found[node] = path  # where nothing had been swapped an undo puts nothing aside
    return {node: found[node] for node in plan.nodes if node in found}


def returning_paths(plan: Plan, state: RunState) -> dict[str, str]:
    """Per node where the data from before lies that an undo puts back; none where one has done so."""
    back = _swapped_out(plan.undo, f"novatui-undone-{plan.run}", state)
    before = _swapped_out(plan.steps, f"novatui-old-{plan.run}", state)
    return {node: path for node, path in before.items() if node not in back}


def _swapped_out(steps: Iterable[PlannedStep], part: str, state: RunState) -> dict[str, str]:
    """Per node that has swapped: the path its own swap command names for what it puts aside."""
    found: dict[str, str] = {}
    for step in steps:
        for node, commands in step.commands.items():
            if (
                not ("swap" in step.id or step.id == "archive")
                or state.at(step.id, node).state is not At.DONE
            ):
                continue
            words = [word for command in commands for word in shlex.split(command) if word.endswith(part)]
            if words:
                found[node] = clean(words[0])
    return found


def _next(watch: Watch, width: int) -> list[Row]:
    state = watch.state
    rows = [BLANK, row((_("Next"), Role.ACCENT))]
    stuck = state.committed and state.result in ("fenced", "aborted")
    if watch.link is Link.GONE or state.result == "failed" or stuck:
        rows += _key("r", _("look at the masters and go on from where it stopped"), width)
    if not why_no_undo(watch.plan, state, gone=watch.link is Link.GONE) and not state.undoing:
        words = _("take it back: all as it was before this run; what was written since is discarded")
        rows += _key("u", words, width)
    rows += _key("l", _("every line of output of the chosen master"), width)
    return rows + _key("q", _("back to the dashboard"), width)


def _by_hand(watch: Watch, places: Mapping[str, str], width: int) -> list[Row]:
    """Where the exact remaining commands lie, to be typed when no novatui can do it."""
    state = watch.state
    if not state.committed or not places or state.result == "undone":
        return []
    file = "UNDO.txt" if state.verified or state.undoing else "FINISH.txt"
    if file == "UNDO.txt" and why_no_undo(watch.plan, state):
        return []
    back = file == "UNDO.txt"
    meaning = _("every command that takes it back") if back else _("every command that remains")
    rows = [BLANK, *_headed(_("By hand, without novatui"), meaning, width)]
    if len(set(places.values())) == 1:
        return rows + pair_rows(_("on each master"), f"{next(iter(places.values()))}/{file}", width)
    for node, path in places.items():
        rows += pair_rows(f"{node_number(watch.plan, node)} {node}", f"{path}/{file}", width)
    return rows


def why_no_undo(plan: Plan, state: RunState, *, gone: bool = False) -> str:
    """Why there is nothing to take back; empty when there is. ``gone``: its runner is, and the run has no end."""
    if state.result == "undone":
        return _("taken back already")
    if not state.committed or not (state.result or gone):
        return _("its journal says nothing was changed")
    if not plan.undo:
        why = _(guide(plan.runbook).no_undo)
        return _("none is needed, {why}").format(why=why) if why else _("it has no way back")
    return _("past its point of no return: the way is forward") if past_return(plan, state) else ""


def _key(key: str, meaning: str, width: int) -> list[Row]:
    pieces = wrap(meaning, width - 4)
    rows = [row((f" {key:<3}", Role.KEY), pieces[0])]
    return rows + [row("    ", piece) for piece in pieces[1:]]


def _headed(title: str, said: str, width: int) -> list[Row]:
    indent = cells_of(title) + 2
    first, *others = wrap(said, max(20, width - indent))
    below = [row(" " * indent, (piece, Role.DIM)) for piece in others]
    return [row((title, Role.ACCENT), "  ", (first, Role.DIM)), *below]


def _indented(text: str, width: int, role: Role = Role.NORMAL) -> list[Row]:
    return [row("  ", (piece, role)) for piece in wrap(text, width - 2)]
