"""``novatui locks [--break RUN --yes RUN]``: which run has which master, since when, whether it lives, and what can be done.
Exit 0: all are free, or what was to be broken is; 2 refused, nothing changed; 4 some master is held; 1 broken in part."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from novatui.errors import HeldByAnother, Refused

if TYPE_CHECKING:
    from novatui.cli.people import People
    from novatui.config import ClusterConfig
    from novatui.model.cluster import ClusterSnapshot, Held
    from novatui.present.locks import Taken
    from novatui.runner.breaking import Broken

TIMEOUT_S = 10.0
UNASKED = "could not be asked; it may hold a lease of this run, which then stands"
HELD = 4


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--break", dest="break_run", metavar="RUN", help="put a silent run's lease aside")
    parser.add_argument("--yes", metavar="RUN", help="the run again, typed: it can never go on afterwards")


def main(args: argparse.Namespace) -> int:
    from novatui.cli.main import open_cluster
    from novatui.cli.people import People
    from novatui.present.locks import locks_text

    cluster, people = open_cluster(args), People.of(args)
    if args.break_run:
        return _break(cluster, people, args.break_run, args.yes)
    snapshot = asyncio.run(_look(cluster, people))
    runs = _taken(snapshot)
    print(locks_text(_seen(snapshot), runs, time.time_ns() // 1_000_000), end="")
    return HELD if runs else 0


def _break(cluster: ClusterConfig, people: People, run: str, yes: str | None) -> int:
    """Looked at first: what must not be broken is refused before anything is sent."""
    from novatui.present.locks import who, why_not_break

    snapshot = asyncio.run(_look(cluster, people))
    found = next((one for one in _taken(snapshot) if one.run == run), None)
    if found is None:
        known = ", ".join(one.run for one in _taken(snapshot)) or "none"
        silent = [f"{node}: {UNASKED}" for node in _unasked(snapshot)]
        said = "\n".join([f"runs that hold one: {known}", *silent])
        answers = "No master that answers" if silent else "No master"
        raise Refused(f"{answers} is held by run {run}", said, "nothing was changed")
    if found.alive:
        raise HeldByAnother(
            f"Run {run} is not broken: its runner lives",
            f"{', '.join(found.nodes)}: {who(found)}",
            "it is stopped where it was begun: novatui abort; nothing was changed",
        )
    if why := why_not_break(found):
        raise Refused(
            f"Run {run} is not broken",
            why,
            f"novatui resume {run} --from {found.nodes[0]} or novatui undo {run} --from {found.nodes[0]}; nothing was changed",
        )
    if yes != run:
        raise Refused(
            f"Breaking run {run} must be typed",
            "\n".join(
                [
                    f"it is of {who(found)}, on {', '.join(found.nodes)}. Broken, it can never go on; what it staged stays there",
                    *(f"{node}: {UNASKED}" for node in _unasked(snapshot)),
                ]
            ),
            f"novatui locks --break {run} --yes {run}; nothing was changed",
        )
    return asyncio.run(_broken(cluster, people, found, _unasked(snapshot)))


async def _broken(cluster: ClusterConfig, people: People, found: Taken, unasked: tuple[str, ...]) -> int:
    from novatui.remote.arrival import arrived
    from novatui.runner.breaking import break_lease

    transport = people.transport(cluster)
    try:
        await arrived(transport, list(found.nodes), lambda: people.asking, TIMEOUT_S)
        results = await break_lease(cluster, found.run, found.nodes, transport)
    finally:
        await transport.close()
    lines, code = told(found.run, results, unasked)
    print("\n".join(lines))
    return code


def told(run: str, results: Sequence[Broken], unasked: Sequence[str]) -> tuple[list[str], int]:
    """What became of each master, and the exit code: 1 also where one could not be asked, which may hold the lease still."""
    lines = [
        f"{one.node}: " + (f"free; the lease lies in {one.kept}" if one.kept else f"not broken: {one.why}")
        for one in results
    ]
    lines += [f"{node}: {UNASKED}" for node in unasked]
    if not any(one.kept or one.unknown for one in results):
        return [*lines, "Nothing was changed."], 2
    lines.append(
        f"Run {run} can never go on. What it staged stays beside the data until a person removes it."
    )
    whole = all(one.kept for one in results) and not unasked
    if unasked:
        again = f"novatui locks --break {run} --yes {run}"
        lines.append(
            f"Broken in part: look at {', '.join(unasked)} once it answers: novatui locks, then {again}"
        )
    return lines, 0 if whole else 1


async def _look(cluster: ClusterConfig, people: People) -> ClusterSnapshot:
    from novatui.probes.collector import Collector
    from novatui.remote.arrival import arrived

    transport = people.transport(cluster)
    try:
        nodes = [node.name for node in cluster.nodes]
        left = await arrived(transport, nodes, lambda: people.asking, TIMEOUT_S)
        return await Collector(cluster, transport).once(max(1.0, left))
    finally:
        await transport.close()


def _seen(snapshot: ClusterSnapshot) -> dict[str, Held | None]:
    return {node.name: node.held if node.reachable else None for node in snapshot.nodes}


def _taken(snapshot: ClusterSnapshot) -> list[Taken]:
    from novatui.present.locks import taken
    from novatui.runner import client

    return taken(_seen(snapshot), [one.run for one in client.runs()])


def _unasked(snapshot: ClusterSnapshot) -> tuple[str, ...]:
    return tuple(node.name for node in snapshot.nodes if not node.reachable or node.held is None)
