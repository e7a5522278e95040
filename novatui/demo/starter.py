"""What a starting demo says to the process that started it: one JSON object a line on stdout."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

from novatui.errors import NovatuiError


def tell(words: dict[str, Any]) -> None:
    """One line to the starter, if it still listens."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(words).encode() + b"\n")


def told(why: Exception) -> dict[str, str]:
    if isinstance(why, NovatuiError):
        return {"title": why.title, "detail": why.detail, "hint": why.hint}
    return {"title": "the demo could not start", "detail": f"{type(why).__name__}: {why}", "hint": ""}
