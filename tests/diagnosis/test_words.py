"""Everything a diagnosis says can be said in another language: by a template that catalogues know, and its facts."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

import novatui
from novatui.diagnosis.data import data_state
from novatui.diagnosis.patterns import PATTERNS
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import ClusterSnapshot
from novatui.model.entries import Entry
from novatui.model.findings import Diagnosis
from novatui.model.words import N_, Words
from novatui.present import i18n
from novatui.present.evidence import evidence_rows
from novatui.present.headline import headline
from novatui.present.rows import text_of
from novatui.present.status_json import status
from novatui.present.status_text import status_rows
from tests.diagnosis.build import NOW, damage, down, healthy, line, node, put
from tests.diagnosis.test_patterns import LINES
from tests.diagnosis.test_properties import worlds


def marked() -> set[str]:
    """Every text between the parentheses of N_() in the package."""
    found: set[str] = set()
    for path in Path(novatui.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "N_":
                (text,) = call.args
                assert isinstance(text, ast.Constant) and isinstance(text.value, str), path.name
                found.add(text.value)
    return found


MARKED = marked()


def said(found: Diagnosis) -> Iterator[str]:
    for finding in found.findings:
        yield from (finding.title, finding.hint)
    yield found.recommend_why
    for way in found.ways:
        yield from (way.why, way.why_not)


def check(text: str) -> None:
    """Words all the way down: marked templates, each with the facts it asks for and no others."""
    if not text:
        return
    assert isinstance(text, Words), text
    assert text.msgid in MARKED, text.msgid
    asked = {field for _text, field, _spec, _conversion in string.Formatter().parse(text.msgid) if field}
    assert asked == set(text.facts)
    for fact in text.facts.values():
        if isinstance(fact, Words):
            check(fact)


@settings(max_examples=250)
@given(world=worlds())
def test_every_word_of_a_diagnosis_is_known_to_the_catalogues(
    world: tuple[ClusterSnapshot, dict[str, list[Entry]]],
) -> None:
    snapshot, entries = world
    for text in said(diagnose(snapshot, entries, NOW)):
        check(text)
    for one in snapshot.nodes:
        check(data_state(one, entries[one.name]).words)


@pytest.mark.parametrize(("text", "error", "row"), LINES)
def test_every_row_of_the_table_is_known_too(text: str, error: str, row: str) -> None:
    for snapshot in (healthy(), put(healthy(), down(node(1)))):
        for word in said(diagnose(snapshot, {"m1": [line(text, error)]}, NOW)):
            check(word)


def test_the_table_itself_is_marked() -> None:
    for pattern in PATTERNS:
        assert {pattern.cause, pattern.hint, pattern.past} - {""} <= MARKED, pattern.id


class Mirror:
    """A language in which every sentence stands in angles."""

    def gettext(self, text: str) -> str:
        return f"«{text}»"

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return f"«{singular if count == 1 else plural}»"


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_translations", Mirror())


def test_the_screen_says_it_in_the_operators_language(mirror: None) -> None:
    broken = put(healthy(), down(node(2), "activating", "auto-restart", exit_status=2, restarts=7))
    found = diagnose(broken, {"m2": [damage("m2")]}, NOW)
    whole = " ".join(text_of(line) for line in evidence_rows(broken, found, NOW, 2_000))
    assert "««its database is damaged» (failed to open database: invalid database)»" in whole
    assert "«««etcd does not stay up» (exit 2)», restarts 7»" in whole
    assert "«m2: «its database is damaged»; quorum stands without it»" in whole
    assert "««its database is damaged»" in text_of(headline(broken, found, NOW, 300))
    assert "««its database is damaged»" in " ".join(map(text_of, status_rows(broken, found, NOW, 2_000)))
    assert not any("«" in reason for reason in status(broken, found).cluster.reasons), "JSON is for programs"


def test_a_translation_with_a_mistake_in_it_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Words(N_("{names} are stopped"), names="m1")
    for wrong in ("{nomes} стоят", "{names", "{names.first}", "{0}"):
        monkeypatch.setattr(i18n, "_", lambda text, wrong=wrong: wrong)
        assert i18n.translated(words) == "m1 are stopped"


def test_remote_text_is_never_a_template() -> None:
    words = Words("{cause} ({line})", cause=Words("x"), line="{__class__} {0} {")
    assert words == "x ({__class__} {0} {)"
    assert i18n.translated(words) == words


def test_text_without_facts_is_taken_as_it_is() -> None:
    assert i18n.translated("a {brace") == "a {brace"
    assert i18n.translated(Words("a {brace")) == "a {brace"
    assert i18n.translated("") == ""
