"""What has to have a picture, found in the package: every screen that is opened, and every page of a wizard."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

from textual.app import App
from textual.screen import Screen

import novatui.tui
from novatui.present.guides import guide
from novatui.tui.screens.wizard import RunbookWizard
from novatui.tui.screens.wizard_view import FIRST, PLAN, PREFLIGHT, WizardView


def wanted() -> set[str]:
    """Screens that some code calls for, that are a mode of an app, or that stand for themselves: with no subclass."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(novatui.tui.__path__, "novatui.tui.")
    ]
    called = {name for module in modules for name in _calls(inspect.getsource(module))}
    modes = {kind for app in _all(App) for kind in app.MODES.values()}
    kinds = {kind for kind in _all(Screen) if kind.__name__ in called or _ours(kind)}
    return {
        shown
        for kind in kinds
        if kind.__name__ in called or kind in modes or not any(map(_ours, kind.__subclasses__()))
        for shown in _pages(kind)
    }


def shows(screen: Screen[Any]) -> str:
    page = f" {screen.page}" if isinstance(screen, WizardView) else ""
    return _name(type(screen)) + page


def _pages(kind: type[Screen[Any]]) -> list[str]:
    if not issubclass(kind, RunbookWizard):
        return [_name(kind)]
    pages = (FIRST, PREFLIGHT, PLAN) if guide(kind.of).asks else (PREFLIGHT, PLAN)
    return [f"{_name(kind)} {page}" for page in pages]


def _ours(kind: type[Any]) -> bool:
    return kind.__module__.startswith("novatui.")


def _all(kind: type[Any]) -> Iterator[type[Any]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _all(sub)


def _name(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _calls(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
