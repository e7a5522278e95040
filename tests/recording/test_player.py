"""The player on a clock of its own: pace, pause, jumps near and far, the end."""

from __future__ import annotations

from itertools import pairwise

import pytest

from novatui.model.entries import Entry
from novatui.recording.player import Player, Step
from novatui.recording.recording import Recording, Reel
from tests.recording.tapes import NODES, Clock, record


class Wall:
    """A monotonic clock, in seconds, moved by hand."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path, clock = tmp_path_factory.mktemp("tape") / "a.nvr", Clock()
    record(path, clock, minutes=24).close("told")
    return Recording.open(path)


def at(tape: Recording, position_ms: int) -> Reel:
    """All frames from the beginning on: what must be known there."""
    reel = Reel(tape.header)
    for frame in tape.frames():
        if frame.at_ms > position_ms:
            break
        reel.apply(frame)
    return reel


def texts(entries: object) -> list[str]:
    assert isinstance(entries, dict)
    found: list[Entry] = entries.get(NODES[0], [])
    return [entry.text for entry in found]


def shown(player: Player, step: Step) -> tuple[object, object]:
    assert step.snapshot is not None
    return step.snapshot.nodes, at(player.recording, player.position_ms).snapshot().nodes


def test_it_plays_every_line_once_at_its_pace(tape: Recording) -> None:
    wall = Wall()
    player = Player(tape, wall)
    first = player.advance()
    assert first.afresh and player.position_ms == tape.start_ms
    heard = texts(first.entries)
    for speed in (1, 2, 4):
        wall.s += 60
        step = player.advance()
        assert not step.afresh
        here, wanted = shown(player, step)
        assert here == wanted
        heard += texts(step.entries)
        assert player.speed == speed
        player.faster(1)
    assert player.position_ms == tape.start_ms + 7 * 60_000
    assert heard == [f"tick {n}" for n in range(7 * 30 + 1)]
    for _ in range(9):
        player.faster(1)
    assert player.speed == 64
    for _ in range(9):
        player.faster(-1)
    assert player.speed == 1


def test_paused_nothing_moves(tape: Recording) -> None:
    wall = Wall()
    player = Player(tape, wall)
    player.advance()
    wall.s += 5
    player.toggle()
    player.advance()
    wall.s += 1000
    assert player.position_ms == tape.start_ms + 5_000
    assert player.advance().snapshot is None and player.wait_s() is None
    player.toggle()
    wall.s += 2
    assert player.position_ms == tape.start_ms + 7_000
    player.advance()
    assert 0 < (player.wait_s() or 9) <= 2


@pytest.mark.parametrize("minute", [0, 1, 5, 6, 11.5, 17, 23])
def test_a_jump_shows_what_was_there(tape: Recording, minute: float) -> None:
    for start in (0, 20):
        wall = Wall()
        player = Player(tape, wall)
        player.pause()
        player.go(tape.start_ms + start * 60_000)
        player.advance()
        goal = int(tape.start_ms + minute * 60_000)
        player.go(goal)
        near = start * 60 <= minute * 60 <= start * 60 + 600
        step = player.advance()
        assert player.position_ms == goal
        assert step.afresh is not near
        if step.snapshot is not None:
            here, wanted = shown(player, step)
            assert here == wanted
        lines = texts(step.entries)
        if step.afresh and minute > 6:  # some minutes of whole journal before it, none missing
            assert lines[-1] == f"tick {int(minute * 30)}"
            assert len(lines) >= 150 and lines == [
                f"tick {n}" for n in range(int(lines[0][5:]), int(minute * 30) + 1)
            ]
            assert texts(step.window)[-1] == f"tick {int(lines[0][5:]) - 1}"
            assert step.since_ms < goal


def test_it_stops_at_the_end_and_begins_again(tape: Recording) -> None:
    wall = Wall()
    player = Player(tape, wall)
    player.advance()
    player.go(tape.end_ms + 99_000)
    wall.s += 1
    player.advance()
    assert (player.at_end, player.playing, player.wait_s()) == (True, False, None)
    player.go(tape.start_ms - 99_000)
    assert player.position_ms == tape.start_ms
    player.go(tape.end_ms)
    player.advance()
    player.toggle()
    assert player.advance().afresh
    assert (player.playing, player.position_ms) == (True, tape.start_ms)


def test_what_is_passed_on_the_way_is_given_in_order(tape: Recording) -> None:
    """Of the minutes before a place jumped to, too: what is told of the time before it is not lost."""
    wall = Wall()
    player = Player(tape, wall)
    player.advance()
    for minute in (12, 14):
        player.go(tape.start_ms + minute * 60_000)
        step = player.advance()
        times = [snapshot.at_ms for snapshot in step.passed]
        assert step.snapshot is not None and times == sorted(times) and times[-1] <= step.snapshot.at_ms
        gaps = [after - before for before, after in pairwise(times)]
        assert len(gaps) > 10 and min(gaps) >= 5_000
