"""The fold of a journal: records in, where the run stands out. Screen, report, engine and resume use this one fold.

``fold(records)`` and ``apply(state, record)`` never raise for a record they do not know: it is skipped.
Texts that came from a master are cleaned here, line by line: what ``RunState`` holds is safe to show.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from novatui.model import records as rec
from novatui.model.run_state import (
    CHANGING,
    CLEANUP,
    Ask,
    At,
    GateRun,
    NodeStep,
    Pause,
    Phase,
    RunState,
    StepRun,
)
from novatui.model.sanitize import clean

TAIL_LINES = 40


def fold(records: Iterable[rec.Record], start: RunState | None = None) -> RunState:
    """The state after ``records``."""
    state = start or RunState()
    for record in records:
        state = apply(state, record)
    return state


def apply(state: RunState, record: rec.Record) -> RunState:
    """The state after one more record."""
    rule = _RULES.get(type(record))
    if rule is not None:
        state = rule(state, record)
    return replace(state, last_seq=record.seq or state.last_seq, last_ms=record.at or state.last_ms)


def tail(text: str) -> tuple[str, ...]:
    """The last lines of a remote text, each made safe to show."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return tuple(clean(line) for line in lines[-TAIL_LINES:] if line)


def _started(state: RunState, record: rec.RunStarted) -> RunState:
    return replace(
        state,
        run=record.run,
        runbook=record.runbook,
        runbook_version=record.runbook_version,
        cluster=record.cluster,
        nodes=record.nodes,
        plan_sha256=record.plan_sha256,
        operator=record.operator,
        novatui=record.novatui,
        schema=record.schema,
        started_ms=record.at,
        phase=Phase.PREPARING,
    )


def _lease(state: RunState, record: rec.Lease) -> RunState:
    return replace(
        state,
        epochs={**state.epochs, record.node: max(record.epoch, state.epochs.get(record.node, 0))},
        leases={**state.leases, record.node: record.state},
    )


def _probed(state: RunState, record: rec.Probed) -> RunState:
    node = state.at(record.step, record.node)
    return _on_node(
        state,
        record.step,
        replace(
            node,
            state=At.PROBING if record.state != "unknown" or node.state is not At.UNKNOWN else At.UNKNOWN,
            started_ms=node.started_ms if node.started_ms is not None else record.at,
            ended_ms=None,
            probed=record.state,
            detail=clean(record.detail),
        ),
        record,
    )


def _intent(state: RunState, record: rec.Intent) -> RunState:
    node = state.at(record.step, record.node)
    state = _on_node(
        state,
        record.step,
        replace(
            node,
            state=At.ACTING,
            tries=max(node.tries, record.attempt),
            started_ms=node.started_ms if node.started_ms is not None else record.at,
            ended_ms=None,
            command=clean(shlex.join(record.argv_masked)),
            status="",
            exit=None,
            output=(),
        ),
        record,
        effect=record.effect,
    )
    return replace(
        state,
        committed=state.committed or record.effect in CHANGING,
        verified=state.verified and not state.undoing,
        phase=Phase.CLEANING if record.effect == CLEANUP else _busy(state, record.effect),
        open_intents={**state.open_intents, record.seq: (record.step, record.node)},
    )


def _outcome(state: RunState, record: rec.Done) -> RunState:
    step_node = state.open_intents.get(record.intent)
    if step_node is None:
        return state
    step, name = step_node
    node, taken_back = state.at(step, name), state.phase is Phase.CLEANING
    at = {"ok": At.UNDONE if taken_back else At.PROBING, "failed": At.FAILED, "fenced": At.FAILED}
    node = replace(
        node,
        state=at.get(record.status, At.UNKNOWN),
        status=record.status,
        exit=record.exit,
        ended_ms=record.at if record.status in at else None,
        output=tail(record.stdout.text + "\n" + record.stderr.text),
        detail=clean(record.error) or node.detail,
    )
    state = _put(state, step, name, node, record)
    left = {seq: where for seq, where in state.open_intents.items() if seq != record.intent}
    return replace(state, open_intents=left)


def _verified(state: RunState, record: rec.Verified) -> RunState:
    node = state.at(record.step, record.node)
    node = replace(
        node,
        state=At.DONE if record.ok else At.FAILED,
        started_ms=node.started_ms if node.started_ms is not None else record.at,
        ended_ms=record.at,
        detail=clean(record.detail),
    )
    state = _on_node(state, record.step, node, record)
    if not record.ok:
        return state
    known = {**state.facts.get(record.step, {}), record.node: record.evidence}
    return replace(state, facts={**state.facts, record.step: known})


def _judged(state: RunState, record: rec.Judged) -> RunState:
    step = _step(state, record.step, record)
    step = replace(step, passed=record.ok, findings=record.findings, ended_ms=record.at)
    return replace(state, steps={**state.steps, record.step: step})


def _gate_opened(state: RunState, record: rec.GateOpened) -> RunState:
    gate = GateRun(
        gate=record.gate, nonce=record.nonce, rows=record.rows, words=record.words, opened_ms=record.at
    )
    return replace(state, gates={**state.gates, record.gate: gate}, phase=Phase.GATE)


def _gate_answered(state: RunState, record: rec.GateAnswered) -> RunState:
    gate = state.gates.get(record.gate, GateRun(gate=record.gate, nonce=""))
    gate = replace(gate, answered_by=record.by, answered_ms=record.at)
    return replace(state, gates={**state.gates, record.gate: gate}, phase=Phase.ACTING, committed=True)


def _overruled(state: RunState, record: rec.Overruled) -> RunState:
    if record.guard in state.overruled:
        return state
    return replace(state, overruled=(*state.overruled, record.guard))


def _requested(state: RunState, record: rec.Requested) -> RunState:
    state = replace(state, asked=(*state.asked, Ask(record.what, record.by, record.at)))
    if record.what == "pause":
        return replace(state, pause=Pause(by=record.by, asked_ms=record.at))
    if record.what == "continue":
        return replace(state, pause=None)
    if record.what != "undo":
        return state
    return replace(state, undoing=True, phase=Phase.UNDOING, result="", detail="", ended_ms=None)


def _paused(state: RunState, record: rec.Paused) -> RunState:
    if state.pause is None:
        return state
    return replace(state, pause=replace(state.pause, at=record.step))


def _brought(state: RunState, record: rec.Brought) -> RunState:
    """An act of an undo may be what its end lacks."""
    return replace(state, brought=record.node, verified=False)


def _resumed(state: RunState, record: rec.Resumed) -> RunState:
    """What a killed runner left open is unknown: it will be probed."""
    for step, name in state.open_intents.values():
        node = replace(state.at(step, name), state=At.UNKNOWN, status="unknown")
        state = _put(state, step, name, node, record)
    return replace(
        state,
        open_intents={},
        pause=None,
        resumes=state.resumes + 1,
        result="",
        detail="",
        ended_ms=None,
        phase=_busy(state, ""),
    )


def _bound(state: RunState, record: rec.Bound) -> RunState:
    return replace(state, bound={**state.bound, record.ref: record.value})


def _ended(state: RunState, record: rec.RunEnded) -> RunState:
    """An undo that is refused before it has done anything was none: the run stays as it was verified, the next one looks anew."""
    stays = state.verified and record.result == "refused"
    steps = _taken_back(state.steps) if record.result == "undone" else state.steps
    if stays:
        steps = {name: step for name, step in steps.items() if not step.undoing}
    return replace(
        state,
        steps=steps,
        undoing=state.undoing and not stays,
        verified=stays or record.result == "verified",
        phase=Phase.ENDED,
        pause=None,
        result=record.result,
        detail=record.detail,
        exit_code=record.exit_code,
        ended_ms=record.at,
    )


def _taken_back(steps: Mapping[str, StepRun]) -> dict[str, StepRun]:
    def back(step: StepRun) -> StepRun:
        if step.undoing or step.effect not in CHANGING:
            return step
        nodes = {
            name: replace(node, state=At.UNDONE) if node.state is not At.WAITING else node
            for name, node in step.nodes.items()
        }
        return replace(step, nodes=nodes)

    return {name: back(step) for name, step in steps.items()}


def _busy(state: RunState, effect: str) -> Phase:
    if state.undoing:
        return Phase.UNDOING
    return Phase.ACTING if state.committed or effect in CHANGING else Phase.PREPARING


def _step(state: RunState, step: str, record: rec.Record) -> StepRun:
    return state.steps.get(step) or StepRun(id=step, undoing=state.undoing, started_ms=record.at)


def _put(state: RunState, step: str, name: str, node: NodeStep, record: rec.Record) -> RunState:
    found = _step(state, step, record)
    return replace(state, steps={**state.steps, step: replace(found, nodes={**found.nodes, name: node})})


def _on_node(
    state: RunState,
    step: str,
    node: NodeStep,
    record: rec.Probed | rec.Intent | rec.Verified,
    effect: str = "",
) -> RunState:
    """Put ``node``; a step that is worked on again has not passed."""
    state = _put(state, step, record.node, node, record)
    found = state.steps[step]
    if effect and effect != CLEANUP:
        found = replace(found, effect=effect)
    if not isinstance(record, rec.Verified) and found.passed is not None:
        found = replace(found, passed=None, findings=(), ended_ms=None)
    return replace(state, steps={**state.steps, step: found})


# One rule a kind of record; each takes the state and its own record.
_RULES: dict[type[rec.Record], Callable[[RunState, Any], RunState]] = {
    rec.RunStarted: _started,
    rec.Lease: _lease,
    rec.Probed: _probed,
    rec.Intent: _intent,
    rec.Done: _outcome,
    rec.Bound: _bound,
    rec.Verified: _verified,
    rec.Judged: _judged,
    rec.GateOpened: _gate_opened,
    rec.GateAnswered: _gate_answered,
    rec.Overruled: _overruled,
    rec.Requested: _requested,
    rec.Paused: _paused,
    rec.Brought: _brought,
    rec.Resumed: _resumed,
    rec.RunEnded: _ended,
}
