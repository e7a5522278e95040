"""The door: ``--version`` is answered before anything is imported, everything else goes to ``cli.main``."""

from __future__ import annotations

import sys


def main() -> int:
    """The ``novatui`` command; returns the exit code."""
    words = sys.argv[1:]
    if words and words[0] in ("--version", "-V"):
        from novatui import __version__

        print(f"novatui {__version__}")
        return 0
    from novatui.cli.main import run

    return run(words)


if __name__ == "__main__":
    sys.exit(main())
