"""The process that holds a lab's namespaces: its network, its mounts, its processes. They end when it does.

It is the init of a process namespace and reads a pipe whose other end is in the test's process alone: when that one
dies, however it dies, the keeper reads the end, and the kernel kills every process of the lab, which takes the mounts
and the network along.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab.needs import SYSTEM_PATH, which

# /run is its own: nspawn's and ip's locks and names are not shared with this machine or with other labs.
_INSIDE = """\
set -e
trap '' CHLD
mount -t tmpfs -o mode=755,size=16m lab-run /run
mkdir -p /run/netns /run/systemd/nspawn /run/lock
ip link set lo up
echo ready
exec cat
"""
_CLONE_NEWNET = 0x40000000


class Keeper:
    """Namespaces in which ``argv(..)`` makes a command line run."""

    def __init__(self) -> None:
        theirs, self._leash = os.pipe()
        try:
            self._process = subprocess.Popen(
                [
                    *(
                        "unshare",
                        "--net",
                        "--mount",
                        "--pid",
                        "--fork",
                        "--kill-child=SIGKILL",
                        "--mount-proc",
                    ),
                    *("--propagation", "private", "sh", "-c", _INSIDE),
                ],
                stdin=theirs,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env=environment(),
                cwd="/",
            )
        finally:
            os.close(theirs)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if said != b"ready\n":
            self.close()
            raise RuntimeError(f"the lab's namespaces could not be made: {said!r}")
        self.pid = children(self._process.pid)[0]

    def argv(self, words: Sequence[str], *, only_net: bool = False) -> list[str]:
        """``words`` run in all of the lab's namespaces, or in its network alone."""
        spaces = ["--net"] if only_net else ["--net", "--mount", "--pid"]
        return [which("nsenter") or "nsenter", "--target", str(self.pid), *spaces, "--", *words]

    def run(self, *words: str) -> str:
        """Run to the end; its stdout. Raises CalledProcessError."""
        done = subprocess.run(
            self.argv(words), stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment(), timeout=60
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def path(self, inside: Path) -> Path:
        """How this process reaches a path as the lab's mounts have it."""
        return Path(f"/proc/{self.pid}/root") / inside.relative_to("/")

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and what it starts, is in the lab's network meanwhile."""
        with Path("/proc/thread-self/ns/net").open() as ours, Path(f"/proc/{self.pid}/ns/net").open() as labs:
            _setns(labs.fileno())
            try:
                yield
            finally:
                _setns(ours.fileno())

    def close(self) -> None:
        """End every process of the lab; its mounts and its network go with them."""
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(60)
        if self._process.stdout:
            self._process.stdout.close()


def environment() -> Mapping[str, str]:
    """Nothing of the caller's own."""
    return {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "HOME": "/root"}


def children(pid: int) -> list[int]:
    """Of all its threads."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in tasks.read_text().split()]
    return found


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
