"""What a master's figures did over the last minutes: what was measured, in slots of time, drawn as a row of blocks.

A slot in which nothing was measured is a gap. Slots begin at fixed moments, so a row moves by one cell every fifteen
seconds and never trembles.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from novatui.model.cluster import ClusterSnapshot, Endpoint
from novatui.model.words import N_
from novatui.present.i18n import _
from novatui.present.numbers import NONE, age, grouped, latency, size
from novatui.present.rows import Role, Row, cells_of, fit, row

SLOT_MS = 15_000
MOST_CELLS = 24
# Between two samples further apart than this nothing is known of the pace: no line is drawn through it.
_APART_MS = 10_000
# A figure older than this is told with its age: twice and a half what its probe takes at most.
_ANSWER_MS, _METRICS_MS = 10_000, 45_000

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-:=+*#"  # for the Linux console, whose font has none of those blocks
_glyphs = BLOCKS


def use_glyphs(term: str) -> None:
    """Those that a terminal of this name (``TERM``) can show."""
    global _glyphs
    _glyphs = ASCII if term in ("linux", "dumb", "vt100", "vt220") else BLOCKS


def _bytes(value: float) -> str:
    return size(int(value))


def _pace(value: float) -> str:
    return _("{n}/s").format(n=f"{value:.1f}" if 0 < value < 9.95 else grouped(round(value)))


def _count(value: float) -> str:
    return grouped(int(value))


def _in_ten_minutes(value: float) -> str:
    """As the probe counts them."""
    return _("{n}/10m").format(n=grouped(int(value)))


class Figure(Enum):
    """Label, how it is written, and the values at which the next block begins: one scale for all masters, or none."""

    DB = (N_("db size"), _bytes, (), _ANSWER_MS)
    RATE = (N_("raft index"), _pace, (1, 4, 16, 64, 256, 1024, 4096), _ANSWER_MS)
    FSYNC = (N_("fsync p99"), latency, (2, 4, 8, 16, 32, 64, 128), _METRICS_MS)
    PENDING = (N_("prop. pending"), _count, (1, 2, 4, 8, 16, 32, 64), _METRICS_MS)
    LEADERS = (N_("leader changes"), _in_ten_minutes, (1, 2, 3, 4, 5, 6, 7), _METRICS_MS)

    def __init__(
        self, label: str, written: Callable[[float], str], steps: tuple[float, ...], fresh_ms: int
    ) -> None:
        self.label, self.written, self.steps, self.fresh_ms = label, written, steps, fresh_ms


@dataclass(frozen=True)
class Trend:
    """``cells``: a value a slot, the oldest first, the last one under way; None: not measured. ``now``: the newest, and
    when it was measured."""

    cells: tuple[float | None, ...] = ()
    now: float | None = None
    at_ms: int | None = None


@dataclass
class _Past:
    """Of one master: slot number -> what was measured in it."""

    answered_ms: int = 0
    metrics_ms: int = 0
    index: int | None = None
    newest: dict[Figure, tuple[float, int]] = field(default_factory=dict)
    slots: dict[Figure, dict[int, float]] = field(default_factory=lambda: {one: {} for one in Figure})
    pace: dict[int, tuple[int, int]] = field(default_factory=dict)  # slot -> entries, milliseconds


class Trends:
    """Grows with the snapshots; holds ten minutes at most, of one stretch of time."""

    def __init__(self) -> None:
        self._pasts: dict[str, _Past] = {}

    def add(self, snapshot: ClusterSnapshot) -> None:
        for node in snapshot.nodes:
            endpoint = node.endpoint
            at_ms = endpoint.answered_ms
            if not endpoint.answers or at_ms is None:
                continue
            past = self._pasts.setdefault(node.name, _Past())
            if (
                at_ms // SLOT_MS < past.answered_ms // SLOT_MS
            ):  # another time: nothing is drawn together with it
                past = self._pasts[node.name] = _Past()
            if at_ms > past.answered_ms:
                _take(past, endpoint, at_ms)

    def of(self, node: str, now_ms: int) -> Mapping[Figure, Trend]:
        """Empty while nothing was measured at all."""
        past = self._pasts.get(node)
        if past is None:
            return {}
        last = now_ms // SLOT_MS
        slots = range(last - MOST_CELLS + 1, last + 1)
        return {
            figure: Trend(tuple(map(past.slots[figure].get, slots)), *past.newest.get(figure, (None, None)))
            for figure in Figure
        }


def _take(past: _Past, endpoint: Endpoint, at_ms: int) -> None:
    if endpoint.db_size is not None:
        _put(past, Figure.DB, at_ms, endpoint.db_size, now=endpoint.db_size)
    _put_pace(past, endpoint.index, at_ms)
    past.answered_ms, past.index = at_ms, endpoint.index
    read_ms = endpoint.metrics_ms or at_ms  # recordings of before did not date them
    if read_ms > past.metrics_ms:
        past.metrics_ms = read_ms
        for figure, value in (
            (Figure.FSYNC, endpoint.fsync_p99_ms),
            (Figure.PENDING, endpoint.proposals_pending),
            (Figure.LEADERS, endpoint.leader_changes),
        ):
            if value is not None:
                worst = max(value, past.slots[figure].get(read_ms // SLOT_MS, value))
                _put(past, figure, read_ms, worst, now=value)


def _put(past: _Past, figure: Figure, at_ms: int, drawn: float, *, now: float) -> None:
    slots, number = past.slots[figure], at_ms // SLOT_MS
    slots[number] = drawn
    past.newest[figure] = now, at_ms
    for gone in [one for one in slots if one <= number - MOST_CELLS]:
        del slots[gone]


def _put_pace(past: _Past, index: int | None, at_ms: int) -> None:
    """Entries a second, of a slot; as the newest, of this slot and the one before, so that it does not jump."""
    if index is None or past.index is None or index < past.index or at_ms - past.answered_ms > _APART_MS:
        return
    number = at_ms // SLOT_MS
    entries, span_ms = past.pace.get(number, (0, 0))
    here = past.pace[number] = (entries + index - past.index, span_ms + at_ms - past.answered_ms)
    before = past.pace.get(number - 1, (0, 0))
    lately = (here[0] + before[0]) * 1000 / (here[1] + before[1])
    _put(past, Figure.RATE, at_ms, here[0] * 1000 / here[1], now=lately)
    for gone in [one for one in past.pace if one < number - 1]:
        del past.pace[gone]


def bars(cells: Sequence[float | None], steps: Sequence[float]) -> str:
    """One block a cell. Without a scale of its own the span of what is shown is the scale, a tenth of it at the least:
    what stays the same is a flat line."""
    measured = [value for value in cells if value is not None]
    if not steps and measured:
        low, span = min(measured), max(max(measured) - min(measured), max(measured) / 10, 1)
        steps = [low + span * (n - 0.5) / 7 for n in range(1, 8)]
    return "".join(" " if value is None else _glyphs[bisect_right(steps, value)] for value in cells)


def trend_row(figure: Figure, trend: Trend, now_ms: int, width: int, label_width: int = 0) -> Row:
    """Exactly ``width`` cells: label, the newest value, and at the right end its last minutes; the oldest give way."""
    label = fit(row((f"  {_(figure.label)}", Role.DIM)), max(label_width + 2, cells_of(_(figure.label)) + 2))
    value, role = NONE, Role.DIM
    if trend.now is not None:
        value, role = figure.written(trend.now), Role.NORMAL
        if trend.at_ms is None or now_ms - trend.at_ms > figure.fresh_ms:
            role = Role.DIM
            value = _("{value}, {age} ago").format(value=value, age=age(now_ms - (trend.at_ms or now_ms)))
    value = " " * (8 - cells_of(value)) + value
    used = sum(cells_of(text) for text, _role in label) + 1 + cells_of(value)
    room = min(len(trend.cells), width - used - 2)
    drawn = bars(trend.cells, figure.steps)[-room:] if room > 0 else ""
    gap = max(0, width - used - len(drawn))
    return fit((*label, (" ", role), (value, role), (" " * gap, role), (drawn, Role.DIM)), width)


def trend_rows(trends: Mapping[Figure, Trend], now_ms: int, width: int) -> list[Row]:
    """All of them, one under the other."""
    label_width = max(cells_of(_(figure.label)) for figure in Figure)
    return [trend_row(figure, trends.get(figure, Trend()), now_ms, width, label_width) for figure in Figure]


def slot_words() -> str:
    """How much time a block is."""
    return _("a block: {n} s").format(n=SLOT_MS // 1000)
