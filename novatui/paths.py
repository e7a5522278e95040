"""The places of the platform: configuration, state (runs, logs) and the runtime directory of sockets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs

from novatui.errors import NovatuiError

APP = "novatui"
SOCKET_BYTES = 100  # of a socket's path; kernels take 103 or 107


def config_file() -> Path:
    """``$NOVATUI_CONFIG``, else ``config.toml`` in the platform's configuration directory."""
    named = os.environ.get("NOVATUI_CONFIG")
    return Path(named).expanduser() if named else Path(platformdirs.user_config_dir(APP)) / "config.toml"


def state_dir() -> Path:
    """Where runs and logs live; made 0700 when missing."""
    return private_dir(Path(platformdirs.user_state_dir(APP)))


def runs_dir() -> Path:
    """One directory a run: plan.json, journal.jsonl, runner.log."""
    return private_dir(state_dir() / "runs")


def runtime_dir() -> Path:
    """Sockets: ``$XDG_RUNTIME_DIR/novatui``, else a directory of ours under /tmp (socket paths stay short). One that is not
    there, or is another user's (``sudo -E``), is passed over: nothing of ours belongs into it."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    return private_dir(Path(base) / APP) if _is_ours(base) else _short_dir()


def socket(name: str) -> Path:
    """Where a socket is: in the runtime directory, or under /tmp where that path is too long for a kernel."""
    path = runtime_dir() / name
    return path if len(os.fsencode(path)) <= SOCKET_BYTES else _short_dir() / name


def _short_dir() -> Path:
    return private_dir(Path(f"/tmp/{APP}-{os.getuid()}"))


def _is_ours(base: str) -> bool:
    try:
        return Path(base).is_absolute() and Path(base).stat().st_uid == os.getuid()
    except OSError:
        return False


def private_dir(path: Path) -> Path:
    """Make ``path`` 0700 if missing; refuse one that is a link, belongs to somebody else or lets others in."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise NovatuiError(
            f"{path} is not private",
            f"owner uid {info.st_uid}, mode {stat.S_IMODE(info.st_mode):04o}; it must be a directory of yours, mode 0700",
            f"check what is in it, then: chmod 700 {path}",
        )
    return path


def private_file(info: os.stat_result, path: Path) -> None:
    """Refuse a file of ours (by its ``stat``, not following links) that is something else, of somebody else, or open to
    others."""
    if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise _not_private(path, info, "a file of yours, mode 0600", f"chmod 600 {path}")


def private_socket(path: Path) -> None:
    """The same for a socket. Raises FileNotFoundError when there is none."""
    info = path.lstat()
    if not stat.S_ISSOCK(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise _not_private(path, info, "a socket of yours, mode 0600", "look who made it")


def _not_private(path: Path, info: os.stat_result, wanted: str, then: str) -> NovatuiError:
    return NovatuiError(
        f"{path} is not private",
        f"owner uid {info.st_uid}, mode {stat.S_IMODE(info.st_mode):04o}; it must be {wanted}",
        f"check what is in it, then: {then}",
    )
