"""``python -m novatui.demo.supervisor``: the two processes of a demo.

The *keeper* is the outer one. It is small, holds nothing but the directory's lock, and inherits every orphan of the
demo (a subreaper), so that whatever happens to the *supervisor*, it can end every process and remove every file.
The *supervisor* is its child and does the work. If the keeper is killed, the supervisor ends by itself in good order;
if both are, the kernel kills etcd and the shells (parent-death signal), and the next start sweeps the files.

Words on stdout, one JSON object a line: ``{"progress": ".."}``, then ``{"ready": "<dir>"}`` or ``{"error": {..}}``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path

from novatui.demo import places
from novatui.demo.children import become_subreaper, kill_descendants
from novatui.demo.starter import tell, told
from novatui.errors import NovatuiError


def main(argv: list[str] | None = None) -> int:
    """Returns when the demo is over and gone."""
    parser = argparse.ArgumentParser(prog="novatui.demo.supervisor")
    parser.add_argument("--base", type=Path, default=places.default_base())
    parser.add_argument("--fault", default="")
    parser.add_argument(
        "--starter", type=int, required=True, help="descriptor that ends when the starter does"
    )
    args = parser.parse_args(argv)
    try:
        if sys.platform != "linux":
            raise NovatuiError(
                "the demo needs Linux",
                "each of its masters has an address of its own in 127.0.0.0/8, and its processes die with it by prctl",
                "run it on a Linux machine or in a container",
            )
        place, _lock = places.claim(args.base)
    except (NovatuiError, OSError) as why:
        tell({"error": told(why)})
        return 1
    return _keep(place, args)


def _keep(place: Path, args: argparse.Namespace) -> int:
    become_subreaper()
    keeper_lives, keeper_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(keeper_end)
        code = 1
        try:
            code = _supervise(place, args, keeper_lives)
        finally:
            os._exit(code)
    os.close(keeper_lives)
    os.close(args.starter)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGTERM))
    try:
        code = os.waitstatus_to_exitcode(_wait_for(child))
    finally:
        kill_descendants()
        places.remove(place)
    return code


def _wait_for(child: int) -> int:
    """Reap until the supervisor is among the reaped."""
    while True:
        pid, code = os.wait()
        if pid == child:
            return code


def _supervise(place: Path, args: argparse.Namespace, keeper_lives: int) -> int:
    """The supervisor's whole life. Imports what is heavy only here: the keeper stays small."""
    _to_log(place)
    import asyncio

    from novatui.demo.cluster import live

    try:
        asyncio.run(live(place, args.fault, starter=args.starter, keeper=keeper_lives))
    except Exception as why:
        import traceback

        traceback.print_exc()
        tell({"error": told(why)})
        return 1
    finally:
        _clean_up_if_alone(place, keeper_lives)
    return 0


def _clean_up_if_alone(place: Path, keeper_lives: int) -> None:
    kill_descendants()
    os.set_blocking(keeper_lives, False)
    with contextlib.suppress(BlockingIOError):
        if not os.read(keeper_lives, 1):  # the keeper is gone
            places.remove(place)


def _to_log(place: Path) -> None:
    log = os.open(place / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    os.close(log)


if __name__ == "__main__":
    sys.exit(main())
