"""Another language for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from novatui.present import i18n


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """What is shown is in ``lang``; English again afterwards, as every test expects it."""
    assert i18n.install(lang) == lang
    try:
        yield
    finally:
        i18n.install("en")
