"""The command line: what it understands, and what every failure looks like from outside."""

from __future__ import annotations

import argparse
import errno
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.cli import main as cli
from novatui.errors import ConfigError, HeldByAnother, NovatuiError, Refused


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[argparse.Namespace], int]], None]:
    """Put a command called ``try`` into the table."""

    def put(body: Callable[[argparse.Namespace], int]) -> None:
        module = types.ModuleType("novatui_try")
        module.arguments = lambda parser: parser.add_argument("--flag", action="store_true")  # type: ignore[attr-defined]
        module.main = body  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "novatui_try", module)
        monkeypatch.setitem(cli.COMMANDS, "try", ("novatui_try", "for this test"))

    return put


def novatui(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The real command, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "novatui", *words],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **env},
        check=False,
    )


def test_version() -> None:
    from novatui import __version__

    for words in (["--version"], ["-V"], ["-c", "x", "--version"]):
        done = novatui(*words)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"novatui {__version__}\n", "")


def test_help_teaches() -> None:
    done = novatui("--help")
    assert done.returncode == 0
    for word in ["novatui demo", "exit codes", "78 configuration", *cli.COMMANDS]:
        assert word in done.stdout


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_help(name: str) -> None:
    done = novatui(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"novatui {name}" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stauts"], "did you mean `novatui status`?"),
        (["dctor"], "did you mean `novatui doctor`?"),
        (["xyzzy"], "novatui --help lists them"),
        (["status", "--jsn"], "unrecognized arguments: --jsn"),
        (["status", "--timeout", "0"], "1 to 600 seconds"),
        (["status", "--timeout", "soon"], "1 to 600 seconds"),
        (["support-bundle", "--since", "999999d"], "3650d at most"),
        (["support-bundle", "--since", "3651d"], "3650d at most"),
        (["support-bundle", "--since", "0s"], "3650d at most"),
        (["--cluster"], "expected one argument"),
        (["--nope"], "unrecognized arguments: --nope"),
    ],
)
def test_usage_errors_end_with_64(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 64
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", list(cli.NOT_YET))
def test_what_is_not_there_yet_says_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--anything"]) == 64
    assert "is not in this version" in capsys.readouterr().err


def test_no_configuration_ends_with_78_and_offers_the_demo() -> None:
    for words in (["status"], []):
        done = novatui(*words)
        assert done.returncode == 78
        assert "no configuration at" in done.stderr
        assert "novatui demo" in done.stderr
        assert done.stdout == ""


def test_a_wrong_configuration_names_every_key(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[clusters.prod]\nenviroment = 1\n[[clusters.prod.nodes]]\nname = "a"\n')
    done = novatui("-c", str(path), "status")
    assert done.returncode == 78
    assert "clusters.prod.enviroment: unknown key, did you mean environment?" in done.stderr
    assert "clusters.prod.nodes[0].host: missing" in done.stderr
    assert novatui("status", "-c", str(path)).stderr == done.stderr
    assert novatui("status", NOVATUI_CONFIG=str(path)).stderr == done.stderr


def test_global_options_stand_before_and_behind_the_command(
    command: Callable[[Callable[[argparse.Namespace], int]], None],
) -> None:
    seen: list[tuple[Path | None, str | None, bool]] = []

    def body(args: argparse.Namespace) -> int:
        seen.append((args.config, args.cluster, args.flag))
        return 0

    command(body)
    assert cli.run(["-c", "a.toml", "--cluster", "x", "try", "--flag"]) == 0
    assert cli.run(["try", "--flag", "--cluster", "x", "--config", "a.toml"]) == 0
    assert cli.run(["--cluster", "x", "try", "-c", "a.toml"]) == 0
    assert cli.run(["--cluster=x", "try"]) == 0
    assert seen == [
        (Path("a.toml"), "x", True),
        (Path("a.toml"), "x", True),
        (Path("a.toml"), "x", False),
        (None, "x", False),
    ]


@pytest.mark.parametrize(
    ("error", "code"), [(Refused("no", "because", "do this"), 2), (HeldByAnother("held"), 4)]
)
def test_an_expected_failure_is_title_detail_hint_and_its_code(
    error: Exception,
    code: int,
    command: Callable[[Callable[[argparse.Namespace], int]], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def body(args: argparse.Namespace) -> int:
        raise error

    command(body)
    assert cli.run(["try"]) == code
    assert capsys.readouterr().err == f"novatui: {error}\n"


@pytest.mark.parametrize("words", [["status"], ["--cluster", "prod", "status"], []])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NovatuiError("the log may be read by others"), 3),
        (OSError(errno.ENOSPC, "No space left on device"), 3),
        (Refused("no"), 3),
        (ConfigError("no"), 78),
        (ZeroDivisionError(), 70),
    ],
)
def test_a_status_that_could_not_look_is_no_verdict(
    error: Exception,
    code: int,
    words: list[str],
    command: Callable[[Callable[[argparse.Namespace], int]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """1 would be "degraded: quorum stands", 2 "no quorum"."""

    def body(args: argparse.Namespace) -> int:
        raise error

    command(body)
    monkeypatch.setattr(cli, "_print_no_more", lambda: None)
    monkeypatch.setitem(cli.COMMANDS, "status", cli.COMMANDS["try"])
    assert cli.run(words) == code


def test_ctrl_c_ends_with_130(
    command: Callable[[Callable[[argparse.Namespace], int]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def body(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    command(body)
    assert cli.run(["try"]) == 130
    assert capsys.readouterr().err == "novatui: interrupted\n"


def test_a_bug_of_ours_keeps_its_traceback_off_the_screen(
    command: Callable[[Callable[[argparse.Namespace], int]], None],
    capsys: pytest.CaptureFixture[str],
    home: Path,
) -> None:
    def body(args: argparse.Namespace) -> int:
        raise ZeroDivisionError("by \x1b[31m nothing")

    command(body)
    assert cli.run(["try"]) == 70
    said = capsys.readouterr().err
    log = home / ".local/state/novatui/novatui.log"
    assert said == f"novatui: stopped by a bug of its own (ZeroDivisionError); the traceback is in {log}\n"
    assert "Traceback" in log.read_text()
    assert "ZeroDivisionError: by" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o777 == 0o700


def test_a_bug_is_kept_even_without_a_state_directory(
    command: Callable[[Callable[[argparse.Namespace], int]], None],
    capsys: pytest.CaptureFixture[str],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def body(args: argparse.Namespace) -> int:
        raise ZeroDivisionError

    command(body)
    (home / ".local/state/novatui").mkdir(mode=0o755)
    (home / ".local/state/novatui").chmod(0o755)  # not private: refused
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cli.run(["try"]) == 70
    (kept,) = tmp_path.glob("novatui-*.log")
    assert str(kept) in capsys.readouterr().err
    assert "ZeroDivisionError" in kept.read_text()


def test_a_reader_that_leaves_is_no_bug() -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"set -o pipefail; {sys.executable} -m novatui --help | head -1; echo ${{PIPESTATUS[0]}}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[-1] in ("0", "141")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("runs >&-", 0, ""),
        ("--lang en <&-", 78, "no configuration at"),
        ("--lang en runs >/dev/full", 1, "novatui: standard output: No space left on device\n"),
    ],
)
def test_streams_that_were_closed_or_are_full_are_no_bug(line: str, code: int, said: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m novatui {line}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code and said in done.stderr, done.stderr
    assert "bug" not in done.stderr and (said or not done.stderr)


def test_a_disk_that_takes_nothing_is_no_bug(
    command: Callable[[Callable[[argparse.Namespace], int]], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
) -> None:
    """The state directory cannot be made: said with its path and why."""
    from novatui import paths

    def body(args: argparse.Namespace) -> int:
        return len(str(paths.runs_dir()))

    command(body)
    (home / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "file"))
    assert cli.run(["try"]) == 1
    assert capsys.readouterr().err == f"novatui: {home}/file/novatui: Not a directory\n"


def test_without_a_terminal_the_screen_is_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command, no tty: the same as ``status``, options included."""
    seen: list[list[str]] = []
    real = cli._dispatch

    def watch(words: list[str]) -> int:
        seen.append(list(words))
        return 0 if len(seen) == 2 else real(words)

    monkeypatch.setattr(cli, "_dispatch", watch)
    assert cli.run(["-c", "/a.toml", "--cluster", "x"]) == 0
    assert seen[1] == ["-c", "/a.toml", "--cluster", "x", "status"]


def test_on_a_dumb_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    assert not cli._can_draw()
    monkeypatch.setenv("TERM", "xterm-256color")
    assert cli._can_draw()
    monkeypatch.delenv("TERM")
    assert not cli._can_draw()
