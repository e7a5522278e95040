"""What a healthy cluster on the screen costs when nothing happens: the whole, and its parts alone."""

from __future__ import annotations

import asyncio
import sys
import time

from novatui.config import load
from novatui.demo.client import Demo
from tests.bench.pty_screen import PtyScreen

WARM_UP_S = 12.0
MEASURE_S = 30.0
SIZES = ((120, 40), (200, 60))


def main() -> None:
    with Demo.launch() as demo:
        whole = [sys.executable, "-m", "novatui", "-c", str(demo.config_path)]
        for size in SIZES:
            _print("live, three masters", size, whole)
        print(f"idle: collector and SSH alone: {asyncio.run(_collector(demo)):.2f} % of a core", flush=True)
    for size in SIZES:
        _print("screen alone, a snapshot a second", size, [sys.executable, "-m", "tests.bench.fed_screen"])


def _print(what: str, size: tuple[int, int], argv: list[str]) -> None:
    with PtyScreen(argv, size) as screen:
        time.sleep(WARM_UP_S)
        before, bytes_before, began = screen.cpu_s(), screen.written, time.monotonic()
        time.sleep(MEASURE_S)
        took = time.monotonic() - began
        share = 100 * (screen.cpu_s() - before) / took
        rate = (screen.written - bytes_before) / took
    print(
        f"idle: {what}, {size[0]}x{size[1]}: {share:.2f} % of a core, {rate:.0f} bytes/s to the terminal"
        " (promised: 1.5 %)",
        flush=True,
    )


async def _collector(demo: Demo) -> float:
    from novatui.probes.collector import Collector
    from novatui.remote.ssh import SshTransport

    transport = SshTransport(load(demo.config_path).pick("demo"))
    collector = Collector(load(demo.config_path).pick("demo"), transport)
    task = asyncio.create_task(collector.run(lambda _snapshot: None, lambda _node, _entries: None))
    try:
        await asyncio.sleep(WARM_UP_S)
        before, began = time.process_time(), time.monotonic()
        await asyncio.sleep(MEASURE_S)
        return 100 * (time.process_time() - before) / (time.monotonic() - began)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await transport.close()
