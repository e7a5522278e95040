"""A recording in the dashboard: the keys that move along it, those that cannot act, and what the first line says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from novatui.cli import main as cli
from novatui.diagnosis.verdict import diagnose
from novatui.model.findings import Verdict
from novatui.present import numbers
from novatui.present.replay import banner
from novatui.present.rows import text_of, width_of
from novatui.recording.player import Player
from novatui.recording.recording import Recording
from novatui.tui import actions
from novatui.tui.replay.app import ReplayApp
from novatui.tui.replay.changes import Changes
from novatui.tui.replay.screen import ReplayDashboard
from novatui.tui.screens.page import HelpScreen
from novatui.tui.widgets.rows_view import RowsView
from tests.recording.tapes import Clock, record
from tests.tui import screen_cases as cases
from tests.tui.waiting import until

SIZES = [(80, 24), (120, 40), (200, 60)]


class Wall:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path, clock = tmp_path_factory.mktemp("tape") / "a.nvr", Clock()
    record(path, clock, minutes=9).close("it was told to end")
    return Recording.open(path)


class Stage:
    """A replay whose time only the test moves."""

    def __init__(self, app: ReplayApp, wall: Wall, pilot: Pilot[None]) -> None:
        self.app, self.wall, self.pilot = app, wall, pilot

    async def until(self, true: Callable[[], object], words: str) -> None:
        await until(self.pilot, true, words)

    async def at(self, seconds: float) -> None:
        """Until the screen shows what was ``seconds`` after the beginning."""
        want = self.app.player.start_ms + seconds * 1000
        assert self.app.player.position_ms == want
        await self.until(
            lambda: 0 <= want - self.app.view.snapshot.at_ms < 2_500, f"the screen at {seconds} s"
        )

    def text(self, part: str) -> str:
        return "\n".join(text_of(line) for line in self.app.screen.query_one(f"#{part}", RowsView).shown)


@asynccontextmanager
async def stage(tape: Recording, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Stage]:
    wall = Wall()
    app = ReplayApp(tape, Player(tape, wall))
    async with app.run_test(size=size) as pilot:
        one = Stage(app, wall, pilot)
        await one.until(lambda: app.view.snapshot.nodes[0].at_ms, "the first frame is shown")
        yield one


async def test_it_plays_pauses_and_moves(tape: Recording) -> None:
    async with stage(tape) as on:
        assert "RECORDING" in on.text("replay") and "2024-06-14 12:37:55" in on.text("replay")
        assert "▶ 1x" in on.text("replay") and "0:00 / 9:00" in on.text("replay")
        on.wall.s += 20
        on.app.feed.refresh()
        await on.at(20)
        await on.pilot.press("space")
        on.wall.s += 1000
        await on.at(20)
        assert "paused" in on.text("replay")
        await on.pilot.press("right", "right")
        await on.at(40)
        await on.pilot.press("right_square_bracket", "shift+right", "left")
        await on.at(150)
        await on.pilot.press("plus", "plus", "plus", "minus")
        assert on.app.player.speed == 4
        await on.pilot.press("left_square_bracket", "shift+left", "0")
        await on.at(0)
        await on.pilot.press("space")
        on.wall.s += 10
        on.app.feed.refresh()
        await on.at(40)
        assert "tick 20" in on.app.journals.tails["nova-master-1"].text()


async def test_the_evidence_comes_with_its_place_while_nothing_moves(
    tape: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tape) as on:
        await on.pilot.press("space")
        on.app.player.go(tape.start_ms + 390_000)
        on.app.feed.refresh()
        await on.at(390)
        # On a busy machine the drawing comes before the layout that gives the part its size.
        monkeypatch.setattr(on.app.screen, "call_after_refresh", lambda call: call())
        await on.pilot.resize_terminal(200, 60)
        await on.until(lambda: "its database is damaged" in on.text("evidence"), "what is broken is told")


async def test_the_verdict_is_judged_anew_and_its_changes_are_found(tape: Recording) -> None:
    async with stage(tape) as on:
        await on.pilot.press("space")
        await on.until(lambda: on.app.view.diagnosis.verdict is Verdict.HEALTHY, "healthy at first")
        await on.pilot.press("full_stop")
        await on.until(lambda: on.app.view.diagnosis.verdict is Verdict.DEGRADED, "then degraded")
        await on.at(360)
        assert "failed to open database" in on.app.journals.tails["nova-master-2"].text()
        assert "w recover" not in on.text("headline").replace("w recover-member", "")
        await on.pilot.press("full_stop")
        await on.until(lambda: "does not change after this" in on.text("footer"), "there is no other")
        await on.pilot.press("comma")
        await on.until(lambda: "nor before" in on.text("footer"), "nor before it")
        await on.pilot.press("right", "comma")
        await on.at(360)
        await on.pilot.press("d")
        assert not isinstance(on.app.screen, ReplayDashboard)
        await on.pilot.press("w", "escape")
        assert isinstance(on.app.screen, ReplayDashboard)


async def test_a_jump_back_begins_the_journals_anew_and_says_so(tape: Recording) -> None:
    async with stage(tape) as on:
        await on.pilot.press("space")
        for _ in range(8):
            await on.pilot.press("shift+right")
        await on.at(480)
        assert "tick 240" in on.app.journals.tails["nova-master-1"].text()
        await on.pilot.press("shift+left")
        await on.at(420)
        text = on.app.journals.tails["nova-master-1"].text()
        assert "tick 210" in text and "tick 211" not in text
        assert text.splitlines().count("tick 200") == 1


async def test_nothing_on_it_reaches_a_master(tape: Recording) -> None:
    async with stage(tape) as on:
        await on.pilot.press("space")
        on.app.player.go(tape.end_ms - 2_000)
        on.app.feed.refresh()
        await on.until(lambda: on.app.view.diagnosis.verdict is Verdict.DEGRADED, "a fault to recover from")
        for key in ("w", "R", "L", "H", "r", "ctrl+r"):
            await on.pilot.press(key)
            assert isinstance(on.app.screen, ReplayDashboard), key
            assert "no master is behind it" in on.text("footer"), key
        await on.pilot.press("question_mark")
        assert isinstance(on.app.screen, HelpScreen)
        help_text = on.text("page")
        assert "no master is behind it" in help_text and "next verdict" in help_text
        await on.pilot.press("escape")
        on.app.open_wizard("recover-member", "nova-master-2")  # whatever screen asks for it
        assert isinstance(on.app.screen, ReplayDashboard)
        assert not on.app.tape.mark()


async def test_the_journals_keys_work_and_its_one_time_line_says_what_it_is(tape: Recording) -> None:
    async with stage(tape) as on:
        await on.pilot.press("space", *["shift+right"] * 7)
        await on.at(420)
        await on.pilot.press("2", "E", "enter")
        await on.pilot.press("escape", "g", "k", "k", "Y", "f", "v", "v", "M")
        await on.until(lambda: "RECORDING" in on.text("verdict"), "also where the line over it is not")
        assert "2024-06-14 12:44:55" in on.text("verdict")
        await on.pilot.press("g", "k")
        await on.until(
            lambda: "no master is behind it" in on.text("footer"), "nobody is asked for older lines"
        )
        await on.pilot.press("q")
        assert isinstance(on.app.screen, ReplayDashboard)


def test_its_keys_are_the_dashboards_with_some_of_its_own() -> None:
    own = {key for action in actions.of_scope("replay") for key in action.keys.split(",")}
    assert {"space", "left", "right", "v", "d", "z", "tab", "pagedown"} <= own
    keys = [binding.key for binding in actions.bindings("replay")]
    assert len(keys) == len(set(keys))
    live = [binding.key for binding in actions.bindings("dashboard")]
    assert len(live) == len(set(live)) and "space" in live


def test_changes_are_those_of_a_diagnosis_frame_by_frame(tape: Recording) -> None:
    changes = Changes(tape)
    assert changes.after(tape.start_ms) == tape.start_ms + 360_000
    assert changes.after(tape.start_ms + 360_000) is None
    assert changes.before(tape.end_ms) == tape.start_ms + 360_000
    assert changes.before(tape.start_ms + 360_000) is None
    late = Changes(tape)
    late.give_up()  # the screen is left: nobody waits for a search
    assert late.after(tape.start_ms) is None
    moment = tape.first()
    assert diagnose(moment.snapshot, moment.entries, moment.at_ms).verdict is Verdict.HEALTHY


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("state", [(0, True, False), (5, False, False), (5, True, True), (9, False, False)])
def test_the_first_line_fits_and_names_the_recording(width: int, state: tuple[int, bool, bool]) -> None:
    numbers.use_timezone(None)
    minute, playing, looking = state
    line = banner(
        cases.NOW + minute * 60_000,
        cases.NOW,
        cases.NOW + 540_000,
        speed=8,
        playing=playing,
        ends="told",
        looking=cases.NOW + 60_000 if looking else None,
        width=width,
    )
    assert "RECORDING" in text_of(line)
    if width >= 40:
        assert width_of(line) <= width
        assert "2024-06-14 12:" in text_of(line)


def test_the_command_line_refuses_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = tmp_path / "x.tar"
    foreign.write_bytes(b"\x00\x1b]52;c;aGk=\x07whatever")
    for words, code, said in (
        (["--replay", str(foreign)], 1, "is no recording"),
        (["--replay", str(tmp_path / "none")], 1, "cannot be read"),
        (["--replay", str(foreign), "status"], 64, "goes with no command"),
        (["--cluster", "a", "--replay", str(foreign)], 64, "no cluster"),
        (["--replay"], 64, "expected one argument"),
    ):
        assert cli.run(words) == code
        err = capsys.readouterr().err
        assert said in err and "\x1b" not in err
