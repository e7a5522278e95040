"""A picture of a terminal as text: its characters, and below them in runs which colours they have.

Said once a cell and in the theme's own words, so that a reviewer reads a change in the difference of two files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from novatui.tui.theme import DARK

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((80, 24), (120, 40), (200, 60))
LANGS = ("en", "ru")

_NAMED = {
    "background": DARK.background,
    "surface": DARK.surface,
    "panel": DARK.panel,
    "foreground": DARK.foreground,
    "accent": DARK.accent,
    "success": DARK.success,
    "warning": DARK.warning,
    "error": DARK.error,
    **DARK.variables,
}
HEX = {name: colour for name, colour in _NAMED.items() if colour}
_NAME = {colour.lower(): name for name, colour in HEX.items()}


@dataclass(frozen=True)
class Frame:
    """One terminal. ``styles``: a row's runs as (cells, what they look like): ``dim``, ``bright! panel``, ``#3a4150``."""

    size: Size
    lines: tuple[str, ...]
    styles: tuple[tuple[tuple[int, str], ...], ...]


@dataclass(frozen=True)
class Picture:
    """One screen. ``shows``: its class and, where it has one, its page."""

    shows: str
    frames: tuple[Frame, ...]


def frame_of(rows: Iterable[Iterable[Segment]], size: Size) -> Frame:
    lines, styles = [], []
    for segments in rows:
        text, runs = "", list[tuple[int, str]]()
        for segment in segments:
            text += segment.text
            look, cells = _look(segment), segment.cell_length
            if runs and runs[-1][1] == look:
                cells += runs.pop()[0]
            runs.append((cells, look))
        lines.append(text.rstrip())
        styles.append(tuple(runs))
    return Frame(size, tuple(lines), tuple(styles))


def _look(segment: Segment) -> str:
    """Blank cells have a ground alone."""
    style = segment.style or Style.null()
    blank = not segment.text.strip() and not style.underline and not style.reverse
    marks = "".join(
        mark
        for mark, on in (("!", style.bold), ("_", style.underline), ("~", style.reverse), ("/", style.italic))
        if on and not blank
    )
    front = "" if blank else _colour(style.color, "foreground")
    ground = _colour(style.bgcolor, "background")
    return f"{front}{marks} {ground}".rstrip() if ground else f"{front}{marks}"


def _colour(colour: Color | None, usual: str) -> str:
    if colour is None or colour.triplet is None:
        return ""
    found = _NAME.get(colour.triplet.hex.lower(), colour.triplet.hex.lower())
    return "" if found == usual else found


def text_of(picture: Picture) -> str:
    parts = [f"shows {picture.shows}"]
    for frame in picture.frames:
        width, height = frame.size
        parts += [f"== {width}x{height}", *frame.lines, "--"]
        parts += [
            f"{y} " + ", ".join(f"{cells} {look}".rstrip() for cells, look in runs)
            for y, runs in enumerate(frame.styles)
            if any(look for _cells, look in runs)
        ]
    return "\n".join(parts) + "\n"


def read(text: str) -> Picture:
    """What ``text_of`` wrote."""
    lines = text.splitlines()
    frames, at = [], 1
    while at < len(lines):
        width, height = map(int, lines[at].removeprefix("== ").split("x"))
        shown = tuple(lines[at + 1 : at + 1 + height])
        at += height + 2
        styles: list[tuple[tuple[int, str], ...]] = [((width, ""),)] * height
        while at < len(lines) and not lines[at].startswith("== "):
            number, _blank, runs = lines[at].partition(" ")
            styles[int(number)] = tuple(_run(run) for run in runs.split(", "))
            at += 1
        frames.append(Frame((width, height), shown, tuple(styles)))
    return Picture(lines[0].removeprefix("shows "), tuple(frames))


def _run(run: str) -> tuple[int, str]:
    cells, _blank, look = run.partition(" ")
    return int(cells), look


def changes(before: str, after: str) -> Sequence[str]:
    """A difference a person can read in a terminal."""
    import difflib

    return list(
        difflib.unified_diff(before.splitlines(), after.splitlines(), "kept", "now", n=1, lineterm="")
    )
