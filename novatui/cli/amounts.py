"""Durations and sizes as people write them on the command line: ``90``, ``10m``, ``2h``; ``500K``, ``256M``, ``1G``."""

from __future__ import annotations

import argparse
import re

from novatui.present.i18n import _

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
MOST_S = 3650 * 86_400  # ten years: a clock can be put back by that, a calendar not by any number
_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def duration_s(word: str) -> float:
    """Seconds. Raises ArgumentTypeError."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([smhd]?)", word)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < seconds <= MOST_S:
        raise argparse.ArgumentTypeError(
            _("{word}: a time is written 90s, 10m, 2h or 1d, and is 3650d at most").format(word=word)
        )
    return seconds


def size_bytes(word: str) -> int:
    """Bytes, 64K at least. Raises ArgumentTypeError."""
    found = re.fullmatch(r"(\d{1,9})([KMG]?)", word, re.I)
    size = int(found[1]) * _BYTES[found[2].upper()] if found else 0
    if size < 64 << 10:
        words = _("{word}: a size is written 500K, 256M or 1G, and is 64K at least")
        raise argparse.ArgumentTypeError(words.format(word=word))
    return size
