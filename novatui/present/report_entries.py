"""The records of a run, one by one, as its report tells them: when, where, what was run, what it said, what was found."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from novatui.model import records as rec
from novatui.model.plan import Plan, PlannedStep
from novatui.model.sanitize import clean
from novatui.present import record_words, seed
from novatui.present.i18n import _, translated
from novatui.present.run_log import outcome_words

WHOLE = 1_000_000  # nothing of a command or an output is cut here; the journal's own cap is 16 KiB an output

Pairs = tuple[tuple[str, str], ...]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One record. ``command`` is the exact words that were run, ``output`` what they said, ``facts`` the evidence."""

    seq: int
    at_ms: int
    kind: str  # as the journal names it
    words: str
    node: str = ""
    command: str = ""
    output: tuple[str, ...] = ()
    facts: Pairs = ()
    bad: bool = False


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Records in a row of one step, or of none (leases, the beginning, the end). ``vendor``: the platform's own words."""

    title: str
    vendor: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()


def sections(plan: Plan, records: Sequence[rec.Record]) -> Iterator[Section]:
    planned = {step.id: step for step in (*plan.steps, *plan.undo)}
    intents = {record.seq: record for record in records if isinstance(record, rec.Intent)}
    step_now, entries = "", list[Entry]()
    for record in records:
        step = _step_of(record, intents)
        if entries and step != step_now:
            yield _section(step_now, planned, entries)
            entries = []
        step_now = step
        entries.append(_entry(record, intents))
    if entries:
        yield _section(step_now, planned, entries)


def _section(step: str, planned: dict[str, PlannedStep], entries: list[Entry]) -> Section:
    known = planned.get(step)
    if known is None:
        return Section(title=clean(step) or _("The run"), entries=tuple(entries))
    return Section(
        title=clean(translated(known.title)), vendor=tuple(seed.lines(known.seed)), entries=tuple(entries)
    )


def _step_of(record: rec.Record, intents: dict[int, rec.Intent]) -> str:
    if isinstance(record, rec.Done):
        intent = intents.get(record.intent)
        return intent.step if intent else ""
    if isinstance(record, rec.GateOpened | rec.GateAnswered):
        return record.gate
    return str(getattr(record, "step", ""))


def _entry(record: rec.Record, intents: dict[int, rec.Intent]) -> Entry:
    kind = str(record.__struct_config__.tag)
    base = Entry(
        seq=record.seq, at_ms=record.at, kind=kind, words=kind, node=clean(str(getattr(record, "node", "")))
    )
    change = msgspec.structs.replace
    match record:
        case rec.Intent():
            words = _("runs, limit {limit:g} s, try {n}").format(limit=record.timeout_s, n=record.attempt)
            return change(base, words=words, command=clean(shlex.join(record.argv_masked), cap=WHOLE))
        case rec.Done():
            intent = intents.get(record.intent)
            return change(
                base,
                node=clean(intent.node) if intent else "",
                words=_done_words(record),
                output=_output(record.stdout, "") + _output(record.stderr, _("on its error output:")),
                bad=record.status != "ok",
            )
        case rec.Probed():
            words = _("looked: {state}").format(state=record_words.state(record.state))
            return change(base, words=_with(words, translated(record.detail)), facts=_pairs(record.facts))
        case rec.Verified():
            words = _("verified") if record.ok else _("not as it must be")
            return change(
                base,
                words=_with(words, translated(record.detail)),
                facts=_pairs(record.evidence),
                bad=not record.ok,
            )
        case rec.Judged():
            words = _("judged: content") if record.ok else _("judged: refused")
            return change(base, words=words, facts=_findings(record), bad=not record.ok)
        case rec.RunEnded():
            words = _("ended: {result}").format(result=record_words.result(record.result))
            return change(
                base, words=words, output=_lines(translated(record.detail)), bad=record.result == "failed"
            )
        case rec.GateOpened():
            rows = tuple((translated(clean(label)), translated(clean(text))) for label, text in record.rows)
            return change(base, words=_("the gate was opened"), facts=rows)
        case rec.RunStarted():
            return change(base, words=_("the run began"), facts=_pairs(_others(record)))
        case rec.Lease():
            words = _("lease: {state}, epoch {epoch}").format(
                state=record_words.lease(record.state), epoch=record.epoch
            )
            return change(base, words=words)
    return change(base, facts=_pairs(_others(record)))


def _others(record: rec.Record) -> dict[str, Any]:
    """The fields that have no words of their own."""
    fields: dict[str, Any] = msgspec.to_builtins(record)
    return {
        key: value for key, value in fields.items() if key not in ("seq", "at", "mono_ns", "kind", "node")
    }


def _done_words(record: rec.Done) -> str:
    if record.status != "ok":
        return outcome_words(record)
    return _("ended well, exit {exit}, {ms:.0f} ms").format(exit=record.exit, ms=record.ms)


def _with(words: str, detail: str) -> str:
    return f"{words}: {clean(detail)}" if detail else words


def _output(captured: rec.Captured, head: str) -> tuple[str, ...]:
    lines = _lines(captured.text)
    if not lines:
        return ()
    cut = len(captured.text.encode()) < captured.length
    tail = (
        (
            _("({length} bytes in all, SHA-256 {sha256})").format(
                length=captured.length, sha256=captured.sha256
            ),
        )
        if cut
        else ()
    )
    return (*((head,) if head else ()), *lines, *tail)


def _lines(text: str) -> tuple[str, ...]:
    raw = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    return tuple(clean(line, cap=WHOLE) for line in raw.split("\n")) if raw else ()


def _pairs(facts: dict[str, Any]) -> Pairs:
    return tuple((clean(str(key)), value_words(value)) for key, value in facts.items())


def _findings(record: rec.Judged) -> Pairs:
    return tuple(
        (clean(str(f.get("node") or f.get("id", ""))), clean(translated(str(f.get("title", "")))))
        for f in record.findings
    )


def value_words(value: Any) -> str:
    if isinstance(value, str):
        return clean(value, cap=WHOLE)
    return clean(msgspec.json.encode(value).decode(), cap=WHOLE)
