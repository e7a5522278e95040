"""``novatui status``: one look at the cluster, in words or as JSON. Exit 0 healthy, 1 degraded, 2 no quorum, 3 unknown."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from novatui.cli.parser import teach
from novatui.present.i18n import _

if TYPE_CHECKING:
    from novatui.cli.people import People
    from novatui.config import ClusterConfig
    from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
    from novatui.model.entries import Entry
    from novatui.model.findings import Diagnosis

DEFAULT_TIMEOUT_S = 10.0
JOURNAL_WAIT_S = 1.5  # for the lines of a member that does not serve, after its state is known
PIPE_WIDTH = 120  # where there is no terminal to ask


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "Asks every master once, over SSH, and says what is wrong, where, since when, and what to do. Votes are counted; what "
            "could not be seen is called unknown, never healthy. It only looks: nothing on a master changes."
        ),
        exits={
            "0": _("healthy"),
            "1": _("degraded: quorum stands, something is wrong"),
            "2": _("no quorum"),
            "3": _("unknown: too few masters could be asked, or it failed on this machine"),
        },
        examples=[
            ("novatui status", ""),
            ("novatui status --json | jq -r .cluster.verdict", ""),
            ("novatui --cluster prod status --timeout 20", _("over a slow line")),
        ],
    )
    parser.add_argument("--json", action="store_true", help=_("one JSON document, schema 1, for programs"))
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT_S,
        metavar="S",
        help=_("how long to wait for masters that do not answer; default %(default)g s"),
    )


def main(args: argparse.Namespace) -> int:
    from novatui.cli.main import open_cluster
    from novatui.cli.people import People
    from novatui.diagnosis.verdict import diagnose

    cluster = open_cluster(args)
    snapshot, entries = asyncio.run(look(cluster, args.timeout, People.of(args)))
    now_ms = int(time.time() * 1000)
    diagnosis = diagnose(snapshot, entries, now_ms)
    if args.json:
        from novatui.present.status_json import encode, status

        print(encode(status(snapshot, diagnosis)))
    else:
        _print(snapshot, diagnosis, now_ms)
    return exit_code(diagnosis)


def exit_code(diagnosis: Diagnosis) -> int:
    from novatui.model.findings import Verdict

    return list(Verdict).index(diagnosis.verdict)


async def look(
    cluster: ClusterConfig, timeout_s: float, people: People
) -> tuple[ClusterSnapshot, Mapping[str, Sequence[Entry]]]:
    """One look at all masters over SSH, closed again afterwards; see ``gather``."""
    from novatui.probes.collector import Collector
    from novatui.remote.arrival import arrived

    transport = people.transport(cluster)
    try:
        # First the questions: the time a person takes to type is not the masters'.
        nodes = [node.name for node in cluster.nodes]
        left = await arrived(transport, nodes, lambda: people.asking, timeout_s)
        return await gather(Collector(cluster, transport), cluster, max(1.0, left))
    finally:
        await transport.close()


class Collects(Protocol):
    """What is needed of ``probes.collector.Collector``."""

    async def run(
        self,
        on_snapshot: Callable[[ClusterSnapshot], None],
        on_entries: Callable[[str, Sequence[Entry]], None],
    ) -> None: ...


async def gather(
    collector: Collects, cluster: ClusterConfig, timeout_s: float
) -> tuple[ClusterSnapshot, Mapping[str, Sequence[Entry]]]:
    """The first snapshot in which every master has said what it has to say, or the last one when time is up.

    A member that serves needs no journal; of one that does not, the newest lines are waited for: they say why.
    """
    from novatui.model.cluster import ClusterSnapshot, NodeSnapshot

    lines: dict[str, list[Entry]] = {node.name: [] for node in cluster.nodes}
    blank = tuple(NodeSnapshot(name=node.name, host=node.host) for node in cluster.nodes)
    latest = ClusterSnapshot(
        cluster=cluster.name, environment=cluster.environment, at_ms=int(time.time() * 1000), nodes=blank
    )

    def on_snapshot(snapshot: ClusterSnapshot) -> None:
        nonlocal latest
        latest = snapshot

    def on_entries(node: str, entries: Sequence[Entry]) -> None:
        lines[node] += entries

    now = asyncio.get_running_loop().time
    seen_at: dict[str, float] = {}
    end = now() + timeout_s
    polling = asyncio.ensure_future(collector.run(on_snapshot, on_entries))
    try:
        while now() < end and not polling.done():
            waiting = [node for node in latest.nodes if not _has_spoken(node)]
            silent = [node for node in latest.nodes if _has_spoken(node) and not _explained(node)]
            for node in silent:
                seen_at.setdefault(node.name, now())
            heard = all(now() - seen_at[node.name] > JOURNAL_WAIT_S for node in silent)
            if not waiting and heard and not _will_tell(latest, end - now()):
                break
            await asyncio.wait({polling}, timeout=0.05)
    finally:
        polling.cancel()
        await asyncio.wait({polling}, timeout=5)
    if polling.done() and not polling.cancelled() and (error := polling.exception()):
        raise error
    return latest, lines


def _will_tell(latest: ClusterSnapshot, left_s: float) -> bool:
    """Whether in the time that is left it shows that a silent member is hung, and not slow."""
    from novatui.diagnosis.silence import hung_from_ms

    now_ms = int(time.time() * 1000)
    tells = [at_ms for node in latest.nodes if (at_ms := hung_from_ms(node)) is not None]
    return any(now_ms <= at_ms < now_ms + left_s * 1000 for at_ms in tells)


def _has_spoken(node: NodeSnapshot) -> bool:
    """Its state is known, or why it cannot be."""
    from novatui.model.cluster import Link

    if node.link in (Link.LOST, Link.REFUSED):
        return True
    heard = node.endpoint.answers is not None or bool(node.endpoint.error) or node.listening is not None
    asked = heard or node.unit.active in ("inactive", "failed") or node.lacks_root
    return node.at_ms is not None and asked


def _explained(node: NodeSnapshot) -> bool:
    """No journal line is needed to judge it, and its certificates and the like have been looked at."""
    serves = bool(node.endpoint.answers and node.endpoint.has_quorum)
    return not node.reachable or (serves and node.upkeep is not None)


def _print(snapshot: ClusterSnapshot, diagnosis: Diagnosis, now_ms: int) -> None:
    from rich.console import Console
    from rich.text import Text

    from novatui.present.status_text import STYLES, status_rows

    width = shutil.get_terminal_size((PIPE_WIDTH, 0)).columns
    console = Console(highlight=False, soft_wrap=True, width=width)
    for row in status_rows(snapshot, diagnosis, now_ms, width):
        line = Text.assemble(*((text, STYLES[role]) for text, role in row))
        line.rstrip()
        console.print(line)
    sys.stdout.flush()


def _seconds(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = 0
    if not 1 <= value <= 600:
        raise argparse.ArgumentTypeError(_("{word}: 1 to 600 seconds").format(word=word))
    return value
