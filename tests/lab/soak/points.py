"""A random point of a run: the step, the master and the moment at which something happens."""

from __future__ import annotations

import random
from collections.abc import Sequence

from novatui.model.plan import PlannedStep
from tests.lab.halting import Point, Points

# What stops nothing is disturbed less often than what changes something.
_WEIGHTS = {"observe": 2, "stage": 3, "gate": 2}
_CHANGES = 5


def draw_point(steps: Sequence[PlannedStep], nodes: Sequence[str], rng: random.Random) -> Points:
    """Of one that is not met (a master that had nothing to do there) the next one is taken."""
    step = rng.choices(steps, [_WEIGHTS.get(one.effect, _CHANGES) for one in steps])[0]
    node = rng.choice(list(step.commands) or list(nodes))
    phases: tuple[str, ...] = ("gate-opened", "gate-answered")
    if step.effect != "gate":
        phases = ("before-act", "after-act", "after-outcome", "verified") if step.commands else ("verified",)
    point = Point(step.id, node, rng.choice(phases))
    return Points(points=(point,), steps=tuple(one.id for one in steps))
