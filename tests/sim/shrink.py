"""From a schedule that fails to the smallest one that still does: fewer faults, then shorter and earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.sim.faults import Fault, Schedule
from tests.sim.play import Play, Played

MOST_TRIES = 120

Try = Callable[[Schedule], Played]


def once(schedule: Schedule) -> Played:
    return Play(schedule).play()


def shrink(played: Played, again: Try = once) -> Played:
    """The smallest failing schedule that was found; any breach counts."""
    best, left = played, MOST_TRIES
    smaller = True
    while smaller and left > 0:
        smaller = False
        for schedule in _simpler(best.schedule):
            left -= 1
            if left <= 0:
                break
            found = again(schedule)
            if found.breaches:
                best, smaller = found, True
                break
    return best


def _simpler(schedule: Schedule) -> Iterator[Schedule]:
    faults = schedule.faults
    for place in range(len(faults)):
        rest = faults[:place] + faults[place + 1 :]
        if rest and rest[0].at.kind == "after":
            continue
        yield replace(schedule, faults=rest)
    for choices in (("resume",), schedule.choices[:1], schedule.choices[:2]):
        if len(choices) < len(schedule.choices):
            yield replace(schedule, choices=choices)
    for place, fault in enumerate(faults):
        for one in _easier(fault):
            yield replace(schedule, faults=(*faults[:place], one, *faults[place + 1 :]))


def _easier(fault: Fault) -> Iterator[Fault]:
    if len(fault.nodes) > 1:
        for node in fault.nodes:
            yield replace(fault, nodes=(node,))
    if fault.span_s > 3.0 and fault.what != "freeze":
        yield replace(fault, span_s=3.0)
    if fault.at.kind == "command":
        if fault.at.n > 1:
            yield replace(fault, at=replace(fault.at, n=1))
        if fault.at.sub > 1:
            yield replace(fault, at=replace(fault.at, sub=1))
    elif fault.at.n > 1:
        yield replace(fault, at=replace(fault.at, n=fault.at.n // 2))


def report(played: Played) -> str:
    """For a person."""
    lines = [str(played.schedule), "", *played.log]
    lines.append(f"results: {', '.join(played.results)}")
    lines += [f"BREACH {words}" for words in played.breaches[:8]]
    if len(played.breaches) > 8:
        lines.append(f"and {len(played.breaches) - 8} more")
    lines.append(f"again: python -m tests.sim --seed {played.schedule.seed} -v")
    return "\n".join(lines)
