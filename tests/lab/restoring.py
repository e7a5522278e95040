"""A headless restore under way, as an operator's shell has it: its words, its runner, its end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from novatui.runner import places
from tests.e2e.world import Watch, only_run, runner_pid
from tests.lab.cluster import until
from tests.lab.lab import NAME, Lab

# Long enough for a machine that does other things too.
END_S = 240.0


class Restoring:
    """``novatui run restore-cluster`` with the lab's archive; the newer survivor is given up."""

    def __init__(self, lab: Lab, said: Path, *overrule: str) -> None:
        self.lab = lab
        self._said = said
        words = ["run", "restore-cluster", "--snapshot", lab.snapshot.path, "--yes", NAME]
        for guard in ("newer-survivor", *overrule):
            words += ["--overrule", guard]
        with said.open("wb") as out:
            self._process = subprocess.Popen(lab.argv(*words), stdout=out, stderr=out)

    @property
    def said(self) -> str:
        return self._said.read_text("utf-8", "replace")

    @property
    def place(self) -> places.RunDir:
        return only_run()

    def until_reached(self, what: str, *reached: object, limit_s: float = END_S) -> None:
        """Each of ``reached`` is a callable; fails at once when the run ends before."""

        def there() -> bool:
            assert self._process.poll() is None, f"it ended before {what}:\n{self.said}"
            return all(one() for one in reached if callable(one))

        until(there, what, limit_s)

    def end(self, limit_s: float = END_S) -> int:
        """Its exit code."""
        try:
            return self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not at an end after {limit_s:g} s:\n{self.said}") from None

    def ended_well(self, limit_s: float = END_S) -> None:
        assert self.end(limit_s) == 0, self.said

    def kill_runner(self) -> None:
        pid = runner_pid(self.place)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def __enter__(self) -> Restoring:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        print(self.said)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)


@contextmanager
def watched(lab: Lab) -> Iterator[Watch]:
    """Every member is asked all the time; at the end none may have served anything blank."""
    watch = Watch(lab.files)
    with lab.inside():  # its threads stay where they were started
        watch.__enter__()
    try:
        yield watch
    finally:
        watch.__exit__(None, None, None)
    watch.assert_never_blank()
