"""The words that records are made of (results, phases, requests, states), in the operator's language.

Records keep them in English, for programs; one that is not known here stands as it is.
"""

from __future__ import annotations

from novatui.model.sanitize import clean
from novatui.present.i18n import _, pgettext


def result(word: str, *, verified: bool = False) -> str:
    """How a run ended. ``verified``: it was, before."""
    if verified and word == "refused":
        return _("verified; undo refused")
    known = {
        "verified": _("verified"),
        "undone": _("undone"),
        "failed": _("failed"),
        "refused": _("refused"),
        "aborted": _("aborted"),
        "fenced": _("taken over by another runner"),
    }
    return known.get(word, clean(word))


def phase(word: str) -> str:
    """Where a run stands."""
    known = {
        "new": _("beginning"),
        "preparing": pgettext("a run", "preparing"),
        "gate": pgettext("a run", "waiting at the gate"),
        "acting": pgettext("a run", "acting"),
        "cleaning": pgettext("a run", "taking staged files back"),
        "undoing": pgettext("a run", "undoing"),
        "ended": pgettext("a run", "ended"),
    }
    return known.get(word, clean(word))


def request(word: str) -> str:
    """What a person asked of a run."""
    known = {
        "abort": pgettext("a request", "abort"),
        "undo": pgettext("a request", "undo"),
        "resume": pgettext("a request", "resume"),
        "pause": pgettext("a request", "pause"),
        "continue": pgettext("a request", "continue"),
    }
    return known.get(word, clean(word))


def lease(word: str) -> str:
    """What became of a lease."""
    known = {
        "asked": pgettext("a lease", "asked"),
        "acquired": pgettext("a lease", "acquired"),
        "adopted": pgettext("a lease", "adopted"),
        "releasing": pgettext("a lease", "releasing"),
        "lost": pgettext("a lease", "lost"),
        "released": pgettext("a lease", "released"),
    }
    return known.get(word, clean(word))


def state(word: str) -> str:
    """What a probe found of a step."""
    known = {
        "done": pgettext("a probe", "done"),
        "todo": pgettext("a probe", "todo"),
        "partial": pgettext("a probe", "partial"),
        "foreign": pgettext("a probe", "foreign"),
        "failed": pgettext("a probe", "failed"),
        "unknown": pgettext("a probe", "unknown"),
    }
    return known.get(word, clean(word))


def severity(word: str) -> str:
    """How bad a finding is."""
    known = {
        "bad": pgettext("a finding", "bad"),
        "warn": pgettext("a finding", "warn"),
        "info": pgettext("a finding", "info"),
    }
    return known.get(word, clean(word))
