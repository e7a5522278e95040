"""What ends the wait of the real ``poll.sh`` before its interval: a word from us, the end of the unit's process, the end of
the connection. In dash, and in bash as RED OS has it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from novatui.probes.frames import Frame, Frames
from novatui.remote.command import script_text

NONCE = "abc123"
LIMIT_S = 60.0


class Polling:
    """``poll.sh`` on a master whose unit ``runs`` a process that ``systemctl`` tells of."""

    def __init__(self, shell: list[str], place: Path, interval_s: int) -> None:
        self._told = place / "told"
        self.runs = subprocess.Popen(["sleep", "3600"])
        self.says(self.runs.pid)
        (place / "systemctl").write_text(f"#!/bin/sh\ncat '{self._told}'\n")
        (place / "systemctl").chmod(0o755)
        words = (
            NONCE,
            str(interval_s),
            "etcd",
            "/dev/null",
            "/",
            "",
            "",
            "",
            "",
            "/bin/false",
            "no",
            str(place / "none"),
        )
        self.script = subprocess.Popen(
            [*shell, "-c", script_text("poll"), "novatui-poll", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": f"{place}:{os.environ['PATH']}"},
            start_new_session=True,
        )
        self._frames = Frames(NONCE)

    def says(self, pid: int) -> None:
        self._told.write_text(f"LoadState=loaded\nMainPID={pid}\n")

    def ends(self) -> None:
        """As systemd sees it: first the state, then nobody has that number any more."""
        self.runs.kill()
        self.runs.wait()

    def word(self, word: bytes) -> None:
        assert self.script.stdin is not None
        self.script.stdin.write(word + b"\n")
        self.script.stdin.flush()

    def asked(self) -> str:
        """The next look at the unit, and which word it answers."""
        return self._look()["clock"].args[2]

    def _look(self) -> Frame:
        assert self.script.stdout is not None
        for line in self.script.stdout:
            if (frame := self._frames.feed(line.rstrip(b"\n"))) is not None and "clock" in frame:
                return frame
        raise AssertionError("it ended")

    def left(self) -> list[int]:
        """Its processes that are still there, in whichever group."""
        stats = [_stat(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()]
        session = str(self.script.pid)
        return [int(pid) for pid, state, _parent, _group, sid in stats if sid == session and state != "Z"]

    def close(self) -> None:
        self.runs.kill()
        self.runs.wait()
        try:
            self.script.communicate(timeout=LIMIT_S)  # it ends with its stdin
        finally:
            for pid in self.left():
                os.kill(pid, signal.SIGKILL)
            self.script.communicate()


def _stat(pid: str) -> list[str]:
    """Number, state, parent, group and session; nothing of one that has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return [pid, "Z", "", "", ""]
    return [pid, *text.rpartition(")")[2].split()[:4]]


@pytest.fixture(params=[["dash"], ["bash", "--posix"]], ids=lambda shell: shell[0])
def shell(request: pytest.FixtureRequest) -> list[str]:
    words: list[str] = request.param
    if not shutil.which(words[0]):
        pytest.skip(f"there is no {words[0]} here")
    return words


@pytest.fixture
def polling(shell: list[str], tmp_path: Path) -> Iterator[Polling]:
    """Between two looks of its own is an hour: none of those that come is one."""
    with closing(Polling(shell, tmp_path, 3600)) as polling:
        assert polling.asked() == "-"
        yield polling


def test_a_word(polling: Polling) -> None:
    polling.word(b"17")
    assert polling.asked() == "17"
    polling.word(b"18")
    assert polling.asked() == "18"


def test_the_end_of_the_unit_s_process(polling: Polling) -> None:
    polling.says(0)
    polling.ends()
    assert polling.asked() == "-"
    polling.word(b"19")
    assert polling.asked() == "19"


def test_an_end_that_is_not_yet_told_is_not_looked_at_again_and_again(polling: Polling) -> None:
    polling.ends()
    assert polling.asked() == "-"
    time.sleep(0.3)  # for what must not come
    polling.word(b"20")
    assert polling.asked() == "20"


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_nothing_is_left_of_it(shell: list[str], tmp_path: Path, how: str) -> None:
    with closing(Polling(shell, tmp_path, 1)) as polling:
        polling.asked()
        if how == "killed":
            polling.script.kill()
        _out, said = polling.script.communicate(timeout=LIMIT_S)
        assert said == b""
        deadline = time.monotonic() + LIMIT_S
        while polling.left() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not polling.left()
