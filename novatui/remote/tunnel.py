"""The way through a bastion: one forwarded channel, given back also when it opens after its caller has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol


class Forwards(Protocol):
    """What is used of the bastion's connection."""

    async def create_connection(
        self, session_factory: Callable[[], Any], remote_host: str, remote_port: int
    ) -> tuple[Any, Any]: ...


class Tunnel:
    """Given to asyncssh in the connection's place.

    A bastion may take minutes to reach a dead master. Were its late answer not taken and closed, each attempt would leave
    a connection on that master that never logs in: enough of them and its MaxStartups drops everybody.
    """

    def __init__(self, bastion: Forwards) -> None:
        self._bastion = bastion

    async def create_connection(
        self, session_factory: Callable[[], Any], host: str, port: int
    ) -> tuple[Any, Any]:
        gone = False
        opening = asyncio.ensure_future(
            self._bastion.create_connection(lambda: _Unwanted() if gone else session_factory(), host, port)
        )
        opening.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            gone = True
            raise


class _Unwanted:
    """A session that hangs up at once."""

    def connection_made(self, chan: Any) -> None:
        chan.abort()

    def session_started(self) -> None: ...
    def data_received(self, data: bytes, datatype: int | None) -> None: ...
    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
