"""Reads reports back: what a Markdown or HTML reader would see of each record. Written without the code that wrote them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.model.sanitize import clean
from novatui.present.status_json import instant
from novatui.runner.journal import decode

DATA = Path(__file__).parents[1] / "data/runs"
WHOLE = 10_000_000
_HEAD = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?P<words>.*) \(#(?P<seq>\d+), (?P<kind>[a-z_]+)\)$"
)


@dataclass
class Seen:
    """One record as it is read back. ``blocks``: what stands under it besides the command."""

    seq: int
    at: str
    kind: str
    words: str
    command: str = ""
    blocks: list[str] = field(default_factory=list)


def recorded(name: str) -> tuple[Plan, list[rec.Record]]:
    """A real run: its plan and its journal."""
    plan = msgspec.json.decode((DATA / name / "plan.json").read_bytes(), type=Plan)
    raw = (DATA / name / "journal.jsonl").read_bytes().splitlines()
    found = [record for line in raw if (record := decode(line)) is not None]
    assert len(found) == len(raw)
    return plan, found


def expected(records: Sequence[rec.Record]) -> list[tuple[int, str, str, str]]:
    """(seq, time, kind, command) of every record, from the journal alone."""
    return [
        (
            record.seq,
            instant(record.at),
            str(record.__struct_config__.tag),
            clean(shlex.join(record.argv_masked), cap=WHOLE) if isinstance(record, rec.Intent) else "",
        )
        for record in records
    ]


def told(seen: Sequence[Seen]) -> list[tuple[int, str, str, str]]:
    return [(one.seq, one.at, one.kind, one.command) for one in seen]


def from_markdown(text: str) -> list[Seen]:
    """By CommonMark's rules for fences; escapes of punctuation and the two entities are undone."""
    seen: list[Seen] = []
    fence, language, body = "", "", list[str]()
    _before, _heading, done = text.partition("\n## What was done\n")
    for line in done.splitlines():
        if fence:
            if line == fence:
                _block(seen, language, "\n".join(body))
                fence = ""
            else:
                body.append(line)
            continue
        if opened := re.match(r"^(`{3,})([a-z]*)$", line):
            fence, language, body = opened[1], opened[2], []
        elif (at := re.match(r"^`([^`]+)` (.*)$", line)) and (
            head := _HEAD.match(f"{at[1]} {_plain(at[2])}")
        ):
            seen.append(Seen(int(head["seq"]), head["at"], head["kind"], head["words"]))
    assert not fence, "a fence was never closed"
    return seen


def _block(seen: list[Seen], language: str, body: str) -> None:
    if language == "sh":
        seen[-1].command = body
    else:
        seen[-1].blocks.append(body)


def _plain(line: str) -> str:
    line = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", line.replace("**", ""))
    return line.replace("&lt;", "<").replace("&amp;", "&")


class _Reader(HTMLParser):
    """What a browser shows of the entries; ``tags`` and ``attributes`` are all there were."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[Seen] = []
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self._done = False  # past the heading of what was done
        self._in: list[str] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        name = dict(attrs).get("class") or ""
        if tag == "pre" or name == "head":
            self._text = []
            self._in.append("command" if name == "command" else tag)
        elif self._in and tag == "div":
            self._in.append("div")

    def handle_endtag(self, tag: str) -> None:
        if tag == "h2":
            self._done = "".join(self._text).endswith("What was done")
        if tag not in ("pre", "div") or not self._in:
            return
        what, text = self._in.pop(), "".join(self._text)
        if what == "command":
            self.seen[-1].command = text
        elif what == "pre" and self.seen:
            self.seen[-1].blocks.append(text)
        elif what == "div" and self._done and (head := _HEAD.match(text)):
            self.seen.append(Seen(int(head["seq"]), head["at"], head["kind"], head["words"]))

    def handle_data(self, data: str) -> None:
        self._text.append(data)


def from_html(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader


def from_json(text: str) -> list[Seen]:
    body = json.loads(text)
    assert body["schema"] == 1
    return [
        Seen(
            one["seq"],
            one["at"],
            one["kind"],
            "",
            clean(shlex.join(one["argv_masked"]), cap=WHOLE) if one["kind"] == "intent" else "",
        )
        for one in body["records"]
    ]
