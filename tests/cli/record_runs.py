"""``python -m tests.cli.record_runs``: real runs on the embedded cluster; their plans and journals become ``tests/data/runs``."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data/runs"
VICTIM = "nova-master-2"
# Of etcd's own lines: paths of the machine it was built on.
_STACK = re.compile(r',"stack":"(?:[^"\\]|\\.)*"')


def main() -> int:
    """Each of the runs that are named, all without a name."""
    wanted = sys.argv[1:] or list(RUNS)
    with tempfile.TemporaryDirectory(prefix="nvr-") as home:
        for name, place in (("HOME", ""), ("XDG_STATE_HOME", "state"), ("XDG_RUNTIME_DIR", "run")):
            (Path(home) / place).mkdir(mode=0o700, exist_ok=True)
            os.environ[name] = str(Path(home) / place)
        from novatui.demo.client import Demo

        for fault in wanted:
            demo = Demo.launch(fault)
            try:
                RUNS[fault](demo)
            finally:
                demo.close()
            runs = Path(home) / "state/novatui/runs"
            run = max(runs.iterdir(), key=lambda place: place.stat().st_mtime)
            target = DATA / fault
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run / "plan.json", target / "plan.json")
            lines = (run / "journal.jsonl").read_text("utf-8").splitlines()
            text = "".join(f"{without_stacks(line)}\n" for line in lines)
            (target / "journal.jsonl").write_text(text, "utf-8")
            shutil.rmtree(run)
    return 0


def without_stacks(line: str) -> str:
    """A record of a journal without the stacks in what a command said; that text's length and hash made anew."""
    record = json.loads(line)
    for key in ("stdout", "stderr"):
        said = record.get(key)
        if isinstance(said, dict) and _STACK.search(said["text"]):
            text = _STACK.sub("", said["text"])
            raw = text.encode()
            record[key] = {"text": text, "length": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _recover(demo: Any) -> None:
    _novatui(demo, "run", "recover-member", "--node", VICTIM, "--yes", VICTIM)


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


RUNS = {"member-down": _restart, "corrupt-member": _recover, "quorum-lost": _restore}

if __name__ == "__main__":
    sys.exit(main())
