"""Can this member's data be used? Unusable needs evidence from its own journal, newer than its last good start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from novatui.diagnosis.patterns import Pattern, match
from novatui.model.cluster import Link, NodeSnapshot
from novatui.model.entries import Entry, Level
from novatui.model.findings import Evidence

# How many of a node's newest lines are looked at: several starts of a crash loop, panics' stacks included.
WINDOW = 600
# A process that has been at it this long since its start without repeating the damage line has got past it.
SETTLED_MS = 30_000

_SERVES = ("ready to serve client requests", "serving client traffic", "published local member to cluster")
_STARTS = ("starting an etcd server",)
_RUNNING = ("active", "activating", "reloading")


class Usability(StrEnum):
    USABLE = "usable"  # it answers from its data now
    UNUSABLE = "unusable"
    UNKNOWN = "unknown"  # nothing says that it is damaged; nothing proves that it is not


class DataState(msgspec.Struct, frozen=True, kw_only=True):
    """``why`` is for a person; ``evidence`` are the lines it rests on."""

    state: Usability
    why: str
    evidence: tuple[Evidence, ...] = ()


def data_state(node: NodeSnapshot, entries: Sequence[Entry]) -> DataState:
    """Judge one member's data. Pure; ``entries`` are its own journal lines, oldest first."""
    if node.link is Link.LIVE and node.endpoint.answers:
        return DataState(state=Usability.USABLE, why="it answers from its data")
    since = [entry for entry in since_last_good_start(entries) if not _answered_after(node, entry)]
    damage = [(entry, pattern) for entry, pattern in judged(since) if pattern.unusable]
    if not damage:
        return DataState(state=Usability.UNKNOWN, why="no line since its last good start says it is damaged")
    evidence = tuple(evidence_of(entry) for entry, _pattern in damage[-3:])
    last = damage[-1][0]
    causes = [pattern for entry, pattern in judged(since) if pattern.excludes]
    if causes:
        why = f"a line says it is damaged, but so would this: {causes[-1].cause}"
        return DataState(state=Usability.UNKNOWN, why=why, evidence=evidence)
    if _got_past(node, since, last.at_ms):
        why = "it was started again after the line that says it is damaged, and has not repeated it"
        return DataState(state=Usability.UNKNOWN, why=why, evidence=evidence)
    return DataState(state=Usability.UNUSABLE, why=damage[-1][1].cause, evidence=evidence)


def since_last_good_start(entries: Sequence[Entry]) -> Iterator[Entry]:
    """The newest lines, oldest first, after the last one that says the member served clients."""
    recent = entries[-WINDOW:]
    for index in range(len(recent) - 1, -1, -1):
        if _says(recent[index], _SERVES):
            return iter(recent[index + 1 :])
    return iter(recent)


def judged(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Pattern]]:
    """Lines that a row of the table knows, with the row. systemd's own lines about the unit are not etcd's words."""
    for entry in entries:
        if entry.unit_line or entry.level in (Level.GAP, Level.DEBUG):
            continue
        pattern = match(entry.text, error_of(entry))
        if pattern is not None:
            yield entry, pattern


def error_of(entry: Entry) -> str:
    return next((value for key, value in entry.fields if key == "error"), "")


def evidence_of(entry: Entry) -> Evidence:
    error = error_of(entry)
    value = f"{entry.text}: {error}" if error else entry.text
    return Evidence(node=entry.node, source="journal", value=value, at_ms=entry.at_ms)


def is_landmark(entry: Entry) -> bool:
    """A line that says what older ones are worth: whoever keeps a window of lines must not lose it to a flood."""
    return _says(entry, _SERVES) or _says(entry, _STARTS)


def _answered_after(node: NodeSnapshot, entry: Entry) -> bool:
    """We ourselves had an answer from its data after this line was written, so the line is history."""
    answered = node.endpoint.answered_ms
    return answered is not None and answered + (node.clock_skew_ms or 0) > entry.at_ms


def _got_past(node: NodeSnapshot, since: Sequence[Entry], damage_ms: int) -> bool:
    """Whether the process now running was started after the damage line and has been at it for a while."""
    if node.unit.active not in _RUNNING or node.unit.sub == "auto-restart" or node.at_ms is None:
        return False
    starts = [entry.at_ms for entry in since if _says(entry, _STARTS)]
    their_now = node.at_ms + (node.clock_skew_ms or 0)
    return bool(starts) and starts[-1] > damage_ms and their_now - starts[-1] > SETTLED_MS


def _says(entry: Entry, words: tuple[str, ...]) -> bool:
    return not entry.unit_line and entry.text.startswith(words)
