"""A plan as a person reads it before confirming: every step, every exact command, and what cannot be taken back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from novatui.model.plan import Plan, PlannedStep
from novatui.model.sanitize import clean
from novatui.present import seed
from novatui.present.guides import guide
from novatui.present.i18n import _, ngettext, translated
from novatui.present.numbers import grouped
from novatui.present.rows import BLANK, Role, Row, fit, row, spread, wrap
from novatui.present.run import GATE, no_return

_SCRIPT = re.compile(r"(?:^|\s)([a-z][a-z0-9-]*)\.sh(?=\s|$)")
_INDENT = 4
_GAP = 2


def plan_rows(plan: Plan, nodes: Sequence[str], width: int) -> list[Row]:
    """The whole plan for ``nodes`` side by side, in rows of ``width`` cells."""
    rows = [*_summary(plan, width), BLANK, _columns_head(plan, nodes, width)]
    prepares = (
        _("nothing stops: looks, and files beside the live data")
        if stages(plan)
        else _("nothing stops: it only looks")
    )
    rows += _section(_("Prepare"), prepares, width)
    for number, step in enumerate(plan.steps, 1):
        if step.scope == GATE:
            rows += [BLANK, *_gate(plan, step, number, width)]
            rows += _section(_("After your word"), _("nobody is asked any more"), width)
        else:
            rows += _step(plan, step, number, nodes, width)
    rows += _section(_("To take it back"), way_back(plan), width)
    for number, step in enumerate(plan.undo, 1):
        rows += _step(plan, step, number, nodes, width)
    return rows


def plan_text(plan: Plan) -> str:
    """The same to be copied: a step a paragraph, each master's commands whole."""
    head = _("{runbook} on {cluster}, run {run}, plan sha256 {sha256}")
    lines = [head.format(runbook=plan.runbook, cluster=plan.cluster, run=plan.run, sha256=plan.sha256())]
    lines += [f"{_('note')}: {note}" for note in _notes(plan)]
    lines.append("")
    for part, steps in ((_("To do"), plan.steps), (_("To take it back"), plan.undo)):
        lines += [part, ""]
        for number, step in enumerate(steps, 1):
            lines.append(f"{number}. {translated(step.title)} [{effect_words(plan, step)}]")
            lines += [f"   {words}" for words in seed.lines(step.seed)]
            lines += [
                f"   {node}: {command}" for node, commands in step.commands.items() for command in commands
            ]
            if step.barrier:
                lines.append(f"   == {translated(step.barrier)}")
        if not steps:
            lines.append(way_back(plan))
        lines.append("")
    return "\n".join(lines)


def scripts(plan: Plan) -> list[str]:
    """Names of the scripts the plan's commands run, in order of use."""
    spoken = (c for step in (*plan.steps, *plan.undo) for part in step.commands.values() for c in part)
    return list(dict.fromkeys(name for command in spoken for name in _SCRIPT.findall(command)))


def count_words(plan: Plan) -> str:
    """``14 on nova-master-1, 14 on nova-master-2``: commands a master, the undo not counted."""
    counts = {node: sum(len(step.commands.get(node, ())) for step in plan.steps) for node in plan.nodes}
    return ", ".join(_("{n} on {node}").format(n=n, node=node) for node, n in counts.items() if n) or _(
        "none"
    )


def stages(plan: Plan) -> bool:
    """Whether anything is put on a master before the gate."""
    return any(step.effect == "stage" for step in plan.steps)


def effect_words(plan: Plan, step: PlannedStep) -> str:
    """What it does to the masters, and whether that can be taken back."""
    if step.effect == "change" and not plan.undo:
        return _("changes")
    if step.effect == "change" and _is_past_return(plan, step):
        return _("changes, the way is forward")
    match step.effect:
        case "observe":
            return _("looks")
        case "stage":
            return _("adds files")
        case "change":
            return _("changes, can be taken back")
        case "no_return":
            return _("cannot be taken back")
        case "gate":
            return _("your typed word")
    return step.effect


def _is_past_return(plan: Plan, step: PlannedStep) -> bool:
    """Whether it comes after the step that cannot be taken back."""
    before = plan.steps[: plan.steps.index(step)] if step in plan.steps else ()
    return any(one.effect == "no_return" for one in before)


def _summary(plan: Plan, width: int) -> list[Row]:
    masters = ngettext("{n} master", "{n} masters", len(plan.nodes)).format(n=len(plan.nodes))
    first = row(
        (plan.runbook, Role.BRIGHT),
        "  ",
        (masters, Role.NORMAL),
        "  ",
        (_("run {run}").format(run=plan.run), Role.DIM),
    )
    found = [fit(first, width)]
    told = [*_subject(plan), *((_("note"), note) for note in _notes(plan))]
    indent = max(10, 1 + max(len(label) for label, _text in [*told, (_("commands"), "")]))
    for label, text in told:
        pieces = wrap(text, width - indent)
        found += [
            row(((label if i == 0 else "").ljust(indent), Role.DIM), piece) for i, piece in enumerate(pieces)
        ]
    found.append(fit(row((_("commands").ljust(indent), Role.DIM), count_words(plan)), width))
    role = Role.OK if all(step.effect != "no_return" for step in plan.steps) else Role.WARN
    pieces = wrap(no_return(plan), width - 2)
    return [*found, *(row(("═ " if i == 0 else "  ", role), (piece, role)) for i, piece in enumerate(pieces))]


def _subject(plan: Plan) -> list[tuple[str, str]]:
    """What the runbook is about: a master or a source; and which part of the platform's own procedure it follows."""
    found = []
    if plan.request.node:
        found.append((_("master"), clean(plan.request.node)))
    if plan.request.snapshot or plan.request.survivor or plan.request.upload:
        found.append((_("source"), source_words(plan)))
    numbers = [number for step in plan.steps for number in seed.numbers(step.seed)]
    sections = dict.fromkeys(number.partition("/")[0] for number in numbers)
    told = [f"{section} «{seed.title(section)}»" for section in sections if seed.title(section)]
    return found + ([(_("follows"), ", ".join(told))] if told else [])


def way_back(plan: Plan) -> str:
    """How long this plan can be taken back; for the section of the undo's steps."""
    at = next((step for step in plan.steps if step.effect == "no_return"), None)
    if not plan.undo:
        why = _(guide(plan.runbook).no_undo)
        return _("none is needed: {why}").format(why=why) if why else _("there is no way back")
    if at is not None:
        return _("u, until \u201c{step}\u201d is done; after that the way is forward").format(
            step=translated(at.title)
        )
    return _("u, at any time until you purge what was kept")


def source_words(plan: Plan) -> str:
    """What is restored, as it was asked for; the revision where the plan's parameters know it."""
    asked = plan.request
    if asked.survivor:
        return _("the data {node} itself still has, read in the run").format(node=asked.survivor)
    if asked.upload:
        words = _("{path} of this machine, sent to every master").format(path=clean(asked.upload.path))
    else:
        words = clean(asked.snapshot)
    source = plan.params.get("source")
    if isinstance(source, dict) and source.get("revision") is not None:
        words += _(", revision {n}").format(n=grouped(int(source["revision"])))
    return words + (_(", copied from {node}").format(node=asked.from_node) if asked.from_node else "")


def _notes(plan: Plan) -> list[str]:
    notes = plan.params.get("notes") or ()
    over = [_("overruled by you: {guards}").format(guards=", ".join(plan.request.overrule))]
    return [translated(clean(str(note))) for note in notes] + (over if plan.request.overrule else [])


def _section(name: str, meaning: str, width: int) -> list[Row]:
    indent = len(name) + 2
    first, *rest = wrap(meaning, max(20, width - indent))
    return [
        BLANK,
        row((name, Role.ACCENT), "  ", (first, Role.DIM)),
        *(row(" " * indent, (piece, Role.DIM)) for piece in rest),
    ]


def _columns_head(plan: Plan, nodes: Sequence[str], width: int) -> Row:
    size = _column(len(nodes), width)
    out: list[tuple[str, Role]] = [(" " * _INDENT, Role.NORMAL)]
    for node in nodes:
        number = plan.nodes.index(node) + 1
        out += [*fit(row((f"{number} ", Role.KEY), (node, Role.BRIGHT)), size), (" " * _GAP, Role.NORMAL)]
    return fit(tuple(out[:-1]), width)


def _column(count: int, width: int) -> int:
    return max(8, (width - _INDENT - _GAP * (count - 1)) // max(1, count))


def _gate(plan: Plan, step: PlannedStep, number: int, width: int) -> list[Row]:
    left = row(("◆", Role.WARN), (f"{number:>3} ", Role.DIM), (translated(step.title), Role.BRIGHT))
    return [spread(left, row((_("your typed word"), Role.WARN)), width)]


def _step(plan: Plan, step: PlannedStep, number: int, nodes: Sequence[str], width: int) -> list[Row]:
    loud = {"change": Role.WARN, "no_return": Role.BAD}.get(step.effect, Role.DIM)
    glyph = {"change": "▲", "no_return": "✖", "stage": "+"}.get(step.effect, "·")
    left = row((f"{glyph}", loud), (f"{number:>3} ", Role.DIM), (translated(step.title), Role.BRIGHT))
    said = row((effect_words(plan, step), loud))
    rows = [spread(left, said, width), *seed_rows(step, width, _INDENT)]
    acting = [node for node, commands in step.commands.items() if commands]
    if len(acting) == 1 and len(plan.nodes) > 1:
        rows += _alone(plan, step, acting[0], width)
    else:
        rows += _commands(step, nodes, width)
    if step.barrier:
        words = wrap(translated(step.barrier), width - _INDENT - 2)
        rows += [
            row(" " * _INDENT, ("═ " if i == 0 else "  ", Role.ACCENT), (w, Role.ACCENT))
            for i, w in enumerate(words)
        ]
    return rows


def seed_rows(step: PlannedStep, width: int, indent: int = 0) -> list[Row]:
    """The platform's own words for this step, its numbers before them."""
    rows: list[Row] = []
    for words in seed.lines(step.seed):
        pieces = wrap(words, max(10, width - indent))
        rows += [row(" " * indent, (piece, Role.DIM)) for piece in pieces]
    return rows


def _alone(plan: Plan, step: PlannedStep, node: str, width: int) -> list[Row]:
    """A step of one master: its commands over the whole width, its number before them."""
    at = str(plan.nodes.index(node) + 1) if node in plan.nodes else clean(node)
    room = width - _INDENT - len(at) - 1
    lines = _column_rows(step.commands[node], room)
    return [
        row(" " * _INDENT, (f"{at} " if i == 0 else " " * (len(at) + 1), Role.KEY), *line)
        for i, line in enumerate(lines)
    ]


def _commands(step: PlannedStep, nodes: Sequence[str], width: int) -> list[Row]:
    """Columns side by side, every command to its end: what is confirmed here is what is run."""
    size = _column(len(nodes), width)
    columns = [_column_rows(step.commands.get(node, ()), size) for node in nodes]
    rows: list[Row] = []
    for y in range(max((len(column) for column in columns), default=0)):
        out: list[tuple[str, Role]] = [(" " * _INDENT, Role.NORMAL)]
        for column in columns:
            out += [*fit(column[y] if y < len(column) else BLANK, size), (" " * _GAP, Role.NORMAL)]
        rows.append(fit(tuple(out[:-1]), width))  # no gap after the last: not a letter of it may be cut
    return rows


def _column_rows(commands: Sequence[str], width: int) -> list[Row]:
    rows: list[Row] = []
    for command in commands:
        pieces = wrap(command, width - 2)
        rows += [row(("$ " if i == 0 else "  ", Role.DIM), piece) for i, piece in enumerate(pieces)]
    return rows
