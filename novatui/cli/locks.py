"""``novatui locks [--break RUN --yes RUN]``: which run has which master, since when, whether it lives, and what can be done.
Exit 0: all are free, or what was to be broken is; 2 refused, nothing changed; 4 some master is held; 1 none is known to be held,
but not all could be asked; or broken in part."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from novatui.cli.parser import teach
from novatui.errors import HeldByAnother, Refused
from novatui.model.words import N_
from novatui.present.i18n import _, translated

if TYPE_CHECKING:
    from novatui.cli.people import People
    from novatui.config import ClusterConfig
    from novatui.model.cluster import ClusterSnapshot, Held
    from novatui.present.locks import Taken
    from novatui.runner.breaking import Broken

TIMEOUT_S = 10.0
UNASKED = N_("could not be asked; it may hold a lease of this run, which then stands")
HELD = 4


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "A run holds a lease on each master that it works on, so that no other begins there. This asks the masters who holds "
            "them, since when, whether the runner still lives, and says what can be done. Without --break it only looks."
        ),
        _(
            "--break is the last resort, after resume, undo and abort: the lease of a run whose runner is silent is put aside. "
            "Refused while its runner lives, and while it keeps etcd held down. No data and no etcd is touched."
        ),
        exits={
            "0": _("all masters are free, or what was to be broken is"),
            "1": _("a master could not be asked, so that not all is known; or broken in part"),
            "2": _("refused, nothing was changed"),
            "4": _("a master is held"),
        },
        examples=[("novatui locks", ""), ("novatui locks --break 1d2fca41 --yes 1d2fca41", "")],
    )
    parser.add_argument(
        "--break", dest="break_run", metavar="RUN", help=_("put the lease of this silent run aside")
    )
    parser.add_argument("--yes", metavar="RUN", help=_("the run again, typed: it can never go on afterwards"))


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
    return HELD if runs else 1 if _unasked(snapshot) else 0


def _break(cluster: ClusterConfig, people: People, run: str, yes: str | None) -> int:
    """Looked at first: what must not be broken is refused before anything is sent."""
    from novatui.present.locks import ways, who, why_not_break

    snapshot = asyncio.run(_look(cluster, people))
    found = next((one for one in _taken(snapshot) if one.run == run), None)
    if found is None:
        known = ", ".join(one.run for one in _taken(snapshot)) or _("none")
        silent = [f"{node}: {_(UNASKED)}" for node in _unasked(snapshot)]
        said = "\n".join([_("runs that hold one: {runs}").format(runs=known), *silent])
        words = (
            _("No master that answers is held by run {run}")
            if silent
            else _("No master is held by run {run}")
        )
        raise Refused(words.format(run=run), said, _("nothing was changed"))
    if found.alive:
        raise HeldByAnother(
            f"Run {run} is not broken: its runner lives",
            f"{', '.join(found.nodes)}: {who(found)}",
            "it is stopped where it was begun: novatui abort; nothing was changed",
        )
    if why := why_not_break(found):
        others = ways(found)[: 2 if found.leased else 1]
        told = [f"{command}: {meaning}" if command else meaning for command, meaning in others]
        raise Refused(f"Run {run} is not broken", why, "\n".join([*told, _("nothing was changed")]))
    if yes != run:
        raise Refused(
            f"Breaking run {run} must be typed",
            "\n".join(
                [
                    f"it is of {who(found)}, on {', '.join(found.nodes)}. Broken, it can never go on; what it staged stays there",
                    *(f"{node}: {_(UNASKED)}" for node in _unasked(snapshot)),
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
        f"{one.node}: "
        + (
            _("free; the lease lies in {path}").format(path=one.kept)
            if one.kept
            else _("not broken: {why}").format(why=translated(one.why))
        )
        for one in results
    ]
    lines += [f"{node}: {_(UNASKED)}" for node in unasked]
    if not any(one.kept or one.unknown for one in results):
        return [*lines, _("Nothing was changed.")], 2
    lines.append(
        _(
            "Run {run} can never go on. What it staged stays beside the data until a person removes it."
        ).format(run=run)
    )
    whole = all(one.kept for one in results) and not unasked
    if unasked:
        again = f"novatui locks --break {run} --yes {run}"
        lines.append(
            _("Broken in part: look at {nodes} once it answers: novatui locks, then {command}").format(
                nodes=", ".join(unasked), command=again
            )
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
