"""What a runner tells its clients: the journal's records, and live news that is not journalled. JSON, one object a line."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from novatui.model.records import AnyRecord, Record


class Output(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="output"):
    """One line of a running command, already safe to show. ``node`` is where it runs."""

    step: str
    node: str
    text: str


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="progress"):
    """Bytes of a transfer so far; ``total`` is None while it is not known."""

    step: str
    node: str
    done: int
    total: int | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="reply"):
    """The runner's word on an answer or a request: taken or not, and why not.

    ``code``: taken | already_answered (``by``, ``at``) | wrong_words (``wrong`` names them) | stale (another gate or nonce) |
    refused (``why`` says).
    """

    id: int
    code: str
    why: str = ""
    by: str = ""
    at: int = 0
    wrong: tuple[str, ...] = ()

    @property
    def taken(self) -> bool:
        return self.code == "taken"


class CaughtUp(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="caught_up"):
    """The replay of what was journalled before this client came is over."""

    run: str
    pid: int


class AnswerGate(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="answer"):
    """From a client: the typed words of one opening of a gate."""

    id: int
    gate: str
    nonce: str
    words: tuple[str, ...]


class AskFor(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="request"):
    """From a client: ``abort``; other words are refused with the reason."""

    id: int
    what: str


Live: TypeAlias = Output | Progress
Event: TypeAlias = Record | Output | Progress
FromRunner: TypeAlias = AnyRecord | Output | Progress | Reply | CaughtUp
FromClient: TypeAlias = AnswerGate | AskFor

_runner = msgspec.json.Decoder(FromRunner)
_client = msgspec.json.Decoder(FromClient)
_encoder = msgspec.json.Encoder()


def line(event: Any) -> bytes:
    """One event as a line of the socket."""
    return _encoder.encode(event) + b"\n"


def read_runner(raw: bytes) -> FromRunner | None:
    """None for a kind that is not known here (a newer runner)."""
    try:
        event: FromRunner = _runner.decode(raw)
    except msgspec.ValidationError:
        return None
    return event


def read_client(raw: bytes) -> FromClient | None:
    """None for anything that is not a client's word."""
    try:
        word: FromClient = _client.decode(raw)
    except msgspec.MsgspecError:
        return None
    return word
