"""``python -m tests.bench [idle|keys|faults|journal ..]``: all of them when none is named."""

from __future__ import annotations

import importlib
import signal
import sys

BENCHES = ("idle", "keys", "faults", "journal")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 64
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended either way
    for name in names or BENCHES:
        importlib.import_module(f"tests.bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
