"""Every screen at three sizes in both languages: the walks that lead there, the form of a picture, sheets of them to look at."""

from __future__ import annotations

from pathlib import Path

from tests.tui.gallery import walk_dashboard, walk_journal, walk_run, walk_wizard
from tests.tui.gallery.walks import WALKS

__all__ = ["KEPT", "WALKS", "file_of", "walk_dashboard", "walk_journal", "walk_run", "walk_wizard"]

KEPT = Path(__file__).parent / "pictures"


def file_of(picture: str, lang: str) -> Path:
    return KEPT / f"{picture}.{lang}.txt"
