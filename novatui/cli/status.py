"""``novatui status``: one look at the cluster, in words or as JSON. Exit 0 healthy, 1 degraded, 2 no quorum, 3 unknown."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from novatui.config import ClusterConfig
    from novatui.model.cluster import ClusterSnapshot
    from novatui.model.entries import Entry
    from novatui.model.findings import Diagnosis

DEFAULT_TIMEOUT_S = 10.0
PIPE_WIDTH = 120  # where there is no terminal to ask


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "exit codes: 0 healthy, 1 degraded, 2 no quorum, 3 unknown (too few masters could be asked)\n\n"
        "examples:\n"
        "  novatui status\n"
        "  novatui status --json | jq .cluster.verdict\n"
        "  novatui --cluster prod status --timeout 20"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document, schema 1, for programs")
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT_S,
        metavar="S",
        help="how long to wait for masters that do not answer; default %(default)g s",
    )


def main(args: argparse.Namespace) -> int:
    from novatui.cli.main import open_cluster
    from novatui.diagnosis.verdict import diagnose

    cluster = open_cluster(args)
    snapshot, entries = asyncio.run(look(cluster, args.timeout))
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
    cluster: ClusterConfig, timeout_s: float
) -> tuple[ClusterSnapshot, Mapping[str, Sequence[Entry]]]:
    """One snapshot of all masters, and the newest journal lines of each; what does not answer in time is said to."""
    from novatui.probes.collector import Collector
    from novatui.remote.ssh import SshTransport

    transport = SshTransport(cluster)
    try:
        return await Collector(cluster, transport).once(timeout_s), {}
    finally:
        await transport.close()


def _print(snapshot: ClusterSnapshot, diagnosis: Diagnosis, now_ms: int) -> None:
    from rich.console import Console
    from rich.text import Text

    from novatui.present import i18n
    from novatui.present.status_text import STYLES, status_rows

    i18n.install()
    console = Console(highlight=False, soft_wrap=True)
    width = console.width if console.is_terminal else int(os.environ.get("COLUMNS", PIPE_WIDTH))
    for row in status_rows(snapshot, diagnosis, now_ms, width):
        line = Text.assemble(*((text, STYLES[role]) for text, role in row))
        line.rstrip()
        console.print(line)
    sys.stdout.flush()


def _seconds(word: str) -> float:
    value = float(word)
    if not 1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"{word}: 1 to 600 seconds")
    return value
