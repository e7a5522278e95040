"""Which screen leads through which runbook. A runbook without one is told in words: what to do by hand."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp

# runbook -> "module:class"; the class takes (app, node). Loaded when it is opened.
WIZARDS: dict[str, str] = {
    "restart-member": "novatui.tui.screens.wizard:RestartWizard",
    "start-cluster": "novatui.tui.screens.wizard:StartWizard",
    "recover-member": "novatui.tui.screens.wizard:RecoverWizard",
    "restore-cluster": "novatui.tui.screens.wizard:RestoreWizard",
}


def wizard_for(runbook: str, app: NovatuiApp, node: str) -> Screen[Any] | None:
    """The wizard's screen, or None where this version has none."""
    place = WIZARDS.get(runbook)
    if place is None:
        return None
    module_name, _colon, class_name = place.partition(":")
    if importlib.util.find_spec(module_name) is None:
        return None
    screen: Screen[Any] = getattr(importlib.import_module(module_name), class_name)(app, node)
    return screen
