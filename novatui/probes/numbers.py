"""Numbers as a master says them: what no honest one can be is not known."""

from __future__ import annotations

import math

# Milliseconds since 1970 that a date can be made of: up to the year 9999.
LAST_MS = 253_402_214_400_000
_DIGITS = 20  # of 2**64


def whole(value: object) -> int | None:
    """Decimal digits, or a number of JSON: from 0 to what 64 bits hold. None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < 1 << 64 else None


def fraction(text: str) -> float | None:
    """Decimal digits with at most one point: an uptime, a duration."""
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def date_ms(ms: float | None) -> int | None:
    """Milliseconds that are a date, rounded."""
    return round(ms) if ms is not None and 0 <= ms < LAST_MS else None
