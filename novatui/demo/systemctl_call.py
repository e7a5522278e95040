"""One call of the ``systemctl`` stand-in, parsed: its verb, units and options."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

from novatui.demo.reply import NotHere, Reply, Words
from novatui.demo.units import Units


@dataclass
class Call:
    """One parsed call."""

    units: Units
    reply: Reply
    verb: str = ""
    names: list[str] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    value_only: bool = False
    no_block: bool = False
    quiet: bool = False
    all: bool = False
    legend: bool = True
    lines: int = 10
    signal: int = signal.SIGTERM
    stamps: str = "pretty"
    version: bool = False


def parse(units: Units, words: Words, reply: Reply) -> Call:
    """Raises NotHere for what the stand-in does not have."""
    call = Call(units, reply)
    while words:
        word, is_option = words.take()
        if word == "--":
            call.names += words.rest()
        elif not is_option:
            if call.verb:
                call.names.append(word)
            else:
                call.verb = word
        elif word in ("-p", "--property"):
            call.wanted += [name for name in words.value().split(",") if name]
        elif word in ("-s", "--signal"):
            call.signal = _signal_number(words.value())
        elif word in ("-n", "--lines"):
            call.lines = int(words.value())
        elif word in ("--kill-who", "--kill-whom", "-t", "--type"):
            if (value := words.value()) not in ("main", "all", "service"):
                raise words.unknown(f"{word}={value}")
        elif word == "--timestamp":
            call.stamps = words.value()
            if call.stamps not in ("pretty", "unix", "us"):
                raise words.unknown(f"--timestamp={call.stamps}")
        else:
            words.flag()
            _flag(call, word, words)
    return call


def _flag(call: Call, word: str, words: Words) -> None:
    if word == "--value":
        call.value_only = True
    elif word == "--no-block":
        call.no_block = True
    elif word in ("-q", "--quiet"):
        call.quiet = True
    elif word in ("-a", "--all"):
        call.all = True
    elif word == "--no-legend":
        call.legend = False
    elif word == "--version":
        call.version = True
    elif word not in ("--no-pager", "--system", "--no-ask-password", "--plain", "--full", "-l"):
        raise words.unknown(word)


def _signal_number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    name = text if text.startswith("SIG") else f"SIG{text}"
    try:
        return int(signal.Signals[name])
    except KeyError:
        raise NotHere(f"systemctl: unknown signal {text}") from None
