"""``novatui run RUNBOOK .. --yes NAME``: plan, start a runner, follow it. The run is the runner's: leaving changes nothing."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    from novatui.cli import asking

    asking.arguments(parser)
    parser.add_argument(
        "--yes",
        metavar="NAME",
        required=True,
        help="what the screen would make you type: the cluster, or the node",
    )
    parser.add_argument("--detach", action="store_true", help="start it and leave; attach follows it")
    parser.add_argument(
        "--on-failure",
        choices=("stop", "undo"),
        default="stop",
        help="past the gate: stop and keep everything held (default), or take it all back at once",
    )


def main(args: argparse.Namespace) -> int:
    import asyncio

    from novatui import paths
    from novatui.cli import asking, follow
    from novatui.cli.main import open_cluster
    from novatui.cli.people import People
    from novatui.errors import Refused
    from novatui.runner import client

    cluster = open_cluster(args)
    wanted = asking.request(args)
    people = People.of(args)
    plan = asking.plan(cluster, wanted, people)
    asking.confirmed(cluster, plan, args.yes)
    if args.on_failure == "undo" and not plan.undo:
        raise Refused(
            f"{plan.runbook} has no undo", "--on-failure undo would have nothing to do; nothing was changed"
        )
    run = asyncio.run(
        client.start(
            args.config or paths.config_file(),
            cluster.name,
            plan,
            answers=(args.yes,),
            on_failure=args.on_failure,
            secrets=people.wallet.known(),
        )
    )
    if args.detach:
        print(follow.left(run))
        return 0
    return follow.follow(run, people)
