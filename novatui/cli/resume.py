"""``novatui resume [RUN] --yes NAME``: go on with a run that failed, was aborted past its gate, or lost its runner."""

from __future__ import annotations

import argparse

from novatui.errors import Refused


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help="its name or how it begins; else the newest"
    )
    parser.add_argument("--yes", metavar="NAME", required=True, help="the name that confirmed the run")
    parser.add_argument("--from", dest="from_node", metavar="NODE", help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    import asyncio

    from novatui.cli import follow
    from novatui.cli.people import People
    from novatui.runner import client

    if args.from_node is not None:
        raise Refused(
            "--from is not in this version",
            "a run is resumed from its own directory on this machine",
            "on each master <work_dir>/<run>/FINISH.txt and UNDO.txt hold the commands that remain",
        )
    run = follow.chosen(args.run)
    follow.confirmed(run, args.yes)
    seen = follow.seen(run)
    asyncio.run(client.resume(run, answers=(args.yes,)))
    return follow.follow(run, People.of(args), after=seen)
