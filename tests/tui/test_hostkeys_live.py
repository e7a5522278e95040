"""Host keys on the embedded cluster: a new one is asked for, a changed one is refused in red with the line to look at."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.config import load
from novatui.demo.client import Demo
from novatui.model.cluster import Link
from novatui.present.rows import Role, text_of
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.secret import AskModal, HostKeyModal
from novatui.tui.widgets.rows_view import RowsView
from tests.tui.waiting import until

pytestmark = pytest.mark.etcd


def forget(known: Path, host: str) -> str:
    """Take a host out of known_hosts; what is left."""
    left = "".join(line for line in known.read_text().splitlines(keepends=True) if host not in line)
    known.write_text(left)
    return left


def status(cluster: Demo, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "novatui", "-c", str(cluster.config_path), *words, "status"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )


async def test_new_keys_are_asked_for_and_changed_ones_are_refused(demo: Callable[..., Demo]) -> None:
    cluster = demo()
    known = cluster.dir / "ssh/known_hosts"
    second, third = (cluster.info["nodes"][node]["host"] for node in cluster.nodes[1:])
    left = forget(known, second)
    app = NovatuiApp(load(cluster.config_path).pick("demo"))
    async with app.run_test(size=(120, 40)) as pilot:

        def pane(number: int) -> list[tuple[str, set[Role]]]:
            rows = app.screen.query_one(f"#pane-{number}", RowsView).shown
            return [(text_of(line), {role for _text, role in line}) for line in rows]

        def asked() -> bool:
            return isinstance(app.screen, AskModal)

        def link(number: int) -> Link:
            return app.view.snapshot.nodes[number - 1].link

        await until(
            pilot,
            lambda: isinstance(app.screen, AskModal) and app.screen.armed,
            "the new key is asked for",
        )
        assert isinstance(app.screen, HostKeyModal) and second in str(app.screen.facts)
        await pilot.press(*"yes", "enter")
        await until(pilot, lambda: link(2) is Link.LIVE, "and then trusted")
        # Its name may be hashed: that is the ssh_config's choice.
        assert known.read_text().startswith(left) and known.read_text().count("\n") == 3
        assert known.stat().st_mode & 0o777 == 0o600

        await cluster.control("change-host-key", cluster.nodes[2])
        await until(pilot, lambda: link(3) is Link.REFUSED, "the changed key is refused")
        await until(pilot, lambda: any("changed" in said for said, _roles in pane(3)), "the pane says it")
        number = next(n for n, line in enumerate(known.read_text().splitlines(), 1) if third in line)
        red = "".join(line.strip("│ ▌") for line, roles in pane(3) if Role.BAD in roles and "▌" in line)
        assert f"known_hosts:{number}" in red.replace(" ", "") and "changed" in red, red
        assert "tries again" not in red, "no key takes it"
        assert not asked(), "nothing to press"
        await pilot.press("r")
        await pilot.pause(1.0)
        assert link(3) is Link.REFUSED and not asked()

    known.write_text(left)
    refused = status(cluster)
    assert "--accept-new-host-keys" in refused.stderr and known.read_text() == left
    accepted = status(cluster, "--accept-new-host-keys")
    assert "accepted (--accept-new-host-keys): SHA256:" in accepted.stderr
    assert known.read_text().count("\n") == 3
    assert "host key" in accepted.stdout and "changed" in accepted.stdout, "the changed one stays refused"
