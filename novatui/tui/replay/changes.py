"""Where in a recording the verdict changes: judged anew, part by part from where somebody asks, and kept."""

from __future__ import annotations

from novatui.diagnosis.data import error_of, is_landmark
from novatui.diagnosis.journal_findings import RECENT_MS
from novatui.diagnosis.membership import FRESH_MS
from novatui.diagnosis.patterns import match
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import Link
from novatui.model.entries import Entry, Level
from novatui.model.findings import Verdict
from novatui.model.recording import Frame
from novatui.recording.recording import Recording, Reel
from novatui.recording.skim import Master, Skim

# While nothing but figures moves the verdict can only change because one of them passes its limit, or a date comes.
EVERY_MS = 30_000
_LOUD = frozenset((Level.WARN, Level.ERROR, Level.FATAL))

Verdicts = list[tuple[int, Verdict]]  # of one part: at its beginning, then at each change


class Changes:
    """``after`` and ``before`` read the file and may take seconds: not for the screen's own loop. ``at_ms``: how far a search
    under way has come."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._parts: dict[int, Verdicts] = {}
        self._given_up = False
        self.at_ms = recording.start_ms

    def give_up(self) -> None:
        """A search under way ends soon, with nothing; from another thread."""
        self._given_up = True

    def after(self, at_ms: int) -> int | None:
        """The first change later than ``at_ms``."""
        before: Verdict | None = None
        for number in range(self._recording.part_of(at_ms), self._recording.parts):
            for when, verdict in self._part(number):
                if before is not None and verdict is not before and when > at_ms:
                    return when
                before = verdict
        return None

    def before(self, at_ms: int) -> int | None:
        """The last change earlier than ``at_ms``."""
        later: tuple[int, Verdict] | None = None
        for number in range(self._recording.part_of(at_ms), -1, -1):
            for when, verdict in reversed(self._part(number)):
                if later is not None and verdict is not later[1] and later[0] < at_ms:
                    return later[0]
                later = when, verdict
        return None

    def _part(self, number: int) -> Verdicts:
        """Empty when the search was given up."""
        if number not in self._parts:
            judge = _Judge(self._recording)
            for skim in self._recording.skims(number):
                if self._given_up:
                    return []
                self.at_ms = skim.at_ms
                judge.take(skim)
            self._parts[number] = judge.verdicts
        return self._parts[number]


class _Judge:
    """One part, frame by frame. A diagnosis is made where something but figures moved, where a line says something new, where
    a sample or a line grew too old to count, and every so often."""

    def __init__(self, recording: Recording) -> None:
        self.verdicts: Verdicts = []
        self._reel = Reel(recording.header)
        self._masters: dict[str, Master] = {}
        self._since: dict[str, Master] = {}  # those that came since the last diagnosis
        self._lines: list[Entry] = []  # likewise
        # master and row of the table of lines -> when its newest line was written
        self._said: dict[tuple[str, str], int] = {}
        self._counted: list[str] = []  # masters whose samples did
        self._due_ms = 0

    def take(self, skim: Skim) -> None:
        moved = skim.key
        for master in skim.masters:
            known = self._masters.get(master.name)
            moved = moved or known is None or known.still != master.still
            self._masters[master.name] = self._since[master.name] = master
        for entry in skim.entries:
            moved = self._says(entry) or moved
        self._lines += skim.entries
        if moved or skim.at_ms >= self._due_ms or self._fresh(skim.at_ms) != self._counted:
            self._diagnose(skim)

    def _says(self, entry: Entry) -> bool:
        """Whether it may say what nobody said in the last minute, and what counts on a member that serves: where one does not,
        the verdict is no line's."""
        if entry.unit_line or is_landmark(entry):
            return True
        row = match(entry.text, error_of(entry)) if entry.level in _LOUD else None
        if row is None or not row.lasting:
            return False
        key = entry.node, row.id
        new = key not in self._said
        self._said[key] = max(entry.at_ms, self._said.get(key, 0))
        return new

    def _diagnose(self, skim: Skim) -> None:
        now = skim.at_ms
        nodes = tuple(master.snapshot() for master in self._since.values())
        self._reel.apply(Frame(at_ms=now, key=skim.key, nodes=nodes, entries=tuple(self._lines)))
        self._since, self._lines = {}, []
        moment = self._reel.moment()
        verdict = diagnose(moment.snapshot, moment.entries, now).verdict
        if not self.verdicts or verdict is not self.verdicts[-1][1]:
            self.verdicts.append((now, verdict))
        theirs = {node.name: now + (node.clock_skew_ms or 0) for node in moment.snapshot.nodes}
        left = {row: newest + RECENT_MS - theirs[row[0]] for row, newest in self._said.items()}
        self._said = {row: newest for row, newest in self._said.items() if left[row] >= 0}
        over = now + 1 + min((ms for ms in left.values() if ms >= 0), default=EVERY_MS)
        self._due_ms, self._counted = min(now + EVERY_MS, over), self._fresh(now)

    def _fresh(self, now_ms: int) -> list[str]:
        """Those whose samples count: they grow too old, and come again."""
        return [
            one.name
            for one in self._masters.values()
            if one.link is Link.LIVE and one.at_ms is not None and now_ms - one.at_ms <= FRESH_MS
        ]
