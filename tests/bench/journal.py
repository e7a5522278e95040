"""Three masters' journals at 7,000 lines a second each: from a key to its paint, no line lost; memory after 3,000,000."""

from __future__ import annotations

import json
import os
import shlex
import statistics
import sys
import tempfile
import time
from pathlib import Path

from novatui.demo.client import Demo
from tests.bench import keys, pouring
from tests.bench.pty_screen import PtyScreen

SIZE = (200, 60)
RATE = 7_000  # lines a second and master
POUR_S = 40
PRESSES = 100
MEMORY_LINES = 3_000_000
HELD_LIMIT_S = 900.0
IDLE_S = 20.0


def main() -> None:
    _poured()
    _held()


def load_now() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _poured() -> None:
    """The whole way: a generator in place of the demo's journalctl, sshd, SSH, the collector's parser, the panes."""
    count = RATE * POUR_S
    with Demo.launch() as demo, tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-S", "-E", str(Path(pouring.__file__)), str(RATE), str(count)]
        nodes = list(demo.info["nodes"])
        for node in nodes:
            script = demo.root(node) / "bin" / "journalctl"
            script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        file, before = Path(folder) / "counts.json", load_now()
        argv = [sys.executable, "-m", "tests.bench.counting", str(demo.config_path), str(file)]
        with PtyScreen(argv, SIZE) as screen:
            if screen.until("took too long", 0, 60) is None:
                print("journal: no line came", flush=True)
                return
            time.sleep(3)
            cpu, began = screen.cpu_s(), time.monotonic()
            took = [one for n in range(PRESSES) if (one := keys.press(screen, n)) is not None]
            seconds = time.monotonic() - began
            share, after = 100 * (screen.cpu_s() - cpu) / seconds, load_now()
            screen.until(f"number {count}", screen.mark(), POUR_S * 3)
            time.sleep(1)
            screen.keys("q")
            given = _counts(file)
    took.sort()
    print(
        f"journal: {len(nodes)} x {RATE} lines/s over SSH, {SIZE[0]}x{SIZE[1]}: key to paint p50 {statistics.median(took):.0f} ms, "
        f"p95 {took[int(len(took) * 0.95)]:.0f} ms, worst {took[-1]:.0f} ms, not painted {PRESSES - len(took)} of {PRESSES}; "
        f"{share:.0f} % of a core; {before} before, {after} after (promised: p95 50 ms)",
        flush=True,
    )
    lost = {node: count + 1 - given.get(node, 0) for node in nodes}
    print(
        f"journal: {sum(given.values())} lines came of {len(nodes) * (count + 1)} written; lost or doubled by master: "
        f"{', '.join(map(str, lost.values()))} (promised: none)",
        flush=True,
    )


def _counts(file: Path) -> dict[str, int]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if file.exists() and (said := file.read_text()):
            found: dict[str, int] = json.loads(said)
            return found
        time.sleep(0.1)
    return {}


def _held() -> None:
    """The screen alone, fed as fast as it reads: what it holds then, and what it costs when nothing comes any more."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "came"
        file.write_text("0")
        argv = [sys.executable, "-m", "tests.bench.fed_screen", "1000000", str(MEMORY_LINES), str(file)]
        with PtyScreen(argv, SIZE) as screen:
            _measure_held(screen, file)


def _measure_held(screen: PtyScreen, file: Path) -> None:
    held: dict[int, float] = {}
    began = time.monotonic()
    while MEMORY_LINES not in held:
        if time.monotonic() - began > HELD_LIMIT_S:
            print(f"journal: {MEMORY_LINES} lines did not come", flush=True)
            return
        held.setdefault(int(file.read_text() or 0), screen.resident_mb())
        time.sleep(0.1)
    took = time.monotonic() - began
    time.sleep(5)
    cpu, since = screen.cpu_s(), time.monotonic()
    time.sleep(IDLE_S)
    share = 100 * (screen.cpu_s() - cpu) / (time.monotonic() - since)
    last = screen.resident_mb()
    said = ", ".join(f"{lines:,} {mb:.0f} MB" for lines, mb in held.items() if lines)
    print(
        f"journal: held after lines: {said}, at the end {last:.0f} MB (promised: flat, 150 MB); "
        f"{MEMORY_LINES / took:,.0f} lines/s; then idle {share:.2f} % of a core (promised: 1.5 %); {load_now()}",
        flush=True,
    )
