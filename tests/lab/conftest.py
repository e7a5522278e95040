"""One lab at a time, kept for as many tests as want its shape, as new for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import needs
from tests.lab.lab import Lab
from tests.lab.shapes import Shape

HERE = Path(__file__).parent
# Marks of every test here; the first time a base tree may have to be made.
MARKS = (pytest.mark.lab, pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(900))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            for mark in MARKS:
                item.add_marker(mark)
    # One after the other what wants the same hosts: another shape costs a boot of its own.
    items.sort(key=_shape)


def _shape(item: pytest.Item) -> str:
    """Of the lab a test wants; empty for all that want none."""
    if not item.path.is_relative_to(HERE):
        return ""
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return str(params.get("lab") or params.get("used_lab") or Shape())


@pytest.fixture(scope="session")
def labs() -> Iterator[Callable[[Shape], Lab]]:
    """A lab of that shape, whatever was done to it before. CI as root may not do without."""
    if (why := needs.lacks()) and not (os.environ.get("CI") == "true" and os.geteuid() == 0):
        pytest.skip(why)
    needs.require()
    kept: list[tuple[Shape, Lab]] = []

    def get(shape: Shape) -> Lab:
        if not kept or kept[0][0] != shape:
            while kept:
                kept.pop()[1].close()
            kept.append((shape, Lab.up(shape.masters, shape.image)))
        return kept[0][1]

    yield get
    for _shape, lab in kept:
        lab.close()


@pytest.fixture
def lab(request: pytest.FixtureRequest, labs: Callable[[Shape], Lab], home: Path) -> Iterator[Lab]:
    """A healthy cluster as after ``Lab.up``: three masters of trixie, or another shape by
    ``@pytest.mark.parametrize("lab", [Shape(5)], indirect=True)``."""
    one = labs(getattr(request, "param", Shape()))
    one.fresh()
    yield one
    print(one.report(), _our_logs(), sep="\n")


@pytest.fixture
def used_lab(request: pytest.FixtureRequest, labs: Callable[[Shape], Lab]) -> Lab:
    """The same without making it new: for tests that leave hosts as they were."""
    return labs(getattr(request, "param", Shape()))


def _our_logs() -> str:
    """What novatui wrote in this test's home, the ends of it: its own log and those of its runners."""
    state = Path(os.environ["XDG_STATE_HOME"])
    return "\n".join(
        f"{path.name}: {path.read_text('utf-8', 'replace')[-3000:]}" for path in state.rglob("*.log")
    )
