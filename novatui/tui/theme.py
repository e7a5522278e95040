"""Two themes, dark and light: one accent, and green, amber and red for state alone."""

from __future__ import annotations

from textual.theme import Theme

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

THEMES = (DARK, LIGHT)
