"""A cluster that lost its quorum, one a module, and restores started on it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from novatui.demo.client import Demo
from tests.e2e.world import World


@pytest.fixture(scope="module")
def lost(demo: Callable[..., Demo]) -> Demo:
    return demo("quorum-lost")


@pytest.fixture
def restoring(lost: Demo, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts ``novatui run restore-cluster``; its words go to ``said``. Whatever is left of it is ended."""
    begun: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / "said").open("wb") as said:
            begun.append(subprocess.Popen(World(lost.dir).restore(), stdout=said, stderr=said))
        return begun[-1]

    yield start
    if begun:
        print((tmp_path / "said").read_text())
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.wait(60)
