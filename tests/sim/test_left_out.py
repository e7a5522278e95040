"""A master that was left out comes back with its old data, at any moment: it stays out. With the old ways it would not."""

from __future__ import annotations

import pytest

from novatui.runbooks.parts import left_out
from novatui.runbooks.restore_cluster import token
from tests.sim.faults import Fault, Point, Schedule
from tests.sim.play import Play, catalogue, draw_plan
from tests.sim.scenario import SCENARIOS
from tests.sim.test_schedules import holds

pytestmark = pytest.mark.invariant("INV-16")


@pytest.mark.parametrize("back", ["resume", "undo-verified"])
def test_it_comes_back_at_every_step_after_the_gate(back: str) -> None:
    """A power-off of half a second is a power-on: it was off before."""
    names = ("hold", "stop", "token", "swap", "start", "release")
    moments = [
        one
        for one in catalogue("left-out").commands
        if one.node == "m1" and one.name.partition(" ")[0] in names
    ]
    assert any(one.name == "token do" for one in moments)
    for moment in moments:
        schedule = Schedule(7, "left-out", (Fault("off", moment, ("m3",), 0.5),), ("resume", back))
        assert holds(schedule) == ("verified" if back == "resume" else "undone"), str(moment)


def test_power_is_lost_while_the_token_is_written() -> None:
    moments = [one for one in catalogue("left-out").commands if one.name.startswith("token")]
    for moment in moments:
        schedule = Schedule(
            7, "left-out", (Fault("off", moment, ("m1", "m2"), 8.0),), ("resume", "undo-verified")
        )
        assert holds(schedule) == "undone", str(moment)


def test_with_the_old_token_and_the_old_list_it_would_join(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the simulator can fail: this is what was seen on real hosts, all green."""
    monkeypatch.setattr(token, "wanted", lambda request: False)
    monkeypatch.setattr(left_out, "members", lambda hosts: {})
    monkeypatch.setattr(left_out, "checks", lambda *words: ())
    plan = draw_plan(SCENARIOS["left-out"])
    fault = Fault("off", Point("command", 1, "m1", "start do", 1), ("m3",), 0.5)
    played = Play(Schedule(7, "left-out", (fault,)), plan=plan).play()
    assert any("serve together with different data" in words for words in played.breaches), played.breaches
