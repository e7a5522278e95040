"""The ground of these tests themselves: killed in the middle, it leaves nothing that the next start does not take away."""

from __future__ import annotations

import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.remote.openssh import SUDOERS, Ground

ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, subprocess
from tests.remote.openssh import Ground
ground = Ground()
ground.prepare()
server = ground.server()
user = ground.user(sudo="ALL=(ALL) NOPASSWD: ALL")
left = subprocess.Popen(["setpriv", "--reuid", user, "--clear-groups", "sleep", "600"], start_new_session=True,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(ground.base, user, server.process.pid, left.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_killed_run_left_is_taken_away_by_the_next(ground: Ground) -> None:
    own = ground.user()
    done = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    base, user, sshd, left = done.stdout.split()
    assert pwd.getpwnam(user) and (SUDOERS / user).exists() and lives(int(left))
    limit = time.monotonic() + 10
    while lives(int(sshd)):  # by itself: its parent is gone
        assert time.monotonic() < limit
        time.sleep(0.02)
    after = Ground()
    after.prepare()
    try:
        while lives(int(left)):
            assert time.monotonic() < limit + 10
            time.sleep(0.02)
        with pytest.raises(KeyError):
            pwd.getpwnam(user)
        assert not (SUDOERS / user).exists() and not Path(base).exists()
        assert pwd.getpwnam(own) and ground.base.exists(), "the living keep theirs"
    finally:
        after.close()
