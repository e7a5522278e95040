"""argparse in the operator's language and in the form of this house: what is wrong is raised, every help has the same parts."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import NoReturn

from novatui.errors import UsageError
from novatui.model.words import N_
from novatui.present.i18n import _, ngettext

# argparse looks each word of its own up by its module's ``_`` and ``ngettext``, and can be told a language in no other way.
vars(argparse).update(_=_, ngettext=ngettext)

# What of it our parsers can say; the catalogue finds them here. A test reads argparse for others.
OWN_WORDS = (
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("unrecognized arguments: %s"),
    N_("the following arguments are required: %s"),
    N_("expected one argument"),
    N_("ignored explicit argument %r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
)

_ROW = re.compile(r"( +\S.*?  +)(\S.*)")


class Parser(argparse.ArgumentParser):
    """Raises UsageError (exit 64) where the original prints and exits 2. Options are never abbreviated."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, formatter_class=Formatter, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        command = self.prog.removeprefix("novatui").lstrip()
        said = f"{command}: {message}" if command else message
        raise UsageError(said, hint=f"{self.prog} --help says what is understood")


class Formatter(argparse.HelpFormatter):
    """Each line is a paragraph, wrapped under its own beginning; of a row (``  name  meaning``) under its meaning."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(piece for line in text.split("\n") for piece in _wrapped(line, width) or [""])

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrapped(text, width)


def _wrapped(line: str, width: int) -> list[str]:
    row = _ROW.fullmatch(line)
    head, said = (row[1], row[2]) if row else (line[: len(line) - len(line.lstrip())], line.lstrip())
    return textwrap.wrap(
        said, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    )


def teach(
    parser: argparse.ArgumentParser,
    *told: str,
    rows: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    exits: Mapping[str, str] | None = None,
    examples: Sequence[tuple[str, str]] = (),
) -> None:
    """A help of paragraphs, tables (title -> name and meaning), exit codes and examples (command, what it does; may be empty)."""
    parser.description = "\n\n".join(told)
    tables = {**(rows or {}), **({_("exit codes"): list(exits.items())} if exits else {})}
    parts = [_table(title, pairs) for title, pairs in tables.items()]
    if examples:
        lines = [f"  {command}" + (f"\n      {meaning}" if meaning else "") for command, meaning in examples]
        parts.append("\n".join([f"{_('examples')}:", *lines]))
    parser.epilog = "\n\n".join(parts)


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _meaning in rows)
    return "\n".join([f"{title}:", *(f"  {name:{width}}  {meaning}" for name, meaning in rows)])


def run_exits() -> dict[str, str]:
    """Of all commands that follow a run to its end."""
    return {
        "0": _("done and verified, or taken back"),
        "1": _("failed, or its runner is gone: what stands and what helps is said"),
        "2": _("refused, nothing was changed"),
        "3": _("aborted"),
        "4": _("a master is held by another run"),
        "130": _("you left with Ctrl-C; the run goes on"),
    }
