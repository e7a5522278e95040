"""``novatui demo``: a real three-member etcd cluster on this machine, with the screen on it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING

from novatui.cli.parser import teach
from novatui.model.words import N_
from novatui.present.i18n import _, translated

if TYPE_CHECKING:
    from novatui.demo.client import Demo

# The names of novatui.demo.faults.FAULTS; kept here too so that --help imports nothing. A test compares them.
FAULTS = {
    "member-down": N_("etcd on the second master is stopped"),
    "hung-member": N_("etcd on the second master hangs: active, but it answers nothing"),
    "corrupt-member": N_("the second master's database is damaged; etcd fails again and again"),
    "power-cut": N_("all three lost power and etcd was not started again; the data is intact"),
    "quorum-lost": N_("the databases of two masters are damaged; the third runs without quorum"),
    "removed-member": N_(
        "the second master's member was removed from the cluster; its etcd ends at each start"
    ),
    "half-recovered": N_("a recovery of the second master was given up: removed, stopped, not added again"),
    "wiped-member": N_("the second master's data is gone; its etcd would found a new cluster and is refused"),
    "nospace": N_("one database is at its quota: a NOSPACE alarm, writes are refused, quorum stands"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "Starts three real etcd members on this machine, with TLS, each reached over SSH as a master is, and opens the screen "
            "on them: to look around, and to practise every recovery before it is needed."
        ),
        _(
            "It needs no root, no configuration and no network but the loopback (127.0.0.0/8), and touches nothing outside its "
            "own directory. At its end all of it is removed."
        ),
        rows={_("faults"): [(name, _(line)) for name, line in FAULTS.items()]},
        examples=[
            ("novatui demo", ""),
            ("novatui demo --fault quorum-lost", _("broken; the screen says what to do")),
            ("novatui demo --no-tui", _("for trying the commands from another terminal")),
        ],
    )
    parser.add_argument("--fault", metavar="NAME", choices=tuple(FAULTS), help=_("break it first, see below"))
    parser.add_argument(
        "--no-tui", action="store_true", help=_("print the path of its configuration and stay until Ctrl-C")
    )


def main(args: argparse.Namespace) -> int:
    from novatui.demo.client import Demo

    _until_told()
    demo = Demo.launch(args.fault, on_progress=_say)
    try:
        return _stay(demo) if args.no_tui or not _can_draw() else _screen(demo)
    finally:
        if not demo.leave():
            _say(_("a run still works on it; it goes away by itself when that run ends"))


def _screen(demo: Demo) -> int:
    from novatui.config import load
    from novatui.tui.app import run_app

    return run_app(load(demo.config_path).pick("demo"))


def _stay(demo: Demo) -> int:
    print(demo.config_path, flush=True)
    archive = demo.info["snapshot"]["name"] + ".tar.gz"
    words = _(
        "it is up: three masters ({nodes}), over SSH, with a snapshot of three hours ago.\n"
        "  look:      novatui -c {config} status\n"
        "  screen:    novatui -c {config}\n"
        "  restore:   novatui -c {config} plan restore-cluster --snapshot {archive}\n"
        "  Ctrl-C ends it and removes everything."
    )
    _say(words.format(nodes=", ".join(demo.nodes), config=demo.config_path, archive=archive))
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 0


def _until_told() -> None:
    """SIGTERM and SIGHUP end it as Ctrl-C does."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # a shell that starts it with & has it ignore the first
        signal.signal(number, signal.default_int_handler)


def _say(words: str) -> None:
    print(f"demo: {translated(words)}", file=sys.stderr, flush=True)


def _can_draw() -> bool:
    return (
        all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
        and os.environ.get("TERM", "dumb") != "dumb"
    )
