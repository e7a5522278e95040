"""``novatui report RUN [--format text|md|html|json] [-o FILE]``: what a run was to do, what it did when and where, who decided
what, what was kept, and how to take it back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from novatui.cli.parser import teach
from novatui.errors import NovatuiError
from novatui.present.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from novatui.model.plan import Plan
    from novatui.model.records import Record

FORMATS = ("text", "md", "html", "json")
_SUFFIXES = {".md": "md", ".html": "html", ".htm": "html", ".json": "json"}


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "Tells what a run was to do and what it did: each command with its time, master, output and outcome, who decided "
            "what, the evidence of the checks, what was kept where, and how to take it back. It reads this machine's journal; no "
            "master is asked."
        ),
        examples=[
            ("novatui report", _("the newest run, as text")),
            (
                "novatui report 1d2fca41 -o report.html",
                _("one file to attach to a ticket; .md and .json too"),
            ),
        ],
    )
    parser.add_argument(
        "run", metavar="RUN", nargs="?", default="", help=_("its name or how it begins; else the newest")
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help=_("else as the end of FILE's name says (.md, .html, .json), else text"),
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help=_("write it there, readable by you alone (0600)")
    )


def main(args: argparse.Namespace) -> int:
    from novatui.cli import follow
    from novatui.runner import journal, places

    place = places.find(follow.chosen(args.run, args.cluster))
    wanted = args.format or (_SUFFIXES.get(args.output.suffix.lower(), "text") if args.output else "text")
    text = render(wanted, place.plan(), journal.read(place.journal))
    if args.output is None:
        print(text, end="")
        return 0
    write(args.output, text)
    print(_("{path}: {form}, readable by you alone").format(path=args.output, form=wanted))
    return 0


def render(wanted: str, plan: Plan, records: Sequence[Record]) -> str:
    """The report of one run in one of ``FORMATS``."""
    from novatui.present import report

    if wanted == "text":
        return as_text(plan, records)
    built = report.build(plan, records)
    if wanted == "json":
        from novatui.present.report_json import document

        return document(plan, records, built)
    if wanted == "html":
        from novatui.present.report_html import html

        return html(built)
    from novatui.present.report_md import markdown

    return markdown(built)


def as_text(plan: Plan, records: Sequence[Record]) -> str:
    """As ``run`` and ``attach`` tell it, but for the date of each line."""
    from novatui.cli import follow
    from novatui.model.run import fold
    from novatui.present.plan import plan_text

    telling = follow.Telling(plan, dated=True)
    lines = [plan_text(plan), _("What was done")]
    lines += [line for record in records for line in telling.lines(record)]
    if not fold(records).ended:
        lines.append(_("It has not ended."))
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """A whole file, 0600, or none: a reader never sees half of it, and a link in its place is replaced, not followed."""
    import os
    import tempfile

    if path.is_dir():
        raise NovatuiError(f"{path} is a directory", "", "name a file in it")
    part = ""
    try:
        fd, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600, and new
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        Path(part).replace(path)
    except OSError as error:
        if part:
            Path(part).unlink(missing_ok=True)
        raise NovatuiError(
            "The report could not be written", f"{path}: {error.strerror or error}", "nothing was left there"
        ) from error
