"""``novatui attach [RUN]``: follow a run, from its first record on. Leaving changes nothing for it."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help="its name or how it begins; else the newest"
    )


def main(args: argparse.Namespace) -> int:
    from novatui.cli import follow
    from novatui.cli.people import People

    return follow.follow(follow.chosen(args.run), People.of(args))
