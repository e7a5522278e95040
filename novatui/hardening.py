"""What a process that holds secrets does first: no core file, nothing for a debugger of the same user."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def no_dumps() -> None:
    """No core, and on Linux no ptrace and no reading of our memory by others of our uid. Harmless when done twice."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
