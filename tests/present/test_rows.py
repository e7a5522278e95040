"""Rows never exceed their width, never cut unseen, and know that some characters take two cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from novatui.present.rows import (
    Role,
    clip,
    first_that_fits,
    fit,
    joined,
    row,
    spread,
    text_of,
    width_of,
    wrap,
)

TEXTS = st.text(alphabet="abc é日本-… ", max_size=40)


@given(st.lists(TEXTS, max_size=4), st.integers(0, 50))
def test_clip_keeps_the_width(texts: list[str], width: int) -> None:
    line = row(*texts)
    short = clip(line, width)
    assert width_of(short) <= width
    if width_of(line) > width >= 1:
        assert text_of(short).endswith("…")
    elif width_of(line) <= width:
        assert short == line


@given(st.lists(TEXTS, max_size=4), st.integers(1, 50))
def test_fit_is_exact(texts: list[str], width: int) -> None:
    assert width_of(fit(row(*texts), width)) == width


@given(TEXTS, TEXTS, st.integers(1, 60))
def test_spread_is_exact(left: str, right: str, width: int) -> None:
    assert width_of(spread(row(left), row(right), width)) == width


def test_spread_keeps_the_right_end() -> None:
    assert text_of(spread(row("a long left side"), row("42 s"), 12)) == "a long… 42 s"


@given(st.text(alphabet="ab 日本語-", max_size=120), st.integers(2, 30), st.integers(0, 4))
def test_wrap_keeps_every_word_in_its_width(text: str, width: int, limit: int) -> None:
    lines = wrap(text, width, limit)
    assert lines and all(cell_len(line) <= width for line in lines)
    if limit:
        assert len(lines) <= limit
    else:
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wrap_breaks_at_blanks_and_says_when_it_stops() -> None:
    assert wrap("failed to open database", 15) == ("failed to open", "database")
    assert wrap("failed to open database again", 15, 2) == ("failed to open", "database again")
    assert wrap("failed to open database again and again", 15, 2)[-1].endswith("…")


def test_first_that_fits_takes_the_fullest() -> None:
    candidates = [row("quorum 2/3 holds"), row("quorum 2/3"), row("2/3")]
    assert first_that_fits(candidates, 12) == row("quorum 2/3")
    assert text_of(first_that_fits(candidates, 2)) == "2…"


def test_joined_leaves_empty_parts_out() -> None:
    assert text_of(joined([row("a"), (), row(("b", Role.BAD))])) == "a  b"


@pytest.mark.parametrize("width", [0, -3])
def test_no_room_is_no_text(width: int) -> None:
    assert clip(row("x"), width) == ()
