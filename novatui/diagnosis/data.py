"""Can this member's data be used? Unusable needs evidence from its own journal, written by a start, newer than its last
good one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from novatui.diagnosis.pattern import Pattern
from novatui.diagnosis.patterns import REMOVED, match
from novatui.model.cluster import Link, NodeSnapshot
from novatui.model.entries import Entry, Level
from novatui.model.findings import Evidence
from novatui.model.words import N_, Words

# How many of a node's newest lines are looked at: several starts of a crash loop, panics' stacks included.
WINDOW = 600
# A process that has been at it this long since its start without repeating the damage line has got past it.
SETTLED_MS = 30_000
# What a member logged this long before its end belongs to the end; what is older was said while it served.
LAST_WORDS_MS = 60_000
# It is looked for once a minute.
LOOKED_MS = 180_000
# With less on its file system etcd cannot write, and what it says of its data may come from that.
DISK_OUT_BYTES = 256 * 1024**2

# What stands before etcd's words where they are no zap JSON: capnslog's date and letter, or the columns of zap's console
# (date, level, logger, caller), and capnslog's package.
_FRONT = (
    r"(?:\d{4}-\d\d-\d\d \S+ [A-Z] \| |\d{4}-\d\d-\d\dT\S+ +[A-Za-z]+ +(?:[\w./-]+(?::\d+)? +){0,2}?)?"
    r"(?:[a-z][\w/]*: )?"
)
# "published {" and "etcd Version:" are those of 3.4's capnslog.
_SERVES = re.compile(
    _FRONT
    + r"(?:ready to serve client requests|serving client traffic|published local member to cluster|published \{Name:)"
)
# The first word of a process, and what follows when its listeners are up: it may fail between the two.
_STARTS = re.compile(_FRONT + r"(?:Running:|etcd Version:|starting an etcd server)")
_RUNNING = ("active", "activating", "reloading")
UNMOUNTED = "unmounted"  # of ``log_seen``: what is in its data directory is not its data


class Usability(StrEnum):
    USABLE = "usable"  # it answers from its data now
    UNUSABLE = "unusable"
    UNKNOWN = "unknown"  # nothing says that it is damaged; nothing proves that it is not


class DataState(msgspec.Struct, frozen=True, kw_only=True):
    """``words`` are for a person; ``evidence`` are the lines it rests on. ``removed``: unusable, and it says itself that its
    member was taken out of the cluster: it most likely has no vote any more."""

    state: Usability
    words: Words
    evidence: tuple[Evidence, ...] = ()
    removed: bool = False

    @property
    def why(self) -> str:
        return str(self.words)


def data_state(node: NodeSnapshot, entries: Sequence[Entry]) -> DataState:
    """Judge one member's data. Pure; ``entries`` are its own journal lines, oldest first."""
    if node.link is Link.LIVE and node.endpoint.answers:
        return DataState(state=Usability.USABLE, words=Words(N_("it answers from its data")))
    since = [entry for entry in since_last_good_start(entries) if not _answered_after(node, entry)]
    damage = [(entry, pattern) for entry, pattern in judged(since) if _proves(entry, pattern, since)]
    if not damage:
        return _unknown(Words(N_("no start since its last good one says that it is damaged")))
    evidence = tuple(evidence_of(entry) for entry, _pattern in damage[-3:])
    causes = [pattern for entry, pattern in judged(since) if pattern.excludes]
    if causes:
        cause = Words(causes[-1].cause)
        return _unknown(
            Words(N_("a line says it is damaged, but so would this: {cause}"), cause=cause), evidence
        )
    if node.disk is not None and node.disk.free < DISK_OUT_BYTES:
        return _unknown(Words(N_("a line says it is damaged, but its disk is full")), evidence)
    if log_seen(node) == UNMOUNTED:
        return _unknown(Words(N_("a line says it is damaged, but its file system is not mounted")), evidence)
    if _got_past(node, since, damage[-1][0].at_ms):
        said = N_("it was started again after the line that says it is damaged, and has not repeated it")
        return _unknown(Words(said), evidence)
    return DataState(
        state=Usability.UNUSABLE,
        words=Words(damage[-1][1].cause),
        evidence=evidence,
        removed=any(pattern.id == REMOVED for _entry, pattern in damage),
    )


def log_seen(node: NodeSnapshot) -> str:
    """``Upkeep.log``; "unknown" also where ETCD_WAL_DIR says that the log is elsewhere: nobody looks there; and where it was
    not there at a look that is too old to give up data for."""
    log = node.upkeep.log if node.upkeep is not None else "unknown"
    if node.upkeep is not None and log in ("no", "missing"):
        old = (node.at_ms or 0) - node.upkeep.at_ms > LOOKED_MS
        return "unknown" if old or (log == "no" and node.env.wal_dir) else log
    return log


def _unknown(words: Words, evidence: tuple[Evidence, ...] = ()) -> DataState:
    return DataState(state=Usability.UNKNOWN, words=words, evidence=evidence)


def _proves(entry: Entry, pattern: Pattern, since: Sequence[Entry]) -> bool:
    """Damage that only a start can find is proof by itself; what a running member may say too, after a start alone."""
    if not pattern.unusable or not pattern.at_runtime:
        return pattern.unusable
    return any(_says(other, _STARTS) for other in since[: since.index(entry)])


def since_last_good_start(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Of the newest lines, oldest first, those that may tell why it does not serve."""
    last_words, starts = telling(entries)
    return iter([*last_words, *starts])


def since_it_serves(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Of the newest lines those of the process that serves now: what was said on the way there, or by the one before, is
    over."""
    recent = entries[-WINDOW:]
    return recent[_served(recent) + 1 :]


def telling(entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Its last words, if it served, and everything from the first start after that on, oldest first. What it said long
    before its end, and all of the time when it served, tells nothing."""
    recent = entries[-WINDOW:]
    served = _served(recent)
    if served < 0:
        return (), recent
    lines = recent[served + 1 :]
    began = next((at for at, entry in enumerate(lines) if _says(entry, _STARTS)), len(lines))
    end_ms = lines[min(began, len(lines) - 1)].at_ms if lines else 0
    return [entry for entry in lines[:began] if entry.at_ms >= end_ms - LAST_WORDS_MS], lines[began:]


def _served(recent: Sequence[Entry]) -> int:
    """Where the last line is that says that it served clients; -1 where none is."""
    return next((at for at in range(len(recent) - 1, -1, -1) if _says(recent[at], _SERVES)), -1)


def judged(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Pattern]]:
    """Lines that a row of the table knows, with the row. systemd's own lines about the unit are not etcd's words."""
    for entry in entries:
        if entry.unit_line or entry.level in (Level.GAP, Level.DEBUG):
            continue
        pattern = match(entry.text, error_of(entry))
        if pattern is not None:
            yield entry, pattern


def error_of(entry: Entry) -> str:
    for key, value in entry.fields:
        if key == "error":
            return value
    return ""


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


def _says(entry: Entry, words: re.Pattern[str]) -> bool:
    return not entry.unit_line and words.match(entry.text) is not None
