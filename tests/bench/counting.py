"""The real screen on a configuration; at its end it writes how many lines of each master it was given:
``python -m tests.bench.counting CONFIG FILE``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from novatui.config import load
from novatui.tui.app import NovatuiApp


def main(config: str, file: str) -> None:
    app = NovatuiApp(load(Path(config)).pick(None))
    app.run()
    Path(file).write_text(json.dumps({node: tail.count for node, tail in app.journals.tails.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
