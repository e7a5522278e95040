"""Writes a recording: a frame for whatever comes, appended at once, bounded in size."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from novatui import __version__
from novatui.config import ClusterConfig
from novatui.diagnosis.recent import Recent
from novatui.errors import NovatuiError
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.entries import Entry
from novatui.model.recording import Coding, Frame, Header, RecordedNode
from novatui.model.words import N_
from novatui.recording.coding import Packer
from novatui.recording.masking import EntryMask, Secrets, masked_node

MAX_SIZE = 256 * 1024 * 1024
# Why one ends that was not stopped by anything: English in the file, translated where it is shown.
TOLD, OVER = N_("it was told to end"), N_("its time was over")
# How far apart the frames are from which reading can begin.
KEY_EVERY_MS = 5 * 60_000
KEY_EVERY_BYTES = 16 * 1024 * 1024
_LAST = 512  # bytes kept free for the frame that says why it ended


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def header_of(cluster: ClusterConfig, start_ms: int, coding: Coding = Coding.DEFLATE) -> Header:
    nodes = tuple(RecordedNode(node.name, node.host) for node in cluster.nodes)
    return Header(
        coding=coding,
        novatui=__version__,
        cluster=cluster.name,
        environment=cluster.environment,
        nodes=nodes,
        start_ms=start_ms,
    )


class Recorder:
    """One file, 0600, new. After ``ended`` says why, nothing is written any more: nobody is stopped by a full disk.

    ``full``: it ended before it was told to.
    """

    def __init__(
        self,
        path: Path,
        cluster: ClusterConfig,
        *,
        max_size: int = MAX_SIZE,
        clock: Callable[[], int] = wall_ms,
        window: Mapping[str, Recent] | None = None,
        secrets: Secrets = tuple,
    ) -> None:
        """Raises NovatuiError when ``path`` is there already or cannot be made. ``window``: of a watch under way."""
        self.path, self.size, self.entries_seen = path, 0, 0
        self.ended, self.full = "", False
        self.start_ms = self._at_ms = clock()
        self._max, self._clock = max_size, clock
        self._nodes = {node.name: NodeSnapshot(name=node.name, host=node.host) for node in cluster.nodes}
        self._given: dict[str, NodeSnapshot] = {}  # as they came, before anything was masked
        self._recent = {node.name: Recent() for node in cluster.nodes}
        self._secrets = secrets
        self._masks = {node.name: EntryMask(secrets) for node in cluster.nodes}
        for name, recent in (window or {}).items():
            self._recent[name].append(self._masks[name].masked(recent.entries()))
        self._packer = Packer(Coding.DEFLATE)
        self._raw, self._key_ms = 0, -1
        self._fd = _new_file(path)
        self._append(self._packer.header(header_of(cluster, self.start_ms)))

    def snapshot(self, snapshot: ClusterSnapshot) -> None:
        if self.ended:
            return
        changed = tuple(node for node in snapshot.nodes if self._given.get(node.name) != node)
        self._given.update((node.name, node) for node in changed)
        known = self._secrets()
        changed = tuple(masked_node(node, known)[0] for node in changed)
        self._nodes.update((node.name, node) for node in changed)
        if not self._key_frame() and changed:
            self._write(Frame(at_ms=self._now(), nodes=changed), self._max - _LAST)

    def entries(self, node: str, entries: Sequence[Entry]) -> None:
        if self.ended:
            return
        kept = self._masks[node].masked(entries)
        self._key_frame()
        self._write(Frame(at_ms=self._now(), entries=kept), self._max - _LAST)
        self._recent[node].append(kept)
        self.entries_seen += len(kept)

    def close(self, why: str) -> None:
        """Says in the file that it ends here, and why."""
        self._write(Frame(at_ms=self._now(), ended=why), self._max)
        self.ended = self.ended or why
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _key_frame(self) -> bool:
        """Where one is due: all masters, and the windows as they are before what comes now."""
        now = self._now()
        if self._key_ms >= 0 and now - self._key_ms < KEY_EVERY_MS and self._raw < KEY_EVERY_BYTES:
            return False
        self._raw, self._key_ms = 0, now
        lines = sorted((one for recent in self._recent.values() for one in recent.entries()), key=_time)
        frame = Frame(at_ms=now, key=True, nodes=tuple(self._nodes.values()), entries=tuple(lines))
        self._write(frame, self._max - _LAST)
        return True

    def _write(self, frame: Frame, most: int) -> None:
        if self.ended:
            return
        data, raw = self._packer.frame(frame)
        self._raw += raw
        if self.size + len(data) > most:
            why = f"it reached its greatest size, {self._max / 1024:,.0f} KiB"
            self._append(self._packer.frame(Frame(at_ms=self._at_ms, ended=why))[0])
            self._give_up(why)
        else:
            self._append(data)

    def _append(self, data: bytes) -> None:
        """The whole frame or, on a disk that is full, none of it."""
        try:
            written = os.write(self._fd, data)
            if written < len(data):
                os.ftruncate(self._fd, self.size)
                raise OSError(28, "No space left on device")
            self.size += written
        except OSError as error:
            self._give_up(f"it could not be written: {error.strerror or error}")

    def _give_up(self, why: str) -> None:
        self.ended, self.full = why, True

    def _now(self) -> int:
        """Never backwards, whatever the machine's clock does."""
        self._at_ms = max(self._at_ms, self._clock())
        return self._at_ms


def _time(entry: Entry) -> int:
    return entry.at_ms


def _new_file(path: Path) -> int:
    try:
        return os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
    except FileExistsError:
        raise NovatuiError(
            f"{path} is there already", "a recording is never written over another file", "name a new one"
        ) from None
    except OSError as error:
        raise NovatuiError(
            "The recording cannot be made", f"{path}: {error.strerror or error}", "nothing was recorded"
        ) from error
