"""``novatui plan RUNBOOK ..``: what would be done, every command of every master; changes nothing. Exit 0, or 2 when refused."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    from novatui.cli import asking

    asking.arguments(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def main(args: argparse.Namespace) -> int:
    from novatui.cli import asking
    from novatui.cli.main import open_cluster
    from novatui.cli.people import People

    wanted = asking.request(args)
    plan = asking.plan(open_cluster(args), wanted, People.of(args))
    if args.json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(plan), indent=2).decode())
        return 0
    from novatui.present.i18n import _
    from novatui.present.plan import plan_text

    print(plan_text(plan))
    print(_("Nothing was changed."))
    return 0
