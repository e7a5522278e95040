"""A home of its own for whoever works in a test: nothing of the person's configuration, keys or runs is read or written."""

from __future__ import annotations

from pathlib import Path


def home_in(root: Path) -> dict[str, str]:
    """The environment of a home under ``root``. Paths stay short: sockets live in XDG_RUNTIME_DIR."""
    places = {
        "HOME": root / "home",
        "XDG_CONFIG_HOME": root / "home/.config",
        "XDG_STATE_HOME": root / "home/.local/state",
        "XDG_DATA_HOME": root / "home/.local/share",
        "XDG_CACHE_HOME": root / "home/.cache",
        "XDG_RUNTIME_DIR": root / "run",
    }
    for place in places.values():
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {name: str(place) for name, place in places.items()}
