"""The command line in both languages: nothing that a person reads of it is left in the other one."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from collections.abc import Iterator

import pytest

from novatui.cli import main as cli
from novatui.cli import parser
from novatui.present.i18n import _
from tests import catalogue
from tests.cli.test_main import novatui
from tests.language import speaking

PARSERS = ["", *cli.COMMANDS]
# Words that are the same in both.
_SAME = re.compile(r"novatui .*|run \.\.|(novatui|demo): (\{\w+\})?", re.S)
_ENGLISH = re.compile(r"(?<!-)\b(?:the|and|is|are|of|to|it|not|from|with|that|what)\b")


def parser_of(command: str) -> parser.Parser:
    return cli.parser_of(command) if command else cli.top_parser()


def said(of: argparse.ArgumentParser) -> Iterator[str]:
    """Everything that its help says, piece by piece, but for commands."""
    yield from (of.description or "").split("\n\n")
    for line in (of.epilog or "").split("\n"):
        if line.strip() and not re.match(r"  novatui |  [a-z]+(-[a-z]+)?$", line):
            yield line
    for group in of._action_groups:
        yield str(group.title)
    for action in of._actions:
        if action.help != argparse.SUPPRESS:
            yield action.help or f"{action.dest} has no help"


@pytest.mark.parametrize("command", PARSERS)
def test_every_help_is_said_in_russian(command: str) -> None:
    with speaking("ru"):
        pieces = list(said(parser_of(command)))
        text = parser_of(command).format_help()
    assert [piece for piece in pieces if not re.search("[а-я]", piece)] == []
    assert [piece for piece in pieces if _ENGLISH.search(piece)] == []
    assert text.startswith("использование: novatui")


@pytest.mark.parametrize("command", PARSERS)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_help_fits_eighty_columns_and_teaches(
    command: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with speaking(lang):
        text = parser_of(command).format_help()
        examples = f"\n{_('examples')}:\n"
    assert [line for line in text.split("\n") if len(line) > 80] == []
    assert f"{examples}  novatui" in text


def test_options_of_all_commands_are_told_once() -> None:
    assert "--log-file" in cli.top_parser().format_help()
    for command in cli.COMMANDS:
        assert "--log-level" not in cli.parser_of(command).format_help()


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        (["status", "--jsn"], "novatui: status: неизвестные аргументы: --jsn\n"),
        (["status", "--timeout", "soon"], "аргумент --timeout: soon: от 1 до 600 секунд\n"),
        (["run"], "нужны аргументы: RUNBOOK, --yes\n"),
        (["report", "--format", "pdf"], "аргумент --format: недопустимое значение 'pdf' (есть: "),
        (["--cluster"], "novatui: аргумент --cluster: нужно одно значение\n"),
        (["record", "x", "--max-size", "1"], "1: размер пишется так: 500K"),
        (["status", "--json=yes"], "значение 'yes' здесь не принимается\n"),
        (["stauts"], "может быть, `novatui status`?\n"),
        (["doctor"], "novatui doctor: в этой версии нет\n"),
    ],
)
def test_usage_errors_are_said_in_russian(
    words: list[str], heard: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with speaking("ru"):
        assert cli.run(["--lang", "ru", *words]) == 64
    assert heard in capsys.readouterr().err


def test_argparse_asks_for_the_words_that_are_translated() -> None:
    source = inspect.getsource(argparse)
    assert [word for word in parser.OWN_WORDS if repr(word)[1:-1] not in source] == []


def test_no_sentence_of_the_command_line_is_passed_by_the_catalogue() -> None:
    """Between the parentheses of ``_`` or ``N_``, in an error, or a command as it is typed."""
    passed = []
    for path in sorted((catalogue.PACKAGE / "cli").glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        raised = {
            words
            for node in ast.walk(tree)
            if isinstance(node, ast.Raise)
            for words in catalogue._sentences(node)
        }
        for words in set(catalogue._sentences(tree)) - raised:
            if not _SAME.fullmatch(words):
                passed.append((path.name, words))
    assert passed == []


def test_the_language_is_known_before_anything_is_said() -> None:
    for words, lang in (
        (["--lang", "ru"], "ru"),
        (["status", "--help", "--lang=ru"], "ru"),
        (["--lang", "ru", "status", "--lang", "en"], "en"),
        (["--lang", "de"], None),
        (["--lang"], None),
        (["status"], None),
    ):
        assert cli._language(words) == lang


def test_a_terminal_that_does_not_know_the_letters_is_no_bug() -> None:
    done = novatui("--help", "--lang", "ru", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "--accept-new-host-keys" in done.stdout
