"""Asking at the terminal: never on standard input, never echoed, at most three times; without one a clear refusal."""

from __future__ import annotations

import subprocess
import sys
import termios
from pathlib import Path

import pytest

from novatui.cli.main import run
from tests.cli.pty_child import OnTerminal

SECRET = "pl4nted-at-the-tty"
_ASK = """
import asyncio, sys
from novatui.cli.people import People
from novatui.remote.secrets import SecretAsk, SecretKind

async def main():
    people = People({accept})
    {body}

asyncio.run(main())
"""
_SECRETS = """
    for attempt in range(1, 5):
        said = await people.wallet.ask(SecretAsk(SecretKind.SUDO, "m1", "ops", attempt=attempt))
        print(said if said is None else len(said), flush=True)
        if said == "pl4nted-at-the-tty":
            break
"""
_HOST = """
    fp = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
    print(await asyncio.gather(*(people.host_keys.accept(n, "h", 22, "ssh-ed25519", fp) for n in ("m1", "m2"))))
"""


def argv(body: str, accept: bool = False) -> list[str]:
    return [sys.executable, "-c", _ASK.format(body=body.strip(), accept=accept)]


def test_secrets_are_typed_on_the_terminal_and_not_shown(tmp_path: Path) -> None:
    child = OnTerminal(argv(_SECRETS), tmp_path)
    child.expect("sudo password of ops on m1")
    child.type("wrong")
    child.expect("Try 2 of 3")
    child.type(SECRET)
    assert child.end() == 0
    assert child.out.read_text().split() == ["5", str(len(SECRET))]
    assert SECRET not in child.shown + child.said() and "wrong" not in child.shown


def test_after_ctrl_z_and_fg_it_is_not_shown_either(tmp_path: Path) -> None:
    """A shell takes the terminal back with echo on, and leaves it so when the job goes on."""
    child = OnTerminal(argv(_SECRETS), tmp_path)
    child.expect("Enter alone declines")
    mode = termios.tcgetattr(child.master)
    mode[3] |= termios.ECHO
    termios.tcsetattr(child.master, termios.TCSANOW, mode)
    child.expect("sudo password of ops on m1")
    child.type(SECRET)
    assert child.end() == 0
    assert child.out.read_text().split() == [str(len(SECRET))]
    assert SECRET not in child.shown + child.said()


def test_three_times_and_no_more(tmp_path: Path) -> None:
    child = OnTerminal(argv(_SECRETS), tmp_path)
    for attempt in (1, 2, 3):
        child.expect("sudo password" if attempt == 1 else f"Try {attempt} of 3")
        child.type(f"no{attempt}")
    assert child.end() == 0
    assert child.out.read_text().split() == ["3", "3", "3", "None"]


def test_enter_alone_declines(tmp_path: Path) -> None:
    child = OnTerminal(argv(_SECRETS), tmp_path)
    child.expect("sudo password")
    child.type("")
    assert child.end() == 0
    assert child.out.read_text().split() == ["None"] * 4, "declined once is declined"
    assert child.shown.count("sudo password") == 1


def without_terminal(code: list[str], typed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        code, input=typed, capture_output=True, text=True, timeout=60, start_new_session=True, check=True
    )


def test_without_a_terminal_nobody_is_asked_and_stdin_is_not_read() -> None:
    done = without_terminal(argv(_SECRETS), f"{SECRET}\n")
    assert done.stdout.split() == ["None"] * 4
    assert "nobody can be asked for the sudo password of ops on m1: there is no terminal" in done.stderr
    assert done.stderr.count("no terminal") == 1


def test_new_host_keys_one_by_one_by_a_typed_yes(tmp_path: Path) -> None:
    child = OnTerminal(argv(_HOST), tmp_path)
    child.expect("host key of m1")
    assert "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU" in child.shown
    assert "host key of m2" not in child.shown
    child.type("yes")
    child.expect("host key of m2")
    child.type("y")
    assert child.end() == 0
    assert child.out.read_text().strip() == "[True, False]"


def test_new_host_keys_headless_are_refused_unless_it_was_said() -> None:
    refused = without_terminal(argv(_HOST), "yes\nyes\n")
    assert refused.stdout.strip() == "[False, False]"
    assert "--accept-new-host-keys" in refused.stderr and "SHA256:47DEQ" in refused.stderr
    accepted = without_terminal(argv(_HOST, accept=True), "")
    assert accepted.stdout.strip() == "[True, True]"
    assert accepted.stderr.count("accepted (--accept-new-host-keys): SHA256:47DEQ") == 2


# our own log


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('[[clusters.prod.nodes]]\nname = "a"\nhost = "127.0.0.1"\nport = 1\n')
    return path


def test_a_log_is_private_and_says_what_ran(config: Path, tmp_path: Path) -> None:
    log = tmp_path / "own.log"
    words = ["-c", str(config), "--log-file", str(log), "--log-level", "debug", "status", "--timeout", "2"]
    assert run(words) == 3
    assert log.stat().st_mode & 0o777 == 0o600
    said = log.read_text()
    assert "novatui" in said and " status, pid " in said
    assert "a: " in said and "nobody listens" in said, "why a master cannot be asked"


@pytest.mark.parametrize("mode", [0o644, 0o660])
def test_a_log_that_others_could_read_is_refused(
    mode: int, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "own.log"
    log.touch()
    log.chmod(mode)
    assert run(["-c", str(config), "--log-file", str(log), "runs"]) == 1
    assert "is not private" in capsys.readouterr().err
    assert log.read_bytes() == b""


def test_a_link_is_no_log(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.log").symlink_to(tmp_path / "elsewhere")
    assert run(["--log-file", str(tmp_path / "own.log"), "-c", str(config), "runs"]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


def test_a_level_without_a_log_is_a_usage_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-c", str(config), "--log-level", "debug", "runs"]) == 64
    assert "--log-file" in capsys.readouterr().err
