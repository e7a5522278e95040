"""From a key to its paint while three journals pour in: the real screen on a real terminal, fed as fast as the masters could."""

from __future__ import annotations

import statistics
import sys
import time

from tests.bench.pty_screen import PtyScreen

SIZE = (200, 60)
RATES = (0, 300, 7_000)  # lines a second and master
PRESSES = 60
LIMIT_S = 5.0


def main() -> None:
    for rate in RATES:
        argv = [sys.executable, "-m", "tests.bench.fed_screen", str(rate)]
        with PtyScreen(argv, SIZE) as screen:
            if screen.until("following", 0, 30) is None:
                print("keys: the screen did not come up", flush=True)
                return
            time.sleep(3)
            before, began = screen.cpu_s(), time.monotonic()
            took = [one for number in range(PRESSES) if (one := press(screen, number)) is not None]
            share = 100 * (screen.cpu_s() - before) / (time.monotonic() - began)
            held = screen.resident_mb()
        lost = PRESSES - len(took)
        took.sort()
        print(
            f"keys: 3 x {rate} lines/s, {SIZE[0]}x{SIZE[1]}: to paint p50 {statistics.median(took):.0f} ms, "
            f"p95 {took[int(len(took) * 0.95)]:.0f} ms, worst {took[-1]:.0f} ms, not painted {lost} of {PRESSES}; "
            f"{share:.0f} % of a core, {held:.0f} MB (promised: p95 50 ms)",
            flush=True,
        )


def press(screen: PtyScreen, number: int) -> float | None:
    """The key of a master that is not there: the last line says so. Milliseconds, None: it did not come."""
    key = "4567"[number % 4]
    place, began = screen.mark(), time.monotonic()
    screen.keys(key)
    came = screen.until(f"no master {key}", place, LIMIT_S)
    time.sleep(0.05 + number % 7 * 0.01)
    return None if came is None else (came - began) * 1000
