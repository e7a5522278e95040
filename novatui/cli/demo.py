"""``novatui demo``: a real three-member etcd cluster on this machine, with the screen on it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from novatui.demo.client import Demo

# The names of novatui.demo.faults.FAULTS; kept here too so that --help imports nothing. A test compares them.
FAULTS = {
    "member-down": "etcd on the second master is stopped",
    "hung-member": "etcd on the second master hangs: active, but it answers nothing",
    "corrupt-member": "the second master's database is damaged; etcd fails again and again",
    "power-cut": "all three lost power and etcd was not started again; the data is intact",
    "quorum-lost": "the databases of two masters are damaged; the third runs without quorum",
    "removed-member": "the second master's member was removed from the cluster; its etcd ends at each start",
    "half-recovered": "a recovery of the second master was given up: removed, stopped, not added again",
    "wiped-member": "the second master's data is gone; its etcd would found a new cluster and is refused",
    "nospace": "one database is at its quota: a NOSPACE alarm, writes are refused, quorum stands",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    faults = "\n".join(f"  {name:15} {line}" for name, line in FAULTS.items())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"faults:\n{faults}"
    parser.add_argument("--fault", metavar="NAME", choices=tuple(FAULTS), help="break it first, see below")
    parser.add_argument(
        "--no-tui", action="store_true", help="print the path of its configuration and stay until Ctrl-C"
    )


def main(args: argparse.Namespace) -> int:
    from novatui.demo.client import Demo

    _until_told()
    demo = Demo.launch(args.fault, on_progress=_say)
    try:
        return _stay(demo) if args.no_tui or not _can_draw() else _screen(demo)
    finally:
        if not demo.leave():
            _say("a run still works on it; it goes away by itself when that run ends")


def _screen(demo: Demo) -> int:
    from novatui.config import load
    from novatui.tui.app import run_app

    return run_app(load(demo.config_path).pick("demo"))


def _stay(demo: Demo) -> int:
    print(demo.config_path, flush=True)
    archive = demo.info["snapshot"]["name"] + ".tar.gz"
    _say(
        f"""it is up: three masters ({", ".join(demo.nodes)}), over SSH, with a snapshot of three hours ago.
  look:      novatui -c {demo.config_path} status
  screen:    novatui -c {demo.config_path}
  restore:   novatui -c {demo.config_path} plan restore-cluster --snapshot {archive}
  Ctrl-C ends it and removes everything."""
    )
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 0


def _until_told() -> None:
    """SIGTERM and SIGHUP end it as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def _say(words: str) -> None:
    print(f"demo: {words}", file=sys.stderr, flush=True)


def _can_draw() -> bool:
    return (
        all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
        and os.environ.get("TERM", "dumb") != "dumb"
    )
