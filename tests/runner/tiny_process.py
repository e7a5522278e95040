"""A real runner process on the tiny runbook: what ``novatui.runner.process`` is, with a test's runbook and masters.

In the run's directory a test may put ``kill-at`` (``step node phase``: SIGKILL there, once), ``stop-at`` (SIGSTOP
there, once) and ``slow-at`` (wait there for the file ``go``).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from novatui.runner import process
from novatui.runner.work import Pace
from tests.runner import masters, tiny

COMMAND = (sys.executable, str(Path(__file__)))


async def _checkpoint(step: str, node: str, phase: str) -> None:
    place = Path(sys.argv[1])
    here = f"{step} {node} {phase}"
    for name, sig in (("kill-at", signal.SIGKILL), ("stop-at", signal.SIGSTOP)):
        file = place / name
        if file.exists() and file.read_text() == here:
            file.unlink()
            os.kill(os.getpid(), sig)
    slow = place / "slow-at"
    if slow.exists() and slow.read_text() == here:
        while not (place / "go").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    sys.exit(
        process.main(
            parts=process.Parts(
                find=lambda name: tiny.TINY,
                transport=masters.Locked,
                checkpoint=_checkpoint,
                pace=Pace(poll_s=0.02, poll_most_s=0.1, reconnect_s=5, reach_s=2, gate_s=60, alive_s=60),
            )
        )
    )
