"""The counters of etcd's ``/metrics`` page that ``poll.sh`` brings, and what they did over the last minutes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from itertools import pairwise

from msgspec.structs import replace

from novatui.model.cluster import Disk, Endpoint
from novatui.probes.frames import Piece

_LINE = re.compile(rb"^(etcd_server_[a-z_]{1,60}) ([0-9.eE+]{1,40})$", re.MULTILINE)
_MOST = float(1 << 63)
# How far back changes are counted, and what is too short to tell a pace from; milliseconds.
BACK_MS, PACE_MS = 600_000, 300_000


def counters(piece: Piece) -> dict[str, int]:
    """Name without ``etcd_server_`` -> value; what is no honest number is left out."""
    found: dict[str, int] = {}
    for name, text in _LINE.findall(piece.body):
        try:
            value = float(text)
        except ValueError:
            continue
        if 0 <= value < _MOST:
            found[name.decode().removeprefix("etcd_server_")] = int(value)
    return found


class Past:
    """One value as it was seen over the last ten minutes, by our clock."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=1_000)

    def add(self, now_ms: int, value: int) -> None:
        self._seen.append((now_ms, value))
        while self._seen and self._seen[0][0] < now_ms - BACK_MS:
            self._seen.popleft()

    def grown(self) -> int | None:
        """How much a counter grew; what is less than before was begun anew with its process. None: seen only once."""
        if len(self._seen) < 2:
            return None
        values = [value for _at, value in self._seen]
        return sum(max(0, now - before) for before, now in pairwise(values))

    def falls(self) -> float | None:
        """How much of it goes a second; None while that is not known, or it does not."""
        if not self._seen or (span_ms := self._seen[-1][0] - self._seen[0][0]) < PACE_MS:
            return None
        lost = self._seen[0][1] - self._seen[-1][1]
        return lost * 1000 / span_ms if lost > 0 else None


class Pasts:
    """Those of one master."""

    def __init__(self) -> None:
        self._leaders, self._free = Past(), Past()

    def endpoint(self, endpoint: Endpoint, found: Mapping[str, int], now_ms: int) -> Endpoint:
        """With what one page of metrics says; what it does not say is not known."""
        if "leader_changes_seen_total" in found:
            self._leaders.add(now_ms, found["leader_changes_seen_total"])
        return replace(
            endpoint,
            metrics_ms=now_ms if found else endpoint.metrics_ms,
            quota=found.get("quota_backend_bytes") or None,
            proposals_pending=found.get("proposals_pending"),
            leader_changes=self._leaders.grown(),
        )

    def disk(self, disk: Disk, now_ms: int) -> Disk:
        self._free.add(now_ms, disk.free)
        return replace(disk, shrinks=self._free.falls())
