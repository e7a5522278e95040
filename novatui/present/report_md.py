"""A report as Markdown. What a master or a person said stands in fenced blocks, or with every mark of Markdown escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from novatui.present.i18n import _
from novatui.present.report import Decision, Report, StepRow
from novatui.present.report_entries import Entry, Pairs, Section
from novatui.present.status_json import instant

# Characters that mean something inside a line of CommonMark or of GitHub's tables. Backslash before ASCII punctuation is
# that character itself; "<" and "&" become entities, so that no renderer sees a tag.
_MARKS = re.compile(r"([\\`*_\[\]|~#!>])")


def markdown(report: Report) -> str:
    """The whole document, ending in a line end."""
    parts = [
        [f"# {inline(report.title)}: {inline(report.result)}"],
        [line for text in report.detail for line in (inline(text), "")],
        _table((_("What"), _("Value")), [(label, text) for label, text in report.facts]),
        _decisions(report.decisions),
        _kept(report),
        _steps(report.steps),
        _evidence(report.evidence),
        [
            f"## {_('What was done')}",
            "",
            _("Times are UTC. Every record of the journal is here, in its order."),
        ],
        *(list(_section(section)) for section in report.sections),
    ]
    return "\n\n".join("\n".join(part).strip("\n") for part in parts if part) + "\n"


def inline(text: str) -> str:
    """``text`` within a line or a cell, as itself."""
    return _MARKS.sub(r"\\\1", text.replace("&", "&amp;")).replace("<", "&lt;")


def fenced(lines: Iterable[str], language: str = "text") -> list[str]:
    """A block whose fence is longer than any run of backticks in it."""
    body = list(lines)
    longest = max((len(run) for line in body for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *body, fence]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    out = ["| " + " | ".join(map(inline, head)) + " |", "|" + " --- |" * len(head)]
    return out + ["| " + " | ".join(inline(cell) or " " for cell in row) + " |" for row in rows]


def _decisions(decisions: Sequence[Decision]) -> list[str]:
    if not decisions:
        return []
    lines = [f"## {_('Decisions')}", ""]
    for one in decisions:
        who = f"**{inline(one.who)}** " if one.who else ""
        lines += [f"`{instant(one.at_ms)}` {who}{inline(one.what)}", ""]
        if one.facts:
            lines += [*fenced(f"{label}: {text}" for label, text in one.facts), ""]
    return lines


def _kept(report: Report) -> list[str]:
    lines = [f"## {_('What was kept, and how to take it back')}", ""]
    if report.kept:
        lines += [*_table((_("Master"), _("Path")), report.kept), ""]
    elif not report.kept_words:
        lines += [_("Nothing was put aside."), ""]
    return lines + [f"- {inline(words)}" for words in (*report.kept_words, *report.way_back)]


def _steps(steps: Sequence[StepRow]) -> list[str]:
    head = ("#", _("Step"), _("In the platform's own words"), _("Began"), _("Ended"), _("Result"))
    rows = [
        (
            str(step.number),
            f"{step.title} ({step.effect})",
            "; ".join(step.vendor),
            _time(step.began_ms),
            _time(step.ended_ms),
            step.result,
        )
        for step in steps
    ]
    return [f"## {_('Steps')}", "", *_table(head, rows)]


def _evidence(evidence: Sequence[tuple[str, str, str]]) -> list[str]:
    if not evidence:
        return []
    head = (_("Master"), _("Check"), _("Value"))
    return [f"## {_('Evidence of the checks')}", "", *_table(head, evidence)]


def _section(section: Section) -> Iterator[str]:
    yield f"### {inline(section.title)}"
    yield ""
    for words in section.vendor:
        yield f"*{inline(words)}*  "
    if section.vendor:
        yield ""
    for entry in section.entries:
        yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    node = f"**{inline(entry.node)}** " if entry.node else ""
    bad = "✖ " if entry.bad else ""
    yield f"`{instant(entry.at_ms)}` {node}{bad}{inline(entry.words)} (#{entry.seq}, {inline(entry.kind)})"
    yield ""
    if entry.command:
        yield from fenced([entry.command], "sh")
        yield ""
    if entry.output:
        yield from fenced(entry.output)
        yield ""
    if entry.facts:
        yield from fenced(_fact_lines(entry.facts))
        yield ""


def _fact_lines(facts: Pairs) -> list[str]:
    return [f"{label}: {text}" for label, text in facts]


def _time(at_ms: int | None) -> str:
    return instant(at_ms) if at_ms is not None else ""
