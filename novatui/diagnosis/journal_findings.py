"""What the journal of a master says about it, row by row of the table of patterns; the first and the newest line of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from novatui.diagnosis.data import (
    DISK_OUT_BYTES,
    UNMOUNTED,
    WINDOW,
    DataState,
    Usability,
    evidence_of,
    judged,
    log_seen,
    since_it_serves,
    telling,
)
from novatui.diagnosis.finding import of_node
from novatui.diagnosis.pattern import Pattern, Remedy
from novatui.diagnosis.upkeep_findings import MOUNT
from novatui.model.cluster import NodeSnapshot
from novatui.model.entries import Entry
from novatui.model.findings import Evidence, Finding, Severity
from novatui.model.words import N_, Words

# What was logged longer ago than this is history on a member that serves, and so is "for the moment" on any.
RECENT_MS = 60_000
# Leaders that come and go: so many terms in so long are worth a word.
CHANGES, CHANGES_MS = 4, 600_000
_ELECTED = re.compile(r"(?:elected leader|changed leader from \S+ to) \S+ at term (\d+)")
_REFUSED_START = ("asserts failed", "Assertion failed for")
_STARTED = ("Starting ", "Started ")
_DOWN = ("inactive", "failed")

Said = tuple[Entry, Entry]  # the first and the newest line of one row


def journal_findings(
    node: NodeSnapshot, entries: Sequence[Entry], data: DataState, *, serves: bool, now_ms: int
) -> Iterator[Finding]:
    """Of a member that does not serve: its last words and what every start since said. Of one that does: the last minute,
    in the past tense where the state shows that it is over."""
    since_ms = now_ms + (node.clock_skew_ms or 0) - RECENT_MS
    if serves:
        lines = [entry for entry in since_it_serves(entries) if entry.at_ms >= since_ms]
        told = (_of_one_that_serves(node, said, pattern) for said, pattern in _rows(lines))
    else:
        last_words, starts = telling(entries)
        told = (
            _of_one_that_does_not(node, said, pattern, data, since_ms, last=said[1] in last_words)
            for said, pattern in _rows([*last_words, *starts])
        )
    yield from (finding for finding in told if finding is not None)
    yield from _held(node, entries)


def _rows(lines: Sequence[Entry]) -> list[tuple[Said, Pattern]]:
    """Of each row its first and its newest line; the row whose line is the newest comes first."""
    found: dict[str, tuple[Said, Pattern]] = {}
    for entry, pattern in judged(lines):
        before = found.pop(pattern.id, None)
        found[pattern.id] = ((before[0][0] if before else entry, entry), pattern)
    return list(reversed(found.values()))


def leader_changes(
    entries: Mapping[str, Sequence[Entry]], live: Sequence[NodeSnapshot], now_ms: int
) -> Iterator[Finding]:
    """Elections, each counted once however many members tell of it; else what the members' own counters say."""
    terms: dict[int, Entry] = {}
    ahead = {node.name: node.clock_skew_ms or 0 for node in live}
    for name, lines in entries.items():
        since_ms = now_ms + ahead.get(name, 0) - CHANGES_MS
        for entry in lines[-WINDOW:]:
            if entry.at_ms < since_ms or " leader " not in entry.text:
                continue
            if found := _ELECTED.search(entry.text):
                terms.setdefault(int(found[1]), entry)
    counted = {node.name: node.endpoint.leader_changes or 0 for node in live if node.endpoint.answers}
    n = max(len(terms), *counted.values(), 0)
    if n < CHANGES:
        return
    evidence = tuple(evidence_of(entry) for _term, entry in sorted(terms.items()))
    if len(terms) < n:
        evidence = tuple(
            Evidence(
                node=node.name,
                source="endpoint",
                value=f"leader changes seen: {counted[node.name]}",
                at_ms=node.endpoint.metrics_ms or node.at_ms,
            )
            for node in live
            if node.name in counted
        )
    yield Finding(
        id="leader-changes",
        severity=Severity.INFO,
        title=Words(
            N_("the leader changed {n} times in {minutes} minutes"), n=n, minutes=CHANGES_MS // 60_000
        ),
        hint=Words(
            N_("slow disks, a busy CPU or a lossy network between the masters: look at fsync and at latency")
        ),
        evidence=evidence,
    )


def _of_one_that_serves(node: NodeSnapshot, said: Said, pattern: Pattern) -> Finding | None:
    if pattern.lasting and not _is_over(pattern, node):
        return _told(node, said, pattern.id, Severity.WARN, pattern.cause, pattern.hint)
    return _was(node, said, pattern)


def _of_one_that_does_not(
    node: NodeSnapshot, said: Said, pattern: Pattern, data: DataState, since_ms: int, *, last: bool
) -> Finding | None:
    """``last``: said while it still served; what would keep a start from serving is known only from a start."""
    if pattern.remedy is Remedy.WAIT and not (_runs(node) and said[1].at_ms >= since_ms):
        return None  # said by a process that is gone, or of a moment that is over
    if pattern.remedy is Remedy.NONE and log_seen(node) in ("no", "missing"):
        return None  # it says that there is data, and there is none
    ends = pattern.lasting and pattern.severity is Severity.BAD and not _is_over(pattern, node)
    if last and pattern.remedy is not Remedy.RECOVER and not ends:
        return _was(node, said, pattern)
    return _told(node, said, pattern.id, pattern.severity, pattern.cause, _hint(node, pattern, data))


def _was(node: NodeSnapshot, said: Said, pattern: Pattern) -> Finding | None:
    """In the past tense; a row without words for it is over without a word."""
    return _told(node, said, pattern.id, Severity.INFO, pattern.past, "") if pattern.past else None


def _is_over(pattern: Pattern, node: NodeSnapshot) -> bool:
    """Whether the state of now contradicts the line."""
    if pattern.id == "disk-full":
        return node.disk is not None and node.disk.free >= DISK_OUT_BYTES
    return pattern.id == "quota-exceeded" and not any(a.kind == "NOSPACE" for a in node.endpoint.alarms)


def _told(node: NodeSnapshot, said: Said, id: str, severity: Severity, cause: str, hint: str) -> Finding:
    first, newest = map(evidence_of, said)
    return Finding(
        id=f"journal-{id}",
        severity=severity,
        title=Words(N_("{cause} ({line})"), cause=Words(cause), line=_short(newest.value)),
        hint=Words(hint),
        node=node.name,
        evidence=(newest,) if first == newest else (first, newest),
    )


def _hint(node: NodeSnapshot, pattern: Pattern, data: DataState) -> str:
    """Data is given up after a start has failed over it, never before; and never a start where it is not mounted: several that
    start blank are a cluster of their own."""
    if pattern.remedy is Remedy.RECOVER and log_seen(node) == UNMOUNTED:
        return MOUNT
    if pattern.remedy is Remedy.RECOVER and data.state is not Usability.UNUSABLE:
        return N_(
            "this alone does not say that its data is lost: start it once more and read what that start says"
        )
    return pattern.hint


def _held(node: NodeSnapshot, entries: Sequence[Entry]) -> Iterator[Finding]:
    """systemd refused the last start because of an assertion: that is how a run holds etcd down."""
    said = [entry for entry in entries[-WINDOW:] if entry.unit_line]
    refused = next((e for e in reversed(said) if any(word in e.text for word in _REFUSED_START)), None)
    started = next((e for e in reversed(said) if e.text.startswith(_STARTED)), None)
    if refused is None or node.unit.active not in _DOWN:
        return
    if node.held is not None and not node.held.hold:
        return  # the hold is gone; an assertion of somebody else's would refuse the next start, and be told by that run
    if started is not None and started.at_ms > refused.at_ms:
        return
    yield of_node(
        "unit-held",
        Severity.BAD,
        Words(N_("its unit refused to start: an assertion of the unit failed")),
        Words(
            N_(
                "most often a run of novatui holds etcd down, or left its hold: novatui runs, then resume or undo it"
            )
        ),
        node=node.name,
        source="journal",
        value=refused.text,
        at_ms=refused.at_ms,
    )


def _runs(node: NodeSnapshot) -> bool:
    return node.unit.active in ("active", "activating", "reloading") and node.unit.sub != "auto-restart"


def _short(line: str) -> str:
    return line if len(line) <= 90 else f"{line[:89]}…"
