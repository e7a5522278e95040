"""Trends: what was measured in its slot, a gap where nothing was, a figure that is old said to be old."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from novatui.model.cluster import ClusterSnapshot
from novatui.present.rows import Role, text_of, width_of
from novatui.present.trend import (
    ASCII,
    BLOCKS,
    MOST_CELLS,
    SLOT_MS,
    Figure,
    Trend,
    Trends,
    bars,
    trend_row,
    trend_rows,
    use_glyphs,
)
from tests.tui import screen_cases as cases

T0 = cases.NOW // SLOT_MS * SLOT_MS  # a slot begins


@pytest.fixture(autouse=True)
def _blocks() -> Iterator[None]:
    use_glyphs("xterm-256color")
    yield
    use_glyphs("xterm-256color")


def seen(at_ms: int, *, metrics_ms: int | None = None, **figures: float | None) -> ClusterSnapshot:
    """One master that answers, at this moment."""
    node = cases.node(1)
    endpoint = msgspec.structs.replace(
        node.endpoint, answered_ms=at_ms, metrics_ms=metrics_ms or at_ms, **figures
    )
    return cases.cluster(msgspec.structs.replace(node, endpoint=endpoint))


def of(trends: Trends, figure: Figure, now_ms: int, cells: int = 4) -> list[float | None]:
    return list(trends.of("nova-master-1", now_ms)[figure].cells[-cells:])


def test_the_worst_of_a_slot_is_drawn_and_the_newest_is_told() -> None:
    trends = Trends()
    for at, fsync in ((0, 4.0), (5_000, 90.0), (10_000, 3.0), (15_000, 2.0)):
        trends.add(seen(T0 + at, fsync_p99_ms=fsync))
    assert of(trends, Figure.FSYNC, T0 + 16_000) == [None, None, 90.0, 2.0]
    trend = trends.of("nova-master-1", T0 + 16_000)[Figure.FSYNC]
    assert (trend.now, trend.at_ms, len(trend.cells)) == (2.0, T0 + 15_000, MOST_CELLS)


def test_what_was_not_measured_is_a_gap_and_no_line_goes_through_it() -> None:
    trends = Trends()
    for at, index in ((0, 100), (1_000, 130), (61_000, 90_000), (62_000, 90_010)):
        trends.add(seen(T0 + at, index=index))
    assert of(trends, Figure.RATE, T0 + 62_000, 5) == [30.0, None, None, None, 10.0]
    silent = msgspec.structs.replace(
        cases.dead(1),
        endpoint=msgspec.structs.replace(
            cases.dead(1).endpoint, answered_ms=T0 + 70_000, db_size=1, metrics_ms=T0 + 70_000
        ),
    )
    trends.add(cases.cluster(silent))
    assert of(trends, Figure.DB, T0 + 120_000, 5) == [151_000_000, None, None, None, None]


def test_metrics_are_of_when_they_were_read_not_of_each_answer() -> None:
    trends = Trends()
    for at in range(0, 60_000, 1_000):
        trends.add(seen(T0 + at, metrics_ms=T0, proposals_pending=3))
    assert of(trends, Figure.PENDING, T0 + 59_000) == [3, None, None, None]
    assert of(trends, Figure.DB, T0 + 59_000) == [151_000_000] * 4


def test_an_index_that_falls_has_no_pace() -> None:
    """The cluster was restored from a snapshot."""
    trends = Trends()
    for at, index in ((0, 5_000), (1_000, 5_060), (2_000, 10), (3_000, 20)):
        trends.add(seen(T0 + at, index=index))
    assert of(trends, Figure.RATE, T0 + 3_000, 1) == [35.0]


def test_times_are_not_mixed() -> None:
    """The clock was set back, or a recording is elsewhere: what was before is no past of this."""
    trends = Trends()
    for at in range(0, 300_000, 5_000):
        trends.add(seen(T0 + at, fsync_p99_ms=100.0))
    trends.add(seen(T0 - 600_000, fsync_p99_ms=1.0))
    assert of(trends, Figure.FSYNC, T0 - 600_000, MOST_CELLS) == [None] * (MOST_CELLS - 1) + [1.0]
    assert of(trends, Figure.RATE, T0 - 600_000, 1) == [None]


def test_ten_minutes_are_kept_no_more() -> None:
    trends = Trends()
    for at in range(0, 7_200_000, 15_000):
        trends.add(seen(T0 + at))
    past = trends._pasts["nova-master-1"]
    assert all(len(slots) <= MOST_CELLS for slots in past.slots.values()) and len(past.pace) <= 2


@pytest.mark.parametrize(
    ("figure", "values", "drawn"),
    [
        (Figure.FSYNC, [0.5, 1.9, 2, 4, None, 64, 10_000], "▁▁▂▃ ▇█"),
        (Figure.RATE, [0, 0.9, 1, 30, None, 5_000], "▁▁▂▄ █"),
        (Figure.PENDING, [0, 1, 2, 100], "▁▂▃█"),
        (Figure.LEADERS, [0, 1, 7, 30], "▁▂██"),
        (Figure.DB, [150e6, 150e6, 152e6, None, 150e6], "▁▁▂ ▁"),
        (Figure.DB, [100e6, 150e6, 200e6], "▁▅█"),
        (Figure.DB, [None, None], "  "),
        (Figure.DB, [0, 0], "▁▁"),
    ],
)
def test_blocks(figure: Figure, values: list[float | None], drawn: str) -> None:
    assert bars(values, figure.steps) == drawn


@pytest.mark.parametrize("term", ["linux", "dumb"])
def test_a_terminal_without_blocks_has_characters(term: str) -> None:
    use_glyphs(term)
    assert bars([0, 1, None, 100], Figure.PENDING.steps) == "_. #"
    assert len(ASCII) == len(BLOCKS) == 8 and ASCII.isascii()


@pytest.mark.parametrize("width", [12, 20, 36, 46, 100])
def test_rows_are_as_wide_as_they_are_told_and_end_now(width: int) -> None:
    trend = Trend((None,) * 20 + (1, 2, 3, 4), 4, T0)
    rows = [
        trend_row(figure, one, T0 + later, width)
        for figure in Figure
        for later in (0, 3_600_000)
        for one in (trend, Trend())
    ]
    assert {width_of(line) for line in rows} == {width}
    if width >= 36:
        assert text_of(trend_row(Figure.PENDING, trend, T0, width)).endswith("▂▃▃▄")


def test_a_value_that_is_old_says_how_old_and_is_dim() -> None:
    trend = Trend((1.0, None, None, None), 4.0, T0)
    fresh, old = (trend_row(Figure.FSYNC, trend, T0 + later, 46) for later in (20_000, 120_000))
    assert ("    4 ms", Role.NORMAL) in fresh and " ago" not in text_of(fresh)
    assert "4 ms, 2m 00s ago" in text_of(old) and {role for _, role in old} <= {Role.DIM, Role.NORMAL}
    assert all(role is Role.DIM or not text.strip() for text, role in old)
    assert text_of(trend_row(Figure.FSYNC, Trend(), T0, 46)).split() == ["fsync", "p99", "–"]


def test_values_stand_under_each_other() -> None:
    trends = Trends()
    for at in range(0, 30_000, 1_000):
        trends.add(
            seen(T0 + at, index=1_000 + at // 50, leader_changes=2, proposals_pending=0, fsync_p99_ms=4.0)
        )
    rows = [text_of(line) for line in trend_rows(trends.of("nova-master-1", T0 + 30_000), T0 + 30_000, 46)]
    assert [line[:26].split("  ")[-1].strip() for line in rows] == [
        "151 MB",
        "20/s",
        "4 ms",
        "0",
        "2/10m",
    ]
    assert {len(line[:25].rstrip()) for line in rows} == {25}
