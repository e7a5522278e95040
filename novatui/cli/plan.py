"""``novatui plan RUNBOOK ..``: what would be done, every command of every master; changes nothing. Exit 0, or 2 when refused."""

from __future__ import annotations

import argparse

from novatui.cli.parser import teach
from novatui.present.i18n import _


def arguments(parser: argparse.ArgumentParser) -> None:
    from novatui.cli import asking

    teach(
        parser,
        _(
            "Surveys the masters over SSH and prints what a recovery would do: every step, every command of each master, where "
            "it asks for the typed word, and how far it can be taken back. Nothing on a master changes."
        ),
        _("What speaks against it is a refusal that names every reason: exit 2, and what to do instead."),
        rows={_("recoveries"): asking.books()},
        exits={
            "0": _("this is the plan"),
            "2": _("refused; every reason is named"),
            "4": _("a master is held by another run"),
        },
        examples=[
            ("novatui plan restart-member --node nova-master-2", ""),
            (
                "novatui plan restore-cluster --snapshot /tmp/etcd.db.tar.gz",
                _("the path of the archive on the masters, as the platform's backup left it"),
            ),
            (
                "novatui plan restore-cluster --snapshot /tmp/etcd.db.tar.gz --from nova-master-1",
                _("it lies on one master only, and is copied to the others"),
            ),
        ],
    )
    asking.arguments(parser)
    parser.add_argument("--json", action="store_true", help=_("one JSON document, for programs"))


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
    from novatui.present.plan import plan_text

    print(plan_text(plan))
    print(_("Nothing was changed."))
    return 0
