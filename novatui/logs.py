"""Our own log, where somebody asked for one: ``--log-file``. What happens and why, never what a person typed."""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from novatui import __version__
from novatui.errors import NovatuiError


class Watched(Protocol):
    """What is needed of ``remote.fleet.Fleet``."""

    def link(self, node: str) -> tuple[Any, Any, str]: ...

    def watch(self, changed: Callable[[str], None]) -> Callable[[], None]: ...


_level = "info"
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start(path: Path, level: str, command: str) -> None:
    """Append to ``path``, 0600. Raises NovatuiError for a file that others own or could read."""
    handler = logging.StreamHandler(os.fdopen(_open(path.expanduser().absolute()), "a", encoding="utf-8"))
    handler.setFormatter(logging.Formatter(FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    global _level
    _level = level
    quiet()
    logging.getLogger(__name__).info(
        "novatui %s %s, pid %d, Python %s on %s",
        *(__version__, command, os.getpid(), sys.version.split()[0], sys.platform),
    )


def level() -> str:
    """What was asked for; a runner that is started here writes as much to its own log."""
    return _level


def quiet() -> None:
    """Below WARNING asyncssh writes down whole commands, and other libraries every step of theirs."""
    for name in ("asyncssh", "asyncio", "markdown_it"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _open(path: Path) -> int:
    try:
        fd = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600
        )
    except OSError as error:
        raise NovatuiError(
            f"{path} cannot be written", error.strerror or str(error), "name another file with --log-file"
        ) from error
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
        os.close(fd)
        raise NovatuiError(
            f"{path} is not private",
            f"owner uid {info.st_uid}, mode {stat.S_IMODE(info.st_mode):04o}; a log must be a file of yours, mode 0600",
            f"chmod 600 {path}, or name another file with --log-file",
        )
    return fd


def links(fleet: Watched, name: str) -> None:
    """Write each change of a connection down: its state, and why it is not better."""
    log = logging.getLogger(name)
    said: dict[str, tuple[object, str]] = {}

    def changed(node: str) -> None:
        state, error, doing = fleet.link(node)
        words = f"{error.title}; {error.hint}" if error else doing
        if said.get(node) != (state, words):
            said[node] = (state, words)
            log.info("%s: %s %s", node, state, words)

    fleet.watch(changed)
