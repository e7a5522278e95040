"""The archive: whole or none, nobody else's to read, never in another file's place."""

from __future__ import annotations

import errno
import tarfile
from pathlib import Path

import pytest

from novatui.bundle.archive import contents, write
from novatui.bundle.gathering import Gathered, Item, Missing
from novatui.errors import NovatuiError

ITEMS = (Item("", "status.json", "the state", "{}\n"), Item("m1", "os.txt", "the system", "Linux\n", 2))


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tar.gz"
    size = write(path, "a", "list\n", ITEMS, 1000)
    assert size == path.stat().st_size and path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        assert archive.getnames() == ["a/CONTENTS.txt", "a/status.json", "a/m1/os.txt"]
    with pytest.raises(NovatuiError, match="is there already"):
        write(path, "a", "list\n", (), 1000)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NovatuiError, match="could not be written"):
        write(tmp_path / "b.tar.gz", "b", "list\n", ITEMS, 1000)
    assert [one.name for one in tmp_path.iterdir()] == ["a.tar.gz"]


def test_where_there_are_no_hard_links_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(part: str, path: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", none)
    path, mine, link = tmp_path / "a.tar.gz", tmp_path / "mine", tmp_path / "link"
    assert write(path, "a", "list\n", ITEMS, 1000) == path.stat().st_size
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        assert archive.getnames() == ["a/CONTENTS.txt", "a/status.json", "a/m1/os.txt"]
    mine.write_text("mine")
    link.symlink_to(tmp_path / "elsewhere")
    for there in (mine, link):
        with pytest.raises(NovatuiError, match="is there already"):
            write(there, "a", "list\n", ITEMS, 1000)

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(NovatuiError, match="could not be written"):
        write(tmp_path / "b.tar.gz", "b", "list\n", ITEMS, 1000)
    assert mine.read_text() == "mine" and link.is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.tar.gz", "link", "mine"]


def test_the_list_names_every_file_and_what_is_missing() -> None:
    missing = (Missing("m2", "", "not asked: it is off"), Missing("m1", "etcd.txt", "timeout"))
    said = contents("prod", 1_718_368_675, 1_718_361_475, Gathered(ITEMS, missing))
    assert "cluster prod, made 2024-06-14 12:37:55 UTC" in said and "from 2024-06-14 10:37:55 UTC on" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["(here)", "status.json", "the", "state", "3", "0"] in rows
    assert ["m1", "os.txt", "the", "system", "6", "2"] in rows
    assert "2 files, 9 bytes before they are packed, 2 secrets masked" in said
    assert "  m2: not asked: it is off" in said and "  m1: etcd.txt: timeout" in said
