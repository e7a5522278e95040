"""Every screen at three sizes in both languages, as pictures that a person looked at (``python -m tests.tui.gallery``
draws them). ``pytest --snapshot-update`` takes new ones: look again."""

from __future__ import annotations

import pytest

from tests.tui.gallery import KEPT, WALKS, file_of
from tests.tui.gallery.picture import LANGS, SIZES, Picture, changes, read, text_of
from tests.tui.gallery.screens import wanted
from tests.tui.gallery.taking import taken


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", WALKS)
async def test_walk(name: str, lang: str, request: pytest.FixtureRequest) -> None:
    update = bool(request.config.option.update_snapshots)
    names, differ = [], []
    async for picture, kept, now in taken(name, lang, anew=update):
        names.append(picture)
        if update:
            file_of(picture, lang).write_text(now, encoding="utf-8")
        elif now != kept:
            differ += [f"{picture} in {lang}:", *changes(kept, now)[:60]]
    assert tuple(names) == WALKS[name].pictures
    assert not differ, "\n".join(differ)


def kept() -> dict[tuple[str, str], Picture]:
    return {
        (picture, lang): read(file.read_text(encoding="utf-8"))
        for walk in WALKS.values()
        for picture in walk.pictures
        for lang in LANGS
        if (file := file_of(picture, lang)).exists()
    }


def test_every_screen_has_its_pictures() -> None:
    """A new screen or a new page of a wizard is named here until a walk leads there."""
    of_it = {(p.shows, lang, frame.size) for (_name, lang), p in kept().items() for frame in p.frames}
    lacking = [
        f"{shown} at {width}x{height} in {lang}"
        for shown in sorted(wanted())
        for width, height in SIZES
        for lang in LANGS
        if (shown, lang, (width, height)) not in of_it
    ]
    assert not lacking, "\n".join(["no picture of:", *lacking])


def test_no_picture_is_left_over() -> None:
    walked = {
        file_of(picture, lang) for walk in WALKS.values() for picture in walk.pictures for lang in LANGS
    }
    assert set(KEPT.glob("*.txt")) <= walked


def test_a_picture_is_read_as_it_was_written() -> None:
    for picture in list(kept().values())[:3]:
        assert read(text_of(picture)) == picture
