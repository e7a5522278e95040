"""The themes, each with one accent, and green, amber and red for state alone: dark, light, of high contrast, and of the
terminal's own sixteen colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from textual.theme import BUILTIN_THEMES, Theme

_NAMES = ("dark", "light", "contrast", "terminal")
# Every text stands out by 4.5 to 1 or more from each ground it may be on, by 7 to 1 in the theme of high contrast.
# The terminal's own has nothing but its background, its text, its reds and greens, whatever they are.
_COLOURS = {
    "background": ("#14171c", "#fbfbf9", "#000000", "ansi_default"),
    "surface": ("#1a1e25", "#f3f3ef", "#000000", "ansi_default"),
    "panel": ("#20252e", "#e9e9e4", "#1c1c1c", "ansi_default"),
    "foreground": ("#c8ccd4", "#2b2f36", "#ffffff", "ansi_default"),
    "dim": ("#868e99", "#5f6673", "#d0d0d0", "ansi_default"),
    "bright": ("#f2f4f8", "#0b0d10", "#ffffff", "ansi_default"),
    "accent": ("#7aa2f7", "#2a5bd7", "#5ad1ff", "ansi_cyan"),
    "success": ("#7fb069", "#27702b", "#5fff5f", "ansi_green"),
    "warning": ("#e0a33e", "#8a5700", "#ffd75f", "ansi_yellow"),
    "error": ("#ea6166", "#bf2329", "#ff8787", "ansi_red"),
    "frame": ("#3a414d", "#b9bdc4", "#a8a8a8", "ansi_default"),
    "cursor-line": ("#2b3442", "#dbe3f2", "#00458a", "ansi_blue"),
    "env-prod": ("#c0264b", "#b01e42", "#9c0f33", "ansi_red"),
    "env-stage": ("#8f5a00", "#8a5700", "#6b4300", "ansi_magenta"),
    "env-test": ("#2f7f8f", "#1f6f7d", "#005f73", "ansi_blue"),
    "env-other": ("#4d5563", "#6b7280", "#444444", "ansi_bright_black"),
}
_TEXTUAL = {
    field.name for field in fields(Theme)
}  # which of them Textual knows by name; the others are our own


def _theme(name: str) -> Theme:
    at = _NAMES.index(name)
    ours = {colour: values[at] for colour, values in _COLOURS.items()}
    rest: dict[str, Any] = {"dark": name != "light", "primary": ours["accent"], "secondary": ours["accent"]}
    variables = {colour: value for colour, value in ours.items() if colour not in _TEXTUAL}
    if name == "terminal":  # what Textual's own style sheets ask for
        variables = {**BUILTIN_THEMES["ansi-dark"].variables, **variables}
        rest |= {"ansi": True, "primary": "ansi_blue", "secondary": "ansi_blue", "boost": "ansi_default"}
    rest |= {colour: value for colour, value in ours.items() if colour in _TEXTUAL}
    return Theme(name=f"novatui-{name}", variables=variables, **rest)


THEMES = {name: _theme(name) for name in _NAMES}
DARK = THEMES["dark"]


def first(environ: Mapping[str, str]) -> Theme:
    """The one that NOVATUI_THEME names; dark where it names none of them."""
    return THEMES.get(environ.get("NOVATUI_THEME", ""), DARK)


def after(name: str) -> Theme:
    """The theme that follows the one of this name, the first after the last."""
    themes = list(THEMES.values())
    names = [theme.name for theme in themes]
    return themes[(names.index(name) + 1) % len(themes)] if name in names else DARK
