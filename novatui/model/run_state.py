"""Where a run stands: what the fold of its journal says. Texts that came from a master are safe to show."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

# Words of ``Intent.effect``: the names of runbooks.step.Effect in lower case, and one more for taking staged things back.
CHANGING = frozenset({"change", "no_return"})
CLEANUP = "cleanup"

GATE_S = 1800  # an unanswered gate: "aborted, nothing changed"


class At(StrEnum):
    """Where one step stands on one node."""

    WAITING = "waiting"
    PROBING = "probing"  # looked at, or acted and now being verified
    ACTING = "acting"  # an intent is written, its outcome is not
    UNKNOWN = "unknown"  # the outcome of the last act is not known; it will be probed, never repeated blindly
    DONE = "done"  # verified
    FAILED = "failed"
    UNDONE = "undone"  # done once, taken back since


class Phase(StrEnum):
    NEW = "new"
    PREPARING = "preparing"  # looks and stages: nothing is stopped
    GATE = "gate"  # waits for a person
    ACTING = "acting"  # past the gate
    CLEANING = "cleaning"  # takes back what was staged
    UNDOING = "undoing"
    ENDED = "ended"


class NodeStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step on one node. ``tries`` counts applies; ``command`` is the last act as shown; ``output`` its last lines."""

    state: At = At.WAITING
    tries: int = 0
    started_ms: int | None = None
    ended_ms: int | None = None
    probed: str = ""  # the last probe's word: done, todo, partial, foreign, unknown
    command: str = ""
    status: str = ""  # of the last act: ok, failed, timeout, unknown, fenced
    exit: int | None = None
    output: tuple[str, ...] = ()
    detail: str = ""  # why it is not done


class StepRun(msgspec.Struct, frozen=True, kw_only=True):
    """One step on all nodes. ``passed`` is True when every node was verified and the judge was content (the barrier),
    False when the judge refused, None before."""

    id: str
    nodes: dict[str, NodeStep] = {}
    effect: str = ""  # of its acts, as the intents say; empty while it only looked
    undoing: bool = False  # a step of the undo
    passed: bool | None = None
    findings: tuple[dict[str, Any], ...] = ()
    started_ms: int | None = None
    ended_ms: int | None = None


class GateRun(msgspec.Struct, frozen=True, kw_only=True):
    """A gate as it was opened last, and who answered it."""

    gate: str
    nonce: str
    rows: tuple[tuple[str, str], ...] = ()
    words: tuple[dict[str, str], ...] = ()  # word, why, guard
    opened_ms: int = 0
    answered_by: str = ""
    answered_ms: int | None = None


class Ask(msgspec.Struct, frozen=True):
    """Something a person asked of the run: abort, undo, resume."""

    what: str
    by: str
    at_ms: int


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants the run to wait. ``at`` is the step after which it does, empty while it is still on its way there."""

    by: str
    asked_ms: int
    at: str = ""


class RunState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a journal says. ``facts[step][node]`` is the evidence of each verified step; ``epochs`` the lease's epoch
    of each node that was ever leased, ``leases`` its last state."""

    run: str = ""
    runbook: str = ""
    runbook_version: int = 0
    cluster: str = ""
    nodes: tuple[str, ...] = ()
    plan_sha256: str = ""
    operator: str = ""
    novatui: str = ""
    schema: int = 0
    started_ms: int = 0
    ended_ms: int | None = None
    last_seq: int = 0
    last_ms: int = 0
    phase: Phase = Phase.NEW
    committed: bool = (
        False  # a gate was answered, or something was changed: from here on it ends by verify or undo
    )
    undoing: bool = False
    # It was verified, and as far as this journal knows nothing was begun since that takes it back.
    verified: bool = False
    result: str = ""  # verified | failed | refused | aborted | undone | fenced; empty while it is not ended
    detail: str = ""
    exit_code: int | None = None  # of the last ending, as commands end with it
    resumes: int = 0
    brought: str = ""  # the master whose copy the journal begins with; its end may be missing
    steps: dict[str, StepRun] = {}
    gates: dict[str, GateRun] = {}
    facts: dict[str, dict[str, dict[str, Any]]] = {}
    bound: dict[str, Any] = {}
    overruled: tuple[str, ...] = ()
    asked: tuple[Ask, ...] = ()
    pause: Pause | None = None
    epochs: dict[str, int] = {}
    leases: dict[str, str] = {}
    open_intents: dict[int, tuple[str, str]] = {}  # seq -> step, node

    @property
    def ended(self) -> bool:
        return bool(self.result)

    @property
    def open_gate(self) -> GateRun | None:
        """The gate that waits for an answer now."""
        if self.phase is not Phase.GATE:
            return None
        return next((gate for gate in reversed(self.gates.values()) if gate.answered_ms is None), None)

    @property
    def held(self) -> tuple[str, ...]:
        """Nodes whose lease this run has, as far as the journal knows."""
        return tuple(node for node, state in self.leases.items() if state in ("acquired", "adopted"))

    def at(self, step: str, node: str) -> NodeStep:
        """Where ``step`` stands on ``node`` (an empty one when nothing is known yet)."""
        found = self.steps.get(step)
        return found.nodes.get(node, EMPTY) if found else EMPTY

    def passed(self, step: str) -> bool:
        return (found := self.steps.get(step)) is not None and found.passed is True


EMPTY = NodeStep()
