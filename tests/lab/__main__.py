"""``python -m tests.lab up``: a lab for a person. ``python -m tests.lab build``: its base trees, ahead of the tests.
``python -m tests.lab soak``: random faults at random steps of random recoveries; several at
once do not disturb each other. ``python -m tests.lab verdicts``: from a fault to its verdict on the screen."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from tests.lab import image, places, verdicts
from tests.lab.lab import Lab, LabMissing
from tests.lab.renewing import renew
from tests.lab.restores import STALL_S, figures, restores
from tests.lab.shapes import BREAKS, broken
from tests.lab.soak.chains import RUNBOOKS, every_point
from tests.lab.soak.play import soak


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
    random = verbs.add_parser(
        "soak", help="random faults at random steps of random recoveries; figures at the end"
    )
    random.add_argument("--iterations", type=int, default=30)
    random.add_argument("--seed", type=int, default=1, help="of the first iteration; the n-th has seed + n")
    random.add_argument("--image", choices=tuple(image.IMAGES), default="trixie")
    chains = verbs.add_parser(
        "chains", help="runs whose runner is killed: at each kill point there is, from a cluster as new"
    )
    chains.add_argument(
        "runbooks", nargs="*", metavar="RUNBOOK", help=f"of {', '.join(RUNBOOKS)}; default: all"
    )
    chains.add_argument("--seed", type=int, default=1, help="what is broken")
    chains.add_argument("--image", choices=tuple(image.IMAGES), action="append", help="default: both")
    chains.add_argument("--step", action="append", default=[], help="only the points of these steps")
    often = verbs.add_parser("restores", help="restores in a row, and how long each member took to stop")
    often.add_argument("--times", type=int, default=20)
    often.add_argument("--image", choices=tuple(image.IMAGES), default="trixie")
    live = verbs.add_parser("verdicts", help="live faults, and the time until the screen says what they are")
    live.add_argument("names", nargs="*", metavar="FAULT", help="recorded cases' names; default: some twenty")
    live.add_argument("--deaths", type=int, default=verdicts.DEATHS, help="first so many killed processes")
    live.add_argument("--image", choices=tuple(image.IMAGES), default="trixie")
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
        if args.verb == "soak":
            return _soak(args.image, args.iterations, args.seed)
        if args.verb == "chains":
            return _chains(
                args.image or list(image.IMAGES), args.runbooks or list(RUNBOOKS), args.seed, args.step
            )
        if args.verb == "restores":
            return _restores(args.image, args.times)
        if args.verb == "verdicts":
            return _verdicts(args.image, args.names or verdicts.USUAL, args.deaths)
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


def _soak(image_name: str, iterations: int, seed: int) -> int:
    """Exit 1 when something did not hold."""
    with Lab.up(3, image_name) as lab:
        figures = soak(lab, iterations, seed)
    print(figures.text())
    return 1 if figures.failed else 0


def _chains(images: list[str], runbooks: list[str], seed: int, steps: list[str]) -> int:
    """Exit 1 when something did not hold. Ctrl-C ends it with what there is."""
    points, failed = 0, 0
    try:
        for name in images:
            with Lab.up(3, name) as lab:
                for runbook in runbooks:
                    renew(lab)
                    began = time.monotonic()
                    for point, found in every_point(lab, runbook, seed, steps):
                        points += 1
                        failed += bool(found.wrong)
                        took, began = time.monotonic() - began, time.monotonic()
                        word = "FAILED" if found.wrong else "ok    "
                        what = f"{word} {name}, {runbook}: killed at {point}, {took:.0f} s; {found.aside()}"
                        print(what, *found.wrong, sep="\n       ", flush=True)
    except KeyboardInterrupt:
        pass
    print(f"kill points {points}, failed {failed}")
    return 1 if failed else 0


def _restores(image_name: str, times: int) -> int:
    """Exit 1 when a stop took as long as a stall."""
    took: list[dict[str, float]] = []
    with Lab.up(3, image_name) as lab:
        for one in restores(lab, times):
            took.append(one)
            said = ", ".join(f"{node} {seconds:.2f} s" for node, seconds in one.items())
            print(f"{len(took):>3}: {said}", flush=True)
    print(figures(took))
    return 1 if any(seconds >= STALL_S for one in took for seconds in one.values()) else 0


def _verdicts(image_name: str, names: Sequence[str], deaths: int) -> int:
    """Exit 1 when a verdict did not come, or late."""
    failed = 0
    with Lab.up(3, image_name) as lab:
        if deaths:
            said, quick = verdicts.death_figures(verdicts.deaths(lab, deaths))
            print(said, flush=True)
            failed += not quick
        for one in verdicts.verdicts(lab, names):
            print(one if isinstance(one, str) else one.text(), flush=True)
            failed += isinstance(one, str) or bool(one.wrong)
    return 1 if failed else 0


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
