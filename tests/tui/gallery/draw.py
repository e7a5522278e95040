"""Kept pictures as PNG, several on a sheet: a row a picture, its languages side by side. Needs ``rsvg-convert``."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from tests.tui.gallery import WALKS, file_of
from tests.tui.gallery.picture import HEX, LANGS, Frame, Size, read

CELL_W, CELL_H, GAP = 8.4, 17, 12
ROWS_A_SHEET = {80: 3, 120: 1, 200: 1}
_FONT = "font-family='DejaVu Sans Mono' font-size='13.95'"  # advances by 8.4


def draw(folder: Path, names: list[str]) -> None:
    """One PNG for each few pictures of a size; prints which are where."""
    folder.mkdir(parents=True, exist_ok=True)
    all_names = names or [picture for walk in WALKS.values() for picture in walk.pictures]
    by_size: dict[Size, list[str]] = {}
    for name in all_names:
        for frame in read(file_of(name, LANGS[0]).read_text(encoding="utf-8")).frames:
            by_size.setdefault(frame.size, []).append(name)
    for size, of_it in by_size.items():
        step = ROWS_A_SHEET.get(size[0], 3)
        for at in range(0, len(of_it), step):
            some = of_it[at : at + step]
            path = folder / f"{size[0]}-{some[0]}.png"
            _sheet(path, [[_frame(name, lang, size) for lang in LANGS] for name in some])
            print(path.name, *some)


def _frame(name: str, lang: str, size: Size) -> Frame | None:
    file = file_of(name, lang)
    frames = read(file.read_text(encoding="utf-8")).frames if file.exists() else ()
    return next((frame for frame in frames if frame.size == size), None)


def _sheet(path: Path, rows: list[list[Frame | None]]) -> None:
    size = next(frame.size for row in rows for frame in row if frame is not None)
    width, height = size[0] * CELL_W + GAP, size[1] * CELL_H + GAP
    parts = [
        f"<g transform='translate({x * width},{y * height})'>{_svg(frame)}</g>"
        for y, row in enumerate(rows)
        for x, frame in enumerate(row)
        if frame is not None
    ]
    whole = (width * max(map(len, rows)), height * len(rows))
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{whole[0]}' height='{whole[1]}'>"
        f"<rect width='100%' height='100%' fill='#555'/>{''.join(parts)}</svg>"
    )
    subprocess.run(["rsvg-convert", "-o", str(path)], input=svg.encode(), check=True, timeout=60)


def _svg(frame: Frame) -> str:
    width, height = frame.size
    parts = [f"<rect width='{width * CELL_W}' height='{height * CELL_H}' fill='{HEX['background']}'/>"]
    for y, runs in enumerate(frame.styles):
        x, text = 0, frame.lines[y].ljust(width)
        for cells, look in runs:
            parts.append(_run(text[x : x + cells], x, y, cells, look))
            x += cells
    return "".join(parts)


def _run(text: str, x: int, y: int, cells: int, look: str) -> str:
    front, _blank, ground = look.partition(" ")
    name = front.rstrip("!_~/")
    colour = HEX.get(name, name) or HEX["foreground"]
    box = HEX.get(ground, ground)
    drawn = ""
    if box:
        drawn = f"<rect x='{x * CELL_W}' y='{y * CELL_H}' width='{cells * CELL_W}' height='{CELL_H}' fill='{box}'/>"
    if text.strip():
        at = [str(round((x + n) * CELL_W, 1)) for n in range(len(text))]
        bold = " font-weight='bold'" if "!" in front else ""
        drawn += (
            f"<text xml:space='preserve' x='{' '.join(at)}' y='{y * CELL_H + 13}' fill='{colour}' {_FONT}{bold}>"
            f"{escape(text)}</text>"
        )
    return drawn
