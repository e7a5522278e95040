"""``novatui resume [RUN] [--from NODE] --yes NAME``: go on with a run that failed, was aborted past its gate, or lost its
runner; with ``--from`` one of a machine that is gone, as that master keeps it."""

from __future__ import annotations

import argparse

from novatui.cli.parser import run_exits, teach
from novatui.present.i18n import _


def arguments(parser: argparse.ArgumentParser) -> None:
    from novatui.cli import bringing

    teach(
        parser,
        _(
            "Goes on with a run that failed, was aborted after its gate, or lost its runner (a power cut, a reboot, kill -9). "
            "It looks at the masters first: nothing that was done is repeated blindly, and what somebody changed since is found."
        ),
        _(
            "It then changes what the plan said, no more. With --from it is a run of a machine that is gone, as that master "
            "keeps it; refused while the old runner is heard."
        ),
        exits=run_exits(),
        examples=[
            ("novatui resume --yes prod", _("the newest run; --yes as it was confirmed")),
            (
                "novatui resume --from nova-master-1 --yes prod",
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
    seen = follow.seen(run)
    if not follow.begun(run, client.resume(run, answers=(args.yes,), secrets=people.wallet.known())):
        return 130
    return follow.follow(run, people, after=seen)
