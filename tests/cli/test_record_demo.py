"""``novatui record`` on real etcd over real SSH: what it saw is in the file, whatever ended it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from novatui.cli import main as cli
from novatui.demo.client import Demo
from novatui.diagnosis.verdict import diagnose
from novatui.model.recording import Frame
from novatui.recording.coding import BadRecording
from novatui.recording.recording import Recording, Reel

pytestmark = pytest.mark.etcd
SECRETS = ("pl4nted-word", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.pl4nted", "MIIEpl4ntedkey")


@pytest.fixture(scope="module")
def cluster(demo: Callable[..., Demo]) -> Demo:
    return demo()


@contextmanager
def recorder(cluster: Demo, path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "novatui", "-c", str(cluster.config_path), "record", str(path), *words]
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def frames(path: Path) -> list[Frame]:
    try:
        return list(Recording.open(path).frames())
    except BadRecording:
        return []  # not yet begun


def until(true: Callable[[], object], words: str, limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, words
        time.sleep(0.2)


def verdicts(path: Path) -> list[str]:
    found = Recording.open(path)
    reel = Reel(found.header)
    seen: list[str] = []
    for frame in found.frames():
        reel.apply(frame)
        moment = reel.moment()
        verdict = diagnose(moment.snapshot, moment.entries, frame.at_ms).verdict.value
        if not seen or seen[-1] != verdict:
            seen.append(verdict)
    return seen


def logged(path: Path, words: str) -> bool:
    return any(words in entry.text for frame in frames(path) for entry in frame.entries)


@pytest.mark.slow
@pytest.mark.invariant("INV-18")
def test_a_fault_is_in_the_file_and_no_secret(cluster: Demo, tmp_path: Path) -> None:
    path = tmp_path / "fault.nvr"
    hung, other = cluster.nodes[1], cluster.nodes[0]
    with recorder(cluster, path) as child:
        until(
            lambda: path.exists() and frames(path) and verdicts(path)[-1] == "healthy", "it sees the cluster"
        )
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for line in (
            f"unrecognized environment variable ETCD_ROOT_PASSWORD={SECRETS[0]}",
            f"got Bearer {SECRETS[1]}",
            f"-----BEGIN PRIVATE KEY-----{SECRETS[2]}",
            "the last of the planted lines",
        ):
            cluster.tell("log", other, raw=line.encode())
        until(lambda: logged(path, "the last of the planted lines"), "its journal is written down")
        cluster.tell("stop-signal", hung)
        try:
            until(lambda: verdicts(path)[-1] == "degraded", "and what happens to it")
            child.send_signal(signal.SIGINT)
            said, err = child.communicate(timeout=60)
        finally:
            cluster.tell("cont-signal", hung)
    assert (child.returncode, err) == (0, ""), err
    assert "journal lines" in said and "novatui --replay" in said
    found = Recording.open(path)
    assert found.ended == "it was told to end" and not found.torn
    seen = verdicts(path)
    assert seen[-1] == "degraded" and "healthy" in seen
    text = "".join(str(frame) for frame in found.frames())
    assert not any(secret in text for secret in SECRETS)
    assert text.count("***") >= 3


def test_killed_it_leaves_all_but_the_last_frame(cluster: Demo, tmp_path: Path) -> None:
    path = tmp_path / "killed.nvr"
    with recorder(cluster, path) as child:
        until(lambda: path.exists() and len(frames(path)) > 10, "it records")
        seen = len(frames(path))
        child.kill()
        child.wait(10)
    found = Recording.open(path)
    assert found.ended == ""
    assert len(list(found.frames())) >= seen
    assert {node.name for node in found.header.nodes} == set(cluster.nodes)


def test_it_ends_by_itself(cluster: Demo, tmp_path: Path) -> None:
    path = tmp_path / "short.nvr"
    with recorder(cluster, path, "--for", "3s") as child:
        assert child.wait(60) == 0
    assert Recording.open(path).ended == "its time was over"
    with recorder(cluster, path) as child:
        _said, err = child.communicate(timeout=60)
    assert child.returncode == 1 and "is there already" in err
    small = tmp_path / "small.nvr"
    flood = b"0123456789abcdef " * 200
    with recorder(cluster, small, "--max-size", "64K") as child:
        end = time.monotonic() + 60
        number = 0
        while child.poll() is None and time.monotonic() < end:
            number += 1
            cluster.tell("log", cluster.nodes[0], raw=os.urandom(1500).hex().encode() + flood)
        _said, err = child.communicate(timeout=30)
    assert child.returncode == 1
    assert "greatest size" in err
    assert small.stat().st_size <= 64 << 10
    assert "greatest size" in Recording.open(small).ended


@pytest.mark.parametrize(
    "words", [["--for", "soon"], ["--for", "0"], ["--max-size", "1K"], ["--max-size", "x"]]
)
def test_odd_words_are_refused(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["record", str(tmp_path / "a"), *words]) == 64
    assert "is written" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
