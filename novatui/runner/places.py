"""Where one run lives on the operator's machine: its directory, and its control socket."""

from __future__ import annotations

import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from novatui import paths
from novatui.errors import NovatuiError, UsageError
from novatui.model.plan import Plan

RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How a run was started: ``launch.json``, read by every later resume and undo."""

    config: str
    cluster: str
    on_failure: str = "stop"  # stop | undo


@dataclass(frozen=True)
class RunDir:
    """``runs/<run>/``: plan.json, launch.json, journal.jsonl, runner.log, while a runner lives ``listens``; all 0600 in a
    0700 directory."""

    path: Path

    @property
    def run(self) -> str:
        return self.path.name

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def log(self) -> Path:
        return self.path / "runner.log"

    @property
    def socket(self) -> Path:
        """Where its runner listens: written down by it, for who comes from another session may have another runtime
        directory."""
        try:
            return Path(read_private(self.path / "listens").decode())
        except FileNotFoundError:
            return paths.socket(f"{self.run}.sock")

    def listen(self) -> Path:
        """For the runner: where it is to listen from now on."""
        path = paths.socket(f"{self.run}.sock")
        write_private(self.path / "listens", str(path).encode())
        return path

    def listens_no_more(self) -> None:
        (self.path / "listens").unlink(missing_ok=True)

    def plan(self) -> Plan:
        try:
            return msgspec.json.decode(read_private(self.path / "plan.json"), type=Plan)
        except (OSError, msgspec.MsgspecError) as error:
            raise NovatuiError(f"The plan of run {self.run} cannot be read", str(error)) from error

    def launch(self) -> Launch:
        try:
            return msgspec.json.decode(read_private(self.path / "launch.json"), type=Launch)
        except (OSError, msgspec.MsgspecError) as error:
            raise NovatuiError(f"Run {self.run} does not say how it was started", str(error)) from error

    def alive(self) -> bool:
        """Whether a runner lives: somebody holds the lock of the journal. Never judged by a pid."""
        try:
            fd = os.open(self.journal, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False


def create(plan: Plan, launch: Launch) -> RunDir:
    """Make the directory of a new run and write what it is; synced, so that a journal never stands without its plan."""
    if not RUN_ID.match(plan.run):
        raise NovatuiError(f"{plan.run!r} is not a run's name", "lower-case letters, digits and '-' only")
    path = paths.runs_dir() / plan.run
    try:
        path.mkdir(mode=0o700)
    except FileExistsError as error:
        raise NovatuiError(f"Run {plan.run} exists already", str(path), "make a new plan") from error
    write_private(path / "plan.json", msgspec.json.format(msgspec.json.encode(plan), indent=1))
    write_private(path / "launch.json", msgspec.json.encode(launch))
    sync_dir(path)
    sync_dir(path.parent)
    return RunDir(path)


def bring(plan: Plan, launch: Launch, journal: bytes) -> RunDir:
    """A run that was begun elsewhere, with its journal so far. A journal that is here already is kept under another name."""
    path = paths.runs_dir() / plan.run
    path.mkdir(mode=0o700, exist_ok=True)
    place = RunDir(path)
    if place.journal.exists():
        # A second name: what is here now stays the journal until the other takes its place.
        aside = next(name for n in range(1, 1000) if not (name := path / f"journal.aside-{n}.jsonl").exists())
        aside.hardlink_to(place.journal)
    write_private(path / "launch.json", msgspec.json.encode(launch))
    write_private(place.journal, journal)
    write_private(path / "plan.json", msgspec.json.format(msgspec.json.encode(plan), indent=1))
    sync_dir(path)
    sync_dir(path.parent)
    return place


def every() -> list[RunDir]:
    """All runs of this operator on this machine that have a plan, by name."""
    found = sorted(path.parent for path in paths.runs_dir().glob("*/plan.json"))
    return [RunDir(path) for path in found]


def find(run: str) -> RunDir:
    """The run of that name, or the only one that begins with it."""
    found = [place for place in every() if place.run.startswith(run)]
    exact = [place for place in found if place.run == run]
    if len(exact or found) == 1:
        place = (exact or found)[0]
        paths.private_dir(place.path)
        return place
    if found:
        raise UsageError(f"More than one run begins with {run!r}", ", ".join(place.run for place in found))
    raise UsageError(f"There is no run {run!r} here", str(paths.runs_dir()), "novatui runs lists them")


def read_private(path: Path) -> bytes:
    """A file that nobody else can have read or written. Raises NovatuiError when others could, OSError as usual."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        paths.private_file(os.fstat(fd), path)
        return file.read()


def write_private(path: Path, data: bytes) -> None:
    """A whole file, 0600, synced, by rename: never half a file under its name."""
    part = path.with_name(f".{path.name}.part")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def sync_dir(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
