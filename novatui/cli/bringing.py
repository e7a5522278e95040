"""``--from NODE``: a run of a machine that is gone, brought over from a master; and whether the masters know of a change
that the journal here does not."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from novatui.errors import NovatuiError, Refused
from novatui.present.i18n import _, translated

if TYPE_CHECKING:
    from novatui.cli.people import People
    from novatui.config import ClusterConfig
    from novatui.remote.transport import Transport

T = TypeVar("T")


def option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="from_node",
        metavar="NODE",
        default="",
        help=_("take the run from this master: the machine it was begun on is gone, or lost its end"),
    )


def brought(args: argparse.Namespace, people: People) -> str:
    """The run that holds ``--from``, now a run of this machine, confirmed by ``--yes``; its id. Raises what says why not."""
    from novatui import paths
    from novatui.cli import asking
    from novatui.cli.main import open_cluster
    from novatui.runner import bringing

    cluster = open_cluster(args)
    names = [node.name for node in cluster.nodes]
    found = asyncio.run(
        _asking(
            cluster,
            names,
            people,
            lambda transport: bringing.find(cluster, args.from_node, args.run, transport),
        )
    )
    asking.confirmed(cluster, found.plan, args.yes)
    for note in found.notes:
        print(f"  {translated(note)}")
    place = bringing.bring(found, args.config or paths.config_file(), cluster.name)
    words = _("Run {run} as {node} keeps it, journal record {number}")
    print(words.format(run=place.run, node=found.node, number=found.state.last_seq))
    return place.run


def surely_changed_nothing(run: str, people: People) -> None:
    """Before "there is nothing to undo" is said of a run whose journal says so: the masters are asked. Raises NovatuiError
    when they know better or cannot all be asked, Refused when they agree; returns when the journal itself says more, or a runner
    lives."""
    from pathlib import Path

    from novatui import config
    from novatui.present.run import confirm_word
    from novatui.runner import client, copies, places

    plan, state = client.load(run)
    if state.committed or places.find(run).alive():
        return
    launch = places.find(run).launch()
    cluster = config.load(Path(launch.config)).pick(launch.cluster)
    found = asyncio.run(
        _asking(
            cluster,
            plan.nodes,
            people,
            lambda transport: copies.look(cluster, run, plan.nodes, transport),
        )
    )
    if ahead := copies.ahead(found, state):
        raise NovatuiError(
            f"Run {run} did change something: the journal here has lost its end",
            f"it went past its gate, say {', '.join(ahead)}; etcd may be held down there",
            f"take it back with what they know: novatui undo {run} --from {ahead[0]} --yes {shlex.quote(confirm_word(plan))}",
        )
    if silent := [copy for copy in found if not copy.known]:
        raise NovatuiError(
            f"Whether run {run} changed anything is not known",
            "\n".join(
                [
                    "the journal here says it did not, but not every master could be asked:",
                    *(f"{copy.node}: {copy.error}" for copy in silent),
                ]
            ),
            f"ask again when they answer; novatui abort {run} gives up what was staged",
        )
    raise Refused(
        f"Run {run} changed nothing: there is nothing to undo",
        "its journal and every master say so",
        f"novatui abort {run} gives up what it staged",
    )


async def _asking(
    cluster: ClusterConfig,
    nodes: tuple[str, ...] | list[str],
    people: People,
    ask: Callable[[Transport], Awaitable[T]],
) -> T:
    from novatui.remote.arrival import arrived

    transport = people.transport(cluster)
    try:
        await arrived(transport, nodes, lambda: people.asking)
        return await ask(transport)
    finally:
        await transport.close()
