"""What was last seen of a cluster is kept for the picker, apart for each configuration; a file that is spoilt is as none."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from novatui import last_seen, paths
from novatui.model.findings import Verdict
from tests.tui import screen_cases as cases

SEEN = last_seen.LastSeen(at_ms=cases.NOW, verdict=Verdict.NO_QUORUM, healthy=1, total=3)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "state_dir", lambda: paths.private_dir(tmp_path / "state"))


def test_it_is_found_again_for_this_file_alone(tmp_path: Path) -> None:
    mine, other = (replace(cases.config(), path=tmp_path / name) for name in ("a.toml", "b.toml"))
    assert last_seen.recall(mine) is None
    last_seen.remember(mine, SEEN)
    assert (last_seen.recall(mine), last_seen.recall(other)) == (SEEN, None)
    (file,) = (tmp_path / "state" / "seen").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(b'{"at_ms": "yesterday"}')
    assert last_seen.recall(mine) is None


def test_where_nothing_can_be_written_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    last_seen.remember(cases.config(), SEEN)
    assert last_seen.recall(cases.config()) is None
