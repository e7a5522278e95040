"""Production is never taken for another: by glyph, by word, by colour, at any width."""

from __future__ import annotations

import pytest

from novatui.present.environment import badges, environment_mark
from novatui.present.rows import Role, text_of
from novatui.present.wizard import wizard_header


@pytest.mark.parametrize(
    ("environment", "role", "glyph"),
    [
        ("prod", Role.ENV_PROD, "!"),
        ("PROD", Role.ENV_PROD, "!"),
        ("production", Role.ENV_PROD, "!"),
        ("prod-eu2", Role.ENV_PROD, "!"),
        ("Prod 1", Role.ENV_PROD, "!"),
        ("non-prod", Role.ENV_OTHER, "·"),
        ("product-demo", Role.ENV_OTHER, "·"),
        ("preprod", Role.ENV_STAGE, "◇"),
        ("pre-prod", Role.ENV_STAGE, "◇"),
        ("stage", Role.ENV_STAGE, "◇"),
        ("staging2", Role.ENV_STAGE, "◇"),
        ("test", Role.ENV_TEST, "○"),
        ("dev", Role.ENV_TEST, "○"),
        ("", Role.ENV_OTHER, "·"),
        ("контур", Role.ENV_OTHER, "·"),
    ],
)
def test_each_has_its_glyph_and_colour(environment: str, role: Role, glyph: str) -> None:
    assert environment_mark(environment) == (role, glyph)


def test_the_word_stands_there_also_where_there_is_little_room() -> None:
    full, short = badges("nova", "prod")
    assert (text_of(full), text_of(short)) == (" ! PROD nova ", " ! PROD ")
    assert [text_of(one) for one in badges("nova", "")] == [" · nova "] * 2
    assert {role for _text, role in (*full, *short)} == {Role.ENV_PROD}


@pytest.mark.parametrize("width", [10, 40, 80, 120, 200])
def test_a_wizard_says_it_at_any_width(width: int) -> None:
    line = wizard_header("nova-with-a-long-name", "prod", "restore-cluster", 1, width)
    assert text_of(line).startswith(" ! PROD ")
