"""Frames to bytes and back. A file: the header as one line of JSON, then frames in the coding that it names.

``deflate``: each frame has a head (mark, kind, length, CRC-32, time), then a piece of a raw deflate stream, flushed, so
that whatever was written whole can be read. A key frame begins a new stream: reading may begin at any of them. So does
the last word, which may follow a frame that had no room.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from novatui.errors import NovatuiError
from novatui.model.recording import Coding, Frame, Header
from novatui.model.sanitize import clean

_HEAD = struct.Struct(">2sBxIIq")  # mark, kind, length of the piece, CRC-32, at_ms
_CRC = slice(8, 12)
_MARK = b"\xf7N"
_KEY, _MORE, _END = ord("K"), ord("m"), ord("E")
HEADER_MAX = 64 * 1024
# Of one frame, unpacked. A batch of a thousand journal lines is 1 MiB; what is longer was not written by us.
FRAME_MAX = 64 * 1024 * 1024
# Bytes that are summed up to find a whole frame in a piece of one: what was made up must not take for ever.
_SOUGHT_MAX = 4 * FRAME_MAX
_ESCAPED = re.compile(r"(?<!\\)(?:\\\\)*\\u")


class BadRecording(NovatuiError):
    """This file cannot be replayed; the words say why."""

    code = "recording"


class Place(msgspec.Struct, frozen=True):
    """Where a frame begins in the file, and what its head says."""

    offset: int
    at_ms: int
    key: bool
    ended: bool


class Packer:
    """Frames, in order, to what is appended to the file."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._stream = zlib.compressobj(6, zlib.DEFLATED, -15)

    def header(self, header: Header) -> bytes:
        return msgspec.json.encode(header) + b"\n"

    def frame(self, frame: Frame) -> tuple[bytes, int]:
        """The bytes, and how long they were before they were packed."""
        raw = msgspec.json.encode(frame)
        if self._coding is Coding.LINES:
            return raw + b"\n", len(raw)
        kind = _END if frame.ended else _KEY if frame.key else _MORE
        if kind != _MORE:
            self._stream = zlib.compressobj(6, zlib.DEFLATED, -15)
        piece = self._stream.compress(raw) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        return _head(kind, piece, frame.at_ms) + piece, len(raw)


def _head(kind: int, piece: bytes, at_ms: int) -> bytes:
    blank = _HEAD.pack(_MARK, kind, len(piece), 0, at_ms)
    return _HEAD.pack(_MARK, kind, len(piece), zlib.crc32(piece, zlib.crc32(blank)), at_ms)


def places(file: BinaryIO, coding: Coding) -> Iterator[Place | bool]:
    """From the end of the header: the place of each whole frame, checked; at last whether the file ended within one.

    Raises BadRecording for a frame that is not as it was written.
    """
    yield from _framed(file) if coding is Coding.DEFLATE else _lines(file)


def _framed(file: BinaryIO) -> Iterator[Place | bool]:
    while True:
        offset = file.tell()
        head = file.read(_HEAD.size)
        if not any(head):
            yield _only_zeros(file, offset) or bool(head)
            return
        if len(head) < _HEAD.size and head.startswith(_MARK[: len(head)]):
            yield True
            return
        if len(head) < _HEAD.size:
            raise damaged(offset)
        mark, kind, length, _crc, at_ms = _HEAD.unpack(head)
        if mark != _MARK or kind not in (_KEY, _MORE, _END):
            raise damaged(offset)
        piece = file.read(min(length, FRAME_MAX))
        whole = _head(kind, piece, at_ms)
        if whole != head:
            if not len(piece) < length <= FRAME_MAX:
                if not (head + piece).endswith(b"\0"):  # a flushed stream never ends so
                    raise damaged(offset)
                _only_zeros(file, offset)
            # The length itself may be what is damaged: then this is no end.
            if whole[_CRC] == head[_CRC] or _holds_a_frame(piece):
                raise damaged(offset)
            yield True
            return
        yield Place(offset, at_ms, kind == _KEY, kind == _END)


def _holds_a_frame(piece: bytes) -> bool:
    """Whether a whole one is in it; also where more looks like one than a tail of ours ever has."""
    view, left = memoryview(piece), _SOUGHT_MAX
    at = piece.find(_MARK)
    while 0 <= at <= len(piece) - _HEAD.size:
        head, begin = piece[at : at + _HEAD.size], at + _HEAD.size
        mark, kind, length, crc, at_ms = _HEAD.unpack(head)
        if kind in (_KEY, _MORE, _END) and length <= len(piece) - begin:
            blank = _HEAD.pack(mark, kind, length, 0, at_ms)
            left -= _HEAD.size + length
            if left < 0 or zlib.crc32(view[begin : begin + length], zlib.crc32(blank)) == crc:
                return True
        at = piece.find(_MARK, at + 1)
    return False


def _only_zeros(file: BinaryIO, offset: int) -> bool:
    """Zeros to the end of the file: the machine lost power before its disk had the rest. True if there were any."""
    any_left = False
    while rest := file.read(1 << 20):
        if any(rest):
            raise damaged(offset)
        any_left = True
    return any_left


def _lines(file: BinaryIO) -> Iterator[Place | bool]:
    while True:
        offset = file.tell()
        line = file.readline(FRAME_MAX)
        if not line.endswith(b"\n"):
            yield bool(line)
            return
        frame = _decoded(line, offset)
        yield Place(offset, frame.at_ms, frame.key, bool(frame.ended))


def frames(file: BinaryIO, coding: Coding, begin: Place, end: int) -> Iterator[Frame]:
    """The frames from ``begin``, a key frame or the last word, to the offset ``end``; the file was checked before."""
    for offset, raw in written(file, coding, begin, end):
        yield _decoded(raw, offset)


def written(file: BinaryIO, coding: Coding, begin: Place, end: int) -> Iterator[tuple[int, bytes]]:
    """The same, each as it was written, with its offset."""
    file.seek(begin.offset)
    stream = zlib.decompressobj(-15)
    while (offset := file.tell()) < end:
        if coding is Coding.LINES:
            yield offset, file.readline(FRAME_MAX)
            continue
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise damaged(offset)
        _mark, kind, length, _crc, _at = _HEAD.unpack(head)
        if kind != _MORE:
            stream = zlib.decompressobj(-15)
        try:
            raw = stream.decompress(file.read(length), FRAME_MAX)
        except zlib.error:
            raise damaged(offset) from None
        if stream.unconsumed_tail:
            raise damaged(offset)
        yield offset, raw


def read_header(file: BinaryIO, name: str) -> Header:
    """Raises BadRecording for what is no recording, or one of a later version."""
    line = file.readline(HEADER_MAX)
    try:
        found = msgspec.json.decode(line)
        if not isinstance(found, dict) or found.get("format") != Header().format:
            raise ValueError
        version = found.get("version")
    except (ValueError, RecursionError):
        raise BadRecording(
            f"{name} is no recording of novatui",
            f"it begins with: {clean(line[:60]) or '(nothing)'}",
            "novatui record FILE makes one",
        ) from None
    if version != Header().version:
        by = clean(str(found.get("novatui", "")), cap=40) or "another version"
        raise BadRecording(
            f"{name} is of another form",
            f"form {clean(str(version), cap=20)}, written by novatui {by}; this one reads form {Header().version}",
            f"replay it with novatui {by}",
        )
    try:
        return msgspec.convert(_cleaned(found), Header)
    except msgspec.ValidationError as error:
        raise BadRecording(
            f"{name} has a header that cannot be read",
            clean(str(error), cap=200),
            "it was damaged or changed",
        ) from None


def damaged(offset: int) -> BadRecording:
    return BadRecording(
        "the recording is damaged",
        f"what stands at byte {offset} is not what was written",
        "copy it again from where it was made, and compare their SHA-256",
    )


def _decoded(raw: bytes, offset: int) -> Frame:
    """A file may come from anybody: what is not as we write it is made safe once more, as if a master had sent it."""
    try:
        text = raw.decode("utf-8").rstrip("\n")
        if text.isprintable() and not ("\\u" in text and _ESCAPED.search(text)):
            return msgspec.json.decode(text, type=Frame)
        return msgspec.convert(_cleaned(msgspec.json.decode(text)), Frame)
    except (ValueError, RecursionError):
        raise damaged(offset) from None


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if isinstance(value, dict):
        return {key: _cleaned(one) for key, one in value.items()}
    return value
