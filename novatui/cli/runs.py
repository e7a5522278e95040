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
        exits={"0": _("all of them are told"), "1": _("one cannot be read; it is named")},
        examples=[("novatui runs", ""), ("novatui runs --json | jq '.runs[0]'", "")],
    )
    parser.add_argument("--json", action="store_true", help=_("one JSON document, for programs"))


def main(args: argparse.Namespace) -> int:
    from novatui.present import record_words
    from novatui.runner import client

    unread = list[str]()

    def tell(run: str, why: str) -> None:
        unread.append(run)
        words = _("run {run} cannot be read: {why}").format(run=run, why=translated(why))
        print(f"novatui: {words}", file=sys.stderr)

    found = [one for one in client.runs(tell) if not args.cluster or one.cluster == args.cluster]
    if args.json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode({"schema": 1, "runs": found}), indent=2).decode())
        return 1 if unread else 0
    if not found:
        print(_("No run that can be read.") if unread else _("No runs yet."))
        return 1 if unread else 0
    from novatui.cli.follow import stamp

    print(f"{_('RUN'):<12} {_('RUNBOOK'):<18} {_('CLUSTER'):<16} {_('STARTED'):<19} {_('STATE')}")
    for one in found:
        state = (record_words.result(one.result, verified=one.verified) if one.result else "") or (
            _("under way: {phase}").format(phase=record_words.phase(one.phase))
            if one.alive
            else _("interrupted: novatui resume {run} --yes {word}").format(run=one.run, word=_word(one.run))
        )
        print(
            f"{one.run:<12} {one.runbook:<18} {one.cluster:<16} {stamp(one.started_ms, date=True):<19} {state}"
        )
    return 1 if unread else 0


def _word(run: str) -> str:
    """What confirms it, as it is typed."""
    import shlex

    from novatui.present.run import confirm_word
    from novatui.runner import places

    return shlex.quote(confirm_word(places.find(run).plan()))
