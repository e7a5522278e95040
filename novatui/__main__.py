"""The door: ``--version`` is answered before anything is imported, everything else goes to ``cli.main``."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """The ``novatui`` command; returns the exit code."""
    _whole_streams()
    words = sys.argv[1:]
    if words and words[0] in ("--version", "-V"):
        from novatui import __version__

        print(f"novatui {__version__}")
        return 0
    from novatui.cli.main import run

    return run(words)


def _whole_streams() -> None:
    """What was closed for us (``>&-``) goes nowhere: else the next file that is opened, a journal say, would stand in its
    place, and whatever is printed would land in it."""
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: its own
            setattr(sys, name, os.fdopen(nowhere, "w" if fd else "r", closefd=False))


if __name__ == "__main__":
    sys.exit(main())
