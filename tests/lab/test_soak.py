"""A bounded part of the random soak, and two seeded kill chains a runbook: more of both by hand, ``python -m tests.lab``."""

from __future__ import annotations

import os

import pytest

from tests.lab.lab import Lab
from tests.lab.shapes import Shape
from tests.lab.soak.chains import RUNBOOKS, seeded
from tests.lab.soak.play import soak

# What fits into CI's time; NOVATUI_SOAK=60 plays more.
ITERATIONS = 4
SEED = 1003


@pytest.mark.timeout(3600)
@pytest.mark.invariant("INV-2", "INV-3", "INV-5", "INV-6", "INV-11", "INV-13")
def test_nothing_is_lost_whatever_happens_at_whatever_step(lab: Lab) -> None:
    wanted = int(os.environ.get("NOVATUI_SOAK", ITERATIONS))
    figures = soak(lab, wanted, SEED)
    text = figures.text()
    print(text)
    assert not figures.failed, "\n".join(line for lines in figures.failed.values() for line in lines)
    assert figures.iterations == figures.runs.total() == figures.survived.total() == wanted
    assert (figures.keys_lost, figures.applied_twice, figures.blank) == (0, 0, 0)
    assert figures.faults.total() >= wanted * 0.6, "it hardly disturbed"
    for words in ("iterations", "faults injected", "runs survived", "keys lost 0", "steps applied twice 0",
                  "longest leaderless time at restart"):  # fmt: skip
        assert words in text


@pytest.mark.invariant("INV-2", "INV-6")
@pytest.mark.parametrize("runbook", RUNBOOKS)
@pytest.mark.parametrize(
    ("lab", "seed"), [(Shape(), 1), (Shape(image="bullseye"), 2)], indirect=["lab"], ids=str
)
def test_a_chain_of_kills_ends_verified(lab: Lab, runbook: str, seed: int) -> None:
    points = seeded(lab, runbook, seed)
    print(f"{runbook} on {lab.image}, seed {seed}: killed at {', '.join(map(str, points))}")
    assert points, "it was killed somewhere"
