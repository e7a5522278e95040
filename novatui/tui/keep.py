"""What is copied or exported goes into a file of ours (0600), whatever the terminal does with its clipboard."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from novatui import paths

# OSC 52 in base64 is a third more; terminals and tmux take about 100 KB, and some break on more.
CLIPBOARD_MAX = 64 * 1024


def for_clipboard(text: str) -> tuple[str, bool]:
    """Whole lines that a terminal's clipboard takes, and whether that is all of them."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= CLIPBOARD_MAX:
        return text, True
    cut = raw[:CLIPBOARD_MAX]
    end = cut.rfind(b"\n")
    return cut[: end if end > 0 else CLIPBOARD_MAX].decode("utf-8", "ignore"), False


def copied(text: str) -> Path:
    """The last copy: one file, written anew. Raises OSError or NovatuiError."""
    return _write(paths.private_dir(paths.state_dir() / "copied") / "journal.txt", [text])


def exported(name: str, at_ms: int, lines: Iterable[str]) -> Path:
    """A file of its own. Raises OSError or NovatuiError."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d-%H%M%SZ")
    safe = re.sub(r"[^\w.-]", "_", name)
    folder = paths.private_dir(paths.state_dir() / "exported")
    path, number = folder / f"{safe}-{at}.txt", 1
    while path.exists():
        number += 1
        path = folder / f"{safe}-{at}-{number}.txt"
    return _write(path, lines)


def shown(path: Path) -> str:
    """With ``~`` for the home directory: what a footer has room for."""
    home = str(Path.home())
    said = str(path)
    return f"~{said[len(home) :]}" if said.startswith(f"{home}/") else said


def _write(path: Path, lines: Iterable[str]) -> Path:
    """Beside it first: a full disk leaves what was there. A link in its place is not followed."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(f"{line}\n" for line in lines)
        beside.rename(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return path
