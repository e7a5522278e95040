"""How long each member takes to stop in a restore of a cluster that is well: where leader and followers stop together etcd
waits 15 s for a leadership transfer."""

from __future__ import annotations

import json
from collections.abc import Iterator

from novatui.model.plan import Request
from novatui.runner import places
from tests.lab.lab import NAME, Lab
from tests.lab.person import Person
from tests.lab.renewing import renew

STALL_S = 10.0
INSISTING = ("quorum-stands", "data-intact", "newer-survivor")


def stops_s(place: places.RunDir) -> dict[str, float]:
    """Of each member that a run stopped, seconds."""
    lines = [json.loads(line) for line in place.journal.read_bytes().splitlines()]
    stops = {
        line["seq"]: line["node"] for line in lines if line["kind"] == "intent" and line["step"] == "stop"
    }
    return {
        stops[line["intent"]]: line["ms"] / 1000
        for line in lines
        if line["kind"] == "outcome" and line["intent"] in stops
    }


def restores(lab: Lab, times: int) -> Iterator[dict[str, float]]:
    """One after the other, each from a cluster as new, by a person who insists. Raises AssertionError."""
    for number in range(times):
        if number:
            renew(lab)
        person = Person(lab)
        leader = next(iter(lab.standings().values())).leader
        leads = next(node for node, one in lab.standings().items() if one.member_id == leader)
        request = Request(runbook="restore-cluster", snapshot=lab.snapshot.path, overrule=INSISTING)
        run = person.begin(person.plan(request), NAME)
        state = run.until_gone()
        assert state.result == "verified", state.detail
        took = stops_s(run.place)
        assert set(took) == set(lab.nodes), took
        person.close()
        yield {f"{node}, leader" if node == leads else node: seconds for node, seconds in took.items()}


def figures(took: list[dict[str, float]]) -> str:
    every = sorted(seconds for one in took for seconds in one.values())
    stalled = sum(seconds >= STALL_S for seconds in every)
    middle = every[len(every) // 2]
    return (
        f"restores {len(took)}, stops {len(every)}: {every[0]:.2f} to {every[-1]:.2f} s, in the middle {middle:.2f} s\n"
        f"stops of {STALL_S:g} s and more {stalled}"
    )
