from __future__ import annotations

import pytest

from novatui.present import numbers

NOW = 1_718_368_675_042  # 2024-06-14 12:37:55.042 UTC


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0"), (999, "999"), (376222, "376\u2009222"), (1234567, "1\u2009234\u2009567")],
)
def test_grouped(value: int | None, text: str) -> None:
    assert numbers.grouped(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0 B"),
        (999, "999 B"),
        (20_480, "20 kB"),
        (999_600, "1.0 MB"),
        (151_000_000, "151 MB"),
        (1_640_000_000, "1.6 GB"),
        (9_960_000_000, "10 GB"),
    ],
)
def test_size(value: int | None, text: str) -> None:
    assert numbers.size(value) == text
    assert len(numbers.size(value)) <= 6


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "–"),
        (-4_000, "0 s"),
        (42_900, "42 s"),
        (303_000, "5m 03s"),
        (3 * 3_600_000 + 240_000, "3h 04m"),
        (76 * 3_600_000, "3d 4h"),
    ],
)
def test_age(milliseconds: int | None, text: str) -> None:
    assert numbers.age(milliseconds) == text


def test_latency_is_never_nought() -> None:
    assert [numbers.latency(v) for v in (None, 0.0, 0.4, 2.2, 950.0, 12_000.0)] == [
        "–",
        "<1 ms",
        "<1 ms",
        "2 ms",
        "950 ms",
        "12 s",
    ]


def test_percent_rounds_down() -> None:
    assert numbers.percent(999, 1000) == "99 %"
    assert numbers.percent(1, 0) == "–"


def test_clock_and_date() -> None:
    assert numbers.clock(NOW) == "12:37:55"
    assert numbers.clock(NOW, millis=True) == "12:37:55.042"
    assert numbers.clock(None) == "–"
    assert numbers.dated(NOW - 60_000, NOW) == "12:36:55"
    assert numbers.dated(NOW - 86_400_000, NOW) == "2024-06-13 12:37:55"
