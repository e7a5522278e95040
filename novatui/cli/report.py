"""``novatui report RUN``: what a run was to do, what it did when and where, and how it ended; plain text."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help="its name or how it begins; else the newest"
    )


def main(args: argparse.Namespace) -> int:
    from novatui.cli import follow
    from novatui.present.plan import plan_text
    from novatui.runner import client, journal, places

    run = follow.chosen(args.run)
    plan, state = client.load(run)
    print(plan_text(plan))
    print("What was done")
    telling = follow.Telling(plan)
    for record in journal.read(places.find(run).journal):
        for line in telling.lines(record):
            print(line)
    if not state.ended:
        print("It has not ended.")
    return 0
