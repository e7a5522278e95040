"""The runner dies at every point there is, and is resumed: nothing is done twice. On real shells and the real fence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runner.bench import ALL_DONE, Bench, Killed


async def kill_points(bench: Bench) -> list[tuple[str, str, str]]:
    seen: list[tuple[str, str, str]] = []

    async def note(step: str, node: str, phase: str) -> None:
        seen.append((step, node, phase))

    assert (await bench.run(await bench.plan(), checkpoint=note)).result == "verified"
    return seen


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.invariant("INV-2", "INV-6")
async def test_killed_at_any_one_point_and_resumed_each_act_is_done_once(tmp_path: Path) -> None:
    """A follower and the leader; a third master meets nothing that these two do not."""
    points = await kill_points(Bench(tmp_path / "all", nodes=2))
    assert len(points) > 25
    for number, point in enumerate(points):
        bench = Bench(tmp_path / str(number), nodes=2)
        plan = await bench.plan()

        async def kill(step: str, node: str, phase: str, point: tuple[str, str, str] = point) -> None:
            if (step, node, phase) == point:
                raise Killed

        with pytest.raises(Killed):
            await bench.run(plan, checkpoint=kill)
        assert (await bench.run(plan, "resume")).result == "verified", point
        assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE}, point


@pytest.mark.timeout(600)
@pytest.mark.invariant("INV-2", "INV-6")
async def test_killed_at_every_next_point_until_done_each_act_is_done_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    plan = await bench.plan()
    hit: set[tuple[str, str, str]] = set()

    async def kill(step: str, node: str, phase: str) -> None:
        if (step, node, phase) not in hit:
            hit.add((step, node, phase))
            raise Killed

    do = "run"
    for _ in range(200):
        try:
            ending = await bench.run(plan, do, checkpoint=kill)
            break
        except Killed:
            do = "resume"
    assert ending.result == "verified"
    assert len(hit) > 20
    assert bench.ledgers() == {"m1": ALL_DONE, "m2": ALL_DONE, "m3": ALL_DONE}
