"""What the journal of a master says about it, row by row of the table of patterns; the newest line of each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from novatui.diagnosis.data import WINDOW, evidence_of, judged, since_last_good_start
from novatui.diagnosis.patterns import Pattern
from novatui.model.cluster import NodeSnapshot
from novatui.model.entries import Entry
from novatui.model.findings import Finding, Severity

# On a member that serves, what was logged longer ago than this is history.
RECENT_MS = 60_000
# On a member that serves, these still mean something; all other rows are information there.
_LASTING = {"data-differs", "cluster-id-mismatch", "clock-drift", "disk-full", "quota-exceeded"}


def journal_findings(
    node: NodeSnapshot, entries: Sequence[Entry], *, serves: bool, now_ms: int
) -> Iterator[Finding]:
    """Of a member that does not serve: everything since its last good start. Of one that does: the last minute."""
    if serves:
        since = now_ms + (node.clock_skew_ms or 0) - RECENT_MS
        lines: Sequence[Entry] = [entry for entry in entries[-WINDOW:] if entry.at_ms >= since]
    else:
        lines = list(since_last_good_start(entries))
    newest: dict[str, tuple[Entry, Pattern]] = {}
    for entry, pattern in judged(lines):
        newest.pop(pattern.id, None)
        newest[pattern.id] = (entry, pattern)
    for entry, pattern in reversed(newest.values()):
        severity = pattern.severity
        if serves:
            severity = Severity.WARN if pattern.id in _LASTING else Severity.INFO
        yield Finding(
            id=f"journal-{pattern.id}",
            severity=severity,
            title=f"{pattern.cause} ({_short(evidence_of(entry).value)})",
            hint=pattern.hint,
            node=node.name,
            evidence=(evidence_of(entry),),
        )


def _short(line: str) -> str:
    return line if len(line) <= 90 else f"{line[:89]}…"
