"""What each master did in a run, line by line: a fold of the journal and of the live output between its records.

Every text that came from a master is cleaned here again, line by line: what ``Log`` holds is safe to show.
"""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from novatui.model import records as rec
from novatui.model.sanitize import clean
from novatui.present.i18n import _, translated
from novatui.present.numbers import latency, size
from novatui.present.rows import BLANK, Role, Row, row, wrap

HELD_LINES = 2_000  # per master; the journal has all of it
KEPT_OUTPUT = 400  # lines taken of one captured output


class Kind(StrEnum):
    COMMAND = "command"
    OUTPUT = "output"
    WAIT = "wait"  # a probe's word; the next one of the same step takes its place
    PROGRESS = "progress"  # likewise
    GOOD = "good"
    BAD = "bad"
    NOTE = "note"
    FACT = "fact"  # a line our own scripts print for the engine: in the full output alone


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a master. ``at_ms`` is 0 for live output, which is not dated."""

    step: str
    kind: Kind
    text: str
    at_ms: int = 0


_FACT = "nv:"
_REPLACED = (Kind.WAIT, Kind.PROGRESS)


class Log:
    """Lines per master, bounded. Feed it records and output in the order they come."""

    def __init__(self) -> None:
        self.lines: dict[str, deque[Line]] = {}
        self._open: dict[int, tuple[str, str]] = {}  # seq of an intent -> step, node
        self._spoke: set[tuple[str, str]] = set()  # whose output was already seen live since the intent
        self.version = 0  # grows with every change

    def of(self, node: str, step: str = "") -> list[Line]:
        """The lines of ``node``, all or of one step."""
        lines = self.lines.get(node, ())
        return [line for line in lines if not step or line.step == step]

    def take(self, record: rec.Record) -> None:
        """One record of the journal; kinds that say nothing of a master are passed over."""
        match record:
            case rec.Intent():
                self._open[record.seq] = (record.step, record.node)
                self._spoke.discard((record.step, record.node))
                self._add(
                    record.node, record.step, Kind.COMMAND, clean(shlex.join(record.argv_masked)), record.at
                )
            case rec.Done():
                self._done(record)
            case rec.Probed(state="done") | rec.Probed(state="todo", detail=""):
                pass  # "done" is told by Verified, "todo" by the act
            case rec.Probed():
                words = translated(record.detail) or _("looked: {state}").format(state=record.state)
                self._add(record.node, record.step, Kind.WAIT, clean(words), record.at)
            case rec.Verified(ok=True):
                if record.detail:  # a step may be done and still have no good news: that gets no green mark
                    self._add(
                        record.node, record.step, Kind.NOTE, clean(translated(record.detail)), record.at
                    )
                self._add(record.node, record.step, Kind.GOOD, _("verified"), record.at)
            case rec.Verified():
                words = translated(record.detail) or _("not as it must be")
                self._add(record.node, record.step, Kind.BAD, clean(words), record.at)
            case rec.Lease(state="adopted" | "lost"):
                words = _("lease adopted") if record.state == "adopted" else _("lease lost")
                self._add(record.node, "", Kind.NOTE, words, record.at)

    def output(self, step: str, node: str, text: str) -> None:
        """One line of a running command, as it came."""
        self._spoke.add((step, node))
        self._say(node, step, clean(text), 0)

    def progress(self, step: str, node: str, done: int, total: int | None) -> None:
        words = _("{done} of {total}").format(done=size(done), total=size(total)) if total else size(done)
        self._add(node, step, Kind.PROGRESS, words, 0)

    def _done(self, record: rec.Done) -> None:
        where = self._open.pop(record.intent, None)
        if where is None:
            return
        step, node = where
        if where not in self._spoke:
            for text in _lines(record.stdout.text) + _lines(record.stderr.text):
                self._say(node, step, text, record.at)
        if record.status != "ok":
            self._add(node, step, Kind.BAD, outcome_words(record), record.at)

    def _say(self, node: str, step: str, text: str, at_ms: int) -> None:
        self._add(node, step, Kind.FACT if text.startswith(_FACT) else Kind.OUTPUT, text, at_ms)

    def _add(self, node: str, step: str, kind: Kind, text: str, at_ms: int) -> None:
        lines = self.lines.setdefault(node, deque(maxlen=HELD_LINES))
        waited = bool(lines) and lines[-1].step == step and lines[-1].kind in _REPLACED
        if waited and kind is not Kind.BAD:
            lines.pop()  # what was waited for has moved on
        lines.append(Line(step=step, kind=kind, text=text, at_ms=at_ms))
        self.version += 1


def outcome_words(record: rec.Done) -> str:
    """How a command ended that did not end well."""
    took = latency(record.ms)
    match record.status:
        case "timeout":
            words = _("no end after {took}: the outcome is not known, it will be looked at").format(took=took)
        case "unknown":
            words = _("the connection broke: the outcome is not known, it will be looked at")
        case "fenced":
            words = _("refused on the master: another run or a newer runner holds it; nothing was run")
        case _ if record.signal:
            words = _("ended by signal {signal} after {took}").format(signal=clean(record.signal), took=took)
        case _:
            words = _("exit {code} after {took}").format(code=record.exit, took=took)
    return f"{words}: {clean(translated(record.error))}" if record.error else words


def _lines(text: str) -> list[str]:
    raw = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = [clean(line) for line in raw if line.strip()]
    return found[-KEPT_OUTPUT:]


_LOOK = {
    Kind.COMMAND: ("$ ", Role.ACCENT, Role.NORMAL),
    Kind.OUTPUT: ("  ", Role.DIM, Role.DIM),
    Kind.WAIT: ("… ", Role.DIM, Role.DIM),
    Kind.PROGRESS: ("⇣ ", Role.ACCENT, Role.NORMAL),
    Kind.GOOD: ("✔ ", Role.OK, Role.NORMAL),
    Kind.BAD: ("✖ ", Role.BAD, Role.BRIGHT),
    Kind.NOTE: ("· ", Role.DIM, Role.DIM),
    Kind.FACT: ("  ", Role.DIM, Role.DIM),
}
_MOST_LINES = {Kind.COMMAND: 3, Kind.OUTPUT: 2, Kind.WAIT: 3, Kind.BAD: 6}


def line_rows(line: Line, width: int, *, whole: bool = False) -> list[Row]:
    """One line in at most ``width`` cells a row; ``whole`` wraps it to its end, otherwise a few rows are enough."""
    glyph, glyph_role, role = _LOOK[line.kind]
    limit = 0 if whole else _MOST_LINES.get(line.kind, 2)
    pieces = wrap(line.text, width - 2, limit)
    rows = [row((glyph, glyph_role), (pieces[0], role))]
    return rows + [row("  ", (piece, role)) for piece in pieces[1:]]


def tail_rows(lines: Iterable[Line], titles: dict[str, str], width: int, height: int) -> list[Row]:
    """The newest lines that fit ``height``, each step under its own title."""
    rows: list[Row] = []
    above = [line for line in lines if line.kind is not Kind.FACT]
    for index in range(len(above) - 1, -1, -1):
        line = above[index]
        piece = line_rows(line, width)
        if line.step and (index == 0 or above[index - 1].step != line.step):
            piece = [row((titles.get(line.step, line.step), Role.ACCENT)), *piece]
        if len(rows) + len(piece) > height:
            break
        rows = [*piece, *rows]
    return rows


def all_rows(lines: Iterable[Line], titles: dict[str, str], width: int) -> list[Row]:
    """Every line to its end."""
    rows: list[Row] = []
    step = ""
    for line in lines:
        if line.step != step:
            if rows:
                rows.append(BLANK)
            rows.append(row((titles.get(line.step, line.step), Role.ACCENT)))
            step = line.step
        rows += line_rows(line, width, whole=True)
    return rows
