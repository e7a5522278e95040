"""What a run did, as one document: times, commands, outputs, decisions, evidence, what was kept, how to take it back.

``build`` makes it from the plan and the journal's records; ``report_md``, ``report_html`` and ``report_json`` write it down.
Every record of the journal is in it, in its order and with its time. What came from a master is made safe here, line by line.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import msgspec

from novatui.model import records as rec
from novatui.model.plan import OPTIONS, Plan, Upload
from novatui.model.run import RunState, fold
from novatui.model.sanitize import clean
from novatui.present import record_words, seed
from novatui.present.i18n import _, pgettext, translated
from novatui.present.plan import effect_words
from novatui.present.report_entries import WHOLE, Pairs, Section, sections, value_words
from novatui.present.rows import text_of
from novatui.present.run import GATE, Link, Mark, Watch, confirm_word, mark, minutes, result_word
from novatui.present.run_pages import kept_paths, why_no_undo
from novatui.present.status_json import instant


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said, or was asked."""

    at_ms: int
    who: str
    what: str
    facts: Pairs = ()


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the plan, and how it ended."""

    number: int
    title: str
    effect: str
    vendor: tuple[str, ...]
    began_ms: int | None
    ended_ms: int | None
    result: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document. ``kept``: (master, path); ``kept_words``: what the gate said of it. ``way_back``: sentences."""

    title: str
    result: str
    detail: tuple[str, ...]
    facts: Pairs
    decisions: tuple[Decision, ...]
    steps: tuple[StepRow, ...]
    evidence: tuple[tuple[str, str, str], ...]  # master, fact, value: of the checks that ended the run
    kept: Pairs
    kept_words: tuple[str, ...]
    way_back: tuple[str, ...]
    sections: tuple[Section, ...]


def build(plan: Plan, records: Sequence[rec.Record]) -> Report:
    """Total: a record of a kind that is not known here is told by its fields."""
    state = fold(records)
    words = (
        text_of(result_word(state.result, verified=state.verified))
        if state.result
        else "▶ " + _("it has not ended")
    )
    return Report(
        title=f"{plan.runbook} · {clean(plan.cluster)}",
        result=words,
        detail=tuple(clean(translated(line)) for line in state.detail.splitlines()),
        facts=_facts(plan, state),
        decisions=tuple(_decisions(records)),
        steps=tuple(_steps(plan, state)),
        evidence=tuple(_evidence(plan, state)),
        kept=tuple(kept_paths(plan, state).items()),
        kept_words=_kept_words(state),
        way_back=tuple(_way_back(plan, state)),
        sections=tuple(sections(plan, records)),
    )


def asked_words(plan: Plan) -> str:
    """The command line that asks for the same."""
    options = {**OPTIONS, "overrule": "--overrule"}
    said = [word for field, name in options.items() for word in _option(name, getattr(plan.request, field))]
    return clean(shlex.join(["novatui", "run", plan.runbook, *said]), cap=WHOLE)


def _option(name: str, value: str | bool | tuple[str, ...] | Upload | None) -> list[str]:
    """As it is typed; nothing where it was not."""
    match value:
        case Upload():
            return [name, value.path]
        case tuple():
            return [word for one in value for word in (name, one)]
        case str():
            return [name, value] if value else []
    return [name] if value else []


def _facts(plan: Plan, state: RunState) -> Pairs:
    ended = state.ended_ms
    took = minutes(ended - state.started_ms) if ended is not None and state.started_ms else ""
    sections = dict.fromkeys(n.partition("/")[0] for step in plan.steps for n in seed.numbers(step.seed))
    pairs = (
        (_("Run"), plan.run),
        (_("Runbook"), f"{plan.runbook} {plan.runbook_version}"),
        (_("Procedure"), ", ".join(line for section in sections for line in seed.lines(section))),
        (_("Cluster"), plan.cluster),
        (_("Masters"), ", ".join(plan.nodes)),
        (_("Asked for"), asked_words(plan)),
        (_("Operator"), state.operator),
        (_("Began"), instant(state.started_ms) if state.started_ms else ""),
        (_("Ended"), instant(ended) if ended is not None else ""),
        (_("Took"), took),
        (_("Overruled"), ", ".join(state.overruled)),
        (_("Plan, SHA-256"), state.plan_sha256 or plan.sha256()),
        (_("novatui"), state.novatui),
        *((_("Note"), translated(clean(str(note), cap=WHOLE))) for note in plan.params.get("notes") or ()),
    )
    return tuple((label, clean(text, cap=WHOLE)) for label, text in pairs if text)


def _decisions(records: Sequence[rec.Record]) -> Iterator[Decision]:
    for record in records:
        match record:
            case rec.GateOpened():
                rows = [(translated(clean(label)), translated(clean(text))) for label, text in record.rows]
                rows += [
                    (_("to type"), f"{w.get('word', '')}: {translated(clean(w.get('why', '')))}")
                    for w in record.words
                ]
                pairs = tuple((label, clean(text)) for label, text in rows)
                yield Decision(
                    at_ms=record.at,
                    who="",
                    what=_("the gate was opened: nothing had been stopped"),
                    facts=pairs,
                )
            case rec.GateAnswered():
                yield Decision(
                    at_ms=record.at, who=clean(record.by), what=_("typed the words of the gate: it goes on")
                )
            case rec.Overruled():
                words = _("overruled the guard {guard}").format(guard=clean(record.guard))
                yield Decision(at_ms=record.at, who=clean(record.by), what=words)
            case rec.Requested():
                yield Decision(
                    at_ms=record.at,
                    who=clean(record.by),
                    what=_("asked: {what}").format(what=record_words.request(record.what)),
                )
            case rec.Resumed():
                yield Decision(
                    at_ms=record.at, who=clean(record.by), what=_("started a runner that goes on with it")
                )


def _steps(plan: Plan, state: RunState) -> Iterator[StepRow]:
    watch = Watch(plan=plan, state=state, link=Link.PAST, now_ms=state.last_ms)
    undoing = plan.undo if state.undoing else ()
    for number, step in enumerate((*plan.steps, *undoing), 1):
        run, gate = state.steps.get(step.id), state.gates.get(step.id)
        at = mark(watch, step)
        yield StepRow(
            number=number,
            title=clean(translated(step.title)),
            effect=effect_words(plan, step),
            vendor=tuple(seed.lines(step.seed)),
            began_ms=gate.opened_ms if gate else run.started_ms if run else None,
            ended_ms=gate.answered_ms if gate else run.ended_ms if run else None,
            result=_mark_words(at, gate=step.scope == GATE),
        )


def _mark_words(at: Mark, *, gate: bool) -> str:
    words = {
        Mark.TODO: "– " + _("not begun"),
        Mark.RUNNING: "▶ " + _("under way"),
        Mark.DONE: "✔ " + (_("answered") if gate else _("verified")),
        Mark.FAILED: "✖ " + _("failed"),
        Mark.UNKNOWN: "? " + _("outcome unknown"),
        Mark.UNDONE: "↩ " + _("taken back"),
        Mark.GATE_OPEN: "◆ " + pgettext("a gate", "open"),
        Mark.STOPPED: "■ " + _("stopped"),
    }
    return words[at]


def _evidence(plan: Plan, state: RunState) -> Iterator[tuple[str, str, str]]:
    """The facts of the observations after the gate (of the undo's, when it was taken back), per master."""
    steps = list(plan.undo if state.undoing else plan.steps)
    gates = [at for at, step in enumerate(steps) if step.scope == GATE]
    for step in steps[gates[-1] + 1 :] if gates else steps:
        if step.effect == "observe" and state.passed(step.id):
            for node, facts in state.facts.get(step.id, {}).items():
                for key, value in facts.items():
                    yield clean(node), clean(f"{step.id}: {key}"), value_words(value)


def _kept_words(state: RunState) -> tuple[str, ...]:
    """As the gate told it."""
    told = [text for gate in state.gates.values() for label, text in gate.rows if label == "What is kept"]
    return tuple(dict.fromkeys(translated(clean(text)) for text in told))


def _way_back(plan: Plan, state: RunState) -> Iterator[str]:
    word = shlex.quote(confirm_word(plan))
    why_not = why_no_undo(plan, state)
    if not state.ended:
        yield _(
            "It has not ended: novatui attach {run} follows it; novatui resume {run} --yes {word} goes on."
        ).format(run=plan.run, word=word)
    elif state.result == "undone":
        yield _("It was taken back.")
    elif why_not:
        yield _("Nothing is to be taken back: {why}.").format(why=why_not)
    else:
        yield _("Take it back: novatui undo {run} --yes {word}").format(run=plan.run, word=word)
    if state.result in ("failed", "aborted", "fenced") and state.committed:
        yield _("Go on with it: novatui resume {run} --yes {word}").format(run=plan.run, word=word)
    files = _files(state, why_not)
    if files and state.committed and state.result != "undone":
        for node, home in homes(plan).items():
            yield _("By hand, without novatui, on {node}: {files} in {home}").format(
                node=node, files=files, home=home
            )


def _files(state: RunState, why_not: str) -> str:
    """Which of the texts that lie on each master are of use now."""
    if state.verified:
        return "" if why_not else "UNDO.txt"
    return "FINISH.txt" if why_not else _("FINISH.txt or UNDO.txt")


def homes(plan: Plan) -> dict[str, str]:
    """This run's directory on each master, where the plan's parameters name the work directory."""
    nodes = plan.params.get("nodes")
    found = nodes.items() if isinstance(nodes, dict) else ()
    return {
        clean(node): clean(f"{one['work_dir']}/{plan.run}")
        for node, one in found
        if isinstance(one, dict) and one.get("work_dir")
    }
