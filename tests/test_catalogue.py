"""Both languages are whole: every string of the sources has its Russian, with the same facts, in the file that is shipped.

What to do when one of these fails: ``python -m tests.catalogue update``, translate what is new, then ``compile``.
"""

from __future__ import annotations

import re
import string
from collections import Counter

import pytest
from babel.messages.catalog import Message

from novatui.present.i18n import translated
from novatui.present.phrases import fields
from tests import catalogue
from tests.catalogue import forms
from tests.language import speaking

MESSAGES = [message for message in catalogue.read() if message.id]
_PLURAL_S = re.compile(
    r"(?<=[a-z])\{(\w+)\}"
)  # the s of ``reason{s}``, which another language has no use for

_KEPT = re.compile(
    r"--[a-z][a-z-]+|\b(?:Esc|Enter|Tab|F2|PgDn|Ctrl-C)\b|\bETCD(?:CTL)?_[A-Z_]+|\b(?:recover|restart)-member\b"
    r"|\b(?:start|restore)-cluster\b|\bnovatui (?:resume|undo|abort|attach|status|locks|report|demo)\b"
    r"|\betcdctl (?:member|alarm) [a-z]+|\bsystemctl [a-z-]+|\b(?:FINISH|UNDO)\.txt\b"
)


def ids(messages: list[Message]) -> list[str]:
    return [forms(message.id)[0][:60] for message in messages]


def facts(text: str) -> Counter[tuple[str, str, str]]:
    """The placeholders with their formats."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:  # not meant as a template
        return Counter()
    return Counter((name, spec or "", how or "") for _text, name, spec, how in parts if name)


def test_every_string_of_the_sources_is_in_the_catalogue_and_nothing_else() -> None:
    def known(messages: list[Message]) -> set[tuple[str | None, tuple[str, ...]]]:
        return {(message.context, forms(message.id)) for message in messages}

    wanted = known([message for message in catalogue.sources() if message.id])
    assert wanted - known(MESSAGES) == set(), "new strings"
    assert known(MESSAGES) - wanted == set(), "strings that are gone"
    assert not catalogue.read().obsolete


def test_every_string_has_its_translation() -> None:
    missing = [message for message in MESSAGES if not all(forms(message.string))]
    assert ids(missing) == []
    assert ids([message for message in MESSAGES if message.fuzzy]) == []
    assert {len(forms(message.string)) for message in MESSAGES if isinstance(message.id, tuple)} == {3}


def test_every_translation_has_the_facts_of_its_string() -> None:
    wrong = []
    for message in MESSAGES:
        asked = facts(forms(message.id)[-1])
        spare = {name for name in _PLURAL_S.findall(forms(message.id)[-1]) if name == "fact"}
        for text in forms(message.string):
            lost = asked - facts(text)
            if facts(text) - asked or {name for name, _spec, _how in lost} - spare:
                wrong.append((forms(message.id)[0], text))
    assert wrong == []


def test_translations_stand_where_their_strings_do() -> None:
    """Blanks at the ends join a piece to its sentence."""
    for message in MESSAGES:
        for text in forms(message.string):
            word = forms(message.id)[-1]
            assert len(text) - len(text.lstrip()) == len(word) - len(word.lstrip()), word
            assert len(text) - len(text.rstrip()) == len(word) - len(word.rstrip()), word


def test_keys_commands_and_names_stay_what_they_are() -> None:
    wrong = [
        (kept, text)
        for message in MESSAGES
        for kept in {found[0] for found in _KEPT.finditer(forms(message.id)[0])}
        for text in forms(message.string)
        if kept not in text
    ]
    assert wrong == []


@pytest.mark.parametrize("word", ["yes", "OLDER"])
def test_words_that_are_typed_stay_as_they_are_typed(word: str) -> None:
    for message in MESSAGES:
        if re.search(rf"\b(?:type|word) {word}\b", forms(message.id)[0]):
            assert all(word in text for text in forms(message.string))


def test_one_word_for_one_thing() -> None:
    """Words that the glossary at the head of the catalogue has another for."""
    other = re.compile(r"\bмастер(?!-уз)|\bкаталог|\bснапшот|\bбэкап|\bнод[аеуы]\b|\bбастион|\bлизинг", re.I)
    wrong = [text for message in MESSAGES for text in forms(message.string) if other.search(text)]
    assert wrong == []


def test_the_compiled_catalogue_is_made_from_the_readable_one() -> None:
    assert catalogue.MO.read_bytes() == catalogue.compiled(catalogue.read()), (
        "python -m tests.catalogue compile"
    )


def test_the_readable_catalogue_is_in_the_order_of_the_sources() -> None:
    assert catalogue.PO.read_text("utf-8") == catalogue.update(), "python -m tests.catalogue update"


def test_every_sentence_from_below_is_known_again_by_its_own_template() -> None:
    """Filled with names, each is said as its translation is, and not as another's that fits it too."""
    said = {forms(message.id)[0]: forms(message.string)[0] for message in MESSAGES if not message.context}
    wrong = []
    with speaking("ru"):
        for _name, template in (*catalogue.below(), *catalogue.scripts()):
            names = {name: f"m{number}" for number, name in enumerate(dict.fromkeys(fields(template)))}
            text, wanted = template, said.get(template, "")
            if names:
                text, wanted = text.format(**names), wanted.format(**names)
            if translated(text) != wanted:
                wrong.append(text)
    assert wrong == []
