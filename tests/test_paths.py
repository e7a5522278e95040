"""Our places: private when we make them, refused when they are not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from novatui import paths
from novatui.errors import NovatuiError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.invariant("INV-8")
def test_what_we_make_is_ours_alone(home: Path) -> None:
    old = os.umask(0)
    try:
        places = [paths.state_dir(), paths.runs_dir(), paths.runtime_dir()]
    finally:
        os.umask(old)
    assert [mode(place) for place in places] == [0o700] * 3
    assert places[0] == home / ".local/state/novatui"


@pytest.mark.invariant("INV-8")
@pytest.mark.parametrize("bits", [0o755, 0o710, 0o701])
def test_a_directory_others_can_enter_is_refused(home: Path, bits: int) -> None:
    paths.state_dir().chmod(bits)
    with pytest.raises(NovatuiError) as caught:
        paths.state_dir()
    assert "chmod 700" in caught.value.hint


@pytest.mark.invariant("INV-8")
def test_a_link_in_our_place_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (home / ".local/state/novatui").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NovatuiError):
        paths.state_dir()


@pytest.mark.invariant("INV-8")
@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_somebody_else_is_refused(home: Path) -> None:
    os.chown(paths.state_dir(), 12345, -1)
    with pytest.raises(NovatuiError) as caught:
        paths.state_dir()
    assert "12345" in caught.value.detail


def test_the_configuration_is_where_it_is_said_to_be(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.config_file() == home / ".config/novatui/config.toml"
    monkeypatch.setenv("NOVATUI_CONFIG", "~/other.toml")
    assert paths.config_file() == home / "other.toml"


def test_a_runtime_directory_that_is_none_of_ours_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``sudo -E`` names another user's, cron none, and a session that ended one that is gone: nothing is made there."""
    short = Path(f"/tmp/novatui-{os.getuid()}")
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o777)
    if os.getuid() == 0:
        os.chown(theirs, 12345, -1)
    for base in ("relative", str(tmp_path / "gone"), *([str(theirs)] if os.getuid() == 0 else [])):
        monkeypatch.setenv("XDG_RUNTIME_DIR", base)
        assert paths.runtime_dir() == short
    assert not (tmp_path / "gone").exists() and not list(theirs.iterdir())
    long = tmp_path / ("x" * 100)
    long.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert paths.runtime_dir().parent == long
    assert paths.socket("r1.sock") == short / "r1.sock", "a kernel takes no longer path"


def test_sockets_have_a_short_place_without_a_runtime_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    place = paths.runtime_dir()
    assert place == Path(f"/tmp/novatui-{os.getuid()}")
    assert mode(place) == 0o700
