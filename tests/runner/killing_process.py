"""The production runner process, but for one thing: it kills itself at the next kill point its run has not met yet.

The points already met are lines of ``killed-at`` in the run's directory; without that file it is the production runner.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from novatui.runner import process

COMMAND = (sys.executable, str(Path(__file__)))


# The node that acts now. One at a time, and nobody else dies meanwhile, so that none is found done without having been killed
# after its act: all phases are met. Its turn ends with its outcome: some steps are verified only once the others have acted
# too, a lone member waits for its peers.
_turn: list[str] = []
_free = asyncio.Event()


async def _checkpoint(step: str, node: str, phase: str) -> None:
    met = Path(sys.argv[1]) / "killed-at"
    if not met.exists():
        return
    while _turn and _turn != [node]:
        _free.clear()
        await _free.wait()
    if phase == "before-act":
        _turn[:] = [node]
    points = met.read_text().splitlines()
    committed = any(line.endswith("gate-answered") for line in points)
    # Before the gate nothing was changed yet: one point a step is enough there.
    wanted = committed or phase in ("after-act", "gate-opened", "gate-answered")
    if wanted and f"{step} {phase}" not in points:
        with met.open("a") as file:
            file.write(f"{step} {phase}\n")
        os.kill(os.getpid(), signal.SIGKILL)
    if phase in ("after-outcome", "verified") and _turn == [node]:
        _turn.clear()
        _free.set()


if __name__ == "__main__":
    sys.exit(process.main(parts=process.Parts(checkpoint=_checkpoint)))
