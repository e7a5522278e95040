"""Runbooks by name, as the runner looks them up."""

from __future__ import annotations

from collections.abc import Callable

from novatui.runbooks import registry
from novatui.runbooks.step import Runbook

# How a process finds the runbook of a run; tests bring their own.
FindRunbook = Callable[[str], Runbook]

find: FindRunbook = registry.find
