"""Four themes: each can be chosen, each can be read, and the terminal's own uses nothing but the terminal's colours."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from textual.color import Color
from textual.theme import Theme

from novatui.present.rows import Role
from novatui.tui.app import NovatuiApp
from novatui.tui.theme import DARK, THEMES, after, first
from tests.tui import screen_cases as cases
from tests.tui.test_pictures import journals

GROUNDS = ("background", "surface", "panel")  # what rows lie on: the screen, pages and modals, bars
STYLES = "".join(path.read_text(encoding="utf-8") for path in (files("novatui.tui") / "styles").iterdir())
RULES = dict(re.findall(r"^\.role--(\S+) \{ (.*) \}$", STYLES, re.MULTILINE))


def colour(theme: Theme, name: str) -> Color:
    """Of a variable of the style sheet, or a colour as it stands there."""
    if name.startswith("#"):
        return Color.parse(name)
    name = name.removeprefix("$")
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


def ink_and_grounds(role: Role) -> tuple[str, tuple[str, ...]]:
    """By the style sheet; a role that has a ground of its own is on no other."""
    said = dict(part.split(": ") for part in RULES[role.value].rstrip(";").split("; "))
    own = said.get("background")
    return said["color"], (own,) if own else GROUNDS


@pytest.mark.parametrize(("name", "least"), [("dark", 4.5), ("light", 4.5), ("contrast", 7.0)])
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.BORDER])
def test_every_text_can_be_read_on_every_ground(role: Role, name: str, least: float) -> None:
    """WCAG's ratios: 4.5 to 1, and 7 for those who need more. Frames are no text."""
    ink, grounds = ink_and_grounds(role)
    ratios = {g: contrast(colour(THEMES[name], ink), colour(THEMES[name], g)) for g in grounds}
    assert {ground: round(ratio, 2) for ground, ratio in ratios.items() if ratio < least} == {}


def test_rows_lie_on_no_other_ground_and_what_is_typed_is_on_the_cursors() -> None:
    grounds = set(re.findall(r"background: \$([a-z-]+)(?: \d+%)?;", STYLES))
    own = {ground for role in Role for ground in ink_and_grounds(role)[1]}
    assert {g.removeprefix("$") for g in own} | set(GROUNDS) == grounds
    assert ".word Input { background: $cursor-line; color: $bright; }" in STYLES  # the cursor's own pair
    assert set(RULES) == {role.value for role in Role}


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
        if app.current_theme is THEMES["terminal"]:
            shown = {ink for style in styles for ink in (style.color, style.bgcolor) if ink is not None}
            own = [ink for ink in shown if ink.triplet is None]
            assert len(own) >= 4  # red, green, yellow, the accent
            assert {ink.triplet.hex for ink in shown if ink.triplet} <= {
                "#ffffff"
            }  # on the environment's ground
        await pilot.press("d", "escape", "T")
        assert app.theme == after(THEMES[name].name).name
