"""``novatui attach [RUN]``: follow a run, from its first record on. Leaving changes nothing for it."""

from __future__ import annotations

import argparse

from novatui.cli.parser import run_exits, teach
from novatui.present.i18n import _


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "Tells a run from its first record on, and follows it to its end. It changes nothing: Ctrl-C leaves, the run goes "
            "on. What the run needs to get in (a passphrase, a sudo password) is asked for here."
        ),
        exits=run_exits(),
        examples=[("novatui attach", _("the run under way, else the newest"))],
    )
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help=_("its name or how it begins; else the newest")
    )


def main(args: argparse.Namespace) -> int:
    from novatui.cli import follow
    from novatui.cli.people import People

    return follow.follow(follow.chosen(args.run, args.cluster), People.of(args))
