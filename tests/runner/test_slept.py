"""The operator's machine slept between the gate's answer and the first change: the masters are looked at anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from novatui.runner.clock import SystemClock
from tests.runner.bench import QUICK, Bench


@dataclass
class Clocks(SystemClock):
    """Both clocks of a machine, set by hand."""

    wall_s: float = 0.0
    mono_s: float = 0.0

    def now_ms(self) -> int:
        return round(self.wall_s * 1000)

    def mono_ns(self) -> int:
        return round(self.mono_s * 1e9)


@pytest.mark.parametrize(
    ("wall_s", "mono_s", "stale"), [(5, 5, False), (3600, 1, True), (-3600, 31, True), (-3600, 5, False)]
)
async def test_either_clock_tells(tmp_path: Path, wall_s: float, mono_s: float, stale: bool) -> None:
    """The monotonic one stands still in a sleep; the other may be set back."""
    bench = Bench(tmp_path)
    work = bench.engine(await bench.plan()).work
    work.clock = clock = Clocks(10_000, 100)
    assert work.is_stale(), "nothing was looked at yet"
    work.has_looked()
    clock.wall_s += wall_s
    clock.mono_s += mono_s
    assert work.is_stale() is stale


@pytest.mark.invariant("INV-12")
@pytest.mark.parametrize("slept", [True, False])
async def test_what_changed_in_a_sleep_is_seen_before_the_first_change(tmp_path: Path, slept: bool) -> None:
    bench = Bench(tmp_path, pace=replace(QUICK, looked_s=-1.0 if slept else 3600.0))
    plan = await bench.plan()

    async def change(step: str, node: str, phase: str) -> None:
        if phase == "gate-answered":
            bench.put("m3", "fact", "changed")

    ending = await bench.run(plan, checkpoint=change)
    if slept:
        assert "Changed since you looked" in ending.detail and ending.exit_code == 1
        assert all("stop" not in done for done in bench.ledgers().values())
    else:
        assert ending.result == "verified"
