"""Sentences from below the screen are known again, whole and in pieces; what is not known stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model import records as rec
from novatui.present.i18n import translated
from novatui.present.phrases import Phrases, recognisable
from tests.language import speaking
from tests.present.report_cases import DATA, recorded

WORDS = {
    "unit {name} is masked: systemd refuses to start it": "юнит {name} замаскирован",
    "write it plain, once": "запишите один раз",
    "{path}: what it is could not be read": "{path} не прочитать",
    "{up} of {voters} voters up, {least} needed, {rest}": "работают {up} из {voters}, нужно {least}, {rest}",
    "{spare} may fail": "можно потерять {spare}",
    "none may fail": "терять нельзя",
    ": it reads its data": ": читает данные",
    "the unit is {unit}{waits}": "юнит {unit}{waits}",
    "{count} on {node}": "{count} на {node}",
    ", {written} of writes": ", записи за {written}",
    "Refused, for {count} reason{fact}": "Отказ, причин: {count}",
    "its database is damaged": "база повреждена",
    "now": "сейчас",
    "h": "ч",
    "min": "мин",
}


@pytest.fixture(scope="module")
def phrases() -> Phrases:
    return Phrases(WORDS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("write it plain, once", "запишите один раз"),
        ("unit etcd is masked: systemd refuses to start it", "юнит etcd замаскирован"),
        ("m1: unit etcd is masked: systemd refuses to start it", "m1: юнит etcd замаскирован"),
        (
            "m1: write it plain, once [--overrule data-intact]",
            "m1: запишите один раз [--overrule data-intact]",
        ),
        ("its database is damaged (panic: no)", "база повреждена (panic: no)"),
        ("now: 2 of 3 voters up, 2 needed, none may fail", "сейчас: работают 2 из 3, нужно 2, терять нельзя"),
        ("3 of 3 voters up, 2 needed, 1 may fail", "работают 3 из 3, нужно 2, можно потерять 1"),
        ("the unit is active: it reads its data", "юнит active: читает данные"),
        ("4 on m1", "4 на m1"),
        ("12 s of writes", "записи за 12 s"),
        ("212, 3 h 22 min of writes", "212, записи за 3 ч 22 мин"),
        ("Refused, for 2 reasons\n  m1: write it plain, once", "Отказ, причин: 2\n  m1: запишите один раз"),
    ],
)
def test_what_is_known_is_said(phrases: Phrases, text: str, said: str) -> None:
    assert phrases.said(text) == said


@pytest.mark.parametrize(
    "text", ["", "now", "h", "min", "m1", "3 on the table and more", "panic: no database", "on"]
)
def test_what_is_not_known_stays(phrases: Phrases, text: str) -> None:
    assert phrases.said(text) == text


def test_a_name_is_never_taken_for_a_word(phrases: Phrases) -> None:
    """A master may be called anything."""
    assert phrases.said("unit now is masked: systemd refuses to start it") == "юнит now замаскирован"
    assert phrases.said("4 on now") == "4 на now"
    assert phrases.said("now: 10.0.0.1") == "now: 10.0.0.1"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    said = Phrases(WORDS).said(f"m1: unit {text} is masked: systemd refuses to start it")
    assert "\n" in text or text.strip() in said or any(word in text for word in WORDS)


def test_without_a_catalogue_nothing_is_done() -> None:
    assert Phrases({}).said("unit etcd is masked: systemd refuses to start it").startswith("unit etcd")


def test_what_says_too_little_is_not_looked_for() -> None:
    assert (
        not recognisable("{node}: {words}") and not recognisable("leader") and recognisable("{n} on {node}")
    )


_ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}")
_REMOTE = re.compile(r"panic: .*|failed to .*|etcdctl .*|systemctl .*|novatui .*")  # what is not ours to say


def sentences(name: str) -> Iterator[str]:
    """All that a real run said to people."""
    plan, records = recorded(name)
    for step in (*plan.steps, *plan.undo):
        yield from (step.title, step.barrier)
    yield from plan.params.get("notes") or ()
    for record in records:
        match record:
            case rec.GateOpened():
                yield from (text for row in record.rows for text in row)
                yield from (word["why"] for word in record.words)
            case rec.Probed() | rec.Verified() | rec.RunEnded():
                yield record.detail


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir()))
def test_a_real_run_is_told_in_russian(name: str) -> None:
    """But for the few sentences that no version says any more."""
    with speaking("ru"):
        said = {text: translated(text) for text in sentences(name) if text}
    left = {text for text, words in said.items() if _ENGLISH.search(_REMOTE.sub("", words))}
    assert len(left) <= len(said) // 10, left
    assert sum(text != words for text, words in said.items()) > len(said) / 2


@given(st.sampled_from([" of ", ": ", "; a b", " (a b)", ", ", "the unit is "]), st.integers(1, 3_000))
def test_what_a_master_sends_costs_no_time(piece: str, count: int) -> None:
    """A line longer than any of ours is not looked at; within one, nothing is ever tried twice."""
    phrases = Phrases(WORDS)
    text = piece * count
    said = phrases.said(text)
    assert said == text or len(text) <= 1_000
