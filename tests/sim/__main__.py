"""``python -m tests.sim --seed N [-v]`` plays one schedule; ``--runs N [--from SEED]`` many, and shrinks what fails."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.sim.play import Play, schedule_of
from tests.sim.shrink import report, shrink


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("-v", action="store_true", dest="tell", help="every journal record")
    args = parser.parse_args()
    if args.seed is not None:
        played = Play(schedule_of(args.seed), tell=args.tell).play()
        print(report(played))
        return 1 if played.breaches else 0
    began, ends, failed = time.monotonic(), Counter[str](), 0
    for seed in range(args.first, args.first + args.runs):
        played = Play(schedule_of(seed)).play()
        ends[played.results[-1] if played.results else "nothing"] += 1
        if played.breaches:
            failed += 1
            print(f"--- seed {seed}: {played.breaches[0].strip()}", flush=True)
            if not args.no_shrink:
                print(report(shrink(played)), flush=True)
    took = time.monotonic() - began
    print(f"{args.runs} schedules in {took:.1f} s, {failed} failed; they ended {dict(ends)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
