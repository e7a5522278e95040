"""How long etcd took to stop, as each host's systemd says it: whoever asked, and whether or not they lived to hear of it."""

from __future__ import annotations

import json

from tests.lab.lab import Lab

# SD_MESSAGE_UNIT_STOPPING and SD_MESSAGE_UNIT_STOPPED of systemd's sd-messages.h.
_STOPPING, _STOPPED = "de5b426a63be47a7b6ac3eaac82e2f6f", "9d1aaa27d60140bd96365438aad20286"
_ASK = ["journalctl", "-q", "-o", "json", "UNIT=etcd.service", f"MESSAGE_ID={_STOPPING}", f"MESSAGE_ID={_STOPPED}"]  # fmt: skip


def slowest_stop_s(lab: Lab) -> float:
    """Of all stops since the hosts were as new; 0 where none was heard to its end."""
    return max((took for node in lab.nodes for took in _stops_s(lab.run(node, _ASK))), default=0.0)


def _stops_s(said: str) -> list[float]:
    """journalctl's JSON lines, in order of time: each end of a stop with the begin before it, in the same boot."""
    took: list[float] = []
    began: tuple[str, int] | None = None
    for entry in map(json.loads, said.splitlines()):
        boot, at = entry["_BOOT_ID"], int(entry["__MONOTONIC_TIMESTAMP"])
        if entry["MESSAGE_ID"] == _STOPPING:
            began = began if began and began[0] == boot else (boot, at)
        elif began and began[0] == boot:
            took.append((at - began[1]) / 1e6)
            began = None
    return took
