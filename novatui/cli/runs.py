"""``novatui runs``: the runs of this operator on this machine, the newest first."""

from __future__ import annotations

import argparse
import sys

from novatui.cli.parser import teach
from novatui.present.i18n import _, translated


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "Lists the runs that you began on this machine, with --cluster those of one cluster. The masters are not asked: "
            "`novatui locks` does that."
        ),
        examples=[("novatui runs", ""), ("novatui runs --json | jq '.runs[0]'", "")],
    )
    parser.add_argument("--json", action="store_true", help=_("one JSON document, for programs"))


def main(args: argparse.Namespace) -> int:
    from novatui.present import record_words
    from novatui.runner import client

    def unread(run: str, why: str) -> None:
        words = _("run {run} cannot be read: {why}").format(run=run, why=translated(why))
        print(f"novatui: {words}", file=sys.stderr)

    found = [one for one in client.runs(unread) if not args.cluster or one.cluster == args.cluster]
    if args.json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode({"schema": 1, "runs": found}), indent=2).decode())
        return 0
    if not found:
        print(_("No runs yet."))
        return 0
    from novatui.cli.follow import stamp

    print(f"{_('RUN'):<12} {_('RUNBOOK'):<18} {_('CLUSTER'):<16} {_('STARTED'):<19} {_('STATE')}")
    for one in found:
        state = (record_words.result(one.result, verified=one.verified) if one.result else "") or (
            _("under way: {phase}").format(phase=record_words.phase(one.phase))
            if one.alive
            else _("interrupted: novatui resume {run}").format(run=one.run)
        )
        print(
            f"{one.run:<12} {one.runbook:<18} {one.cluster:<16} {stamp(one.started_ms, date=True):<19} {state}"
        )
    return 0
