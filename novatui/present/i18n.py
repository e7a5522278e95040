"""The words of the screen in the operator's language: gettext with fallback to the English of the source.

``install`` is called once, before the first word. Catalogues live in ``novatui/locale/<lang>/LC_MESSAGES/novatui.mo``.
"""

from __future__ import annotations

import gettext as _gettext
import os
from collections.abc import Mapping
from pathlib import Path

from novatui.model.words import Words
from novatui.present.phrases import Phrases

DOMAIN = "novatui"
LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"
SOURCE = "en"  # what the source is written in
LANGUAGES = ("en", "ru")

_translations: _gettext.NullTranslations = _gettext.NullTranslations()
_phrases: Phrases | None = None


def install(lang: str | None = None) -> str:
    """Use ``lang`` (``ru``, ``en``), or what LANGUAGE, LC_ALL, LC_MESSAGES and LANG say when it is None.

    Returns the language in use: ``en`` where there is no catalogue.
    """
    global _translations, _phrases
    wanted = lang or preferred(os.environ)
    languages = [] if wanted == SOURCE else [wanted]
    _translations = _gettext.translation(DOMAIN, LOCALE_DIR, languages=languages, fallback=True)
    _phrases = None
    return language()


def language() -> str:
    """The language in use."""
    return str(_translations.info().get("language", SOURCE)) or SOURCE


def preferred(environ: Mapping[str, str]) -> str:
    """The first language of a person's locale that there is; ``gettext`` alone would pass over English for want of a file."""
    said = next((environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(key)), "C")
    if said.partition(".")[0] in ("C", "POSIX"):
        return SOURCE  # LANGUAGE does not count there
    for word in (environ.get("LANGUAGE") or said).split(":"):
        name = word.partition(".")[0].partition("@")[0].partition("_")[0].lower()
        if name in LANGUAGES:
            return name
    return SOURCE


def _(text: str) -> str:
    """``text`` in the operator's language."""
    return _translations.gettext(text) if text else ""


def translated(text: str) -> str:
    """What was said below the screen, in the operator's language: ``Words`` by their template, filled again with their
    facts (a translation that asks for another fact is not used); other text by the template it is known again by."""
    if not isinstance(text, Words):
        said = _(text)
        return said if said != text else _recognised(text)
    facts = {name: _fact(fact) for name, fact in text.facts.items()}
    try:
        return _(text.msgid).format(**facts) if facts else _(text.msgid)
    except (LookupError, ValueError, AttributeError):
        return str(text)


def _fact(fact: str | int) -> str | int:
    """A sentence among the facts is said too; a name, which may be anybody's word, never."""
    if isinstance(fact, Words):
        return translated(fact)
    return _recognised(fact) if isinstance(fact, str) else fact


def _recognised(text: str) -> str:
    global _phrases
    if _phrases is None:
        known = vars(_translations).get("_catalog", {})
        _phrases = Phrases(
            {msgid: words for msgid, words in known.items() if isinstance(msgid, str) and msgid}
        )
    return _phrases.said(text)


def pgettext(context: str, text: str) -> str:
    """``text`` where another language has several words for it."""
    return _translations.pgettext(context, text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form that ``count`` takes; the caller formats the number into it."""
    return _translations.ngettext(singular, plural, count)
