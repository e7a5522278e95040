"""How often a unit may be started: systemd's DefaultStartLimitIntervalSec and -Burst."""

from __future__ import annotations

import time
from collections import deque

INTERVAL_S = 10.0
BURST = 5


class StartLimit:
    """Counts the starts of the last seconds."""

    def __init__(self) -> None:
        self._starts: deque[float] = deque(maxlen=BURST)

    def reached(self) -> bool:
        """Whether one more would be too many; if not, it is counted."""
        now = time.monotonic()
        while self._starts and now - self._starts[0] > INTERVAL_S:
            self._starts.popleft()
        if len(self._starts) >= BURST:
            return True
        self._starts.append(now)
        return False

    def forget(self) -> None:
        self._starts.clear()
