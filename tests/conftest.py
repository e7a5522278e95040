"""Every test lives in a home of its own: nothing of the person's configuration, keys or runs is read or written."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.homes import home_in

if TYPE_CHECKING:
    from novatui.demo.client import Demo

_CLEARED = (
    "NOVATUI_CONFIG",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "LANGUAGE",
)

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """A home for what runs outside of single tests (module fixtures), and one language and time zone for all."""
    root = Path(tempfile.mkdtemp(prefix="nvt-"))
    config.add_cleanup(lambda: shutil.rmtree(root, ignore_errors=True))
    for name in _CLEARED:
        os.environ.pop(name, None)
    os.environ.update(home_in(root), LANG="C.UTF-8", LC_ALL="C.UTF-8", TZ="UTC")
    time.tzset()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among several workers the files that take long come first: at the end none waits for another's last file."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow") is not None}
        items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh, empty home for one test; gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="nvt-"))
    for name, value in home_in(root).items():
        monkeypatch.setenv(name, value)
    yield root / "home"
    shutil.rmtree(root, ignore_errors=True)


_demos: list[Demo] = []  # that run, in the order of their starts


@pytest.fixture(scope="module")
def demo() -> Iterator[Callable[..., Demo]]:
    """``demo(fault=None, ..)`` starts an embedded cluster (real etcd, real SSH), ended with the test or the module that
    started it: one that idles takes a tenth of a core."""
    from novatui.demo.client import Demo

    base = Path(tempfile.mkdtemp(prefix="nvd-"))
    had = len(_demos)

    def start(fault: str | None = None, **options: Any) -> Demo:
        _demos.append(Demo.launch(fault, base=base, **options))
        return _demos[-1]

    yield start
    _end_demos(had)
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(autouse=True)
def _demos_of_one_test() -> Iterator[None]:
    """What a module's fixtures started is there before, and stays."""
    had = len(_demos)
    yield
    _end_demos(had)


def _end_demos(had: int) -> None:
    while len(_demos) > had:
        _demos.pop().close()
