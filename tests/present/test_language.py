"""Which language is spoken: by ``--lang``, else by locale; programs are spoken to in English."""

from __future__ import annotations

import pytest

from novatui.present import i18n
from tests.cli.test_main import novatui
from tests.language import speaking


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru"}, "ru"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "ru"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_MESSAGES": ""}, "ru"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ru_RU.KOI8-R"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LANGUAGE": "en_US:ru"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:ru_RU@x:en"}, "ru"),
    ],
)
def test_the_locale_chooses(environ: dict[str, str], lang: str) -> None:
    assert i18n.preferred(environ) == lang


def test_both_languages_are_there() -> None:
    for lang in i18n.LANGUAGES:
        with speaking(lang):
            assert i18n.language() == lang


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (["--lang", "ru", "-c", "/nothing", "status"], {}, "по пути /nothing конфигурации нет"),
        (["-c", "/nothing", "status", "--lang", "ru"], {}, "по пути /nothing конфигурации нет"),
        (["-c", "/nothing", "status"], {"LANG": "ru_RU.UTF-8"}, "по пути /nothing конфигурации нет"),
        (
            ["--lang", "en", "-c", "/nothing", "status"],
            {"LANG": "ru_RU.UTF-8"},
            "no configuration at /nothing",
        ),
        (["--lang", "ru", "--cluster", "x", "-c", "/nothing"], {}, "по пути /nothing конфигурации нет"),
        (["--lang", "ru", "frobnicate"], {}, "novatui не знает команды «frobnicate»"),
    ],
)
def test_errors_are_said_in_it(words: list[str], env: dict[str, str], said: str) -> None:
    done = novatui(*words, **{"LC_ALL": "", "LANGUAGE": "", "PYTHONUTF8": "1", **env})
    assert said in done.stderr
    assert done.stdout == ""


def test_another_language_is_refused() -> None:
    done = novatui("--lang", "fr", "status")
    assert done.returncode == 64 and "fr" in done.stderr
