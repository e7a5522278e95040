"""Which run has a master, as ``poll.sh`` really says it and the parser reads it; hostile words are only words."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model.cluster import Held
from novatui.probes.frames import Frames, Piece
from novatui.probes.held import held
from novatui.remote.command import script_text

NONCE = "abc123"
HOLDER = '{"run":"7f3a","operator":"ops@desk","host":"desk","since":1718368600000}'


def polled(work: Path) -> Held | None:
    """One frame of the real script, on a machine that has neither unit nor etcd."""
    words = (NONCE, "0.1", "no-such", "/dev/null", "/", "", "", "", "", "/bin/false", "no", str(work))
    done = subprocess.run(
        ["sh", "-c", script_text("poll"), "novatui-poll", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    frames = Frames(NONCE)
    for line in done.stdout.split(b"\n"):
        if (frame := frames.feed(line)) is not None and "clock" in frame:
            return held(frame["held"])
    raise AssertionError(done.stdout + done.stderr)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    (place / "active").mkdir(parents=True)
    (place / "active/owner").write_text("7f3a:2\n")
    (place / "active/holder").write_text(HOLDER + "\n")
    (place / "active/alive").touch()
    return place


def test_no_run_has_it(tmp_path: Path) -> None:
    assert polled(tmp_path / "none") == Held()
    (tmp_path / "work").mkdir()
    assert polled(tmp_path / "work") == Held()


def test_a_run_left_behind_and_one_that_lives(work: Path) -> None:
    expected = {
        "run": "7f3a",
        "epoch": 2,
        "operator": "ops@desk",
        "host": "desk",
        "since_ms": 1_718_368_600_000,
    }
    assert polled(work) == Held(**expected, alive=False)  # type: ignore[arg-type]
    with (work / "active/alive").open("a") as beating:
        fcntl.flock(beating, fcntl.LOCK_EX)
        assert polled(work) == Held(**expected, alive=True)  # type: ignore[arg-type]


def test_a_hold_with_and_without_a_lease(work: Path) -> None:
    (work / "hold").write_text("7f3a\n")
    found = polled(work)
    assert found is not None and (found.run, found.hold) == ("7f3a", "7f3a")
    (work / "active").rename(work / "gone")
    assert polled(work) == Held(hold="7f3a")


@pytest.mark.parametrize(
    ("words", "body", "found"),
    [
        (("unknown",), b"", None),
        ((), b"", None),
        (("odd",), b"x", None),
        (("no",), b"7f3a:x\n.\nnot json", Held(run="7f3a", alive=False)),
        (("yes",), b'7f3a:1.\n.\n{"since":-1,"operator":7}.', Held(run="7f3a", epoch=1, alive=True)),
        (("no",), b"", Held()),
    ],
)
def test_what_is_not_as_our_scripts_write_it(words: tuple[str, ...], body: bytes, found: Held | None) -> None:
    assert held(Piece(words, body)) == found


@pytest.mark.invariant("INV-7")
@given(st.binary(max_size=300), st.sampled_from(["yes", "no", "free", "unknown"]))
def test_any_bytes_are_safe_to_show(body: bytes, state: str) -> None:
    found = held(Piece((state,), body))
    if found is not None:
        for text in (found.run, found.operator, found.host, found.hold):
            assert text.isprintable() and len(text) <= 64
