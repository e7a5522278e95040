"""Recordings as tests need them: minutes of a cluster in milliseconds, by a clock that is moved by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec

from novatui.model.cluster import ClusterSnapshot
from novatui.model.entries import Entry, Level
from novatui.recording.recorder import Recorder
from tests.tui import screen_cases as cases

DOWN = cases.cluster(cases.node(1), cases.dead(2), cases.node(3))
NODES = [f"nova-master-{n}" for n in (1, 2, 3)]


class Clock:
    def __init__(self) -> None:
        self.ms = cases.NOW

    def __call__(self) -> int:
        return self.ms


def lines(node: str, count: int, level: Level = Level.INFO) -> list[Entry]:
    return [cases.entry(f"line {n}", level, node=node, ago_ms=1000 - n) for n in range(count)]


def moved(snapshot: ClusterSnapshot, index: int, at_ms: int = cases.NOW) -> ClusterSnapshot:
    """As sampled at ``at_ms``, so many entries later."""
    replace = msgspec.structs.replace
    nodes = tuple(
        replace(
            node,
            at_ms=at_ms,
            members_at_ms=at_ms,
            endpoint=replace(
                node.endpoint,
                index=index,
                applied=index,
                answered_ms=at_ms if node.endpoint.answers else node.endpoint.answered_ms,
            ),
        )
        for node in snapshot.nodes
    )
    return replace(snapshot, at_ms=at_ms, nodes=nodes)


def record(path: Path, clock: Clock, minutes: int = 12, dies_s: int = 360) -> Recorder:
    """A snapshot and a line of every master each two seconds; the second dies after ``dies_s``."""
    recorder = Recorder(path, cases.config(), clock=clock)
    for tick in range(minutes * 30):
        dead = tick * 2 >= dies_s
        if tick * 2 == dies_s:
            late = clock.ms - cases.NOW + 7_000
            fatal = [msgspec.structs.replace(one, at_ms=one.at_ms + late) for one in cases.panic_lines()]
            recorder.entries(NODES[1], fatal)
        snapshot = DOWN if dead else cases.healthy_cluster()
        recorder.snapshot(moved(snapshot, 1000 + tick, clock.ms))
        for name in NODES:
            recorder.entries(name, [Entry(node=name, at_ms=clock.ms, text=f"tick {tick}")])
        clock.ms += 2_000
    return recorder
