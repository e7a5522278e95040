"""``novatui record FILE``: what the screen would show, into a file, until Ctrl-C; ``novatui --replay FILE`` walks through it."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from novatui.cli.amounts import duration_s, size_bytes
from novatui.cli.parser import teach
from novatui.model.words import N_
from novatui.present.i18n import _, ngettext, translated

if TYPE_CHECKING:
    from novatui.cli.people import People
    from novatui.config import ClusterConfig
    from novatui.recording.recorder import Recorder

_LOOK_S = 0.25
_MAX_SIZE = "256M"


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "Writes down what is seen of the cluster, as it comes: every snapshot of every master and every line of etcd's "
            "journal, compressed. It only looks: nothing on a master changes."
        ),
        _(
            "What was written whole can be read even after a kill -9. Passwords, tokens and private keys are masked before they "
            "are written."
        ),
        exits={
            "0": _("it ended as it was told to (Ctrl-C, SIGTERM, --for)"),
            "1": _(
                "it had to stop before that (--max-size, a full disk): what was recorded until then is whole"
            ),
        },
        examples=[
            ("novatui record before-the-upgrade.nvr", ""),
            ("novatui record night.nvr --for 12h --max-size 1G", ""),
            ("novatui --replay night.nvr", _("walk through it, in the dashboard")),
        ],
    )
    parser.add_argument("file", metavar="FILE", type=Path, help=_("a new file, readable by you alone (0600)"))
    parser.add_argument(
        "--for", dest="limit_s", metavar="TIME", type=duration_s, help=_("end by itself: 90s, 10m, 2h, 1d")
    )
    parser.add_argument(
        "--max-size",
        metavar="SIZE",
        type=size_bytes,
        default=_MAX_SIZE,
        help=_(
            "end when the file would be greater: 500K, 256M, 1G; default %(default)s (a quiet day is some 30M)"
        ),
    )


def main(args: argparse.Namespace) -> int:
    from novatui.cli.main import open_cluster
    from novatui.cli.people import People
    from novatui.recording.recorder import Recorder

    cluster, people = open_cluster(args), People.of(args)
    recorder = Recorder(
        args.file, cluster, max_size=args.max_size, secrets=lambda: tuple(people.wallet.known().values())
    )
    said = _("recording {cluster} into {path}; Ctrl-C ends it")
    print(said.format(cluster=cluster.name, path=args.file), flush=True)
    try:
        why = asyncio.run(_record(cluster, people, recorder, args.limit_s))
    except BaseException as error:
        recorder.close(N_("novatui stopped: {error}").format(error=type(error).__name__))
        raise
    recorder.close(why)
    if recorder.full:
        said = _("the recording stopped: {why}").format(why=translated(recorder.ended))
        print(f"novatui: {said}", file=sys.stderr)
    said = _("{tally}; readable by you alone\nlook at it: novatui --replay {path}")
    print(said.format(tally=_tally(recorder), path=args.file))
    return 1 if recorder.full else 0


async def _record(cluster: ClusterConfig, people: People, recorder: Recorder, limit_s: float | None) -> str:
    """Until a signal, the time or the recorder ends it; why."""
    from novatui.probes.collector import Collector
    from novatui.recording.recorder import OVER, TOLD

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(one, stop.set)
    end = loop.time() + limit_s if limit_s else None
    transport = people.transport(cluster)
    looking = asyncio.ensure_future(
        Collector(cluster, transport).run(recorder.snapshot, recorder.entries), loop=loop
    )
    try:
        while not (stop.is_set() or recorder.ended or looking.done() or (end and loop.time() >= end)):
            _tell(recorder, people)
            waiting = asyncio.ensure_future(stop.wait())
            left = min(_LOOK_S, max(0.0, end - loop.time())) if end else _LOOK_S
            await asyncio.wait({waiting, looking}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
    finally:
        looking.cancel()
        await asyncio.wait({looking}, timeout=5)
        await transport.close()
        if sys.stdout.isatty():
            print()
    if looking.done() and not looking.cancelled() and (error := looking.exception()):
        raise error
    return OVER if end and not stop.is_set() else TOLD


def _tell(recorder: Recorder, people: People) -> None:
    """On a terminal one line that is kept up to date, while nobody is being asked there."""
    if sys.stdout.isatty() and not people.asking:
        print(f"\r  {_tally(recorder):<60}", end="", flush=True)


def _tally(recorder: Recorder) -> str:
    from novatui.present.numbers import age, grouped, size
    from novatui.recording.recorder import wall_ms

    seen = recorder.entries_seen
    lines = ngettext("{n} journal line", "{n} journal lines", seen).format(n=grouped(seen))
    return f"{age(wall_ms() - recorder.start_ms)}, {lines}, {size(recorder.size)}"
