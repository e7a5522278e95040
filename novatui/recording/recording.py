"""Reads a recording: opened and checked whole, then walked through from any of its key frames."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from novatui import __version__
from novatui.config import ClusterConfig, NodeConfig
from novatui.diagnosis.recent import Recent
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.entries import Entry
from novatui.model.recording import Coding, Frame, Header, RecordedNode
from novatui.recording.coding import (
    BadRecording,
    Packer,
    Place,
    damaged,
    frames,
    places,
    read_header,
    written,
)
from novatui.recording.skim import Skim, skim

MASTERS_MAX = 7


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a diagnosis is made from: one snapshot and the journals' window (oldest first) at ``at_ms``."""

    at_ms: int
    snapshot: ClusterSnapshot
    entries: Mapping[str, tuple[Entry, ...]]


class Recording:
    """``open`` raises BadRecording. ``torn``: the last frame was cut off, as when the recorder was killed; ``ended``: why
    it ends, in the recorder's words, or nothing where it was interrupted."""

    def __init__(
        self, path: Path, header: Header, keys: list[Place], last: Place, end: int, torn: bool
    ) -> None:
        self.path, self.header, self.torn = path, header, torn
        self.start_ms, self.end_ms = keys[0].at_ms, last.at_ms
        self._keys, self._end = keys, end
        self._times = [key.at_ms for key in keys]
        self.ended = ""

    @classmethod
    def open(cls, path: Path) -> Recording:
        keys: list[Place] = []
        last, end, torn = None, 0, False
        try:
            with path.open("rb") as file:
                header = read_header(file, path.name)
                _masters(header, path.name)
                for place in places(file, header.coding):
                    if isinstance(place, bool):
                        torn = place
                        break
                    if (last and (place.at_ms < last.at_ms or last.ended)) or (not keys and not place.key):
                        raise damaged(place.offset)
                    last, end = place, file.tell()
                    if place.key:
                        keys.append(place)
        except OSError as error:
            raise BadRecording(
                f"{path} cannot be read", error.strerror or str(error), "novatui record FILE makes one"
            ) from error
        if last is None:
            raise BadRecording(
                f"{path.name} holds nothing yet",
                "its recorder wrote no whole frame",
                "let it run a few seconds",
            )
        recording = cls(path, header, keys, last, end, torn)
        if last.ended:
            recording.ended = next(recording._from(last)).ended
        return recording

    @property
    def cluster(self) -> ClusterConfig:
        """Names and hosts, as recorded; nothing by which a master could be reached."""
        nodes = tuple(NodeConfig(name=node.name, host=node.host) for node in self.header.nodes)
        return ClusterConfig(name=self.header.cluster, environment=self.header.environment, nodes=nodes)

    def frames(self, from_ms: int = 0) -> Iterator[Frame]:
        """From the last key frame that is not later than ``from_ms``. Raises BadRecording in passing."""
        return self._from(self._keys[self.part_of(from_ms)])

    def _from(self, begin: Place) -> Iterator[Frame]:
        known = {node.name for node in self.header.nodes}
        with self.path.open("rb") as file:
            for frame in frames(file, self.header.coding, begin, self._end):
                if not {one.name for one in frame.nodes} | {one.node for one in frame.entries} <= known:
                    raise damaged(begin.offset)
                yield frame

    @property
    def parts(self) -> int:
        """How many there are; each begins with a key frame and can be read alone."""
        return len(self._keys)

    def part_of(self, at_ms: int) -> int:
        """The number of the part in which ``at_ms`` lies."""
        return max(0, bisect_right(self._times, at_ms) - 1)

    def skims(self, part: int) -> Iterator[Skim]:
        """The frames of one part in passing. Raises BadRecording."""
        known = {node.name for node in self.header.nodes}
        begin = self._keys[part]
        end = self._keys[part + 1].offset if part + 1 < len(self._keys) else self._end
        with self.path.open("rb") as file:
            for offset, raw in written(file, self.header.coding, begin, end):
                found = skim(raw, offset)
                if not {one.name for one in found.masters} | {one.node for one in found.entries} <= known:
                    raise damaged(offset)
                yield found

    def key_before(self, at_ms: int) -> int:
        """When the last key frame before ``at_ms`` was written, or the first of all."""
        return self._times[max(0, bisect_right(self._times, at_ms - 1) - 1)]

    def first(self) -> Moment:
        """The first key frame: of a recorded case, all of it."""
        reel = Reel(self.header)
        reel.apply(next(self.frames()))
        return reel.moment()


class Reel:
    """What is known at one place of a recording: frames go in, in order."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._nodes: dict[str, NodeSnapshot] = {}
        self._recent = {node.name: Recent() for node in header.nodes}
        self.at_ms = header.start_ms

    def apply(self, frame: Frame) -> None:
        self.at_ms = frame.at_ms
        if frame.key:
            self._recent = {name: Recent() for name in self._recent}
        self._nodes.update((node.name, node) for node in frame.nodes)
        for entry in frame.entries:
            self._recent[entry.node].append((entry,))

    def snapshot(self) -> ClusterSnapshot:
        header = self._header
        nodes = tuple(
            self._nodes.get(node.name) or NodeSnapshot(name=node.name, host=node.host)
            for node in header.nodes
        )
        return ClusterSnapshot(
            cluster=header.cluster, environment=header.environment, at_ms=self.at_ms, nodes=nodes
        )

    def moment(self) -> Moment:
        entries = {name: tuple(recent.entries()) for name, recent in self._recent.items()}
        return Moment(at_ms=self.at_ms, snapshot=self.snapshot(), entries=entries)


def case_text(moment: Moment, note: str = "") -> bytes:
    """One moment as a recording of its own, in lines: a header, and a key frame. For recorded cases of the diagnosis."""
    snapshot = moment.snapshot
    header = Header(
        coding=Coding.LINES,
        novatui=__version__,
        cluster=snapshot.cluster,
        environment=snapshot.environment,
        nodes=tuple(RecordedNode(node.name, node.host) for node in snapshot.nodes),
        start_ms=moment.at_ms,
        note=note,
    )
    entries = sorted((one for lines in moment.entries.values() for one in lines), key=lambda one: one.at_ms)
    packer = Packer(Coding.LINES)
    frame = Frame(at_ms=moment.at_ms, key=True, nodes=snapshot.nodes, entries=tuple(entries))
    return packer.header(header) + packer.frame(frame)[0]


def _masters(header: Header, name: str) -> None:
    names = [node.name for node in header.nodes]
    if not 1 <= len(names) <= MASTERS_MAX or len(set(names)) != len(names) or not all(names):
        raise BadRecording(
            f"{name} has a header that cannot be read",
            f"it names {len(names)} masters",
            "it was damaged or changed",
        )
