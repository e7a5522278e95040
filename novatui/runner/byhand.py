"""FINISH.txt and UNDO.txt: the exact commands that remain, to be typed by hand when no novatui can do it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from novatui.model.run import At
from novatui.remote.command import Command
from novatui.runbooks.step import Act, Context, Relay, Scope, Send, Step
from novatui.runner import aside as put_aside
from novatui.runner import no_return
from novatui.runner.shown import participants
from novatui.runner.work import Work


def finish(work: Work) -> str:
    """What remains to be done to finish the run; nothing while it is being taken back: a master on restored data must not
    be started beside one that has its old data again."""
    if work.state.undoing:
        return (
            f"# Run {work.plan.run}, {work.plan.runbook} of {work.plan.cluster}: it is being taken back.\n"
            "# Nothing of it is to be finished any more: by hand the only way is UNDO.txt.\n"
        )
    steps = [step for step in work.runbook.steps(work.cluster, work.plan) if isinstance(step, Step)]
    return _text(work, "FINISH", f"novatui resume {work.plan.run}", steps)


def undo(work: Work) -> str:
    """What would take back all that the run changed."""
    if work.runbook.no_undo:
        what = f"# Run {work.plan.run}, {work.plan.runbook} of {work.plan.cluster}: there is nothing to take back.\n"
        return f"{what}# {work.runbook.no_undo}\n"
    if done := no_return.verified(work.plan, work.state):
        return (
            f"# Run {work.plan.run}, {work.plan.runbook} of {work.plan.cluster}: it is past its point of no return.\n"
            f"# This is done and cannot be taken back: {done}\n"
            "# The way is forward: FINISH.txt.\n"
        )
    steps = work.runbook.undo(work.cluster, work.plan)
    text = _text(work, "UNDO", f"novatui undo {work.plan.run}", steps)
    for step in no_return.final(work):
        text = (  # whoever died in it did not come to write down here that it was begun
            f"# LOOK FIRST: this may have been begun, and cannot be taken back once it is done: {step.title}\n"
            f"#   {step.barrier}\n# When it is done, the way is forward: FINISH.txt.\n\n{text}"
        )
    return text


def home(work: Work, node: str) -> str:
    """This run's directory on a master."""
    return f"{work.cluster.node(node).etcd.work_dir}/{work.plan.run}"


def scripts(work: Work) -> tuple[str, ...]:
    """The names of all scripts that the texts may name."""
    steps = [*work.runbook.steps(work.cluster, work.plan), *work.runbook.undo(work.cluster, work.plan)]
    named = {"lease", "fence"}
    for step in steps:
        if isinstance(step, Step):
            for node in participants(step, work.plan):
                named |= {
                    one.script for act in _acts(work, step, node) for one in _commands(act) if one.script
                }
    return tuple(sorted(named))


def inputs(work: Work, node: str) -> dict[str, bytes]:
    """The standard inputs that commands on ``node`` want, by the file name the texts use."""
    found: dict[str, bytes] = {}
    steps = [*work.runbook.steps(work.cluster, work.plan), *work.runbook.undo(work.cluster, work.plan)]
    for step in steps:
        if isinstance(step, Step) and node in participants(step, work.plan):
            for number, act in enumerate(_acts(work, step, node)):
                if isinstance(act, Command) and act.stdin and not act.mask:
                    found[_input_name(step, number)] = act.stdin
    return found


def _text(work: Work, what: str, command: str, steps: Sequence[Step]) -> str:
    plan, state = work.plan, work.state
    at = datetime.fromtimestamp(state.last_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [
        f"# Run {plan.run}, {plan.runbook} of {plan.cluster}: {what} by hand. As of {at}, journal record {state.last_seq}.",
        f"# The tool's way is:  {command}",
        "# By hand only when no novatui can do it: as root, in this order, each block done on all masters before the next.",
        *(f"# {node}: {words}" for node, words in put_aside.left(work).items()),
        "",
        "# First shut out every runner:",
    ]
    for node in plan.nodes:
        active = f"{work.cluster.node(node).etcd.work_dir}/active"
        here, aside = shlex.quote(active), shlex.quote(f"{active}.by-hand-{plan.run}")
        lines += [f"#   on {node}:", f"test ! -d {here} || mv -T {here} {aside}"]
    for number, step in enumerate(steps, 1):
        if not state.passed(step.id):
            lines += ["", f"# {number}. {step.title}", *_step(work, step)]
            if step.barrier:
                lines.append(f"# Before going on: {step.barrier}")
    return "\n".join([*lines, "", "# That is all.", ""])


def _step(work: Work, step: Step) -> list[str]:
    nodes = list(participants(step, work.plan))
    if step.scope is Scope.FOLLOWERS_THEN_LEADER and step.last is not None:
        last = step.last(work.context())
        nodes = [node for node in nodes if node != last] + [node for node in nodes if node == last]
    if step.apply is None:
        return ["#   nothing to run: look whether it is so"]
    lines = []
    for node in nodes:
        if work.state.at(step.id, node).state is At.DONE:
            lines.append(f"#   on {node}: done")
            continue
        lines.append(f"#   on {node}:")
        for number, act in enumerate(_acts(work, step, node)):
            lines += _act(work, step, node, number, act)
    return lines


def _act(work: Work, step: Step, node: str, number: int, act: Act) -> list[str]:
    if isinstance(act, Relay):
        return [
            f"#   bring the output of this, run on {act.source_node}:",
            "#     " + _line(work, act.source_node, act.source),
            "#   to the standard input of this:",
            _line(work, node, act.target),
        ]
    if isinstance(act, Send):
        return [
            f"#   after a line of its own, nv-stream {act.size}, bring the database inside {act.path} of the operator's machine",
            "#   to the standard input of this:",
            _line(work, node, act.target),
        ]
    line = _line(work, node, act)
    if act.stdin and not act.mask:
        line += f" <{shlex.quote(f'{home(work, node)}/{_input_name(step, number)}')}"
    return [line]


def _line(work: Work, node: str, command: Command) -> str:
    words = command.shown()[1:] if command.script else command.shown()
    if not command.script:
        return shlex.join(words)
    return shlex.join(("sh", f"{home(work, node)}/scripts/{command.script}.sh", *words))


def _acts(work: Work, step: Step, node: str) -> Sequence[Act]:
    """With what is known now; as planned (born names as ``<name>``) when that is not enough."""
    if step.apply is None:
        return ()
    try:
        return step.apply(work.context(node))
    except LookupError:
        return step.apply(Context(plan=work.plan, cluster=work.cluster, node=node, facts={}))


def _commands(act: Act) -> tuple[Command, ...]:
    if isinstance(act, Relay):
        return act.source, act.target
    return (act.target,) if isinstance(act, Send) else (act,)


def _input_name(step: Step, number: int) -> str:
    return f"scripts/{step.id}-{number}.stdin"
