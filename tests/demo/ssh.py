"""A plain SSH client for tests: strict host keys, the demo's own key, nothing of the person's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh

from novatui.demo.client import Demo
from tests.demo.conformance import Host, Result


@asynccontextmanager
async def connected(demo: Demo, node: str) -> AsyncIterator[asyncssh.SSHClientConnection]:
    where = demo.info["nodes"][node]
    async with asyncssh.connect(
        where["host"],
        where["port"],
        config=None,
        client_keys=[str(demo.dir / "ssh/id_ed25519")],
        known_hosts=str(demo.dir / "ssh/known_hosts"),
        connect_timeout=60,
        login_timeout=60,
    ) as link:
        yield link


@asynccontextmanager
async def host(demo: Demo, node: str) -> AsyncIterator[Host]:
    """One master as the conformance checks want it."""
    async with connected(demo, node) as link:

        async def run(line: str, stdin: bytes = b"") -> Result:
            return await execute(link, line, stdin)

        yield Host(run, str(demo.root(node) / "etc/systemd/system"))


async def execute(link: asyncssh.SSHClientConnection, line: str, stdin: bytes = b"") -> Result:
    done = await link.run(line, input=stdin, encoding=None)
    assert isinstance(done.stdout, bytes) and isinstance(done.stderr, bytes)
    return Result(done.exit_status, done.stdout, done.stderr)


async def once(demo: Demo, node: str, line: str, stdin: bytes = b"") -> Result:
    """Connect, run one command line, leave."""
    async with connected(demo, node) as link:
        return await execute(link, line, stdin)
