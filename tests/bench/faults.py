"""From a fault to its verdict on the screen: a process killed, a master's power cut, a link that goes quiet."""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time

from novatui.demo.client import Demo
from tests.bench.pty_screen import PtyScreen

SIZE = (120, 40)
KILLS = 20
VICTIM = "nova-master-2"


def main() -> None:
    with (
        Demo.launch() as demo,
        PtyScreen([sys.executable, "-m", "novatui", "-c", str(demo.config_path)], SIZE) as screen,
    ):
        if screen.until("HEALTHY", 0, 60) is None:
            print("faults: the screen did not come up", flush=True)
            return
        _killed(demo, screen)
        _lost(demo, screen, ("power off", "power-off", "power-on"), ("✖ lost",))
        _lost(demo, screen, ("link cut", "cut", "uncut"), ("▲ stale", "✖ lost"))


def _killed(demo: Demo, screen: PtyScreen) -> None:
    took: list[float] = []
    for _ in range(KILLS):
        pid = demo.tell("state")["nodes"][VICTIM]["pid"]
        place, began = screen.mark(), time.monotonic()
        os.kill(pid, signal.SIGKILL)
        came = screen.until("DEGRADED", place, 10)
        if came is not None:
            took.append((came - began) * 1000)
        if screen.until("HEALTHY", place, 60) is None:
            print("faults: it did not come back", flush=True)
            return
        time.sleep(2)
    took.sort()
    print(
        f"faults: etcd killed, {len(took)} of {KILLS} seen: verdict after p50 {statistics.median(took):.0f} ms, "
        f"p95 {took[int(len(took) * 0.95)]:.0f} ms, worst {took[-1]:.0f} ms (promised: p95 500 ms)",
        flush=True,
    )


def _lost(demo: Demo, screen: PtyScreen, fault: tuple[str, str, str], words: tuple[str, ...]) -> None:
    """``fault``: what it is called, the demo's verb for it and the one that ends it. A master that is off refuses at once;
    one whose link is cut says nothing."""
    what, off, on = fault
    place, began = screen.mark(), time.monotonic()
    demo.tell(off, VICTIM)
    came = screen.all_of(words, place, 30)
    shown = ", ".join(
        f"{word} after {came[word] - began:.1f} s" if word in came else f"{word} not seen" for word in words
    )
    place = screen.mark()
    demo.tell(on, VICTIM)
    back = screen.until("HEALTHY", place, 60)
    print(
        f"faults: {what}: {shown}; back {'' if back else 'not '}seen (promised: stale after 3 s, given up within 10 s)",
        flush=True,
    )
