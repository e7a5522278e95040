"""Takes the pictures in ``screenshots/`` again, from the live demo: ``python -m tests.tui.shoot [PICTURE or WALK ..]``.

Nothing is made up: the runs are run. Needs etcd (the ``demo`` extra); PNGs also need ``rsvg-convert`` and the font Fira Code.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from novatui.config import load
from novatui.demo.client import Demo
from novatui.model.findings import Verdict
from novatui.present.rows import text_of
from novatui.tui.app import NovatuiApp
from novatui.tui.widgets.rows_view import RowsView

SCREENSHOTS = Path(__file__).resolve().parent.parent.parent / "screenshots"
WAIT_S = 60.0
WARM_UP_S = 12.0  # until the sparklines and journals have something to show


@dataclass(frozen=True)
class Picture:
    fault: str
    verdict: Verdict
    size: tuple[int, int] = (120, 40)
    keys: tuple[str, ...] = ()


PICTURES = {
    "healthy": Picture("", Verdict.HEALTHY),
    "member-down": Picture("member-down", Verdict.DEGRADED),
    "corrupt-member": Picture("corrupt-member", Verdict.DEGRADED, keys=("2",)),
    "hung-member": Picture("hung-member", Verdict.DEGRADED),
    "power-cut": Picture("power-cut", Verdict.NO_QUORUM),
    "quorum-lost": Picture("quorum-lost", Verdict.NO_QUORUM),
    "quorum-lost-80x24": Picture("quorum-lost", Verdict.NO_QUORUM, (80, 24), ("2",)),
    "quorum-lost-200x60": Picture("quorum-lost", Verdict.NO_QUORUM, (200, 60)),
}


@dataclass(frozen=True)
class Step:
    """Press ``keys``, wait until ``shows`` is on the screen, take ``picture`` where one is named."""

    keys: tuple[str, ...]
    shows: str
    picture: str = ""


@dataclass(frozen=True)
class Walk:
    fault: str
    recommend: str
    steps: tuple[Step, ...]


WALKS = {
    "restore": Walk(
        "quorum-lost",
        "restore-cluster",
        (
            Step(("w",), "Taken", "wizard-source"),
            Step(("n",), "n plan"),
            Step(("n",), "Prepare  ", "wizard-plan"),
            Step(("p",), "type every word first", "gate"),
            Step(("d", "e", "m", "o"), "right"),
            Step(("enter",), "press y"),
            Step(("y",), "etcd down", "run"),
            Step((), "done and verified", "result"),
        ),
    ),
    "recover": Walk(
        "corrupt-member",
        "recover-member",
        (
            Step(("w",), "Which master?", "recover-member"),
            Step(("n",), "n plan"),
            Step(("n",), "Prepare  ", "recover-member-plan"),
        ),
    ),
    "menu": Walk("hung-member", "restart-member", (Step(("w",), "Enter opens it", "recover-menu"),)),
}


def portable(svg: str) -> str:
    """Without the addresses of web fonts, and with blanks kept by renderers that would fold them."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    return svg.replace("<text ", '<text xml:space="preserve" ').replace("\u2009", "&#160;")


def save(path: Path, svg: str, columns: int) -> None:
    """A PNG where rsvg-convert is installed, else the SVG."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(svg, encoding="utf-8")
    if shutil.which("rsvg-convert"):
        width = str(min(1800, 10 * columns))
        argv = ["rsvg-convert", "-w", width, "-o", str(path.with_suffix(".png")), str(path)]
        subprocess.run(argv, check=True, timeout=60)
        path.unlink()


async def shoot(name: str, picture: Picture, folder: Path) -> str:
    """One picture; returns what the screen's first two lines said."""
    async with await Demo.start(picture.fault or None) as demo:
        app = NovatuiApp(load(demo.config_path).pick("demo"))
        async with app.run_test(size=picture.size) as pilot:
            end = time.monotonic() + WAIT_S
            while app.view.diagnosis.verdict is not picture.verdict or not any(app.journals.tails.values()):
                if time.monotonic() > end:
                    raise TimeoutError(f"{name}: {app.view.diagnosis.verdict}, not {picture.verdict}")
                await pilot.pause(0.2)
            await pilot.pause(WARM_UP_S)
            await pilot.press(*picture.keys)
            await pilot.pause(0.3)
            svg = portable(app.export_screenshot(title=f"novatui demo {picture.fault}".strip()))
            said = app.view.diagnosis
    await asyncio.to_thread(save, folder / f"{name}.svg", svg, picture.size[0])
    return f"{name}: {said.verdict} {said.quorum.healthy}/{said.quorum.total} {said.recommend}"


async def walk(name: str, what: Walk, folder: Path) -> str:
    """A recovery by keys, with a picture at each place that has one; returns their names."""
    taken = []
    async with await Demo.start(what.fault) as demo:
        app = NovatuiApp(load(demo.config_path).pick("demo"))
        async with app.run_test(size=(120, 40)) as pilot:
            await _until(pilot, lambda: app.view.diagnosis.recommend == what.recommend, name)
            await pilot.pause(WARM_UP_S)
            for step in what.steps:
                await pilot.press(*step.keys)
                await _until(pilot, lambda wanted=step.shows: wanted in _text(app), f"{name}: {step.shows}")  # type: ignore[misc]
                await pilot.pause(0.6)  # a modal is deaf at first
                if step.picture:
                    svg = portable(app.export_screenshot(title=f"novatui demo {what.fault}"))
                    await asyncio.to_thread(save, folder / f"{step.picture}.svg", svg, 120)
                    taken.append(step.picture)
    return f"{name}: {', '.join(taken)}"


def _text(app: NovatuiApp) -> str:
    return "\n".join(text_of(line) for view in app.screen.query(RowsView) for line in view.shown)


async def _until(pilot: Pilot[None], what: Callable[[], bool], words: str) -> None:
    end = time.monotonic() + WAIT_S
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(words)
        await pilot.pause(0.1)


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="nvs-") as home:  # the runs' journals
        os.environ |= {"HOME": home, "XDG_STATE_HOME": f"{home}/state", "XDG_RUNTIME_DIR": home}
        for name in names or [*PICTURES, *WALKS]:
            if name in WALKS:
                print(asyncio.run(walk(name, WALKS[name], SCREENSHOTS)), flush=True)
            else:
                print(asyncio.run(shoot(name, PICTURES[name], SCREENSHOTS)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
