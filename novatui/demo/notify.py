"""The ``NOTIFY_SOCKET`` of one running unit: real sd_notify datagrams."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path


class NotifySocket:
    """Calls back with the assignments of each datagram (``READY=1``, ``STATUS=..``)."""

    def __init__(self, path: Path, on_words: Callable[[dict[str, str]], None]) -> None:
        self.path = path
        self._on_words = on_words
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def _readable(self) -> None:
        try:
            datagram = self._socket.recv(4096)
        except BlockingIOError:
            return
        pairs = (line.partition("=") for line in datagram.decode("utf-8", "replace").splitlines())
        self._on_words({key: value for key, _, value in pairs})
