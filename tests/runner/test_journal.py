"""The journal: what is on disk, what a crash leaves of it, who may write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from novatui.errors import HeldByAnother, NovatuiError
from novatui.model import records as rec
from novatui.model.run import fold
from novatui.runner import journal
from novatui.runner.clock import SystemClock
from novatui.runner.journal import Journal, JournalLost, capture, read

CLOCK = SystemClock()


def started(schema: int = rec.JOURNAL_SCHEMA, version: int = 1) -> rec.RunStarted:
    return rec.RunStarted(
        schema=schema,
        run="r1",
        runbook="tiny",
        runbook_version=version,
        novatui="9.9",
        cluster="tiny",
        nodes=("m1",),
        plan_sha256="0",
        operator="ops",
    )


def written(path: Path) -> list[rec.Record]:
    log = Journal.create(path, CLOCK)
    log.write(started())
    log.write(rec.Lease(node="m1", epoch=1, state="acquired"))
    log.write(rec.Probed(step="swap", node="m1", attempt=0, state="todo"))
    intent = log.write(
        rec.Intent(step="swap", node="m1", attempt=1, argv_masked=("mv", "a b"), effect="change")
    )
    log.write(rec.Done(intent=intent.seq, status="ok", exit=0, stdout=capture(b"\xff\x1b[31mred\n")))
    log.close()
    return list(log.records)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "j"
    records = written(path)
    assert read(path) == records
    assert [one.seq for one in records] == [1, 2, 3, 4, 5]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().count(b"\n") == 5


@pytest.mark.invariant("INV-2")
def test_torn_at_every_byte_of_the_last_records_it_is_read_and_resumed(tmp_path: Path) -> None:
    path = tmp_path / "r1" / "j"
    path.parent.mkdir()
    records = written(path)
    data = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(data) if byte == 0x0A]
    for size in range(ends[1], len(data)):
        path.write_bytes(data[:size])
        whole = sum(end <= size for end in ends)
        assert read(path) == records[:whole], size
        log = Journal.resume(path, CLOCK, runbook_version=1)
        resumed = log.records[-1]
        assert isinstance(resumed, rec.Resumed)
        assert resumed.truncated_bytes == size - ends[whole - 1]
        assert resumed.seq == whole + 1
        log.write(rec.RunEnded(result="failed"))
        log.close()
        assert read(path) == log.records
        assert fold(read(path)).result == "failed"


@pytest.mark.invariant("INV-2")
def test_an_intent_without_an_outcome_is_unknown_after_a_resume(tmp_path: Path) -> None:
    path = tmp_path / "j"
    written(path)
    data = path.read_bytes()
    path.write_bytes(data[: data[:-1].rfind(b"\n") + 1])
    log = Journal.resume(path, CLOCK, runbook_version=1)
    log.close()
    state = fold(log.records)
    assert state.at("swap", "m1").state == "unknown" and state.open_intents == {} and state.committed


@pytest.mark.invariant("INV-1")
def test_only_one_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_LOCK_WAIT_S", 0.1)
    path = tmp_path / "j"
    log = Journal.create(path, CLOCK)
    log.write(started())
    before = path.read_bytes()
    with pytest.raises(HeldByAnother):
        Journal.resume(path, CLOCK, runbook_version=1)
    with pytest.raises(FileExistsError):
        Journal.create(path, CLOCK)
    assert path.read_bytes() == before
    log.close()
    Journal.resume(path, CLOCK, runbook_version=1).close()


def test_a_newer_schema_and_another_runbook_version_are_refused_by_name(tmp_path: Path) -> None:
    for record, words in ((started(schema=99), "schema 99"), (started(version=7), "version 7")):
        path = tmp_path / words
        log = Journal.create(path, CLOCK)
        log.write(record)
        log.close()
        before = path.read_bytes()
        with pytest.raises(NovatuiError, match=r"newer|another version") as refused:
            Journal.resume(path, CLOCK, runbook_version=1)
        assert words in refused.value.detail and "novatui 9.9" in refused.value.hint
        assert path.read_bytes() == before, "refused, and not touched"


def test_readers_skip_what_they_do_not_know_and_a_resume_refuses_it(tmp_path: Path) -> None:
    path = tmp_path / "j"
    records = written(path)
    with path.open("ab") as file:
        file.write(
            b'{"kind":"of_the_future","seq":6}\n{"kind":"run_ended","seq":7,"result":"failed","new":1}\n'
        )
    assert read(path)[: len(records)] == records
    assert fold(read(path)).result == "failed"
    with pytest.raises(NovatuiError, match="Line 6"):
        Journal.resume(path, CLOCK, runbook_version=1)


def test_a_full_disk_leaves_no_half_record_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    log = Journal.create(path, CLOCK)
    log.write(started())
    before = path.read_bytes()
    real = os.write

    def half(fd: int, data: bytes) -> int:
        if len(data) > 10:
            return real(fd, bytes(data[:10]))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(JournalLost, match="nothing more is done"):
        log.write(rec.RunEnded(result="verified", detail="x" * 100))
    monkeypatch.undo()
    assert path.read_bytes() == before
    log.write(rec.RunEnded(result="failed"))
    log.close()
    assert [one.seq for one in read(path)] == [1, 2]


def test_long_output_keeps_head_tail_length_and_hash() -> None:
    import hashlib

    raw = b"head" + b"x" * 100_000 + b"tail"
    kept = capture(raw)
    assert kept.text.startswith("head") and kept.text.endswith("tail")
    assert len(kept.text) < 16 * 1024 + 60
    assert kept.length == len(raw) and kept.sha256 == hashlib.sha256(raw).hexdigest()
    assert capture(b"\xff").text == "\ufffd"
