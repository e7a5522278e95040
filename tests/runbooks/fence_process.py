"""The production runner process, but for one thing: it kills itself, once each, at the points that ``kill-at`` in its run's
directory names, a line ``STEP PHASE`` each."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from novatui.runner import process

COMMAND = (sys.executable, str(Path(__file__)))


async def _checkpoint(step: str, node: str, phase: str) -> None:
    path = Path(sys.argv[1]) / "kill-at"
    points = path.read_text().splitlines() if path.exists() else []
    if f"{step} {phase}" in points:
        path.write_text("".join(f"{one}\n" for one in points if one != f"{step} {phase}"))
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(process.main(parts=process.Parts(checkpoint=_checkpoint)))
