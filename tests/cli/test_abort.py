"""``novatui abort``: 0 is "aborted", and nothing else is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from novatui.cli import follow
from novatui.cli import main as cli
from novatui.runner import client
from novatui.runner.client import Reply


class Living:
    """A runner that takes the request."""

    live = True

    async def __aenter__(self) -> Living:
        return self

    async def __aexit__(self, *_args: object) -> None:
        pass

    async def request(self, what: str) -> Reply:
        assert what == "abort"
        return Reply(id=1, code="taken")


@pytest.mark.parametrize(
    ("result", "ended", "code", "said"),
    [
        ("aborted", 3, 0, ""),
        ("verified", 0, 2, "went on to its end: verified"),
        ("undone", 0, 2, "went on to its end: undone"),
        ("failed", 1, 1, ""),
    ],
)
def test_a_run_that_came_to_its_end_was_not_aborted(
    result: str,
    ended: int,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(follow, "chosen", lambda run, cluster: "r1")
    monkeypatch.setattr(follow, "follow", lambda run, people, after: ended)
    monkeypatch.setattr(client.Follower, "open", lambda run: Living())
    monkeypatch.setattr(client, "load", lambda run: (None, SimpleNamespace(last_seq=7, result=result)))
    assert cli.run(["abort"]) == code
    told = capsys.readouterr().err
    assert said in told and bool(said) == bool(told)
