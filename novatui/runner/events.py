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


class Need(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="need"):
    """The runner waits for something only a person knows; ``what``, ``echo``, ``attempt`` as in ``remote.secrets``.

    Told again to every client that comes while it is open. Never a secret itself, never journalled.
    """

    secret_id: str
    secret: str  # a SecretKind
    node: str
    what: str
    echo: bool = False
    attempt: int = 1


class Met(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="met"):
    """A need is open no more; ``by``: who answered it, empty when nobody waits for it any longer."""

    secret_id: str
    by: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="reply"):
    """The runner's word on an answer or a request: taken or not, and why not.

    ``code``: taken | already_answered (``by``, ``at``) | wrong_words (``wrong`` names them) | stale (another gate or nonce) |
    refused (``why`` says) | unknown (no reply came: it may have been taken).
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


class GiveSecret(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="secret"):
    """From a client: the answer to a need of that id and attempt. Held in memory, told to nobody."""

    id: int
    secret_id: str
    attempt: int
    answer: str

    def __repr__(self) -> str:
        return f"GiveSecret(secret_id={self.secret_id!r})"


class AskFor(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="request"):
    """From a client: ``abort``; other words are refused with the reason."""

    id: int
    what: str


Live: TypeAlias = Output | Progress | Need | Met
Event: TypeAlias = Record | Output | Progress | Need | Met
FromRunner: TypeAlias = AnyRecord | Output | Progress | Need | Met | Reply | CaughtUp
FromClient: TypeAlias = AnswerGate | GiveSecret | AskFor

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
