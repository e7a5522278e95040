"""Four themes: each can be chosen, each can be read, and the terminal's own uses nothing but the terminal's colours."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from novatui.tui.app import NovatuiApp
from novatui.tui.theme import CONTRAST, DARK, LIGHT, TERMINAL, THEMES, after, first
from tests.tui import screen_cases as cases
from tests.tui.test_pictures import journals

TEXTS = ("foreground", "accent", "success", "warning", "error", "dim", "bright")


def colour(theme: Theme, name: str) -> Color:
    return Color.parse(theme.variables.get(name) or getattr(theme, name))


def contrast(one: Color, other: Color) -> float:
    """WCAG's ratio, 1 to 21."""

    def luminance(colour: Color) -> float:
        linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized)
        return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_name_chooses_and_others_are_dark() -> None:
    assert {name: first({"NOVATUI_THEME": name}) for name in THEMES} == THEMES
    assert first({}) is DARK and first({"NOVATUI_THEME": "pink"}) is DARK


def test_one_follows_the_other() -> None:
    seen = [DARK]
    for _ in range(3):
        seen.append(after(seen[-1].name))
    assert seen == list(THEMES.values()) and after(seen[-1].name) is DARK
    assert after("textual-dark") is DARK


@pytest.mark.parametrize(
    ("theme", "least", "raised"),
    [(DARK, 4.5, 3.0), (LIGHT, 4.5, 3.0), (CONTRAST, 7.0, 7.0)],
    ids=["dark", "light", "contrast"],
)
def test_every_text_can_be_read_on_every_ground(theme: Theme, least: float, raised: float) -> None:
    """WCAG's ratios: 4.5 for text, 3 for what is bold or beside a glyph, 7 for those who need more."""
    ratios = {
        (text, ground): contrast(colour(theme, text), colour(theme, ground)) - wanted
        for text in TEXTS
        for ground, wanted in (
            ("background", least),
            ("surface", raised),
            ("panel", raised),
            ("cursor-line", 3.0),
        )
        if text == "bright" or ground != "cursor-line"
    }
    for env in ("env-prod", "env-test", "env-other"):
        ratios["white", env] = contrast(Color.parse("#ffffff"), colour(theme, env)) - least
    assert {pair: round(over, 2) for pair, over in ratios.items() if over < 0} == {}


@pytest.mark.parametrize("name", THEMES)
async def test_the_dashboard_comes_up_in_it_and_t_goes_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOVATUI_THEME", name)
    feed = cases.FakeFeed()
    app = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW, judge=cases.diagnosis_of)
    async with app.run_test(size=(120, 40)) as pilot:
        await feed.started.wait()
        feed.snapshot(cases.cluster(cases.node(1), cases.dead(2), cases.node(3)))
        journals(feed)
        await pilot.pause(0.1)
        assert app.theme == THEMES[name].name
        styles = [
            segment.style
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None and segment.text.strip()
        ]
        if app.current_theme is TERMINAL:
            shown = {ink for style in styles for ink in (style.color, style.bgcolor) if ink is not None}
            own = [ink for ink in shown if ink.triplet is None]
            assert len(own) >= 4  # red, green, yellow, the accent
            assert {ink.triplet.hex for ink in shown if ink.triplet} <= {
                "#ffffff"
            }  # on the environment's ground
        await pilot.press("d", "escape", "T")
        assert app.theme == after(THEMES[name].name).name
