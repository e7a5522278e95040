"""Stands in for ``journalctl`` on a master of the demo: ``pouring.py RATE COUNT WORDS ..``. Run as a file, for it must start
fast. Followed, it writes ``COUNT`` lines, ``RATE`` a second, as etcd writes them; else it shows the one before them.
"""

from __future__ import annotations

import sys
import time

TURN_S = 0.02
_LINE = (
    '{"__CURSOR":"s=1;i=%x","__REALTIME_TIMESTAMP":"%d","__MONOTONIC_TIMESTAMP":"1","_BOOT_ID":"b","PRIORITY":"6",'
    '"SYSLOG_IDENTIFIER":"etcd","MESSAGE":"{\\"level\\":\\"warn\\",\\"ts\\":\\"2024-06-14T08:15:00.042Z\\",'
    '\\"caller\\":\\"etcdserver/util.go:170\\",\\"msg\\":\\"apply took too long, number %d\\",'
    '\\"took\\":\\"112.4ms\\",\\"expected-duration\\":\\"100ms\\",\\"prefix\\":\\"read-only range \\",'
    '\\"request\\":\\"key:/registry/pods/shop/app-%d\\",\\"response\\":\\"range_response_count:1 size:873\\"}"}\n'
)


def line(number: int) -> bytes:
    return (_LINE % (number, time.time_ns() // 1000, number, number % 977)).encode()


def main(words: list[str]) -> None:
    rate, count = float(words[0]), int(words[1])
    out = sys.stdout.buffer
    if "-f" not in words:
        out.write(line(0))
        return
    began, sent = time.monotonic(), 0
    while sent < count:
        due = min(count, int((time.monotonic() - began) * rate))
        out.write(b"".join(map(line, range(sent + 1, due + 1))))
        out.flush()
        sent = due
        time.sleep(TURN_S)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main(sys.argv[1:])
