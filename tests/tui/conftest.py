"""Pictures are kept without the web addresses of fonts that Textual writes into them."""

from __future__ import annotations

import re

import pytest
import pytest_textual_snapshot

_FONTS = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@pytest.fixture(autouse=True)
def no_web_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    normalize = pytest_textual_snapshot.normalize_svg

    def stripped(svg: str) -> str:
        return _COMMENT.sub("", _FONTS.sub("", normalize(svg)))

    monkeypatch.setattr(pytest_textual_snapshot, "normalize_svg", stripped)
