"""The screen on the embedded cluster: real etcd, real SSH, the real feed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from novatui.config import load
from novatui.demo.client import Demo
from novatui.model.findings import Verdict
from novatui.present.rows import text_of
from novatui.tui.app import NovatuiApp
from novatui.tui.widgets.rows_view import RowsView
from tests.tui.waiting import until

pytestmark = pytest.mark.etcd


async def test_alive_killed_and_back(demo: Callable[..., Demo]) -> None:
    cluster = demo()
    app = NovatuiApp(load(cluster.config_path).pick("demo"))
    async with app.run_test(size=(120, 40)) as pilot:

        def pane(number: int) -> str:
            rows = app.screen.query_one(f"#pane-{number}", RowsView).shown
            return "\n".join(text_of(line) for line in rows)

        def healthy() -> bool:
            return app.view.diagnosis.verdict is Verdict.HEALTHY

        await until(pilot, healthy, "three healthy members")
        await until(pilot, lambda: "★ leader" in "".join(map(pane, (1, 2, 3))), "a leader is marked")
        await until(
            pilot, lambda: "Started etcd" in app.journals.tails["nova-master-2"].text(), "the journal arrives"
        )
        await cluster.control("kill-etcd", "nova-master-2")
        await until(pilot, lambda: not healthy(), "the verdict changes")
        await until(pilot, lambda: "✖" in pane(2), "the pane shows it")
        await until(pilot, healthy, "and it comes back by itself")

        hostile = b"[/x] [@click=app.quit]here \x1b[2J\x1b]52;c;aGk=\x07 \xff " + b"A" * 60_000
        await cluster.control("log", "nova-master-1", raw=hostile)
        await until(
            pilot, lambda: "[/x] [@click=app.quit]here" in app.journals.tails["nova-master-1"].text(), "shown"
        )
        await pilot.press("1", "k", "W", "y", "z", "escape", "W", "f")
        drawn = "".join(seg.text for strip in app.screen._compositor.render_strips() for seg in strip)
        assert not any(bad in drawn for bad in ("\x1b", "\x07"))
        assert "\x1b" not in app.clipboard and len(app.clipboard) < 10_000
        at = app.view.snapshot.at_ms
        await until(pilot, lambda: app.view.snapshot.at_ms > at and healthy(), "the connection lives")
