"""``novatui undo [RUN] [--from NODE] --yes NAME``: take back what a run changed, after a failure, an abort, or a verified
end; with ``--from`` a run of a machine that is gone, as that master keeps it."""

from __future__ import annotations

import argparse

from novatui.cli.parser import run_exits, teach
from novatui.present.i18n import _


def arguments(parser: argparse.ArgumentParser) -> None:
    from novatui.cli import bringing

    teach(
        parser,
        _(
            "Takes back what a run changed, after a failure, an abort, or a verified end: the old data and env files come back "
            "to their places and etcd starts on them. What was restored, and written since, is put aside beside them and kept."
        ),
        _(
            "restart-member and start-cluster leave nothing to take back; recover-member goes only forward once its member is "
            "removed. An undo then refuses, and says so."
        ),
        exits=run_exits(),
        examples=[
            ("novatui undo --yes prod", _("the newest run; --yes as it was confirmed")),
            (
                "novatui undo --from nova-master-1 --yes prod",
                _("the one that holds this master, begun elsewhere"),
            ),
        ],
    )
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help=_("its name or how it begins; else the newest")
    )
    parser.add_argument("--yes", metavar="NAME", required=True, help=_("the name that confirmed the run"))
    bringing.option(parser)


def main(args: argparse.Namespace) -> int:
    from novatui.cli import bringing, follow
    from novatui.cli.people import People
    from novatui.runner import client

    people = People.of(args)
    if args.from_node:
        run = bringing.brought(args, people)
    else:
        run = follow.chosen(args.run, args.cluster)
        follow.confirmed(run, args.yes)
    bringing.surely_changed_nothing(run, people)
    seen = follow.seen(run)
    if not follow.begun(run, client.undo(run, secrets=people.wallet.known())):
        return 130
    return follow.follow(run, people, after=seen)
