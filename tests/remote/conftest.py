"""A master of our own for each test: sshd, a proxy in front of it, keys and known_hosts in the test's home."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.remote.sshd import Fixture, make


@pytest.fixture
async def master(home: Path) -> AsyncIterator[Fixture]:
    fixture = await make(home)
    yield fixture
    await fixture.proxy.stop()
    await fixture.sshd.stop()
