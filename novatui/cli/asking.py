"""The words of ``plan RUNBOOK ..`` and ``run RUNBOOK ..``: from options to a Request, to a plan made over SSH."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from novatui.errors import Refused, UsageError
from novatui.present.i18n import _, translated

if TYPE_CHECKING:
    from novatui.cli.people import People
    from novatui.config import ClusterConfig
    from novatui.model.plan import Plan, Request
    from novatui.runbooks.step import Runbook


def books() -> list[tuple[str, str]]:
    """Of each recovery: its name, what it does, its options and what of it can be overruled."""
    from novatui.model.plan import OPTIONS
    from novatui.present.guides import GUIDES
    from novatui.runbooks.registry import RUNBOOKS

    found = list[tuple[str, str]]()
    for name, book in RUNBOOKS.items():
        found.append((name, _(GUIDES[name].does)))
        if book.takes:
            options = ", ".join(OPTIONS[field] for field in book.takes)
            found.append(("", _("takes {options}").format(options=options)))
        if book.guards:
            found.append(("", _("can be overruled: {guards}").format(guards=", ".join(book.guards))))
    return found


def arguments(parser: argparse.ArgumentParser) -> None:
    """What both commands understand."""
    parser.add_argument("runbook", metavar="RUNBOOK", help=_("the recovery, see below"))
    parser.add_argument("--node", metavar="NODE", default="", help=_("the master it is about"))
    parser.add_argument(
        "--overrule",
        metavar="GUARD",
        action="append",
        default=[],
        help=_("go on although this guard refuses; the refusal names it, plan and report keep it"),
    )
    _source(parser.add_argument_group(_("what restore-cluster restores from")))
    _how(parser.add_argument_group(_("how restore-cluster restores")))


def _source(options: argparse._ArgumentGroup) -> None:
    options.add_argument(
        "--snapshot",
        metavar="PATH",
        default="",
        help=_("an archive that lies on the masters, by its path there"),
    )
    options.add_argument(
        "--from",
        dest="from_node",
        metavar="NODE",
        default="",
        help=_("it lies on this master only: copy it from there to the others"),
    )
    options.add_argument(
        "--upload", metavar="FILE", default="", help=_("an archive of this machine, sent to every master")
    )
    options.add_argument(
        "--survivor",
        metavar="NODE",
        default="",
        help=_("this master's own data, where it is newer or there is no archive"),
    )


def _how(options: argparse._ArgumentGroup) -> None:
    options.add_argument(
        "--without",
        metavar="NODE",
        action="append",
        default=[],
        help=_("restore without this master, which is gone; it gets no data, and a fresh token keeps it out"),
    )
    options.add_argument(
        "--token",
        choices=("keep", "fresh"),
        default="",
        help=_(
            "of the restored cluster: that of the env files (keep), or a new one; fresh by itself with --without"
        ),
    )
    options.add_argument(
        "--bump-revision",
        action="store_true",
        help=_("raise the restored revision above any that a client may have seen (etcd 3.5.10 and later)"),
    )
    options.add_argument(
        "--no-fence",
        action="store_true",
        help=_("leave API servers running: they write while etcd goes back, and keep caches of the future"),
    )


def request(args: argparse.Namespace) -> Request:
    """Raises Refused for an --upload that is no snapshot, UsageError for what the runbook does not know."""
    from novatui.model.plan import Request
    from novatui.runner import books

    _understood(args, books.find(args.runbook))  # before anybody is asked
    upload = None
    if args.upload:
        from pathlib import Path

        from novatui.runner.upload import describe

        upload = describe(Path(args.upload))
    return Request(
        runbook=args.runbook,
        node=args.node,
        snapshot=args.snapshot,
        from_node=args.from_node,
        survivor=args.survivor,
        upload=upload,
        without=tuple(dict.fromkeys(args.without)),
        token=args.token,
        no_fence=args.no_fence,
        bump_revision=args.bump_revision,
        overrule=tuple(args.overrule),
    )


def _understood(args: argparse.Namespace, book: Runbook) -> None:
    """Raises UsageError for what this runbook would pass over: an option, a guard."""
    from novatui.model.plan import OPTIONS

    # None is passed over in silence by a runbook that does not take it.
    given = [option for name, option in OPTIONS.items() if getattr(args, name) and name not in book.takes]
    if given:
        taken = ", ".join(OPTIONS[name] for name in book.takes)
        raise UsageError(
            f"{book.name} does not take {', '.join(given)}", f"it takes {taken or 'none of these options'}"
        )
    if args.from_node and not args.snapshot:
        raise UsageError("--from without --snapshot", "it names the master that --snapshot is copied from")
    odd = [guard for guard in args.overrule if guard not in book.guards]
    if odd:
        known = ", ".join(book.guards)
        raise UsageError(
            f"--overrule {', '.join(odd)}: {book.name} has no such guard",
            f"these can be overruled: {known}" if known else "nothing of it can be overruled",
        )


def plan(cluster: ClusterConfig, wanted: Request, people: People) -> Plan:
    """Survey the masters and draw the plan, asking ``people`` to get in. Raises Refused with every reason."""
    import asyncio

    async def over_ssh() -> Plan:
        from novatui.remote.arrival import arrived
        from novatui.runner import client

        transport = people.transport(cluster)
        try:
            nodes = [node.name for node in cluster.nodes if node.name not in wanted.without]
            await arrived(transport, nodes, lambda: people.asking)
            return await client.make_plan(cluster, wanted, transport, _aside)
        finally:
            await transport.close()

    return asyncio.run(over_ssh())


def _aside(words: str) -> None:
    """What is waited for; never into what a program reads."""
    import sys

    print(translated(words), file=sys.stderr, flush=True)


def confirmed(cluster: ClusterConfig, plan: Plan, yes: str) -> None:
    """``--yes`` must name what the screen would make one type. Raises Refused."""
    from novatui.runner import books

    wanted = books.find(plan.runbook).confirm(cluster, plan)
    if yes != wanted:
        raise Refused(
            f"--yes {yes!r} does not confirm this plan",
            f"{plan.runbook} is confirmed by the name {wanted!r}; nothing was changed",
        )
