"""The script of a bundle's pieces, on systemctl and journalctl of the test's own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from novatui.bundle.pieces import END, NOT_THERE
from novatui.remote.command import script_text

RECORD = '{"MESSAGE":"it runs"}'


class Master:
    """``load``: what systemctl says of the unit's LoadState; ``records``: what journalctl has of it."""

    def __init__(self, place: Path, load: str, records: str, cat: str = "exit 1") -> None:
        self._place = place
        self._tool("systemctl", f'case $1 in show) {load} ;; cat) {cat} ;; esac\necho "not $*" >&2\nexit 1')
        self._tool("journalctl", records)

    def _tool(self, name: str, body: str) -> None:
        (self._place / name).write_text(f"#!/bin/sh\n{body}\n")
        (self._place / name).chmod(0o755)

    def asked(self, *words: str) -> tuple[int, str, str]:
        """Exit, what was said up to its end, errors."""
        done = subprocess.run(
            ["sh", "-c", script_text("bundle"), "novatui-bundle", *words],
            capture_output=True,
            timeout=60,
            env={"PATH": f"{self._place}:{os.environ['PATH']}"},
            check=False,
        )
        assert done.stdout.endswith(END) or done.returncode in (NOT_THERE, 64)
        return done.returncode, done.stdout.removesuffix(END).decode(), done.stderr.decode()


@pytest.mark.parametrize("load", ["loaded", "masked", "bad-setting", "error", "not-found"])
def test_a_journal_that_is_there_is_taken_whatever_became_of_its_unit(tmp_path: Path, load: str) -> None:
    master = Master(tmp_path, f"echo {load}; exit 0", f"echo '{RECORD}'")
    assert master.asked("journal", "etcd", "0") == (0, f"{RECORD}\n", "")


def test_what_is_neither_known_nor_logged_is_not_there(tmp_path: Path) -> None:
    master = Master(tmp_path, "echo not-found; exit 0", "exit 0")
    assert master.asked("journal", "kubelet", "0") == (NOT_THERE, "", "")
    known = Master(tmp_path, "echo masked; exit 0", "exit 0")
    assert known.asked("journal", "kubelet", "0") == (0, "", "")
    mute = Master(tmp_path, "echo not-found; exit 0", "echo no journal here; exit 5")
    assert mute.asked("journal", "kubelet", "0") == (0, "no journal here\n(exit 5)\n", "")


@pytest.mark.parametrize(("records", "said"), [("exit 0", ""), (f"echo '{RECORD}'", f"{RECORD}\n")])
def test_a_systemd_that_does_not_answer_is_told(tmp_path: Path, records: str, said: str) -> None:
    master = Master(tmp_path, "echo Failed to connect to bus >&2; exit 1", records)
    code, out, errors = master.asked("journal", "etcd", "0")
    assert (code, out) == (69, said)
    assert "Failed to connect to bus" in errors and "systemd did not say" in errors


def test_a_unit_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    silent = Master(tmp_path, "exit 0", "exit 0", cat="exit 124")
    assert silent.asked("unit", "etcd") == (0, "(exit 124)\n", "")
    there = Master(tmp_path, "exit 0", "exit 0", cat="echo [Service]; exit 0")
    assert there.asked("unit", "etcd") == (0, "[Service]\n", "")
