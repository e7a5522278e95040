"""``df -Pk`` -> Disk."""

from __future__ import annotations

from novatui.model.cluster import Disk
from novatui.model.sanitize import clean
from novatui.probes.numbers import whole


def disk(text: bytes) -> Disk | None:
    """The last line of POSIX ``df -Pk``: file system, KiB, used, available, capacity, mount point. None if it is not one."""
    lines = text.decode("utf-8", "replace").strip().splitlines()
    words = lines[-1].split() if lines else []
    # The file system's own name may hold blanks: the numbers are found from the percentage.
    at = next((at for at, word in enumerate(words) if word.endswith("%") and word[:-1].isdigit()), 0)
    if at < 4 or len(words) <= at + 1:
        return None
    size, free = whole(words[at - 3]), whole(words[at - 1])
    if size is None or free is None:
        return None
    return Disk(path=clean(" ".join(words[at + 1 :])), size=size * 1024, free=free * 1024)
