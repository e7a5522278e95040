"""``python -m tests.lab up``: a lab for a person. ``python -m tests.lab build``: its base trees, ahead of the tests."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from tests.lab import image, places
from tests.lab.lab import Lab, LabMissing
from tests.lab.shapes import BREAKS, broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="start hosts and stay until Ctrl-C")
    up.add_argument("--masters", type=int, choices=range(1, 6), default=3)
    up.add_argument("--image", choices=tuple(image.IMAGES), default="trixie")
    up.add_argument("--broken", choices=tuple(BREAKS), help="break it first")
    build = verbs.add_parser("build", help="make the base trees that are missing")
    build.add_argument(
        "images", nargs="*", metavar="IMAGE", help=f"of {', '.join(image.IMAGES)}; default: all"
    )
    verbs.add_parser("sweep", help="remove what dead labs left")
    args = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # also where a shell started it with &
        signal.signal(number, signal.default_int_handler)
    try:
        if args.verb == "build":
            return _build(args.images)
        if args.verb == "sweep":
            with places.locked(places.root() / "runs.lock"):
                places.sweep()
            return 0
        return _stay(args.masters, args.image, args.broken)
    except LabMissing as why:
        print(f"lab: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _build(names: list[str]) -> int:
    for name in names or image.IMAGES:
        path, _lock = image.tree(image.IMAGES[name])
        print(path)
    return 0


def _stay(masters: int, image_name: str, how: str | None) -> int:
    began = time.monotonic()
    with Lab.up(masters, image_name) as lab:
        if how:
            broken(lab, how)
        print(lab.config_path, flush=True)
        launcher = lab.write_launcher()
        print(
            f"""lab: up after {time.monotonic() - began:.0f} s: {", ".join(lab.nodes)}, {image_name}, archive {lab.snapshot.path}
  {launcher} status         novatui in the lab's network, which alone knows these hosts
  {launcher}                the screen
  {launcher} plan restore-cluster --snapshot {lab.snapshot.path}
  {lab.write_shell("nova-master-1")}            a root shell on a master; likewise the others
  Ctrl-C ends it and removes everything.""",
            file=sys.stderr,
            flush=True,
        )
        for node in lab.nodes:
            lab.write_shell(node)
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
