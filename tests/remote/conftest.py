"""A master of our own for each test: sshd, a proxy in front of it, keys and known_hosts in the test's home."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.remote.openssh import Ground, why_not
from tests.remote.sshd import Fixture, make


@pytest.fixture
async def master(home: Path) -> AsyncIterator[Fixture]:
    fixture = await make(home)
    yield fixture
    await fixture.proxy.stop()
    await fixture.sshd.stop()


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """Real sshd, users made for this module; skipped where that cannot be."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    made = Ground()
    try:
        made.prepare()
        yield made
    finally:
        made.close()
