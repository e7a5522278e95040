"""The words of the screen in the operator's language: gettext with fallback to the English of the source.

``install`` is called once, before the first screen. Catalogues live in ``novatui/locale/<lang>/LC_MESSAGES/novatui.mo``.
"""

from __future__ import annotations

import gettext as _gettext
from pathlib import Path

from novatui.model.words import Words

DOMAIN = "novatui"
LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"

_translations: _gettext.NullTranslations = _gettext.NullTranslations()


def install(lang: str | None = None) -> str:
    """Use ``lang`` (``ru``, ``en``), or what LANGUAGE, LC_ALL, LC_MESSAGES and LANG say when it is None.

    Returns the language in use: the catalogue's own, or ``en`` when there is none.
    """
    global _translations
    wanted = [lang] if lang else None
    _translations = _gettext.translation(DOMAIN, LOCALE_DIR, languages=wanted, fallback=True)
    return str(_translations.info().get("language", "en")) or "en"


def _(text: str) -> str:
    """``text`` in the operator's language."""
    return _translations.gettext(text) if text else ""


def translated(text: str) -> str:
    """What was said below the screen, in the operator's language: ``Words`` by their template, filled again with their
    facts; other text as it is where no catalogue has it. A translation that asks for another fact is not used."""
    if not isinstance(text, Words):
        return _(text)
    facts = {name: translated(fact) if isinstance(fact, Words) else fact for name, fact in text.facts.items()}
    try:
        return _(text.msgid).format(**facts) if facts else _(text.msgid)
    except (LookupError, ValueError, AttributeError):
        return str(text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form that ``count`` takes; the caller formats the number into it."""
    return _translations.ngettext(singular, plural, count)
