"""``novatui undo [RUN] --yes NAME``: take back what a run changed, after a failure, an abort, or a verified end."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help="its name or how it begins; else the newest"
    )
    parser.add_argument("--yes", metavar="NAME", required=True, help="the name that confirmed the run")


def main(args: argparse.Namespace) -> int:
    import asyncio

    from novatui.cli import follow
    from novatui.cli.people import People
    from novatui.runner import client

    run = follow.chosen(args.run)
    follow.confirmed(run, args.yes)
    seen = follow.seen(run)
    asyncio.run(client.undo(run))
    return follow.follow(run, People.of(args), after=seen)
