"""A recording gives back what was put in, up to the last whole frame, and refuses in words what it cannot read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from novatui.diagnosis.recent import Recent
from novatui.diagnosis.verdict import diagnose
from novatui.errors import NovatuiError
from novatui.model.entries import Level
from novatui.recording.coding import FRAME_MAX, BadRecording, places, read_header
from novatui.recording.recorder import Recorder
from novatui.recording.recording import Moment, Recording, Reel, case_text
from tests.recording.tapes import DOWN, NODES, Clock, lines, moved, record
from tests.tui import screen_cases as cases

SECRETS = ("pl4nted-word", "abcdef.0123456789abcdef", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln")

KEY = "-----BEGIN PRIVATE KEY-----\nMHcCAQEEIPl4nted\nq+/=\n-----END PRIVATE KEY-----"


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.nvr", Clock()
    recorder = record(path, clock)
    recorder.close("it was told to")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert recorder.size == path.stat().st_size
    found = Recording.open(path)
    assert (found.ended, found.torn) == ("it was told to", False)
    assert (found.start_ms, found.end_ms) == (cases.NOW, clock.ms)
    header = found.header
    assert (header.cluster, header.environment, header.start_ms) == ("nova-prod", "prod", cases.NOW)
    assert [(node.name, node.host) for node in header.nodes[:1]] == [("nova-master-1", "172.31.100.97")]
    frames = list(found.frames())
    assert sum(frame.key for frame in frames) == 3  # at the start, and every five minutes
    texts = [one.text for frame in frames if not frame.key for one in frame.entries if one.node == NODES[0]]
    assert texts == [f"tick {n}" for n in range(360)]
    reel = Reel(header)
    for frame in frames:
        reel.apply(frame)
    assert reel.snapshot().nodes == moved(DOWN, 1359, clock.ms - 2_000).nodes


def test_every_key_frame_stands_for_itself(tmp_path: Path) -> None:
    """From any of them on, snapshot, window and verdict are those of a reading from the beginning."""
    path, clock = tmp_path / "a.nvr", Clock()
    record(path, clock).close("")
    found = Recording.open(path)
    whole = Reel(found.header)
    seen: dict[int, Moment] = {}
    for frame in found.frames():
        whole.apply(frame)
        seen[frame.at_ms] = whole.moment()
    for at_ms in (found.start_ms + 301_000, found.start_ms + 650_000, found.end_ms):
        part = Reel(found.header)
        for frame in found.frames(at_ms):
            part.apply(frame)
        assert part.moment() == seen[found.end_ms]
    last = seen[found.end_ms]
    assert diagnose(last.snapshot, last.entries, found.end_ms - 1_500).verdict == "degraded"


def test_a_frame_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.nvr", Clock()
    record(path, clock, 1).close("told")
    whole = path.read_bytes()
    for cut in range(len(whole) - 1, len(whole) - 400, -7):
        path.write_bytes(whole[:cut])
        found = Recording.open(path)
        assert not found.ended
        assert list(found.frames())[-1].at_ms == found.end_ms
    for written in (whole, whole[:-3], whole[:-60]):  # the machine lost power: the rest is zeros
        path.write_bytes(written + bytes(5000))
        assert Recording.open(path).torn
    path.write_bytes(whole[:-3] + bytes(5000) + b"x")
    with pytest.raises(BadRecording, match="damaged"):
        Recording.open(path)


def test_a_killed_recorder_leaves_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.nvr"
    code = (
        "import sys, time; from pathlib import Path\n"
        "from tests.recording.test_recording import *\n"
        "recorder = Recorder(Path(sys.argv[1]), cases.config())\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    recorder.snapshot(moved(DOWN, n)); recorder.entries(NODES[0], lines(NODES[0], 20))\n"
        "    if n == 50: print('ready', flush=True)\n"
        "    if n > 50: time.sleep(0.001)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        child.kill()
    found = Recording.open(path)
    assert found.ended == ""
    assert sum(len(frame.entries) for frame in found.frames()) >= 49 * 20


@pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
def test_a_damaged_file_is_refused_with_its_place(tmp_path: Path, at: float) -> None:
    path, clock = tmp_path / "a.nvr", Clock()
    record(path, clock, 3).close("")
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(BadRecording, match="damaged") as refused:
        Recording.open(path)
    assert "byte" in refused.value.detail


def offsets(path: Path) -> list[int]:
    """Where each frame of a recording begins."""
    with path.open("rb") as file:
        header = read_header(file, path.name)
        return [one.offset for one in places(file, header.coding) if not isinstance(one, bool)]


@pytest.mark.parametrize(
    "bit", [0x08, 0x40]
)  # past the end of the file, and past the longest frame there may be
@pytest.mark.parametrize("tail", [b"", bytes(5000)], ids=["", "zeros"])
@pytest.mark.parametrize("frame", [0, 40, -2, -1])
def test_a_length_that_is_damaged_is_no_end(tmp_path: Path, frame: int, tail: bytes, bit: int) -> None:
    path = tmp_path / "a.nvr"
    record(path, Clock(), 1).close("told")
    data, begin = bytearray(path.read_bytes()), offsets(path)[frame]
    data[begin + 4 if bit == 0x40 else begin + 5] ^= bit  # the highest bytes of the length
    path.write_bytes(data + tail)
    if frame == -1 and tail:  # nothing says that this frame was whole
        assert Recording.open(path).torn
        return
    with pytest.raises(BadRecording, match="damaged") as refused:
        Recording.open(path)
    assert f"byte {begin} " in refused.value.detail


def test_a_long_tail_is_looked_through_quickly(tmp_path: Path) -> None:
    path = tmp_path / "a.nvr"
    record(path, Clock(), 1)
    head = b"\xf7NK\0" + (FRAME_MAX - 1).to_bytes(4) + bytes(12)
    alike = b"\xf7Nm\0" + (1 << 20).to_bytes(4) + bytes(12)
    whole = path.read_bytes()
    tails = {"torn": os.urandom(1 << 20) * 48 + b"\xff", "made up": alike * (1 << 20)}
    for name, tail in tails.items():
        path.write_bytes(whole + head + tail)
        began = time.process_time()
        if name == "torn":
            assert Recording.open(path).torn
        else:
            with pytest.raises(BadRecording, match="damaged"):
                Recording.open(path)
        assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no recording"),
        (b"\x1f\x8b\x08\x00 whatever", "is no recording"),
        (b'{"format": "another"}\n', "is no recording"),
        (b"[" * 70_000, "is no recording"),
        (b'{"format":"novatui-recording","version":2,"novatui":"9.1\\u001b[2J"}\n', "is of another form"),
        (b'{"format":"novatui-recording","version":1,"nodes":[7]}\n', "cannot be read"),
        (b'{"format":"novatui-recording","version":1}\n', "names 0 masters"),
        (b'{"format":"novatui-recording","version":1,"nodes":[{"name":"a"}]}\n', "holds nothing yet"),
        (
            b'{"format":"novatui-recording","version":1,"nodes":[{"name":"a"}]}\nHello, world, hello.',
            "damaged",
        ),
        (
            b'{"format":"novatui-recording","version":1,"coding":"lines","nodes":[{"name":"a"}]}\n'
            b'{"at_ms":1,"key":true,"nodes":[{"name":"b","host":"b"}]}\n',
            "damaged",
        ),
    ],
    ids=range(10),
)
def test_what_is_no_recording_is_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(data)
    with pytest.raises(BadRecording) as refused:
        list(Recording.open(path).frames())
    assert words in str(refused.value)
    assert str(refused.value).replace("\n", "").isprintable()


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BadRecording, match="cannot be read"):
            Recording.open(path)


def test_it_never_writes_over_a_file_nor_through_a_link(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for path in (there, link):
        with pytest.raises(NovatuiError, match="is there already"):
            Recorder(path, cases.config())
    with pytest.raises(NovatuiError, match="cannot be made"):
        Recorder(tmp_path / "no/where", cases.config())
    assert there.read_text() == "mine"


def test_it_is_bounded_and_says_where_it_stopped(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.nvr", Clock()
    recorder = Recorder(path, cases.config(), clock=clock, max_size=20_000)
    for tick in range(2000):
        recorder.snapshot(moved(DOWN, tick))
        recorder.entries(NODES[0], [cases.entry(os.urandom(40).hex(), node=NODES[0])])
        clock.ms += 1000
    assert recorder.full and "greatest size" in recorder.ended
    recorder.close("told")
    assert path.stat().st_size <= 20_000
    found = Recording.open(path)
    assert "greatest size" in found.ended and not found.torn
    assert found.end_ms < clock.ms


def test_a_full_disk_ends_it_with_whole_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, clock = tmp_path / "a.nvr", Clock()
    recorder = record(path, clock, 1)
    real = os.write

    def short(fd: int, data: bytes) -> int:
        return real(fd, data[: len(data) // 2])

    monkeypatch.setattr("os.write", short)
    recorder.entries(NODES[0], lines(NODES[0], 5))
    assert recorder.full and "No space left" in recorder.ended
    recorder.entries(NODES[0], lines(NODES[0], 5))  # nothing more is written
    monkeypatch.undo()
    recorder.close("")
    assert not Recording.open(path).torn


def test_secrets_do_not_get_in(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.nvr", Clock()
    before = Recent()
    before.append([cases.entry(f"started with --password {SECRETS[0]}", Level.WARN, node=NODES[2])])
    typed: list[str] = []
    recorder = Recorder(path, cases.config(), clock=clock, window={NODES[2]: before}, secrets=lambda: typed)
    typed.append("typed-meanwhile")
    recorder.entries(
        NODES[0],
        [
            cases.entry(f'unrecognized environment variable ETCD_ROOT_PASSWORD="{SECRETS[0]}"'),
            cases.entry("join", token=SECRETS[1], header=f"Authorization: Bearer {SECRETS[2]}"),
            cases.entry("initial-cluster-token=k8s_etcd"),
            *map(cases.entry, KEY.splitlines()),
            cases.entry("after the key"),
            cases.entry("sudo: ops: typed-meanwhile: command not found"),
        ],
    )
    node = cases.node(1)
    failed = msgspec.structs.replace(node.endpoint, error=f"GET https://root:{SECRETS[0]}@10.0.0.1/ failed")
    recorder.snapshot(
        cases.cluster(msgspec.structs.replace(node, endpoint=failed), cases.node(2), cases.node(3))
    )
    recorder.close("")
    said = "".join(msgspec.json.encode(frame).decode() for frame in Recording.open(path).frames())
    assert not any(secret in said for secret in (*SECRETS, *typed, *KEY.splitlines()[1:-1]))
    assert "after the key" in said and said.count("***") >= 4
    assert "k8s_etcd" in said


def test_what_others_wrote_is_made_safe_where_it_comes_in(tmp_path: Path) -> None:
    hostile = cases.entry("x \x1b]52;c;aGk=\x07 \u202eevil", node=NODES[0])
    moment = Moment(at_ms=cases.NOW, snapshot=DOWN, entries={NODES[0]: (hostile,)})
    path = tmp_path / "case.jsonl"
    path.write_bytes(case_text(moment))
    said = Recording.open(path).first().entries[NODES[0]][0].text
    assert said.isprintable() and "\\x1b]52" in said


def test_a_case_is_a_recording_of_one_frame_in_lines(tmp_path: Path) -> None:
    moment = Moment(
        at_ms=cases.NOW,
        snapshot=DOWN,
        entries={NODES[0]: (), NODES[1]: tuple(cases.panic_lines()), NODES[2]: ()},
    )
    path = tmp_path / "case.jsonl"
    path.write_bytes(case_text(moment, "the database of the second was overwritten"))
    assert len(path.read_text().splitlines()) == 2
    found = Recording.open(path)
    assert found.header.note == "the database of the second was overwritten"
    assert found.first() == moment


def test_it_is_small_and_quick(tmp_path: Path) -> None:
    """An hour of three quiet masters, six snapshots a second, fits a few MiB."""
    path, clock = tmp_path / "a.nvr", Clock()
    recorder = Recorder(path, cases.config(), clock=clock)
    began = time.process_time()
    for tick in range(2000):
        recorder.snapshot(moved(cases.healthy_cluster(), 376_000 + tick))
        clock.ms += 1000
    recorder.close("")
    assert recorder.size / 2000 < 1200, recorder.size
    assert time.process_time() - began < 20
