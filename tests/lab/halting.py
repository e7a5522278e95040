"""The production runner process, but for one thing: it writes down the points it comes to, and at one of them it waits to be
let go on, or kills itself.

``points.json`` in the run's directory says which (``Points``); without it, and after that point, it is the production
runner. ``met``: a line ``step node phase`` for each point; ``stopped-at``: those where it stopped; ``reached``: pid and point, while it
waits.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))

from novatui.runner import process

COMMAND = (sys.executable, str(Path(__file__)))
# Of one step on one node, in order.
PHASES = ("gate-opened", "gate-answered", "before-act", "after-act", "after-outcome", "verified")
KILL_POINTS = ("before-act", "after-act", "after-outcome")
POINTS, MET, REACHED, STOPPED = "points.json", "met", "reached", "stopped-at"


class Point(msgspec.Struct, frozen=True):
    """``node`` is empty at a gate."""

    step: str
    node: str
    phase: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.step, self.node, self.phase) if part)


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """``points``: the run stops at each once. ``steps``: ids in order; given, it stops at the first point that comes at or
    after the only one in ``points``, whatever its node once that step is passed. ``kill``: itself, instead of waiting;
    ``most``: at so many points of a run."""

    points: tuple[Point, ...]
    steps: tuple[str, ...] = ()
    kill: bool = False
    most: int = 1

    def wants(self, point: Point) -> bool:
        if not self.steps:
            return point in self.points
        wanted = self.points[0]
        if point.step not in self.steps:
            return False
        here, there = self.steps.index(point.step), self.steps.index(wanted.step)
        if here != there:
            return here > there
        return point.node in (wanted.node, "") and PHASES.index(point.phase) >= PHASES.index(wanted.phase)


class Reached(msgspec.Struct, frozen=True):
    pid: int
    point: Point


async def _checkpoint(step: str, node: str, phase: str) -> None:
    place, point = Path(sys.argv[1]), Point(step, node, phase)
    with (place / MET).open("a") as met:
        met.write(f"{step} {node} {phase}\n")
    try:
        points = msgspec.json.decode((place / POINTS).read_bytes(), type=Points)
    except FileNotFoundError:
        return
    before = stopped_at(place)
    if not points.wants(point) or point in before or len(before) >= points.most:
        return
    with (place / STOPPED).open("ab") as stopped:
        stopped.write(msgspec.json.encode(point) + b"\n")
    if points.kill:
        os.kill(os.getpid(), signal.SIGKILL)
    (place / POINTS).unlink()
    part = place / f".{REACHED}.part"
    part.write_bytes(msgspec.json.encode(Reached(os.getpid(), point)))
    part.rename(place / REACHED)
    while (place / REACHED).exists():  # noqa: ASYNC110 - a file of another process, which has no event
        await asyncio.sleep(0.02)


def stopped_at(place: Path) -> list[Point]:
    """Where the run was stopped or killed so far."""
    path = place / STOPPED
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Point) for line in lines]


if __name__ == "__main__":
    sys.exit(process.main(parts=process.Parts(checkpoint=_checkpoint)))
