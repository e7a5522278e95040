"""Which cluster this is, and of which environment: by glyph, word and colour on every screen, so that nobody takes
production for another."""

from __future__ import annotations

import re

from novatui.present.rows import Role, Row, row

_KINDS: tuple[tuple[Role, str, tuple[str, ...]], ...] = (
    (Role.ENV_PROD, "!", ("prod", "production", "live")),
    (Role.ENV_STAGE, "◇", ("stage", "staging", "uat", "preprod", "pre")),
    (Role.ENV_TEST, "○", ("test", "testing", "qa", "dev", "devel", "development", "demo", "lab", "sandbox")),
)
_OTHER = (Role.ENV_OTHER, "·")


def environment_mark(environment: str) -> tuple[Role, str]:
    """Its colour and its glyph, by the first word of what the configuration says: ``prod-eu2`` is production, ``non-prod``
    is not. What is not known gets neither the one of production nor that of a test."""
    first = re.match(r"[a-z]*", environment.lower())
    word = first[0] if first else ""
    return next(((role, glyph) for role, glyph, words in _KINDS if word in words), _OTHER)


def badges(cluster: str, environment: str) -> tuple[Row, Row]:
    """``! PROD nova-prod``, and for where there is no room ``! PROD``; the cluster's name where no environment is said."""
    role, glyph = environment_mark(environment)
    word = environment.upper()
    names = (f"{word} {cluster}".strip(), word or cluster)
    full, short = (row((f" {glyph} {name} ", role)) for name in names)
    return full, short
