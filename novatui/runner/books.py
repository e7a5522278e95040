"""Runbooks by name, as the runner looks them up."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from novatui.errors import Refused
from novatui.runbooks.step import Runbook

# How a process finds the runbook of a run; tests bring their own.
FindRunbook = Callable[[str], Runbook]


def find(name: str) -> Runbook:
    """The runbook of that name. Raises Refused for one that is not there (yet)."""
    table = _table()
    if name not in table:
        known = ", ".join(sorted(table)) or "none yet"
        raise Refused(f"There is no runbook {name!r} here yet", f"this version has: {known}")
    return table[name]


def _table() -> Mapping[str, Runbook]:
    try:
        registry = importlib.import_module("novatui.runbooks.registry")
    except ModuleNotFoundError:
        return {}
    found: Mapping[str, Runbook] = registry.RUNBOOKS
    return found
