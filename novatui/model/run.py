"""A run: where it stands (``run_state``) and how its journal says so (``run_fold``)."""

from __future__ import annotations

from novatui.model.run_fold import TAIL_LINES, apply, fold, tail
from novatui.model.run_state import (
    CHANGING,
    CLEANUP,
    GATE_S,
    Ask,
    At,
    GateRun,
    NodeStep,
    Pause,
    Phase,
    RunState,
    StepRun,
)

__all__ = [
    "CHANGING",
    "CLEANUP",
    "GATE_S",
    "TAIL_LINES",
    "Ask",
    "At",
    "GateRun",
    "NodeStep",
    "Pause",
    "Phase",
    "RunState",
    "StepRun",
    "apply",
    "fold",
    "tail",
]
