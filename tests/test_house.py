"""The house rules that no type checker sees: what is imported when, docstrings, invariants with evidence, our words."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from novatui.runbooks.registry import RUNBOOKS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "novatui"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ["textual", "asyncssh", "rich", "msgspec", "platformdirs", "cryptography", "asyncio", "argparse"]


def loaded_by(*words: str) -> set[str]:
    """The top-level modules in ``sys.modules`` after the command ran, in a process of its own."""
    code = (
        "import atexit, os, sys\n"
        "def tell():\n"
        "    names = {name.split('.')[0] for name in sys.modules}\n"
        "    names |= {name for name in sys.modules if name.startswith('novatui')}\n"
        "    os.write(3, ' '.join(sorted(names)).encode())\n"
        "atexit.register(tell)\n"
        f"sys.argv = ['novatui', *{list(words)!r}]\n"
        "from novatui.__main__ import main\n"
        "main()\n"
    )
    read, write = os.pipe()
    with os.fdopen(read) as said:
        # 3 is where the child finds the pipe, whatever its number is here.
        argv = ["bash", "-c", f'exec 3>&{write}; exec "$@"', "bash", sys.executable, "-c", code]
        subprocess.run(argv, pass_fds=[write], capture_output=True, timeout=60, check=False, cwd=ROOT)
        os.close(write)
        return set(said.read().split())


def test_version_imports_nothing_of_weight() -> None:
    loaded = loaded_by("--version")
    assert "novatui" in loaded
    assert not loaded & set(HEAVY)
    assert {name for name in loaded if name.startswith("novatui.")} == {"novatui.__main__"}


def test_help_imports_nothing_of_weight() -> None:
    loaded = loaded_by("--help")
    assert "novatui.cli.main" in loaded
    assert not loaded & (set(HEAVY) - {"argparse"})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """One master that refuses at once: nothing listens on port 1 of the loopback."""
    path = tmp_path / "config.toml"
    path.write_text('[[clusters.prod.nodes]]\nname = "a"\nhost = "127.0.0.1"\nport = 1\n')
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["status", "--timeout", "2"],
        ["plan", "restore-cluster", "--snapshot", "/tmp/none.db"],
        ["run", "restore-cluster", "--snapshot", "/tmp/none.db", "--yes", "prod"],
        ["runs"],
    ],
)
def test_headless_commands_load_no_textual(words: list[str], config: Path) -> None:
    loaded = loaded_by("-c", str(config), *words)
    assert f"novatui.cli.{words[0]}" in loaded
    assert "textual" not in loaded


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def marks() -> Iterator[tuple[str, str]]:
    """(invariant, file) for every ``@pytest.mark.invariant("INV-n", ..)`` in the tests."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.invariant":
                for word in node.args:
                    yield ast.literal_eval(word), str(path.relative_to(ROOT))


def listed() -> list[str]:
    return re.findall(r"^## (INV-\d+) ", (PACKAGE / "SAFETY.md").read_text("utf-8"), re.M)


def test_every_invariant_has_evidence() -> None:
    proved = {invariant for invariant, _path in marks()}
    assert listed()
    assert len(listed()) == len(set(listed()))
    assert set(listed()) - proved == set(), "in SAFETY.md, and no test carries its mark"


def test_every_mark_is_an_invariant() -> None:
    unknown = [f"{path}: {invariant}" for invariant, path in marks() if invariant not in listed()]
    assert unknown == []


def test_nothing_speaks_of_one_machine() -> None:
    """No absolute path of a workplace, no registry's host in anything that is committed."""
    words = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if words.returncode != 0:
        pytest.skip("not a git checkout")
    bad = re.compile(rb"(^|[^\w.])/(wor[k]|far[m]|roo[t]/\.pyenv)/|(pyp[i]|pythonhoste[d])\.org")
    found = []
    for name in words.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and bad.search(path.read_bytes()):
            found.append(name)
    assert found == []


def test_the_contract_keeps_every_runbook_apart() -> None:
    """What two of them need is under runbooks/parts; lint-imports holds it, for those that the contract names."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    apart = next(one["layers"][1] for one in contracts if one.get("containers") == ["novatui.runbooks"])
    assert sorted(apart.split(" | ")) == sorted(name.replace("-", "_") for name in RUNBOOKS)
