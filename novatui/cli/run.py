"""``novatui run RUNBOOK .. --yes NAME``: plan, start a runner, follow it. The run is the runner's: leaving changes nothing."""

from __future__ import annotations

import argparse

from novatui.cli.parser import run_exits, teach
from novatui.present.i18n import _


def arguments(parser: argparse.ArgumentParser) -> None:
    from novatui.cli import asking

    teach(
        parser,
        _(
            "Makes the plan that `novatui plan` shows, and carries it out to its verified end. Everything is proved before "
            "anything stops. --yes is the typed word: nobody is asked for another, and a plan that it does not name is refused."
        ),
        _(
            "The run belongs to a process of its own: Ctrl-C or a lost terminal leave it running. `novatui attach` follows it, "
            "`novatui abort` stops it, `novatui undo` takes it back. Old data is renamed and kept, never deleted."
        ),
        rows={_("recoveries"): asking.books()},
        exits=run_exits(),
        examples=[
            ("novatui run restart-member --node nova-master-2 --yes nova-master-2", ""),
            ("novatui run start-cluster --yes prod", ""),
            ("novatui run recover-member --node nova-master-2 --yes nova-master-2", ""),
            ("novatui run restore-cluster --snapshot /tmp/etcd.db.tar.gz --yes prod", ""),
        ],
    )
    asking.arguments(parser)
    parser.add_argument(
        "--yes",
        metavar="NAME",
        required=True,
        help=_(
            "what the screen would make you type: the cluster (restore-cluster, start-cluster) or the node "
            "(restart-member, recover-member)"
        ),
    )
    parser.add_argument("--detach", action="store_true", help=_("start it and leave; attach follows it"))
    parser.add_argument(
        "--on-failure",
        choices=("stop", "undo"),
        default="stop",
        help=_(
            "when it fails after the gate: stop, what is stopped stays held (the default); or take everything back at once"
        ),
    )


def main(args: argparse.Namespace) -> int:
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
    beginning = client.start(
        args.config or paths.config_file(),
        cluster.name,
        plan,
        answers=(args.yes,),
        on_failure=args.on_failure,
        secrets=people.wallet.known(),
    )
    if not follow.begun(plan.run, beginning):
        return 130
    if args.detach:
        print(follow.left(plan.run))
        return 0
    return follow.follow(plan.run, people)
