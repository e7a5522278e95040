"""``novatui abort [RUN]``: stop a run at its next safe point; before its gate, take back what it staged."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help="its name or how it begins; else the newest"
    )


def main(args: argparse.Namespace) -> int:
    import asyncio

    from novatui.cli import follow
    from novatui.cli.people import People
    from novatui.errors import Refused
    from novatui.runner import client

    run = follow.chosen(args.run)
    seen = follow.seen(run)

    async def ask() -> client.Reply | None:
        async with client.Follower.open(run) as one:
            return await one.request("abort") if one.live else None

    reply = asyncio.run(ask())
    if reply is None:
        asyncio.run(client.abandon(run))
    elif not reply.taken:
        raise Refused(f"Run {run} was not aborted", reply.why)
    code = follow.follow(run, People.of(args), after=seen)
    return 0 if code == 3 else code  # aborted is what was wanted
