"""The ``journalctl`` stand-in: cursors, following, json and short, with the traps of the real one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from novatui.demo.journal import Journal, JournalEntry
from novatui.demo.reply import NotHere, Reply, Words
from novatui.demo.units import full_name

# Fields of this size or more are null in JSON without --all.
LONG = 4096
ALWAYS = ("__CURSOR", "__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP", "_BOOT_ID")
BATCH = 200


@dataclass
class Query:
    """One parsed call. ``lines`` None is all."""

    units: list[str] = field(default_factory=list)
    output: str = "short"
    all: bool = False
    follow: bool = False
    lines: int | None = None
    no_tail: bool = False
    cursor: str = ""
    skip_first: bool = False
    boot: bool = False
    since_us: int = 0
    fields: tuple[str, ...] = ()
    show_cursor: bool = False
    quiet: bool = False
    reverse: bool = False


async def run(journal: Journal, words: list[str], reply: Reply) -> int:
    """Returns the exit status; with -f it runs until the reader goes away."""
    query = _parse(Query(), Words("journalctl", words))
    if query.follow and query.cursor and not query.no_tail:
        raise NotHere("journalctl: -f with a cursor stalls without --no-tail; the demo refuses it")
    if query.follow and query.lines is None and not query.no_tail:
        query.lines = 10
    this_boot = query.boot or query.follow  # -f implies -b: the trap is real
    try:
        seek = _number(query.cursor) if query.cursor else 0
    except ValueError:
        await reply.err("Failed to seek to cursor: Invalid argument\n")
        return 1
    last = seek - 1 if seek else 0

    def wanted(entry: JournalEntry) -> bool:
        if this_boot and entry.boot_id != journal.boot_id:
            return False
        if entry.realtime_us < query.since_us:
            return False
        return not query.units or bool({entry.text("_SYSTEMD_UNIT"), entry.text("UNIT")} & set(query.units))

    found = [entry for entry in journal.after(last) if wanted(entry)]
    if query.reverse:
        before = (entry for entry in journal.after(0) if not seek or entry.number <= seek)
        found = [entry for entry in before if wanted(entry)][::-1]
    if query.skip_first:
        found = found[1:]  # also when the cursor's own entry is gone: one is lost without a word
    if query.lines is not None and (query.reverse or query.cursor):
        found = found[: query.lines]
    elif query.lines is not None:
        found = found[-query.lines :] if query.lines else []
    if not found and query.output == "short" and not query.quiet:
        await reply.out("-- No entries --\n")
    await _print(query, found, reply)
    if query.show_cursor and found:
        await reply.out(f"-- cursor: {found[-1].cursor}\n")
    last = max(last, journal.entries[-1].number if journal.entries else 0)
    while query.follow:
        await journal.more(last)
        batch = list(journal.after(last))
        last = batch[-1].number if batch else last
        await _print(query, [entry for entry in batch if wanted(entry)], reply)
    return 0


def _parse(query: Query, words: Words) -> Query:
    while words:
        word, is_option = words.take()
        if not is_option:
            raise words.unknown(word)
        if word in ("-u", "--unit"):
            query.units.append(full_name(words.value()))
        elif word in ("-o", "--output"):
            query.output = words.value()
            if query.output not in ("json", "short", "cat"):
                raise words.unknown(f"-o {query.output}")
        elif word in ("-n", "--lines"):
            value = words.value()
            query.lines = None if value == "all" else int(value)
            query.no_tail = query.no_tail or value == "all"
        elif word in ("--cursor", "-c", "--after-cursor"):
            query.cursor = words.value()
            query.skip_first = word == "--after-cursor"
        elif word in ("-b", "--boot"):
            if words.optional() not in (None, "0"):
                raise words.unknown("-b with a boot")
            query.boot = True
        elif word in ("-S", "--since"):
            query.since_us = _since(words.value())
        elif word == "--output-fields":
            query.fields = tuple(words.value().split(","))
        else:
            words.flag()
            _flag(query, word, words)
    return query


def _flag(query: Query, word: str, words: Words) -> None:
    if word in ("-a", "--all"):
        query.all = True
    elif word in ("-f", "--follow"):
        query.follow = True
    elif word == "--no-tail":
        query.no_tail = True
    elif word == "--show-cursor":
        query.show_cursor = True
    elif word in ("-r", "--reverse"):
        query.reverse = True
    elif word in ("-q", "--quiet"):
        query.quiet = True
    elif word not in ("--no-pager", "--system", "--no-hostname", "--utc"):
        raise words.unknown(word)


def _since(text: str) -> int:
    if not text.startswith("@"):
        raise NotHere(f"journalctl: --since {text}: the demo's stand-in knows only @SECONDS")
    return round(float(text[1:]) * 1_000_000)


def _number(cursor: str) -> int:
    pairs = dict(part.partition("=")[::2] for part in cursor.split(";"))
    return int(pairs.get("i", ""), 16)


async def _print(query: Query, entries: list[JournalEntry], reply: Reply) -> None:
    feed = iter(entries)
    while batch := list(islice(feed, BATCH)):
        if query.output == "json":
            text = "".join(json.dumps(as_json(entry, query), ensure_ascii=False) + "\n" for entry in batch)
        elif query.output == "cat":
            await reply.out(b"".join(entry.fields.get("MESSAGE", b"") + b"\n" for entry in batch))
            continue
        else:
            text = "".join(short(entry, everything=query.all) for entry in batch)
        await reply.out(text)


def as_json(entry: JournalEntry, query: Query) -> dict[str, object]:
    """One entry as ``-o json`` has it: strings, byte arrays for what is not printable UTF-8, null for what is long."""
    found: dict[str, object] = {
        "__CURSOR": entry.cursor,
        "__REALTIME_TIMESTAMP": str(entry.realtime_us),
        "__MONOTONIC_TIMESTAMP": str(entry.monotonic_us),
    }
    for name, raw in entry.fields.items():
        if query.fields and name not in query.fields and name not in ALWAYS:
            continue
        if len(raw) >= LONG and not query.all:
            found[name] = None
        elif _printable(raw):
            found[name] = raw.decode()
        else:
            found[name] = list(raw)
    return found


def short(entry: JournalEntry, *, everything: bool = False) -> str:
    """The classic line: date, host, identifier[pid]: message."""
    at = datetime.fromtimestamp(entry.realtime_us // 1_000_000, UTC).astimezone().strftime("%b %d %H:%M:%S")
    raw = entry.fields.get("MESSAGE", b"")
    message = raw.decode("utf-8", "replace") if everything or _printable(raw) else f"[{len(raw)}B blob data]"
    name, pid = entry.text("SYSLOG_IDENTIFIER"), entry.text("_PID")
    return f"{at} {entry.text('_HOSTNAME')} {name}[{pid}]: {message}\n"


def _printable(raw: bytes) -> bool:
    """systemd's utf8_is_printable: no C0 but tab and newline, no DEL, no C1, valid UTF-8."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any((char < " " and char not in "\t\n") or "\x7f" <= char <= "\x9f" for char in text)
