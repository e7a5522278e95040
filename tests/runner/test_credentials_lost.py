"""The credentials are lost past the gate: the run waits for people, anybody gives them with ``attach``, and it goes on."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from novatui.runner import client, places
from novatui.runner.client import Follower
from tests.remote.openssh import ssh_agent
from tests.runner.stage import until
from tests.runner.test_secrets_on_demo import PASSPHRASE, archive, on_terminal

pytestmark = [
    pytest.mark.etcd,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("ssh-agent") is None, reason="no ssh-agent"),
]


@pytest.fixture
def by_agent(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """A cluster that lost its quorum; its key has a passphrase that only an ssh-agent was told."""
    from novatui.demo.client import Demo

    demo = Demo.launch("quorum-lost")
    try:
        path = home.parent / "agent"
        with ssh_agent(path) as agent:
            monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
            subprocess.run(["ssh-add", "-q", demo.dir / "ssh/id_ed25519"], check=True, timeout=20)
            demo.tell("encrypt-key", passphrase=PASSPHRASE)
            yield demo, agent
    finally:
        demo.close()


async def needs(run: str) -> list[client.Need]:
    async with Follower.open(run) as one:
        return list(one.needs.values())


@pytest.mark.invariant("INV-1", "INV-6")
async def test_the_agent_dies_past_the_gate_and_attach_gives_the_passphrase(
    by_agent: tuple[Any, Any], home: Path, tmp_path: Path
) -> None:
    demo, agent = by_agent
    words = ["restore-cluster", "--snapshot", archive(demo), "--overrule", "newer-survivor", "--detach"]
    starter = on_terminal(demo, tmp_path / "run", "run", *words, "--yes", "demo")
    assert await asyncio.to_thread(starter.end, 120) == 0, starter.said()
    assert "passphrase" not in starter.shown, "the agent logs in"
    (place,) = places.every()
    await until(lambda: client.load(place.run)[1].committed, "past the gate", 90)
    agent.kill()
    agent.wait()
    for node in demo.nodes:
        demo.tell("reset", node)
    async with asyncio.timeout(60):
        while not (found := await needs(place.run)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert [(need.secret, need.what) for need in found] == [("passphrase", str(demo.dir / "ssh/id_ed25519"))]
    # Nobody is there: it waits, begins nothing and gives nothing up.
    before = len(place.journal.read_bytes())
    await asyncio.sleep(3)
    state = client.load(place.run)[1]
    assert place.alive() and not state.ended and len(place.journal.read_bytes()) - before < 4096
    back = on_terminal(demo, tmp_path / "attach", "attach", place.run)

    def give() -> int:
        back.expect("passphrase of the key")
        back.type(PASSPHRASE)
        return back.end(240)

    assert await asyncio.to_thread(give) == 0, back.said()
    assert back.shown.count("passphrase of the key") == 1, "one answer opens all three masters"
    assert "waiting for credentials: passphrase of the key" in back.said()
    state = client.load(place.run)[1]
    assert state.result == "verified", state.detail
    files = [path for path in (*place.path.rglob("*"), *tmp_path.rglob("*")) if path.is_file()]
    assert not [path for path in files if PASSPHRASE.encode() in path.read_bytes()]
