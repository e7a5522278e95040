"""The command line: global options, the table of commands, and what every command's failure looks like."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from novatui.errors import NovatuiError, UsageError

if TYPE_CHECKING:
    from novatui.config import ClusterConfig

# name -> (module with ``arguments(parser)`` and ``main(args) -> int``, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "status": ("novatui.cli.status", "show the cluster once and leave; --json for programs"),
    "demo": ("novatui.cli.demo", "start a real three-member etcd cluster on this machine and look at it"),
    "plan": ("novatui.cli.plan", "show exactly what a runbook would do, changing nothing"),
    "run": ("novatui.cli.run", "run a runbook, headless"),
    "attach": ("novatui.cli.attach", "follow a run that is under way"),
    "resume": ("novatui.cli.resume", "go on with a run that was interrupted"),
    "undo": ("novatui.cli.undo", "take a run back"),
    "abort": ("novatui.cli.abort", "stop a run at its next safe point"),
    "runs": ("novatui.cli.runs", "list the runs of this machine"),
    "locks": ("novatui.cli.locks", "say which run has which master, and what can be done about it"),
    "report": ("novatui.cli.report", "tell what a run did"),
    "record": ("novatui.cli.record", "write what is seen of the cluster into a file, for --replay"),
    "support-bundle": (
        "novatui.cli.support_bundle",
        "gather what the vendor needs of all masters, in one archive",
    ),
}

# Words of the design that are refused by name until they are built.
NOT_YET: dict[str, str] = {
    "snapshots": "until then: `novatui plan restore-cluster` shows the archives it finds",
    "cleanup": "until then: `novatui report RUN` names what a run kept on the masters",
    "doctor": "until then: `novatui status` says per master why it cannot be asked",
    "init": "until then: copy config.example.toml and fill it in, or look around with `novatui demo`",
}

_EXAMPLES = """\
examples:
  novatui demo                       a real cluster on this machine, to look around
  novatui                            the screen, on the default cluster
  novatui --cluster prod status      one look, in words; --json for programs
  novatui plan restore-cluster --snapshot /tmp/etcd.db.tar.gz
                                     what would be done, every command; changes nothing
  novatui run restore-cluster --snapshot /tmp/etcd.db.tar.gz --yes prod
                                     the same, done; --yes takes the cluster's name
  novatui record night.nvr           what is seen, into a file; novatui --replay night.nvr walks through it
  novatui --accept-new-host-keys status
                                     trusts hosts never met before; at a terminal it asks for each instead

exit codes:
  status       0 healthy, 1 degraded, 2 no quorum, 3 unknown
  run, resume, attach, undo
               0 done and verified, 1 failed (what stands is said), 2 refused, nothing changed,
               3 aborted, 4 held by another run
  everywhere   64 usage, 78 configuration, 70 a bug of novatui (traceback in its log), 130 interrupted
"""


# Global options that are followed by a value.
VALUED = ("-c", "--config", "--cluster", "--lang", "--log-file", "--log-level", "--replay")
LANGUAGES = ("en", "ru")  # those of novatui.present.i18n; a test compares them
LOG_LEVELS = ("error", "warning", "info", "debug")


class Parser(argparse.ArgumentParser):
    """argparse that raises UsageError (exit 64) where the original prints and exits 2."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}", hint=f"{self.prog} --help says what is understood")


def run(words: Sequence[str]) -> int:
    """One command line from words to exit code; nothing escapes as a traceback."""
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except NovatuiError as error:
        from novatui.present.i18n import translated

        print(f"novatui: {translated(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("novatui: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away: end as any Unix tool does, and keep the interpreter's own last flush quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception as error:
        from novatui.cli.crash import report

        return report(error)


def _dispatch(words: Sequence[str]) -> int:
    head, command, tail = _split(words)
    args = _top_parser().parse_args(head)
    if not args.version:
        _speak(args)
    if args.replay is not None:
        _start_log(args, "replay")
        return _open_replay(args, command)
    if command is None:
        _start_log(args, "screen")
        return _open_screen(args)
    if command in NOT_YET:
        raise UsageError(f"novatui {command} is not in this version", hint=NOT_YET[command])
    if command not in COMMANDS:
        raise UsageError(f"novatui knows no command '{command}'", hint=_nearest(command))
    module_name, line = COMMANDS[command]
    module = importlib.import_module(module_name)
    parser = Parser(prog=f"novatui {command}", description=line, allow_abbrev=False)
    _global_options(parser, default=argparse.SUPPRESS)
    module.arguments(parser)
    args = parser.parse_args(tail, namespace=args)
    _speak(args)
    _start_log(args, command)
    code: int = module.main(args)
    return code


def _speak(args: argparse.Namespace) -> None:
    """In the language of ``--lang``, else of the locale."""
    from novatui.present import i18n

    i18n.install(args.lang)


def _start_log(args: argparse.Namespace, command: str) -> None:
    """Only where one was asked for: nothing of it is loaded otherwise."""
    if args.log_file is not None:
        from novatui import logs

        logs.start(args.log_file, args.log_level or "info", command)
    elif args.log_level is not None:
        raise UsageError("--log-level is for --log-file", hint="name a file with --log-file FILE")


def _split(words: Sequence[str]) -> tuple[list[str], str | None, list[str]]:
    """Global options, the command, its own words. Without importing any command we cannot let argparse do it."""
    index = 0
    while index < len(words):
        word = words[index]
        if word in VALUED:
            index += 2
        elif word.startswith("-"):
            index += 1
        else:
            return list(words[:index]), word, list(words[index + 1 :])
    return list(words), None, []


def _top_parser() -> Parser:
    width = max(map(len, COMMANDS))
    table = "\n".join(f"  {name:{width}}  {line}" for name, (_, line) in COMMANDS.items())
    parser = Parser(
        prog="novatui",
        usage="novatui [-c FILE] [--cluster NAME] [COMMAND ...]",
        description="Sees the etcd of a cluster's masters and recovers it. Without a command: the screen.",
        epilog=f"commands (novatui COMMAND --help says more):\n{table}\n\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    parser.add_argument(
        "--replay",
        metavar="FILE",
        type=Path,
        help="the screen on a recording that `novatui record` made; no master is asked",
    )
    _global_options(parser, default=None)
    return parser


def _global_options(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        type=Path,
        default=default,
        help="the configuration; else $NOVATUI_CONFIG, else the platform's configuration directory",
    )
    parser.add_argument(
        "--cluster", metavar="NAME", default=default, help="which cluster of the file; else its default"
    )
    parser.add_argument(
        "--accept-new-host-keys",
        action="store_true",
        default=default,
        help="trust hosts that known_hosts does not name yet, unseen; a changed key is refused all the same",
    )
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=default,
        help="the language of what is shown; else that of the locale",
    )
    parser.add_argument(
        "--log-file",
        metavar="FILE",
        type=Path,
        default=default,
        help="what novatui does, for its own troubles",
    )
    parser.add_argument(
        "--log-level", choices=LOG_LEVELS, default=default, help="how much of it; default info"
    )


def _open_screen(args: argparse.Namespace) -> int:
    """The TUI on a terminal; where there is none (a pipe, TERM=dumb) the same facts in words."""
    if args.version:
        from novatui import __version__

        print(f"novatui {__version__}")
        return 0
    if not _can_draw():
        return _dispatch([*_as_words(args), "status"])
    app = importlib.import_module("novatui.tui.app")
    code: int = app.run_app(open_cluster(args), accept_new_host_keys=bool(args.accept_new_host_keys))
    return code


def _open_replay(args: argparse.Namespace, command: str | None) -> int:
    """Before any configuration is read: a recording has the names of its masters in it, and that is all it needs."""
    if command is not None or args.config or args.cluster or args.accept_new_host_keys:
        raise UsageError("--replay goes with no command and no cluster", "it opens the screen on a file")
    recording = importlib.import_module("novatui.recording.recording").Recording.open(args.replay)
    if not _can_draw():
        raise UsageError("--replay opens the screen, and there is no terminal", hint="run it in one")
    code: int = importlib.import_module("novatui.tui.replay.app").run_replay(recording)
    return code


def open_cluster(args: argparse.Namespace) -> ClusterConfig:
    """The cluster that ``-c`` and ``--cluster`` name; ``.path`` is its file. Raises ConfigError, UsageError."""
    from novatui import paths
    from novatui.config import load

    return load(args.config or paths.config_file()).pick(args.cluster)


def _can_draw() -> bool:
    return (
        all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
        and os.environ.get("TERM", "dumb") != "dumb"
    )


def _as_words(args: argparse.Namespace) -> list[str]:
    words = ["-c", str(args.config)] if args.config else []
    words += ["--lang", args.lang] if args.lang else []
    words += ["--accept-new-host-keys"] if args.accept_new_host_keys else []
    return words + (["--cluster", args.cluster] if args.cluster else [])


def _nearest(command: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(command, [*COMMANDS, *NOT_YET], n=1, cutoff=0.5)
    return f"did you mean `novatui {close[0]}`?" if close else "novatui --help lists them"
