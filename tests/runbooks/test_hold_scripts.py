"""hold, start, release, stop, unstage: what keeps a blank member from serving, and that everything is put back."""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from novatui.remote.command import Outcome
from novatui.runbooks.parts.hold import read_hold, read_release
from novatui.runbooks.parts.start import read_start, read_started_as_before
from novatui.runbooks.parts.stop import read_stop
from novatui.runbooks.step import State
from tests.runbooks.bench import SHELLS, Bench, data_dir, tree

RUN = "7f3a00aa"
ENV = "# etcd\nETCD_NAME=etcd1\nETCD_INITIAL_CLUSTER_STATE={}\nETCD_DATA_DIR=/var/lib/etcd\n"


@pytest.fixture(params=SHELLS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    bench = Bench(tmp_path / "a master", request.param)
    bench.env_file.write_text(ENV.format("new"))
    return bench


def hold(bench: Bench, verb: str, run: str = RUN) -> Outcome:
    return bench.run("hold", verb, run, bench.root / "work", "etcd", bench.root / "units", bench.env_file)


def release(bench: Bench, verb: str, run: str = RUN) -> Outcome:
    argv = [verb, run, bench.root / "work", "etcd", bench.root / "units", bench.env_file]
    return bench.run("release", *argv, f"{bench.data}.novatui-stage-{run}", f"{bench.data}.novatui-new-{run}")


def start(bench: Bench, verb: str, mark: str = "member/.novatui-run", begin: str = "yes") -> Outcome:
    return bench.run("start", verb, RUN, bench.root / "work", "etcd", bench.data, mark, begin)


@pytest.mark.invariant("INV-11", "INV-3")
@pytest.mark.parametrize("state", ["new", '"new"', "'new'", "existing", "new\r", " new", None], ids=repr)
def test_hold_and_release_leave_the_env_file_as_it_was(bench: Bench, state: str | None) -> None:
    """Whatever the state's value and quoting: existing while held, byte for byte as before afterwards."""
    text = ENV.format(state) if state is not None else "ETCD_NAME=etcd1"
    bench.env_file.write_bytes(text.encode())
    bench.env_file.chmod(0o640)
    assert read_hold(hold(bench, "look")).state is State.TODO
    assert hold(bench, "do").ok
    assert read_hold(hold(bench, "look")).state is State.DONE
    lines = [line for line in bench.env_file.read_text().splitlines() if "STATE" in line]
    assert lines == ["ETCD_INITIAL_CLUSTER_STATE=existing"]
    assert bench.env_file.stat().st_mode & 0o777 == 0o640
    assert "AssertPathExists=!" + str(bench.hold_file) in bench.dropin.read_text()
    assert bench.asked().count("daemon-reload") == 1
    assert hold(bench, "do").ok, "again: nothing new"
    bench.hold_file.unlink()  # lifted by the start
    assert release(bench, "do").ok
    assert read_release(release(bench, "look")).state is State.DONE
    assert bench.env_file.read_bytes() == text.encode()
    assert bench.env_file.stat().st_mode & 0o777 == 0o640
    assert not bench.dropin.exists()
    assert not bench.dropin.parent.exists()


def test_release_keeps_what_somebody_changed_meanwhile(bench: Bench) -> None:
    assert hold(bench, "do").ok
    bench.env_file.write_text(bench.env_file.read_text() + "ETCD_METRICS=basic\n")
    assert release(bench, "do").ok
    assert bench.env_file.read_text() == ENV.format("new") + "ETCD_METRICS=basic\n"
    assert (bench.root / f"etc/etcd.env.novatui-{RUN}").read_text() == ENV.format("new")


@pytest.mark.invariant("INV-11")
def test_a_held_unit_does_not_start(bench: Bench) -> None:
    assert hold(bench, "do").ok
    refused = subprocess.run([str(bench.root / "bin/systemctl"), "start", "etcd"], check=False)
    assert refused.returncode == 1


@pytest.mark.invariant("INV-5")
def test_another_runs_hold_is_not_touched(bench: Bench) -> None:
    assert hold(bench, "do", "other").ok
    before = tree(bench.root)
    assert hold(bench, "do").exit == 3
    assert read_hold(hold(bench, "look")).state is State.FOREIGN
    assert release(bench, "do").ok
    assert read_release(release(bench, "look")).state is State.FOREIGN
    data_dir(bench.data, "restored", RUN)
    assert start(bench, "do").exit == 3
    after = {
        name: content for name, content in tree(bench.root).items() if name in before and name != "asked"
    }
    assert after == {name: content for name, content in before.items() if name != "asked"}


@pytest.mark.invariant("INV-11")
@pytest.mark.parametrize("what", ["no-data", "no-marker", "other-run", "no-wal", "empty-wal", "no-db"])
def test_start_only_on_whole_restored_data(bench: Bench, what: str) -> None:
    assert hold(bench, "do").ok
    if what != "no-data":
        data_dir(bench.data, "restored", {"no-marker": "", "other-run": "other"}.get(what, RUN))
    wal = bench.data / "member/wal/0000000000000000-0000000000000000.wal"
    if what == "no-wal":
        wal.unlink()
    elif what == "empty-wal":
        wal.write_text("")
    elif what == "no-db":
        (bench.data / "member/snap/db").unlink()
    assert start(bench, "do").exit == 3
    assert bench.hold_file.exists()
    assert not any(line.startswith("start") for line in bench.asked())


@pytest.mark.invariant("INV-11", "INV-3")
def test_start_lifts_the_hold(bench: Bench) -> None:
    assert hold(bench, "do").ok
    data_dir(bench.data, "restored", RUN)
    assert read_start(start(bench, "look")).state is State.TODO
    assert start(bench, "do").ok
    assert not bench.hold_file.exists()
    assert "start --no-block etcd" in bench.asked()
    assert read_start(start(bench, "look")).state is State.DONE
    assert start(bench, "do").ok


@pytest.mark.invariant("INV-11")
def test_the_way_back_never_starts_restored_data_as_the_old(bench: Bench) -> None:
    assert hold(bench, "do").ok
    data_dir(bench.data, "restored", RUN)
    assert start(bench, "do", mark="").exit == 3
    shutil.rmtree(bench.data)
    data_dir(bench.data, "before")
    assert start(bench, "do", mark="", begin="no").ok
    assert not bench.hold_file.exists()
    assert not any(line.startswith("start") for line in bench.asked()), (
        "it was stopped before, it stays stopped"
    )


@pytest.mark.invariant("INV-11")
@pytest.mark.parametrize("kept", ["nothing at all", "an empty directory", "a database alone", "an empty log"])
def test_the_way_back_starts_nothing_on_nothing(bench: Bench, kept: str) -> None:
    """While the state is "existing" a blank member would join under its old ID: the hold stays until that is put back."""
    if kept != "nothing at all":
        data_dir(bench.data, "before")
        for log in (bench.data / "member/wal").iterdir():
            log.write_bytes(b"")
            if kept != "an empty log":
                log.unlink()
        if kept == "an empty directory":
            shutil.rmtree(bench.data / "member")
    assert hold(bench, "do").ok
    assert start(bench, "do", mark="").ok
    assert bench.hold_file.exists()
    assert not any(line.startswith("start") for line in bench.asked())
    found = read_started_as_before(start(bench, "look", mark=""), was_running=True, had_quorum=False)
    assert found.state is State.DONE and found.facts["nothing"] and "no log" in found.detail
    assert release(bench, "do").ok
    assert not bench.hold_file.exists() and bench.env_file.read_text() == ENV.format("new")


@pytest.mark.invariant("INV-3")
def test_no_etcd_left_is_proved_not_believed(bench: Bench) -> None:
    """An inactive unit is not enough: the database's lock and the ports must be free, by address."""
    data_dir(bench.data, "x")

    def look(*places: str) -> tuple[State, str]:
        found = read_stop(bench.run("stop", "look", "etcd", bench.data, *places))
        return found.state, found.detail

    with socket.socket() as listener:
        listener.bind(("127.7.7.7", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert look(f"127.7.7.7:{port}")[0] is State.TODO
        assert look(str(port))[0] is State.TODO
        assert look(f"127.7.7.8:{port}") == (State.DONE, "")
        bench.active("active")
        assert "the unit is active" in look()[1]
        bench.active("activating")
        assert look()[0] is State.TODO
    assert bench.run("stop", "do", "etcd").ok
    assert look(f"127.7.7.7:{port}") == (State.DONE, "")
    lock = ["flock", "-x", str(bench.data / "member/snap/db"), "sh", "-c", "echo held; exec sleep 60"]
    with subprocess.Popen(lock, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert "holds its database" in look()[1]
        holder.kill()


@pytest.mark.invariant("INV-4")
def test_unstage_takes_only_what_this_run_staged(bench: Bench) -> None:
    stage, staged = Path(f"{bench.data}.novatui-stage-{RUN}"), Path(f"{bench.data}.novatui-new-{RUN}")
    data_dir(bench.data, "live")
    for path, run in itertools.product((stage, staged), ("other", RUN)):
        shutil.rmtree(path, ignore_errors=True)
        data_dir(path, "x", run)
        (path / "run").write_text(run + "\n")
        assert bench.run("unstage", RUN, stage, staged, "member/.novatui-run").ok
        assert path.exists() == (run == "other")
    shutil.rmtree(stage, ignore_errors=True)
    for bad in ("/", str(bench.data), f"{bench.data}.novatui-new-other", ""):
        assert bench.run("unstage", RUN, stage, bad, "member/.novatui-run").exit == 64
        assert bench.run("unstage", RUN, bad, staged, "member/.novatui-run").exit == 64
    assert (bench.data / "member/snap/db").read_text() == "live"


@pytest.mark.invariant("INV-4", "INV-13")
def test_unstage_leaves_what_is_all_there_is(bench: Bench) -> None:
    """Between the renames: a runner whose journal lost its end believes that nothing was changed, and cleans up."""
    stage, staged = Path(f"{bench.data}.novatui-stage-{RUN}"), Path(f"{bench.data}.novatui-new-{RUN}")
    data_dir(Path(f"{bench.data}.novatui-old-{RUN}"), "before")
    data_dir(staged, "restored", RUN)
    outcome = bench.run("unstage", RUN, stage, staged, "member/.novatui-run")
    assert outcome.exit == 1 and b"not removed" in outcome.stderr
    assert (staged / "member/snap/db").read_text() == "restored"


@pytest.mark.invariant("INV-11")
def test_a_joining_member_begins_with_nothing(bench: Bench) -> None:
    """Under the hold a log in the data directory is not the new member's; once the hold is lifted it may be."""
    hold(bench, "do")
    data_dir(bench.data, "old")
    assert start(bench, "do", mark="-").exit == 3 and bench.hold_file.exists()
    shutil.rmtree(bench.data / "member")
    assert start(bench, "do", mark="-").ok and not bench.hold_file.exists()
    data_dir(bench.data, "new")
    assert start(bench, "do", mark="-").ok, "its own log is no reason: an interrupted start is done again"


def test_a_release_that_keeps_the_env_file(bench: Bench) -> None:
    hold(bench, "do")
    held = bench.env_file.read_text()
    words = (RUN, bench.root / "work", "etcd", bench.root / "units", bench.env_file)
    look = ("release", "look", *words, bench.root / "lib/stage", bench.root / "lib/staged")
    assert read_release(bench.run(*look), keep_env=True).state is State.TODO
    assert bench.run("release", "keep", *words).ok
    assert read_release(bench.run(*look), keep_env=True).state is State.DONE
    assert read_release(bench.run(*look)).state is State.TODO, "the state is not what it was"
    assert bench.env_file.read_text() == held and not bench.dropin.exists() and not bench.hold_file.exists()
