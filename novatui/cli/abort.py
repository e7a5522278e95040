"""``novatui abort [RUN]``: stop a run at its next safe point; before its gate, take back what it staged."""

from __future__ import annotations

import argparse

from novatui.cli.parser import teach
from novatui.present.i18n import _


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "Asks the runner of a run to stop at its next safe point, and follows it until it has. A run that lost its runner "
            "before its gate is ended here."
        ),
        _(
            "Before the gate it removes what it staged; no etcd was touched. After it what is stopped stays held, the old data "
            "stays kept, and it says how to go on (resume) or back (undo)."
        ),
        exits={
            "0": _("aborted"),
            "1": _("it failed, or there is no such run"),
            "2": _("not aborted: past the point where it can stop, say; it goes on, or went on to its end"),
        },
        examples=[
            ("novatui abort", _("the run under way, else the newest")),
            ("novatui abort 1d2fca41", _("this one")),
        ],
    )
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help=_("its name or how it begins; else the newest")
    )


def main(args: argparse.Namespace) -> int:
    import asyncio
    import sys

    from novatui.cli import follow
    from novatui.cli.people import People
    from novatui.errors import NovatuiError, Refused
    from novatui.present import record_words
    from novatui.runner import client

    run = follow.chosen(args.run, args.cluster)
    seen = follow.seen(run)

    async def ask() -> client.Reply | None:
        async with client.Follower.open(run) as one:
            return await one.request("abort") if one.live else None

    reply = asyncio.run(ask())
    if reply is None:
        if not follow.begun(run, client.abandon(run)):
            return 130
    elif reply.code == "unknown":
        raise NovatuiError(f"Whether run {run} is aborted is not known", reply.why, f"novatui attach {run}")
    elif not reply.taken:
        raise Refused(f"Run {run} was not aborted", reply.why)
    code = follow.follow(run, People.of(args), after=seen)
    if reply is not None and code == 0:
        result = record_words.result(client.load(run)[1].result)
        words = _("Run {run} was not aborted: past its last safe point it went on to its end: {result}")
        print(f"novatui: {words.format(run=run, result=result)}", file=sys.stderr)
        return 2
    return 0 if code == 3 else code  # aborted is what was wanted
