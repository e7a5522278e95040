"""The runner's socket by itself: it comes back when it is taken away, and a word that cannot be judged ends its client alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from novatui.runner import events, server
from novatui.runner.events import AskFor, FromClient, Reply
from novatui.runner.server import Server


def taken(word: FromClient, by: str) -> Reply:
    return Reply(id=0, code="taken", by=by)


async def ask(path: Path) -> list[bytes]:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(events.line(AskFor(id=7, what="abort")))
    async with asyncio.timeout(60):
        found = [await reader.readline(), await reader.readline()]
    writer.close()
    return found


@pytest.mark.invariant("INV-1")
async def test_a_socket_that_was_taken_away_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """logind removes /run/user/UID when the last session ends; the run goes on, and so must whoever comes to its gate."""
    monkeypatch.setattr(server, "MIND_S", 0.02)
    ways = iter([tmp_path / "first", tmp_path / "gone" / "second", tmp_path / "third"])
    ears = Server("r1", taken)
    await ears.start(lambda: next(ways))
    old = await asyncio.open_unix_connection(tmp_path / "first")
    (tmp_path / "first").unlink()
    async with asyncio.timeout(60):
        while not (tmp_path / "third").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert b'"taken"' in (await ask(tmp_path / "third"))[1]
    assert b'"caught_up"' in await old[0].readline(), "who was connected still is"
    await ears.close()
    assert not (tmp_path / "third").exists()


async def test_a_judge_that_fails_costs_its_client_alone(tmp_path: Path) -> None:
    """The disk is full: the wish cannot be written down. Its client hears of the end, and others are served."""

    def failing(word: FromClient, by: str) -> Reply:
        raise OSError(28, "No space left on device")

    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    ears = Server("r1", failing)
    await ears.start(lambda: tmp_path / "s")
    for _ in range(2):
        assert (await ask(tmp_path / "s"))[1] == b"", "the connection ends"
    await ears.close()
