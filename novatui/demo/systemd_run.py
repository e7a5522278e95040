"""The ``systemd-run`` stand-in: transient services that outlive the session, with their names as locks."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass, field

from novatui.demo.main_process import Transient
from novatui.demo.reply import NotHere, Reply, Words
from novatui.demo.service import Service
from novatui.demo.unit_state import DOWN
from novatui.demo.unitfile import Definition
from novatui.demo.units import UnitExists, Units, full_name

KNOWN_PROPERTIES = frozenset(
    {"RuntimeMaxSec", "TimeoutStopSec", "TimeoutStartSec", "Type", "RemainAfterExit", "Restart", "RestartSec"}
    | {"KillMode", "Description", "Environment", "User"}
)


@dataclass
class Wanted:
    """One parsed call."""

    name: str = ""
    settings: dict[str, list[str]] = field(default_factory=dict)
    description: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    cwd: str = "/"
    wait: bool = False
    pipe: bool = False
    quiet: bool = False
    argv: list[str] = field(default_factory=list)


async def run(units: Units, words: list[str], reply: Reply, stdio: tuple[int, int, int]) -> int:
    """Returns the exit status. ``stdio`` are the caller's descriptors, for ``--pipe``."""
    wanted = _parse(Wanted(), Words("systemd-run", words))
    if not wanted.argv:
        raise NotHere("systemd-run: Command line to execute required.")
    program = shutil.which(wanted.argv[0], path=units.machine.files.path)
    if program is None:
        await reply.err(f"Failed to find executable {wanted.argv[0]}: No such file or directory\n")
        return 1
    name = full_name(wanted.name or f"run-u{secrets.randbelow(100000)}")
    description = wanted.description or " ".join([program, *wanted.argv[1:]])
    settings = {"Unit": {"Description": [description]}, "Service": wanted.settings}
    # The unit keeps the pipe's own descriptors: ours are closed when this call is answered.
    given = tuple(os.dup(each) for each in stdio) if wanted.pipe else None
    transient = Transient((program, *wanted.argv[1:]), given, wanted.environment, wanted.cwd)  # type: ignore[arg-type]
    try:
        service = units.run_transient(Definition(name, settings), transient)
    except UnitExists:
        await reply.err(
            f"Failed to start transient service unit: Unit {name} was already loaded or has a fragment file.\n"
        )
        return 1
    finally:
        for each in given or ():
            os.close(each)
    if not wanted.quiet:
        await reply.err(f"Running as unit: {name}\n")
    return await _waited(service, reply, quiet=wanted.quiet) if wanted.wait else 0


async def _waited(service: Service, reply: Reply, *, quiet: bool) -> int:
    await service.ended()
    main = service.main
    if not quiet:
        how = {0: "exited", 1: "exited", 2: "killed", 3: "dumped"}[main.code]
        await reply.err(f"Finished with result: {service.result}\n")
        await reply.err(f"Main processes terminated with: code={how}/status={main.status}\n")
    if main.code == 1:
        return main.status
    return 0 if service.result == "success" and service.active in (*DOWN, "active") else 1


def _parse(wanted: Wanted, words: Words) -> Wanted:
    while words:
        word, is_option = words.take()
        if word == "--":
            wanted.argv = words.rest()
        elif not is_option:
            wanted.argv = [word, *words.rest()]
        elif word in ("-u", "--unit"):
            wanted.name = words.value()
        elif word in ("-p", "--property"):
            key, equals, value = words.value().partition("=")
            if not equals or key not in KNOWN_PROPERTIES:
                raise words.unknown(f"-p {key}")
            wanted.settings.setdefault(key, []).append(value)
        elif word == "--description":
            wanted.description = words.value()
        elif word in ("-E", "--setenv"):
            key, _, value = words.value().partition("=")
            wanted.environment[key] = value
        elif word == "--working-directory":
            wanted.cwd = words.value()
        else:
            words.flag()
            _flag(wanted, word, words)
    return wanted


def _flag(wanted: Wanted, word: str, words: Words) -> None:
    if word in ("-r", "--remain-after-exit"):
        wanted.settings["RemainAfterExit"] = ["yes"]
    elif word in ("--wait", "-W"):
        wanted.wait = True
    elif word in ("-P", "--pipe"):
        wanted.pipe = wanted.wait = True
    elif word in ("-q", "--quiet"):
        wanted.quiet = True
    elif word not in ("--system", "--no-block", "--no-ask-password"):
        raise words.unknown(word)
