"""``novatui resume [RUN] [--from NODE] --yes NAME``: go on with a run that failed, was aborted past its gate, or lost its
runner; with ``--from`` one of a machine that is gone, as that master keeps it."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    from novatui.cli import bringing

    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help="its name or how it begins; else the newest"
    )
    parser.add_argument("--yes", metavar="NAME", required=True, help="the name that confirmed the run")
    bringing.option(parser)


def main(args: argparse.Namespace) -> int:
    import asyncio

    from novatui.cli import bringing, follow
    from novatui.cli.people import People
    from novatui.runner import client

    people = People.of(args)
    if args.from_node:
        run = bringing.brought(args, people)
    else:
        run = follow.chosen(args.run)
        follow.confirmed(run, args.yes)
    seen = follow.seen(run)
    asyncio.run(client.resume(run, answers=(args.yes,), secrets=people.wallet.known()))
    return follow.follow(run, people, after=seen)
