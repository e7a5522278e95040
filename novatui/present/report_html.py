"""A report as one HTML file: no script, nothing fetched, readable on paper. Every text is escaped, attributes hold none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from novatui.present.i18n import _, language
from novatui.present.report import Decision, Report, StepRow
from novatui.present.report_entries import Entry, Pairs, Section
from novatui.present.status_json import instant

_STYLE = """
:root { color-scheme: light; --dim: #5a6270; --line: #d5d9e0; --bad: #b3261e; --code: #f4f5f7; }
body { font: 15px/1.5 system-ui, sans-serif; color: #16181d; background: #fff; max-width: 76rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; } h3 { font-size: 1rem; margin: 1.6rem 0 .2rem; }
.result { font-size: 1.1rem; margin: 0 0 1rem; } .dim, time, .vendor { color: var(--dim); } .bad { color: var(--bad); font-weight: 600; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--dim); white-space: nowrap; } td.time, time { font-variant-numeric: tabular-nums; white-space: nowrap; }
pre { font: 13px/1.45 ui-monospace, monospace; background: var(--code); border-left: 3px solid var(--line); padding: .4rem .7rem; margin: .2rem 0 .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
pre.command { border-left-color: #3b6fd4; } .entry { margin: .5rem 0; } .vendor { font-style: italic; margin: 0 0 .4rem; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } pre { font-size: 8pt; background: none; } h2, h3 { break-after: avoid; } tr, .head { break-inside: avoid; } }
"""


def html(report: Report) -> str:
    """The whole document."""
    title = escape(report.title)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{language()}"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        f'<p class="result">{escape(report.result)}</p>',
        *(f"<p>{escape(line)}</p>" for line in report.detail),
        _table((), [(label, text) for label, text in report.facts]),
        *_decisions(report.decisions),
        *_kept(report),
        *_steps(report.steps),
        *_evidence(report.evidence),
        f"<h2>{escape(_('What was done'))}</h2>",
        f'<p class="dim">{escape(_("Times are UTC. Every record of the journal is here, in its order."))}</p>',
        *(part for section in report.sections for part in _section(section)),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, times: Sequence[int] = ()) -> str:
    """Without a head the first column is one. ``times``: columns that hold a time."""
    lines = ["<table>"]
    if head:
        lines.append("<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>")
    for row in rows:
        cells = []
        for at, cell in enumerate(row):
            name = "td" if head or at else "th"
            kind = ' class="time"' if at in times else ""
            cells.append(f"<{name}{kind}>{escape(cell)}</{name}>")
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return "\n".join([*lines, "</table>"])


def _decisions(decisions: Sequence[Decision]) -> Iterator[str]:
    if decisions:
        yield f"<h2>{escape(_('Decisions'))}</h2>"
    for one in decisions:
        who = f"<b>{escape(one.who)}</b> " if one.who else ""
        yield f'<div class="entry"><div class="head">{_time(one.at_ms)} {who}{escape(one.what)}</div>'
        yield f"{_facts(one.facts)}</div>"


def _kept(report: Report) -> Iterator[str]:
    yield f"<h2>{escape(_('What was kept, and how to take it back'))}</h2>"
    if report.kept:
        yield _table((_("Master"), _("Path")), report.kept)
    elif not report.kept_words:
        yield f"<p>{escape(_('Nothing was put aside.'))}</p>"
    yield from (f"<p>{escape(words)}</p>" for words in (*report.kept_words, *report.way_back))


def _steps(steps: Sequence[StepRow]) -> Iterator[str]:
    head = ("#", _("Step"), _("In the platform's own words"), _("Began"), _("Ended"), _("Result"))
    yield f"<h2>{escape(_('Steps'))}</h2>"
    rows = [
        (
            str(step.number),
            f"{step.title} ({step.effect})",
            "; ".join(step.vendor),
            instant(step.began_ms) if step.began_ms is not None else "",
            instant(step.ended_ms) if step.ended_ms is not None else "",
            step.result,
        )
        for step in steps
    ]
    yield _table(head, rows, times=(3, 4))


def _evidence(evidence: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    if evidence:
        yield f"<h2>{escape(_('Evidence of the checks'))}</h2>"
        yield _table((_("Master"), _("Check"), _("Value")), evidence)


def _section(section: Section) -> Iterator[str]:
    yield f"<h3>{escape(section.title)}</h3>"
    for words in section.vendor:
        yield f'<p class="vendor" lang="ru">{escape(words)}</p>'
    for entry in section.entries:
        yield _entry(entry)


def _entry(entry: Entry) -> str:
    node = f"<b>{escape(entry.node)}</b> " if entry.node else ""
    words = f'<span class="bad">✖ {escape(entry.words)}</span>' if entry.bad else escape(entry.words)
    tail = f'<span class="dim">(#{entry.seq}, {escape(entry.kind)})</span>'
    parts = [f'<div class="entry"><div class="head">{_time(entry.at_ms)} {node}{words} {tail}</div>']
    if entry.command:
        parts.append(f'<pre class="command">{escape(entry.command)}</pre>')
    if entry.output:
        parts.append(f"<pre>{escape(chr(10).join(entry.output))}</pre>")
    return "".join([*parts, _facts(entry.facts), "</div>"])


def _facts(facts: Pairs) -> str:
    lines = "\n".join(f"{label}: {text}" for label, text in facts)
    return f"<pre>{escape(lines)}</pre>" if lines else ""


def _time(at_ms: int) -> str:
    return f"<time>{instant(at_ms)}</time>"
