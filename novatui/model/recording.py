"""What a recording is made of: a header, then frames. A recorded case of the diagnosis is one key frame in the same form.

``CONTRIBUTING.md`` tells the file's form; ``novatui.recording`` reads and writes it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from novatui.model.cluster import NodeSnapshot
from novatui.model.entries import Entry

FORMAT = "novatui-recording"
VERSION = 1


class Coding(StrEnum):
    """How the frames after the header's line are written."""

    DEFLATE = "deflate"  # framed, checked, compressed: what `record` writes
    LINES = "lines"  # one JSON document a line: for cases that people read and compare


class RecordedNode(msgspec.Struct, frozen=True):
    """A master, as the configuration named it."""

    name: str
    host: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of the file, as JSON. ``novatui``: the version that wrote it; ``start_ms``: UTC."""

    format: str = FORMAT
    version: int = VERSION
    coding: Coding = Coding.DEFLATE
    novatui: str = ""
    cluster: str = ""
    environment: str = ""
    nodes: tuple[RecordedNode, ...] = ()
    start_ms: int = 0
    note: str = ""  # a person's words: of a case, how it was broken


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was learned at ``at_ms`` (UTC, never falling). ``nodes``: those masters that differ from the frame before.

    A ``key`` frame stands for itself: all masters, and the window of the journals that a diagnosis is made from, oldest
    first. ``ended``: the recording ends here, and why; a file without one was interrupted.
    """

    at_ms: int
    key: bool = False
    nodes: tuple[NodeSnapshot, ...] = ()
    entries: tuple[Entry, ...] = ()
    ended: str = ""
