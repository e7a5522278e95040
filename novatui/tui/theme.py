"""The themes, each with one accent, and green, amber and red for state alone: dark, light, of high contrast, and of the
terminal's own sixteen colours."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="novatui-dark",
    dark=True,
    primary="#7aa2f7",
    secondary="#7aa2f7",
    accent="#7aa2f7",
    foreground="#c8ccd4",
    background="#14171c",
    surface="#1a1e25",
    panel="#20252e",
    success="#7fb069",
    warning="#e0a33e",
    error="#e5484d",
    variables={
        "dim": "#7d8590",
        "bright": "#f2f4f8",
        "frame": "#3a414d",
        "cursor-line": "#2b3442",
        "env-prod": "#b8428c",
        "env-test": "#2f7f8f",
        "env-other": "#4d5563",
    },
)

LIGHT = Theme(
    name="novatui-light",
    dark=False,
    primary="#2a5bd7",
    secondary="#2a5bd7",
    accent="#2a5bd7",
    foreground="#2b2f36",
    background="#fbfbf9",
    surface="#f3f3ef",
    panel="#e9e9e4",
    success="#2f7d32",
    warning="#9a6200",
    error="#c3252b",
    variables={
        "dim": "#6b7280",
        "bright": "#0b0d10",
        "frame": "#b9bdc4",
        "cursor-line": "#dbe3f2",
        "env-prod": "#a02876",
        "env-test": "#1f6f7d",
        "env-other": "#6b7280",
    },
)

CONTRAST = Theme(
    name="novatui-contrast",
    dark=True,
    primary="#5ad1ff",
    secondary="#5ad1ff",
    accent="#5ad1ff",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#5fff5f",
    warning="#ffd75f",
    error="#ff8787",
    variables={
        "dim": "#d0d0d0",
        "bright": "#ffffff",
        "frame": "#a8a8a8",
        "cursor-line": "#00458a",
        "env-prod": "#a3007a",
        "env-test": "#005f73",
        "env-other": "#444444",
    },
)

# Nothing but the terminal's own: its background, its text, its reds and greens, whatever they are.
TERMINAL = Theme(
    name="novatui-terminal",
    ansi=True,
    dark=True,
    primary="ansi_blue",
    secondary="ansi_blue",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,  # what Textual's own style sheets ask for
        "dim": "ansi_default",
        "bright": "ansi_default",
        "frame": "ansi_default",
        "cursor-line": "ansi_blue",
        "env-prod": "ansi_magenta",
        "env-test": "ansi_cyan",
        "env-other": "ansi_bright_black",
    },
)

THEMES = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST, "terminal": TERMINAL}


def first(environ: Mapping[str, str]) -> Theme:
    """The one that NOVATUI_THEME names; dark where it names none of them."""
    return THEMES.get(environ.get("NOVATUI_THEME", ""), DARK)


def after(name: str) -> Theme:
    """The theme that follows the one of this name, the first after the last."""
    themes = list(THEMES.values())
    names = [theme.name for theme in themes]
    return themes[(names.index(name) + 1) % len(themes)] if name in names else DARK
