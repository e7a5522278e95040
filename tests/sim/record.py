"""``python -m tests.sim.record``: restores and undoes on the embedded cluster, and keeps what the journals say."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from novatui.runner.journal import read
from tests.sim.replay import said, store

DATA = Path(__file__).parents[1] / "data/sim"
RUNS: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
    ("quorum-lost", "quorum-lost", ("newer-survivor", "survivor-unread")),
    ("live", None, ("newer-survivor", "quorum-stands", "data-intact")),
)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="nvr-") as home:
        for name, place in (("HOME", ""), ("XDG_STATE_HOME", "state"), ("XDG_RUNTIME_DIR", "run")):
            (Path(home) / place).mkdir(mode=0o700, exist_ok=True)
            os.environ[name] = str(Path(home) / place)
        from novatui.demo.client import Demo

        for run, fault, overrule in RUNS:
            demo = Demo.launch(fault)
            try:
                store(_journal(demo, overrule, Path(home)), DATA / f"{run}.jsonl")
            finally:
                demo.close()
    return 0


def _journal(demo: Any, overrule: tuple[str, ...], home: Path) -> list[tuple[str, ...]]:
    archive = next(demo.root(demo.nodes[0]).glob("tmp/*.tar.gz"))
    words = [word for guard in overrule for word in ("--overrule", guard)]
    _novatui(demo, "run", "restore-cluster", "--snapshot", str(archive), *words, "--yes", "demo")
    run = max((home / "state/novatui/runs").iterdir(), key=lambda place: place.stat().st_mtime)
    _novatui(demo, "undo", run.name, "--yes", "demo")
    return said(read(run / "journal.jsonl"))


def _novatui(demo: Any, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "novatui", "-c", str(demo.config_path), *words], timeout=300, check=True
    )


if __name__ == "__main__":
    sys.exit(main())
