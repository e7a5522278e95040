"""A real terminal: a tmux server of its own, one window, keys in and the screen out."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pytest

TMUX = shutil.which("tmux")
# CI installs tmux: there it must not be missing without anybody noticing.
needs_tmux = pytest.mark.skipif(TMUX is None and os.environ.get("CI") != "true", reason="needs tmux")


class Terminal:
    """``argv`` in a window of ``size``; ``with`` ends it. The window stays when the program ends, so that it can be read."""

    def __init__(
        self, argv: Sequence[str], size: tuple[int, int] = (120, 40), env: Mapping[str, str] | None = None
    ) -> None:
        assert TMUX is not None, "tmux is not installed"
        self._place = Path(tempfile.mkdtemp(prefix="nvx-"))
        self._argv, self._size = argv, size
        self._env = {**os.environ, **(env or {})}
        self._env.pop("TMUX", None)

    def __enter__(self) -> Terminal:
        width, height = map(str, self._size)
        (self._place / "conf").write_text(
            # With "on", an OSC 52 that reaches the terminal becomes a paste buffer: see ``clipboards``.
            "set -s set-clipboard on\nset -s escape-time 0\nset -g remain-on-exit on\nset -g status off\n"
            'set -g default-terminal "screen-256color"\n'
        )
        self.began = time.monotonic()
        # tmux itself now and then loses the status of a program that ends: a shell keeps it in a file.
        part, ended = self._place / "part", self._place / "ended"
        keeping = f"{shlex.join(self._argv)}; echo $? >{part}; mv {part} {ended}"
        self._tmux("new-session", "-d", "-x", width, "-y", height, shlex.join(["/bin/sh", "-c", keeping]))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        if why is not None:
            print(f"--- the terminal's last screen ---\n{self.screen()}\n---")
        subprocess.run(self._command("kill-server"), capture_output=True, check=False, timeout=20)
        shutil.rmtree(self._place, ignore_errors=True)

    def _command(self, *words: str) -> list[str]:
        assert TMUX is not None
        return [TMUX, "-u", "-S", str(self._place / "s"), "-f", str(self._place / "conf"), *words]

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            self._command(*words), env=self._env, capture_output=True, check=True, timeout=20
        )
        return done.stdout.decode("utf-8", "replace")

    @property
    def pid(self) -> int:
        """Of the program itself: the only child of the window's shell."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                except OSError:
                    continue
                if parent == shell:
                    return int(entry.name)
        raise AssertionError(f"nothing runs in the terminal\n{self.screen()}")

    def ended(self) -> int | None:
        """The program's exit status, None while it runs; 128 + N after signal N."""
        try:
            return int((self._place / "ended").read_text())
        except FileNotFoundError:
            return None

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def clipboards(self) -> str:
        """What programs put into the clipboard by OSC 52."""
        return self._tmux("list-buffers")

    def keys(self, *names: str) -> None:
        """Key names of tmux (``w``, ``Tab``, ``Escape``)."""
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def until(self, *what: str | Callable[[str], bool], limit_s: float = 60.0) -> str:
        """Wait until all of ``what`` is on the screen at once; the screen."""
        deadline = time.monotonic() + limit_s
        while True:
            shown = self.screen()
            missing = [one for one in what if not (one in shown if isinstance(one, str) else one(shown))]
            if not missing:
                return shown
            assert time.monotonic() < deadline, f"not on the screen after {limit_s:g} s: {missing}\n{shown}"
            assert self.ended() is None, f"the program ended ({self.ended()})\n{shown}"
            time.sleep(0.05)
