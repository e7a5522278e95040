"""A screen ends with its terminal, also where no SIGHUP tells it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

CONFIG = """
[clusters.c]
[[clusters.c.nodes]]
name = "m1"
host = "127.0.0.1"
port = 1
"""


def test_it_ends_when_its_terminal_is_gone(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    config.chmod(0o600)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "HOME": str(tmp_path), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "novatui", "-c", str(config)]
    # Not the leader of a session: the kernel sends it no SIGHUP when the terminal goes.
    screen = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    drawn = threading.Event()

    def read() -> None:
        seen = b""
        try:
            while data := os.read(ours, 65536):
                seen += data
                if b"m1" in seen:
                    drawn.set()
                    return
        except OSError:
            return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert drawn.wait(60), "the first screen"
        reader.join(10)
        os.close(ours)
        assert screen.wait(60) == -signal.SIGHUP
    finally:
        screen.kill()
        screen.wait()
