"""The command line: global options, the table of commands, and what every command's failure looks like."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from novatui.cli.parser import Parser, teach
from novatui.errors import NovatuiError, UsageError
from novatui.model.words import N_
from novatui.present import i18n
from novatui.present.i18n import _

if TYPE_CHECKING:
    from novatui.config import ClusterConfig, Config

# name -> (module with ``arguments(parser)`` and ``main(args) -> int``, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "status": (
        "novatui.cli.status",
        N_("one look: what is wrong, where, and what to do; --json for programs"),
    ),
    "demo": ("novatui.cli.demo", N_("a real three-member etcd cluster on this machine, broken on request")),
    "plan": ("novatui.cli.plan", N_("what a recovery would do, every command of it; changes nothing")),
    "run": ("novatui.cli.run", N_("carry a recovery out, without the screen")),
    "attach": ("novatui.cli.attach", N_("follow a run that is under way")),
    "resume": ("novatui.cli.resume", N_("go on with a run that stopped")),
    "undo": ("novatui.cli.undo", N_("take back what a run changed")),
    "abort": ("novatui.cli.abort", N_("stop a run at its next safe point")),
    "runs": ("novatui.cli.runs", N_("the runs of this machine, the newest first")),
    "locks": ("novatui.cli.locks", N_("which run has which master, and what can be done about it")),
    "report": ("novatui.cli.report", N_("what a run did, for a ticket or an audit")),
    "record": ("novatui.cli.record", N_("write what is seen of the cluster into a file, for --replay")),
    "support-bundle": (
        "novatui.cli.support_bundle",
        N_("what the vendor's support asks for, of all masters, in one archive"),
    ),
}

# Words of the design that are refused by name until they are built.
NOT_YET: dict[str, str] = {
    "snapshots": N_("until then: `novatui plan restore-cluster` shows the archives it finds"),
    "cleanup": N_("until then: `novatui report RUN` names what a run kept on the masters"),
    "doctor": N_("until then: `novatui status` says per master why it cannot be asked"),
    "init": N_("until then: copy config.example.toml and fill it in, or look around with `novatui demo`"),
}

# Global options that are followed by a value.
VALUED = ("-c", "--config", "--cluster", "--lang", "--log-file", "--log-level", "--replay")
LOG_LEVELS = ("error", "warning", "info", "debug")


def run(words: Sequence[str]) -> int:
    """One command line from words to exit code; nothing escapes as a traceback."""
    i18n.install(_language(words))
    if isinstance(
        sys.stdout, io.TextIOWrapper
    ):  # a terminal that does not know a letter gets its number, as on stderr
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except NovatuiError as error:
        print(f"novatui: {i18n.translated(str(error))}", file=sys.stderr)
        return _failed(words, error.exit_code)
    except KeyboardInterrupt:
        print(f"novatui: {_('interrupted')}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away: end as any Unix tool does.
        _print_no_more()
        return 141
    except OSError as error:
        from novatui.cli.crash import of_the_machine

        if error.filename is None:
            _print_no_more()
        return _failed(words, of_the_machine(error))
    except Exception as error:
        from novatui.cli.crash import report

        return report(error)


def _failed(words: Sequence[str], code: int) -> int:
    """Of ``status`` a low number is a verdict: where it could not look, or say what it saw, that is "unknown"."""
    return 3 if _split(words)[1] == "status" and code < 64 else code


def _print_no_more() -> None:
    """What is still to be flushed goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _dispatch(words: Sequence[str]) -> int:
    head, command, tail = _split(words)
    args = top_parser().parse_args(head)
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
    args = parser_of(command).parse_args(tail, namespace=args)
    _start_log(args, command)
    code: int = importlib.import_module(COMMANDS[command][0]).main(args)
    return code


def parser_of(command: str) -> Parser:
    """What ``command`` understands. The options that all have are in the help of ``novatui`` alone."""
    module_name, line = COMMANDS[command]
    parser = Parser(f"novatui {command}", _(line))
    importlib.import_module(module_name).arguments(parser)
    _global_options(parser, default=argparse.SUPPRESS)
    others = _("-c, --cluster, --lang and the others that go with every command: novatui --help")
    parser.epilog = "\n\n".join(filter(None, (parser.epilog, others)))
    return parser


def _language(words: Sequence[str]) -> str | None:
    """That of ``--lang``, wherever it stands: help and errors are in it too. None: that of the locale."""
    found = None
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == "--lang":
            said = value if equals else "".join(words[at + 1 : at + 2])
            found = said if said in i18n.LANGUAGES else found
    return found


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


def top_parser() -> Parser:
    parser = Parser("novatui", "")
    parser.usage = "novatui [-c FILE] [--cluster NAME] [COMMAND ...]"
    teach(
        parser,
        _(
            "Sees the etcd of the masters of a Kubernetes cluster over SSH, says what is wrong and what to do, and recovers it. "
            "Without a command: the screen, which shows all this and does all this by its keys."
        ),
        _(
            "Looking changes nothing on a master. A recovery shows every command first, proves everything before anything "
            "stops, and begins only after a typed word (--yes for run). The old data is renamed and kept, never deleted."
        ),
        rows={
            _("commands (novatui COMMAND --help says more)"): [
                (name, _(line)) for name, (_module, line) in COMMANDS.items()
            ]
        },
        exits={
            "status": _("0 healthy, 1 degraded, 2 no quorum, 3 unknown"),
            "run ..": _(
                "also resume, attach, undo: 0 done and verified, 1 failed (what stands is said), 2 refused, nothing changed, "
                "3 aborted, 4 a master is held by another run"
            ),
            _("all"): _(
                "64 usage, 78 configuration, 70 a bug of novatui (it names its log), 130 interrupted"
            ),
        },
        examples=[
            ("novatui demo --fault quorum-lost", _("a broken cluster on this machine, to practise on")),
            ("novatui status", _("the default cluster, in words")),
            ("novatui --cluster prod", _("the screen on another one of the configuration")),
            (
                "novatui plan restore-cluster --snapshot /tmp/etcd.db.tar.gz",
                _("what would be done; nothing is changed"),
            ),
            (
                "novatui run restore-cluster --snapshot /tmp/etcd.db.tar.gz --yes prod",
                _("the same, done; --yes takes the name that the screen would make you type"),
            ),
            ("novatui --replay night.nvr", _("walk through what `novatui record night.nvr` wrote")),
        ],
    )
    parser.add_argument("-V", "--version", action="store_true", help=_("print the version"))
    parser.add_argument(
        "--replay",
        metavar="FILE",
        type=Path,
        help=_("the screen on a recording that `novatui record` made; no master is asked"),
    )
    _global_options(parser, default=None)
    return parser


def _global_options(parser: Parser, default: str | None) -> None:
    """``default`` SUPPRESS: behind a command, where they are understood, and do not unsay what stands before it."""
    options = parser.add_argument_group(_("options of all commands"))

    def add(*names: str, told: str, **how: Any) -> None:
        options.add_argument(*names, default=default, help=default or told, **how)

    add(
        *("-c", "--config"),
        metavar="FILE",
        type=Path,
        told=_("the configuration; else $NOVATUI_CONFIG, else the platform's configuration directory"),
    )
    add(
        "--cluster",
        metavar="NAME",
        told=_("which cluster of the file; else its default; else the screen asks"),
    )
    add(
        "--accept-new-host-keys",
        action="store_true",
        told=_(
            "trust hosts that known_hosts does not name yet, unseen; without it they are asked about at the terminal. "
            "A changed key is refused all the same"
        ),
    )
    add("--lang", choices=i18n.LANGUAGES, told=_("the language of what is shown; else that of the locale"))
    add("--log-file", metavar="FILE", type=Path, told=_("what novatui itself does, for its own troubles"))
    add("--log-level", choices=LOG_LEVELS, told=_("how much of it; default info"))


def _open_screen(args: argparse.Namespace) -> int:
    """The TUI on a terminal; where there is none (a pipe, TERM=dumb) the same facts in words."""
    if args.version:
        from novatui import __version__

        print(f"novatui {__version__}")
        return 0
    if not _can_draw():
        return run([*_as_words(args), "status"])
    config = open_config(args)
    cluster: ClusterConfig | None
    if config.names_none(args.cluster):
        cluster = importlib.import_module("novatui.tui.picking").pick(config.clusters)
        if cluster is None:
            return 0
    else:
        cluster = config.pick(args.cluster)
    app = importlib.import_module("novatui.tui.app")
    code: int = app.run_app(
        cluster, accept_new_host_keys=bool(args.accept_new_host_keys), clusters=config.clusters
    )
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
    return open_config(args).pick(args.cluster)


def open_config(args: argparse.Namespace) -> Config:
    """The whole file. Raises ConfigError."""
    from novatui import paths
    from novatui.config import load

    return load(args.config or paths.config_file())


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
    return (
        _("did you mean `novatui {command}`?").format(command=close[0])
        if close
        else _("novatui --help lists them")
    )
