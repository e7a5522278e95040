"""Ctrl-C while a runner is being started: the runner lives on, and that is what is said."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from novatui.cli import asking, bringing, follow
from novatui.cli import main as cli
from novatui.runner import client, places

LEFT = "novatui attach r1"


class Place:
    """Of a run whose runner begins while Ctrl-C is pressed."""

    run = "r1"

    def __init__(self) -> None:
        self.living = False

    def alive(self) -> bool:
        return self.living


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    place = Place()
    monkeypatch.setattr(places, "every", lambda: [place])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    yield place
    signal.signal(signal.SIGINT, before)


async def interrupted(place: Place, *, lives: bool) -> str:
    """As ``spawn``: a thread hears of the runner, and is waited for after Ctrl-C cancelled the task."""
    cancelled = threading.Event()

    def heard() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled.wait(60)
        place.living = lives

    try:
        await asyncio.to_thread(heard)
    finally:
        cancelled.set()
    return "r1"


def test_a_runner_that_began_meanwhile_is_told_with_attach_and_abort(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not follow.begun("r1", interrupted(place, lives=True))
    said = capsys.readouterr().out
    assert LEFT in said and "novatui abort r1" in said


def test_one_that_is_not_seen_to_live_is_not_known(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert not follow.begun("r1", interrupted(place, lives=False))
    said = capsys.readouterr().out
    assert "is not known: novatui runs" in said and LEFT not in said


def test_where_nothing_was_begun_it_is_an_interruption_as_any_other(place: Place) -> None:
    with pytest.raises(KeyboardInterrupt):
        follow.begun("r2", interrupted(place, lives=False))


@pytest.mark.parametrize(
    ("words", "of"),
    [
        (["run", "start-cluster", "--yes", "prod"], "start"),
        (["run", "start-cluster", "--yes", "prod", "--detach"], "start"),
        (["resume", "r1", "--yes", "prod"], "resume"),
        (["undo", "r1", "--yes", "prod"], "undo"),
        (["abort", "r1"], "abandon"),
    ],
)
def test_each_command_that_starts_a_runner_says_so(
    words: list[str],
    of: str,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def starting(*_args: Any, **_more: Any) -> Any:
        return interrupted(place, lives=True)

    def nothing(*_args: Any) -> None:
        pass

    class Silent:
        live = False

        async def __aenter__(self) -> Silent:
            return self

        async def __aexit__(self, *_args: Any) -> None:
            pass

    monkeypatch.setattr(client, of, starting)
    monkeypatch.setattr(client.Follower, "open", lambda run: Silent())
    monkeypatch.setattr(cli, "open_cluster", lambda args: SimpleNamespace(name="prod"))
    monkeypatch.setattr(asking, "plan", lambda *_args: SimpleNamespace(run="r1", undo=()))
    for module, name in (
        (asking, "confirmed"),
        (follow, "confirmed"),
        (follow, "seen"),
        (bringing, "surely_changed_nothing"),
    ):
        monkeypatch.setattr(module, name, nothing)
    monkeypatch.setattr(follow, "chosen", lambda run, cluster: "r1")
    assert cli.run(words) == 130
    told = capsys.readouterr()
    assert LEFT in told.out and "interrupted" not in told.err
