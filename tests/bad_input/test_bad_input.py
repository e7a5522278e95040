"""Every row of bad input is refused in words that name where and what, and nothing of any master is changed by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from novatui.cli.main import run
from novatui.errors import NovatuiError
from novatui.runner import client
from tests.bad_input import archive_rows, env_rows, unit_rows, word_rows
from tests.bad_input.masters import EVERY, Masters
from tests.bad_input.table import Row, Words

pytestmark = [
    pytest.mark.etcd,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.invariant("INV-4"),
]
ROWS = [*env_rows.ROWS, *unit_rows.ROWS, *archive_rows.ROWS]


@pytest.fixture(scope="module")
def masters(demo: Callable[..., Any]) -> Iterator[Masters]:
    found = Masters(demo())
    yield found
    found.close()


def test_there_are_enough() -> None:
    names = [row.name for row in ROWS] + [line.name for line in word_rows.LINES]
    assert len(names) == len(set(names)) >= 40


def test_what_is_not_spoilt_is_planned(masters: Masters) -> None:
    """Else every row below would be refused for something else."""
    for book, plan in masters.plans(EVERY).items():
        assert not isinstance(plan, NovatuiError), f"{book}: {plan}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
def test_refused(row: Row, masters: Masters) -> None:
    with masters.spoilt(row.spoil):
        before = masters.world()
        said = masters.plans(tuple(row.books), **row.more)
        after = masters.world()
    for book, error in said.items():
        assert isinstance(error, NovatuiError), f"{book} was planned"
        assert error.exit_code == row.code, f"{book}: {error}"
        names(str(error), row.names, masters)
    unchanged(before, after)


@pytest.mark.parametrize("name", env_rows.UNDERSTOOD)
def test_what_systemd_reads_is_read(name: str, masters: Masters) -> None:
    with masters.spoilt(env_rows.UNDERSTOOD[name]):
        for book, plan in masters.plans(EVERY).items():
            assert not isinstance(plan, NovatuiError), f"{book}: {plan}"


@pytest.mark.parametrize("line", word_rows.LINES, ids=lambda line: line.name.replace(" ", "-"))
def test_words(line: Words, masters: Masters, capsys: pytest.CaptureFixture[str]) -> None:
    before = masters.world()
    words = [word.format(**masters.words()) for word in line.words]
    if "-c" not in words:
        words = ["-c", str(masters.demo.config_path), *words]
    code = run(words)
    said = "".join(capsys.readouterr())
    assert code == line.code, said
    names(said, line.names, masters)
    unchanged(before, masters.world())
    assert client.runs() == []


def test_a_change_would_be_seen_and_all_was_put_back(masters: Masters) -> None:
    with masters.spoilt(env_rows.UNDERSTOOD["CRLF"]):
        assert masters.world() != masters.pristine
    unchanged(masters.pristine, masters.world())


def names(said: str, wanted: Any, masters: Masters) -> None:
    """One reason (a line, and the lines that are indented under it) has all of ``wanted``; nothing in it moves a cursor."""
    known = masters.words()
    asked = [word.format(**known) for word in wanted]
    reasons = re.split(r"\n(?! )", said)
    whole = [] if "Refused, for " in said else [said]  # an error of one thing: title, detail, hint
    assert any(all(_says(reason, word) for word in asked) for reason in (*reasons, *whole)), (
        f"{asked} not in\n{said}"
    )
    assert "Traceback" not in said and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", said), repr(said)


def _says(reason: str, word: str) -> bool:
    """``NODE:`` is also said where others have the same reason: ``NODE, OTHER:``."""
    if word.endswith(":"):
        return re.search(rf"(?m)(^|\s){re.escape(word[:-1])}(, [\w.-]+)*:", reason) is not None
    return word in reason


def unchanged(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert after["members"] == before["members"]
    assert after["units"] == before["units"]
    for node, had in before["files"].items():
        has = after["files"][node]
        other = {
            path: (had.get(path), has.get(path)) for path in {*had, *has} if had.get(path) != has.get(path)
        }
        assert not other, node
