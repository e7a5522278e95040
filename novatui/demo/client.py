"""Starts a demo and steers it: for ``novatui demo`` and for tests, async or not."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from novatui.demo import places
from novatui.errors import NovatuiError

START_WAIT_S = 90.0
STOP_WAIT_S = 15.0
CONTROL_WAIT_S = 40.0

OnProgress = Callable[[str], None]


class Demo:
    """A running demo. It ends with this process, at ``stop``/``close``, or when both are gone.

    Async: ``await Demo.start(..)``, ``control``, ``stop``, ``async with``. Sync: ``launch``, ``tell``, ``close``, ``with``.
    """

    def __init__(self, process: subprocess.Popen[bytes], leash: int, place: Path) -> None:
        self._process = process
        self._leash = leash
        self.dir = place
        self.config_path = place / "config.toml"
        self.info: dict[str, Any] = json.loads((place / "demo.json").read_text())
        self.nodes: tuple[str, ...] = tuple(self.info["nodes"])

    @property
    def keeper_pid(self) -> int:
        return self._process.pid

    @property
    def supervisor_pid(self) -> int:
        return int(self.info["pid"])

    def root(self, node: str) -> Path:
        """The directory that is this master's ``/``."""
        return Path(self.info["nodes"][node]["root"])

    @classmethod
    async def start(
        cls,
        fault: str | None = None,
        *,
        base: Path | None = None,
        on_progress: OnProgress | None = None,
        timeout_s: float = START_WAIT_S,
    ) -> Demo:
        """Raises NovatuiError when it does not come up; nothing is left then."""
        return await asyncio.to_thread(
            cls.launch, fault, base=base, on_progress=on_progress, timeout_s=timeout_s
        )

    @classmethod
    def launch(
        cls,
        fault: str | None = None,
        *,
        base: Path | None = None,
        on_progress: OnProgress | None = None,
        timeout_s: float = START_WAIT_S,
    ) -> Demo:
        """``start`` for callers without a loop."""
        theirs, leash = os.pipe()
        argv = [sys.executable, "-m", "novatui.demo.supervisor", "--starter", str(theirs)]
        argv += ["--base", str(base or places.default_base()), "--fault", fault or ""]
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs,),
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd="/",
        )
        os.close(theirs)
        try:
            place = _until_ready(process, on_progress or (lambda words: None), timeout_s)
            return cls(process, leash, place)
        except BaseException:
            os.close(leash)
            _end(process)
            raise

    async def control(self, verb: str, node: str | None = None, **words: Any) -> dict[str, Any]:
        """One control verb (see ``control.Control.verbs``). Raises NovatuiError when it is refused or nobody answers."""
        return await asyncio.to_thread(self.tell, verb, node, **words)

    def tell(self, verb: str, node: str | None = None, **words: Any) -> dict[str, Any]:
        """``control`` for callers without a loop. ``raw=bytes`` is sent in base64."""
        if isinstance(words.get("raw"), bytes):
            words["raw"] = base64.b64encode(words["raw"]).decode()
        request = {"verb": verb, **words} | ({"node": node} if node else {})
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(CONTROL_WAIT_S)
            try:
                link.connect(str(self.dir / "control"))
                link.sendall(json.dumps(request).encode() + b"\n")
                line = link.makefile("rb").readline()
            except OSError as why:
                raise NovatuiError("the demo does not answer", f"{verb}: {why}") from why
        if not line:
            raise NovatuiError("the demo does not answer", f"{verb}: it ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise NovatuiError(f"the demo refused {verb}", answer["error"])
        return answer

    async def stop(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End it and wait until no process and no file is left."""
        if self._process.poll() is None:
            with contextlib.suppress(NovatuiError):
                self.tell("stop")
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1
        _end(self._process)

    def leave(self, wait_s: float = 5.0) -> bool:
        """Need it no more. False when it stays because a run still works on it: it ends by itself after that run."""
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    async def __aenter__(self) -> Demo:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __enter__(self) -> Demo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _until_ready(process: subprocess.Popen[bytes], on_progress: OnProgress, timeout_s: float) -> Path:
    assert process.stdout is not None
    deadline = time.monotonic() + timeout_s
    waiting = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise NovatuiError("the demo did not start", f"not ready after {timeout_s:g} s")
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            raise NovatuiError("the demo did not start", _last_words(process))
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            words = json.loads(line)
            if "error" in words:
                raise NovatuiError(**words["error"])
            if "ready" in words:
                return Path(words["ready"])
            on_progress(words.get("progress", ""))


def _last_words(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_WAIT_S)
        return (
            process.stderr.read().decode("utf-8", "replace")[-2000:].strip() or f"exit {process.returncode}"
        )
    return "it ended without a word"


def _end(process: subprocess.Popen[bytes]) -> None:
    """The keeper removes everything before it ends; TERM if it does not end by itself."""
    try:
        process.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_WAIT_S)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
