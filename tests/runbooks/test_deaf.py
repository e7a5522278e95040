"""Whether anybody listens on a member's own endpoint: judged from /proc/net, so that nobody waits for a dead one."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from novatui.remote.command import script_text
from tests.runbooks.bench import SHELLS

SCRIPTS = ("survey", "reach", "member", "survivor")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="masters have /proc")


def function(script: str) -> str:
    lines = script_text(script).splitlines()
    begin = lines.index(next(line for line in lines if line.startswith("deaf() {")))
    return "\n".join(lines[begin : lines.index("}", begin) + 1])


@pytest.fixture
def listening() -> Iterator[dict[str, int]]:
    """Ports by the address that is listened on."""
    with ExitStack() as stack:
        ports = {}
        for address in ("127.0.0.5", "0.0.0.0", "::", "::ffff:127.0.0.7"):
            six = ":" in address
            sock = stack.enter_context(socket.socket(socket.AF_INET6 if six else socket.AF_INET))
            try:
                if six:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                sock.bind((address, 0))
            except OSError:
                continue  # no IPv6 here
            sock.listen()
            ports[address] = sock.getsockname()[1]
        yield ports


def test_it_is_the_same_in_every_script() -> None:
    assert len({function(script) for script in SCRIPTS}) == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_only_what_surely_does_not_listen_is_not_asked(shell: str, listening: dict[str, int]) -> None:
    asked = [
        f"https://127.0.0.5:{listening['127.0.0.5']}",
        f"http://127.0.0.9:{listening['0.0.0.0']}/",
        *(["https://localhost:2379", "https://10.0.0.1:1", "https://[::1]:1", "unix://client:0"]),
        *(["", "https://127.0.0.1", "https://127.0.0.1:1x", "https://127.0.0.x:1"]),
    ]
    deaf = ["https://127.0.0.1:1", f"https://127.0.0.9:{listening['127.0.0.5']}"]
    if (port := listening.get("::")) is not None:
        asked.append(f"https://127.3.4.5:{port}")
    if (port := listening.get("::ffff:127.0.0.7")) is not None:
        asked.append(f"https://127.0.0.7:{port}")
        deaf.append(f"https://127.0.0.8:{port}")
    text = f'set -u\n{function("member")}\nfor one in "$@"; do if deaf "$one"; then echo "$one"; fi; done\n'
    done = subprocess.run([shell, "-c", text, "x", *asked, *deaf], capture_output=True, text=True, timeout=20)
    assert (done.stdout.splitlines(), done.stderr) == (deaf, "")
