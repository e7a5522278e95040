"""swap.sh: every state of the directories, an interruption between the renames, strangers, and the way back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from novatui.remote.command import Outcome
from novatui.runbooks.restore_cluster.swap import read_swap, read_undo_look
from novatui.runbooks.step import State
from tests.runbooks.bench import SHELLS, Bench, content_of, data_dir, tree

RUN = "7f3a00aa"


@pytest.fixture(params=SHELLS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    bench = Bench(tmp_path / "a master", request.param)
    bench.hold_file.write_text(RUN + "\n")
    return bench


def paths(bench: Bench) -> list[Path]:
    data = str(bench.data)
    return [bench.data, *(Path(f"{data}.novatui-{word}-{RUN}") for word in ("new", "old", "undone"))]


def swap(bench: Bench, verb: str, *, had: str = "yes", path_first: Path | None = None) -> Outcome:
    live, staged, old, aside = paths(bench)
    return bench.run(
        "swap", verb, RUN, "etcd", live, staged, old, aside, "member/.novatui-run", had, bench.hold_file,
        path_first=path_first,
    )  # fmt: skip


def state(bench: Bench, verb: str = "look", *, had: str = "yes") -> str:
    """What the probe reads, without an inode to compare."""
    outcome = swap(bench, verb, had=had)
    return read_swap(outcome, "", undo=verb != "look").state.value


def prepared(bench: Bench) -> tuple[Path, Path, Path, Path]:
    live, staged, old, aside = paths(bench)
    data_dir(live, "before")
    data_dir(staged, "restored", RUN)
    return live, staged, old, aside


@pytest.mark.invariant("INV-4", "INV-3", "INV-13")
def test_forth_and_back(bench: Bench) -> None:
    live, staged, old, aside = prepared(bench)
    assert state(bench) == "todo"
    assert swap(bench, "do").ok
    assert state(bench) == "done"
    assert (content_of(live), content_of(old)) == ("restored", "before")
    assert not staged.exists()
    assert swap(bench, "do").ok, "done once more it does nothing"
    assert (content_of(live), content_of(old)) == ("restored", "before")
    assert state(bench, "undo-look") == "todo"
    assert swap(bench, "undo").ok
    assert (content_of(live), content_of(aside)) == ("before", "restored")
    assert not old.exists()
    assert state(bench, "undo-look") == "done"
    assert swap(bench, "undo").ok
    assert (content_of(live), content_of(aside)) == ("before", "restored")


@pytest.mark.invariant("INV-12", "INV-13")
def test_another_directory_than_the_planned_is_not_put_aside_first(bench: Bench) -> None:
    """Found out only afterwards, neither a resume nor an undo could go on."""
    live, *_ = prepared(bench)
    planned = live.stat()
    assert read_swap(swap(bench, "look"), f"{planned.st_dev}:{planned.st_ino}").state is State.TODO
    live.rename(live.with_name("moved by hand"))
    data_dir(live, "a stranger's")
    found = read_swap(swap(bench, "look"), f"{planned.st_dev}:{planned.st_ino}")
    assert found.state is State.FOREIGN and "live at planning" in found.detail


@pytest.mark.invariant("INV-4", "INV-13")
@pytest.mark.parametrize("verb", ["do", "undo"])
def test_cut_between_the_renames(bench: Bench, verb: str, tmp_path: Path) -> None:
    """The second rename never comes: the probe sees it, a second go finishes it, nothing is lost."""
    live, _staged, old, aside = prepared(bench)
    if verb == "undo":
        assert swap(bench, "do").ok
    broken = tmp_path / "broken"
    broken.mkdir()
    real = subprocess.run(["which", "mv"], capture_output=True, text=True, check=True).stdout.strip()
    (broken / "mv").write_text(
        f'#!/bin/sh\nif [ -e "{broken}/one" ]; then kill -KILL $PPID; exit 1; fi\n: >"{broken}/one"\nexec {real} "$@"\n'
    )
    (broken / "mv").chmod(0o755)
    assert not swap(bench, verb, path_first=broken).ok
    look = "look" if verb == "do" else "undo-look"
    assert state(bench, look) == "partial"
    assert not live.exists()
    assert swap(bench, verb).ok
    assert state(bench, look) == "done"
    if verb == "do":
        assert (content_of(live), content_of(old)) == ("restored", "before")
    else:
        assert (content_of(live), content_of(aside)) == ("before", "restored")


@pytest.mark.invariant("INV-4")
def test_a_stranger_between_the_renames_is_stopped_and_kept(bench: Bench) -> None:
    """Somebody started etcd meanwhile: it made a blank data directory. It is kept aside, the swap is finished."""
    live, staged, old, _aside = prepared(bench)
    live.rename(old)
    data_dir(live, "blank")
    bench.active("active")
    found = read_swap(swap(bench, "look"), "")
    assert found.state is State.PARTIAL
    assert "kept aside" in found.detail
    assert swap(bench, "do").ok
    assert "stop etcd" in bench.asked()
    assert (content_of(live), content_of(old)) == ("restored", "before")
    assert content_of(Path(f"{bench.data}.novatui-foreign-{RUN}")) == "blank"
    assert not staged.exists()


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize("why", ["active", "activating", "locked", "not-held", "held-by-another"])
def test_nothing_is_renamed_while_an_etcd_could_write(bench: Bench, why: str) -> None:
    live, _staged, _old, _aside = prepared(bench)
    before = tree(bench.root / "lib")
    holder = None
    if why in ("active", "activating"):
        bench.active(why)
    elif why == "locked":
        holder = subprocess.Popen(
            ["flock", "-x", str(live / "member/snap/db"), "sh", "-c", "echo held; exec sleep 60"],
            stdout=subprocess.PIPE,
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
    elif why == "not-held":
        bench.hold_file.unlink()
    else:
        bench.hold_file.write_text("other\n")
    try:
        assert swap(bench, "do").exit == 3
        assert tree(bench.root / "lib") == before
        assert state(bench) == "todo"
    finally:
        if holder is not None:
            assert holder.stdout is not None
            holder.stdout.close()
            holder.kill()
            holder.wait(10)


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize(
    "odd", ["no-staged", "unmarked-staged", "other-run", "both-marked", "nothing-at-all"]
)
def test_directories_that_are_not_ours_are_left_alone(bench: Bench, odd: str) -> None:
    live, staged, _old, _aside = paths(bench)
    if odd != "nothing-at-all":
        data_dir(live, "before", RUN if odd == "both-marked" else "")
    if odd in ("unmarked-staged", "other-run", "both-marked"):
        marks = {"unmarked-staged": "", "other-run": "another", "both-marked": RUN}
        data_dir(staged, "restored", marks[odd])
    before = tree(bench.root / "lib")
    assert state(bench) == "foreign"
    assert swap(bench, "do").exit == 4
    assert tree(bench.root / "lib") == before


def test_a_master_that_had_no_data(bench: Bench) -> None:
    live, staged, old, aside = paths(bench)
    data_dir(staged, "restored", RUN)
    assert state(bench, had="no") == "todo"
    assert swap(bench, "do", had="no").ok
    assert state(bench, had="no") == "done"
    assert content_of(live) == "restored"
    assert not old.exists()
    assert swap(bench, "undo", had="no").ok
    assert state(bench, "undo-look", had="no") == "done"
    assert not live.exists()
    assert content_of(aside) == "restored"


def test_a_mount_point_swaps_member_alone(bench: Bench) -> None:
    """Where the data directory is a file system of its own, everything happens inside of it."""
    data_dir(bench.data, "before")
    inside = [
        bench.data / "member",
        *(bench.data / f".novatui-{word}-{RUN}" for word in ("new", "old", "undone")),
    ]
    data_dir(bench.root / "made", "restored")
    (bench.root / "made/member").rename(inside[1])
    (inside[1] / ".novatui-run").write_text(RUN + "\nsha\n")
    argv = [RUN, "etcd", *inside, ".novatui-run", "yes", bench.hold_file]
    assert bench.run("swap", "do", *argv).ok
    assert content_of(bench.data) == "restored"
    assert (inside[2] / "snap/db").read_text() == "before"
    assert bench.read("swap", "look", *argv).get("state") == "done"
    assert bench.run("swap", "undo", *argv).ok
    assert content_of(bench.data) == "before"


@pytest.mark.invariant("INV-3")
def test_the_kept_directory_must_be_the_one_that_was_live(bench: Bench) -> None:
    """Names are not enough: what is kept must be the very directory that was live when the plan was drawn."""
    live, _staged, old, _aside = prepared(bench)
    info = live.stat()
    inode = f"{info.st_dev}:{info.st_ino}"
    assert swap(bench, "do").ok
    assert read_swap(swap(bench, "look"), inode).state is State.DONE
    old.rename(bench.root / "lib/taken")
    data_dir(old, "something else")
    assert read_swap(swap(bench, "look"), inode).state is State.FOREIGN


@pytest.mark.invariant("INV-4", "INV-13")
def test_an_undo_looks_before_it_stops_anything(bench: Bench) -> None:
    """What was kept may be purged, replaced, or out of date by a later run: each refuses while etcd still runs."""
    live, _staged, old, aside = prepared(bench)
    info = live.stat()
    inode = f"{info.st_dev}:{info.st_ino}"

    def look() -> State:
        return read_undo_look(swap(bench, "undo-look"), inode).state

    assert look() is State.DONE, "never swapped: nothing to take back"
    assert swap(bench, "do").ok
    assert look() is State.DONE
    assert read_undo_look(swap(bench, "undo-look"), f"9999:{info.st_ino}").state is State.DONE, "rebooted"
    marker = live / "member/.novatui-run"
    marker.write_text("0ther123\nsha\n")
    assert look() is State.FOREIGN, "another run's data is live"
    before = tree(bench.root / "lib")
    assert swap(bench, "undo").exit == 4
    assert tree(bench.root / "lib") == before
    marker.unlink()
    assert look() is State.DONE, "a stranger's is set aside by the undo itself"
    marker.write_text(RUN + "\nsha\n")
    old.rename(aside)
    assert look() is State.FOREIGN, "purged"
    data_dir(old, "something else")
    aside.rename(bench.root / "lib/taken")
    assert look() is State.FOREIGN, "not the directory that was live"
