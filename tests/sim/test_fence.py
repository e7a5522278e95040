"""API servers that really write, on two of three masters, under every fault that the fence may meet."""

from __future__ import annotations

from typing import Any

import pytest

from novatui.model import records as rec
from tests.sim.faults import Fault, Point, Schedule
from tests.sim.play import Play, catalogue
from tests.sim.test_schedules import holds

pytestmark = pytest.mark.invariant("INV-14")


def manifests_at_each_end(fault: Fault) -> tuple[list[str], list[list[bool]]]:
    """The result of each runner; and which of the two manifests were in their place when it ended."""
    play = Play(Schedule(1, "api-servers", (fault,)))
    seen: list[list[bool]] = []
    tell = play.director.record

    def hear(runner: Any, record: rec.Record, after: bool) -> None:
        if after and isinstance(record, rec.RunEnded):
            masters = (play.fleet.masters[name] for name in ("m1", "m3"))
            seen.append([one.disk.there(one.api.manifest) for one in masters])
        tell(runner, record, after)

    play.director.record = hear  # type: ignore[method-assign]
    played = play.play()
    assert not played.breaches, played.breaches
    return played.results, seen


def test_they_write_before_and_after_and_not_between() -> None:
    play = Play(Schedule(0, "api-servers"))
    assert play.play().results == ["verified"]
    assert all(play.fleet.masters[name].api.writes > 20 for name in ("m1", "m3"))
    assert play.fleet.masters["m2"].api.writes == 0


@pytest.mark.parametrize("name", ["api-fence do", "hold do", "stop do"])
def test_a_run_that_ends_before_the_exchange_lets_them_go_at_once(name: str) -> None:
    node = "m1" if name.startswith("api") else "m2"
    results, seen = manifests_at_each_end(Fault("abort", Point("command", 1, node, name, 2)))
    assert results == ["aborted", "verified"]
    assert seen == [[True, True], [True, True]]


@pytest.mark.parametrize("name", ["swap do", "start do"])
def test_after_the_exchange_began_they_stay_fenced_until_it_is_over(name: str) -> None:
    results, seen = manifests_at_each_end(Fault("abort", Point("command", 1, "m2", name, 1)))
    assert results == ["aborted", "verified"]
    assert seen == [[False, False], [True, True]]


@pytest.mark.parametrize("undo", [False, True], ids=["forward", "back"])
def test_who_stays_fenced_is_in_the_last_word_and_in_the_texts(undo: bool) -> None:
    """Per master, with the way back; nothing of it where none was fenced, or where it came back."""
    text = "UNDO.txt" if undo else "FINISH.txt"
    names = ("swap do", "swap undo") if undo else ("swap do",)
    faults = tuple(Fault("abort", Point("command", 1, "m2", name, 1)) for name in names)
    play = Play(Schedule(1, "api-servers", faults, ("undo",) if undo else ("resume",)))
    told: list[tuple[str, str]] = []
    tell = play.director.record

    def hear(runner: Any, record: rec.Record, after: bool) -> None:
        if after and isinstance(record, rec.RunEnded):
            kept = play.fleet.masters["m2"].disk.text(f"/var/lib/novatui/{play.plan.run}/{text}")
            told.append((record.detail, kept or ""))
        tell(runner, record, after)

    play.director.record = hear  # type: ignore[method-assign]
    assert not play.play().breaches
    assert len(told) == len(faults) + 1
    for words in told[-2]:
        for node in ("m1", "m3"):
            assert f"{node}: its API server is put aside (fenced)" in words
            assert f"mv -n /etc/kubernetes/.novatui-{play.plan.run}/kube-apiserver.yaml" in words
        assert "m2: its API server" not in words
    assert "API server is put aside" not in told[-1][0]


@pytest.mark.parametrize("whole", [False, True], ids=["one", "all"])
def test_power_is_lost_at_every_moment_of_the_fence(whole: bool) -> None:
    moments = [
        one for one in catalogue("api-servers").commands if one.node == "m1" and "api-fence" in one.name
    ]
    assert len(moments) > 10
    for moment in moments:
        nodes = ("m1", "m2", "m3") if whole else ("m1",)
        for undo in ((), ("undo-verified",)):
            schedule = Schedule(7, "api-servers", (Fault("off", moment, nodes, 8.0),), ("resume", *undo))
            assert holds(schedule) == ("undone" if undo else "verified"), str(moment)


@pytest.mark.parametrize("piece", range(8))
def test_the_runner_is_killed_at_every_record(piece: int) -> None:
    """Then resumed, or taken back."""
    last = catalogue("api-servers").records
    for number in range(1 + piece, last, 8):
        choice = "resume" if number // 8 % 2 else "undo"
        fault = Fault("kill", Point("record", number), (), 0.5)
        assert holds(Schedule(number, "api-servers", (fault,), (choice,))) in (
            "verified",
            "undone",
            "refused",
        )
