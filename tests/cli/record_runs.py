"""``python -m tests.cli.record_runs``: real runs on the embedded cluster; their plans and journals become ``tests/data/runs``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data/runs"
VICTIM = "nova-master-2"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="nvr-") as home:
        for name, place in (("HOME", ""), ("XDG_STATE_HOME", "state"), ("XDG_RUNTIME_DIR", "run")):
            (Path(home) / place).mkdir(mode=0o700, exist_ok=True)
            os.environ[name] = str(Path(home) / place)
        from novatui.demo.client import Demo

        for fault, record in (("member-down", _restart), ("quorum-lost", _restore)):
            demo = Demo.launch(fault)
            try:
                record(demo)
            finally:
                demo.close()
            runs = Path(home) / "state/novatui/runs"
            run = max(runs.iterdir(), key=lambda place: place.stat().st_mtime)
            target = DATA / fault
            target.mkdir(parents=True, exist_ok=True)
            for name in ("plan.json", "journal.jsonl"):
                shutil.copyfile(run / name, target / name)
            shutil.rmtree(run)
    return 0


def _restart(demo: Any) -> None:
    _novatui(demo, "run", "restart-member", "--node", VICTIM, "--yes", VICTIM)


def _restore(demo: Any) -> None:
    """With an archive older than a survivor, taken back afterwards."""
    archive = next(demo.root(demo.nodes[0]).glob("tmp/*.tar.gz"))
    over = ("--overrule", "newer-survivor", "--overrule", "survivor-unread")
    _novatui(demo, "run", "restore-cluster", "--snapshot", str(archive), *over, "--yes", "demo")
    _novatui(demo, "undo", "--yes", "demo")


def _novatui(demo: Any, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "novatui", "-c", str(demo.config_path), *words], timeout=300, check=True
    )


if __name__ == "__main__":
    sys.exit(main())
