"""The write-ahead journal of one run: JSON lines in one 0600 file, locked for the life of its runner.

The lock (``flock``, exclusive) is the only proof that a runner lives. Every record but ``probed`` is on disk when
``write`` returns. A torn last line is what a crash leaves: readers skip it, the next runner cuts it off.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from novatui import __version__
from novatui.errors import HeldByAnother, NovatuiError
from novatui.model.records import JOURNAL_SCHEMA, AnyRecord, Captured, Probed, Record, Resumed, RunStarted
from novatui.model.sanitize import masked
from novatui.paths import private_file
from novatui.runner.clock import Clock
from novatui.runner.places import read_private, sync_dir

CAPTURE_BYTES = 16 * 1024
_LOCK_WAIT_S = 2.0  # readers that look whether a runner lives hold a shared lock for a moment

_decoder = msgspec.json.Decoder(AnyRecord)
_encoder = msgspec.json.Encoder()


def capture(output: bytes) -> Captured:
    """Head and tail of an output, 16 KiB in all, with its full length and hash; what names itself a secret is masked."""
    kept = output
    if len(output) > CAPTURE_BYTES:
        half = CAPTURE_BYTES // 2
        kept = output[:half] + b"\n[... %d bytes left out ...]\n" % (len(output) - 2 * half) + output[-half:]
    return Captured(
        text=masked(kept.decode("utf-8", "replace")),
        length=len(output),
        sha256=hashlib.sha256(output).hexdigest(),
    )


def decode(raw: bytes) -> Record | None:
    """One line; None for a kind that is not known here or for damage."""
    try:
        record: Record = _decoder.decode(raw)
    except msgspec.MsgspecError:
        return None
    return record


def read(path: Path) -> list[Record]:
    """What a journal says, for looking only: unknown kinds, damage and a torn last line are skipped. Raises NovatuiError
    for one that others could have written or read."""
    try:
        data = read_private(path)
    except FileNotFoundError:
        return []
    whole = data[: data.rfind(b"\n") + 1]
    return [record for raw in whole.splitlines() if (record := decode(raw)) is not None]


class JournalLost(NovatuiError):
    """The disk does not take records: nothing more may be done."""

    @classmethod
    def on(cls, path: Path, error: OSError) -> JournalLost:
        """``path``: a file of the run's directory."""
        return cls(
            "The journal of this run cannot be written: nothing more is done",
            f"{path}: {error.strerror}",
            f"make room, then novatui resume {path.parent.name}",
        )


class Journal:
    """The one writer. ``records`` is what the file held when it was opened, then all that was written."""

    def __init__(self, fd: int, path: Path, clock: Clock, records: list[Record]) -> None:
        self._fd = fd
        self._path = path
        self._clock = clock
        self._end = os.fstat(fd).st_size
        self._on_record: Callable[[Record], None] | None = None
        self.records = records
        self.seq = max((record.seq for record in records), default=0)

    @classmethod
    def create(cls, path: Path, clock: Clock) -> Journal:
        """A new, empty journal; the file and its name are on disk before this returns."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        _lock(fd, path)
        os.fsync(fd)
        sync_dir(path.parent)
        return cls(fd, path, clock, [])

    @classmethod
    def resume(cls, path: Path, clock: Clock, *, runbook_version: int, by: str = "") -> Journal:
        """Open for append: lock, cut off a torn line, sync, say ``resumed``. Refuses what this version cannot go on with."""
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            private_file(os.fstat(fd), path)
            _lock(fd, path)
            data = _content(fd)
            whole = data[: data.rfind(b"\n") + 1]
            records = _strict(path, whole, runbook_version)
            os.ftruncate(fd, len(whole))
            os.fsync(fd)
        except BaseException:
            os.close(fd)
            raise
        journal = cls(fd, path, clock, records)
        journal.write(Resumed(truncated_bytes=len(data) - len(whole), by=by))
        return journal

    def listen(self, on_record: Callable[[Record], None]) -> None:
        """Call ``on_record`` with each record once it is on disk."""
        self._on_record = on_record

    def write(self, record: Record) -> Record:
        """Stamp, append, sync (all but ``probed``); the record as it was written. Raises JournalLost when the disk does not take it."""
        stamped = replace(record, seq=self.seq + 1, at=self._clock.now_ms(), mono_ns=self._clock.mono_ns())
        raw = _encoder.encode(stamped) + b"\n"
        try:
            _write_all(self._fd, raw)
            if not isinstance(record, Probed):
                os.fdatasync(self._fd)
        except OSError as error:
            with contextlib.suppress(OSError):  # what is left of it is torn: the next runner cuts it off
                os.ftruncate(self._fd, self._end)
            raise JournalLost.on(self._path, error) from error
        self._end += len(raw)
        self.seq += 1
        self.records.append(stamped)
        if self._on_record is not None:
            self._on_record(stamped)
        return stamped

    def close(self) -> None:
        """Gives the lock back: from here on no runner lives."""
        os.close(self._fd)


def _lock(fd: int, path: Path) -> None:
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise HeldByAnother(
                    f"A runner of run {path.parent.name} lives",
                    "it holds the lock of its journal",
                    f"novatui attach {path.parent.name}",
                ) from None
        time.sleep(0.05)


def _content(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    return os.pread(fd, size, 0)


def _write_all(fd: int, raw: bytes) -> None:
    left = memoryview(raw)
    while left:
        left = left[os.write(fd, left) :]


def _strict(path: Path, whole: bytes, runbook_version: int) -> list[Record]:
    """Every line must be understood: what is not cannot be gone on with."""
    run = path.parent.name
    records: list[Record] = []
    for number, raw in enumerate(whole.splitlines(), 1):
        try:
            records.append(_decoder.decode(raw))
        except msgspec.MsgspecError as error:
            _refuse_version(records, run, runbook_version)
            raise NovatuiError(
                f"Line {number} of the journal of run {run} cannot be read", f"{path}: {error}"
            ) from error
    _refuse_version(records, run, runbook_version)
    return records


def _refuse_version(records: list[Record], run: str, runbook_version: int) -> None:
    first = records[0] if records else None
    if not isinstance(first, RunStarted):
        return
    if first.schema > JOURNAL_SCHEMA:
        raise NovatuiError(
            f"Run {run} was begun by a newer novatui",
            f"its journal has schema {first.schema}, this novatui {__version__} knows {JOURNAL_SCHEMA}",
            f"go on with novatui {first.novatui}",
        )
    if first.runbook_version != runbook_version:
        raise NovatuiError(
            f"Run {run} follows another version of {first.runbook}",
            f"it was begun with version {first.runbook_version}, this novatui {__version__} has {runbook_version}",
            f"go on with novatui {first.novatui}",
        )
