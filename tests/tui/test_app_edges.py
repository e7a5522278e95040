"""The app's edges: how it ends, what it loads and when, and that the registry is the only table of keys."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import types
from collections import Counter

import pytest

from novatui.tui import actions, app
from novatui.tui.app import NovatuiApp, run_app
from novatui.tui.feed import LiveFeed
from novatui.tui.screens.dashboard import Dashboard
from tests.tui import screen_cases as cases


def test_a_crash_is_not_a_success(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Textual alone would print a traceback with local values, and exit 0."""

    def crashing(self: NovatuiApp) -> None:
        try:
            raise ZeroDivisionError("a bug of ours")
        except ZeroDivisionError as error:
            self._handle_exception(error)
        self._print_error_renderables()

    monkeypatch.setattr(NovatuiApp, "run", crashing)
    monkeypatch.setattr(NovatuiApp, "bell", lambda self: None)
    monkeypatch.setattr(NovatuiApp, "_close_messages_no_wait", lambda self: None)
    with pytest.raises(ZeroDivisionError):
        run_app(cases.config())
    assert "Traceback" not in capfd.readouterr().err


async def test_a_bug_in_a_handler_ends_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = cases.FakeFeed()
    broken = NovatuiApp(cases.config(), feed=feed, judge=cases.diagnosis_of)
    with pytest.raises(ZeroDivisionError):
        async with broken.run_test() as pilot:
            await feed.started.wait()
            monkeypatch.setattr(broken, "_judged", lambda snapshot, now: 1 // 0)
            feed.snapshot(cases.healthy_cluster())
            await pilot.pause(0.1)
    assert broken.return_code == 1 and isinstance(broken.crash, ZeroDivisionError)


@pytest.mark.parametrize(("left_with", "code"), [(0, 0), (3, 3), (None, 1)])
def test_the_exit_code_is_the_apps(monkeypatch: pytest.MonkeyPatch, left_with: int | None, code: int) -> None:
    monkeypatch.setattr(NovatuiApp, "run", lambda self: setattr(self, "_return_code", left_with))
    assert run_app(cases.config()) == code


def test_the_first_paint_loads_no_ssh() -> None:
    words = "import sys, novatui.tui.app; print('asyncssh' in sys.modules, 'novatui.probes.collector' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["False", "False"]


async def test_the_live_feed_wires_collector_and_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    runs = asyncio.Event()

    class Transport:
        def __init__(self, cluster: object, keeper: object, new_host_keys: object) -> None:
            said.append("transport")

        def watch(self, changed: object) -> None:
            said.append("watched")

        async def close(self) -> None:
            said.append("closed")

    class Collector:
        def __init__(self, cluster: object, transport: Transport) -> None:
            assert isinstance(transport, Transport)

        async def run(self, on_snapshot: object, on_entries: object) -> None:
            said.append("run")
            runs.set()
            await asyncio.Event().wait()

        def refresh(self) -> None:
            said.append("refresh")

    for name, member in (("novatui.remote.ssh", "SshTransport"), ("novatui.probes.collector", "Collector")):
        module = types.ModuleType(name)
        setattr(module, member, Transport if member == "SshTransport" else Collector)
        monkeypatch.setitem(sys.modules, name, module)
    feed = LiveFeed(cases.config())
    feed.refresh()  # before it is there: nothing to do
    task = asyncio.create_task(feed.start(lambda snapshot: None, lambda node, entries: None))
    await asyncio.wait_for(runs.wait(), 60)
    feed.refresh()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await feed.close()
    assert said == ["transport", "watched", "run", "refresh", "closed"]


def test_every_key_of_the_dashboard_does_something() -> None:
    for action in actions.of_scope("dashboard"):
        if not action.id.startswith("node-"):
            assert hasattr(Dashboard, action.method) or hasattr(NovatuiApp, action.method), action.id


def test_no_key_is_given_twice() -> None:
    scopes = {action.scope for action in actions.ACTIONS}
    assert "dashboard" in scopes
    for scope in scopes:
        keys = Counter(key for action in actions.of_scope(scope) for key in action.keys.split(","))
        own = {a.id for a in actions.ACTIONS if a.scope == scope}
        twice = [key for key, count in keys.items() if count > 1]
        assert not twice or scope != "dashboard", (scope, twice, own)
    ids = Counter(action.id for action in actions.ACTIONS)
    assert max(ids.values()) == 1


def test_every_binding_comes_from_the_registry_and_can_be_remapped() -> None:
    bound = {(b.key, b.id) for b in actions.bindings("dashboard")}
    known = {
        (key, f"{action.id}:{key}")
        for action in actions.ACTIONS
        if action.scope == "dashboard"
        for key in action.keys.split(",")
    }
    assert bound == known


async def test_without_colour_the_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    feed = cases.FakeFeed()
    plain = NovatuiApp(cases.config(), feed=feed, clock=lambda: cases.NOW, judge=cases.diagnosis_of)
    async with plain.run_test(size=(120, 40)) as pilot:
        await feed.started.wait()
        feed.snapshot(cases.cluster(cases.node(1), cases.dead(2), cases.node(3)))
        await pilot.pause(0.1)
        strips = plain.screen._compositor.render_strips()
        text = "".join(segment.text for strip in strips for segment in strip)
        assert "▲ DEGRADED" in text and "✖ no answer" in text
        shades = {
            segment.style.color.triplet
            for strip in strips
            for segment in strip.apply_filter(plain._filters[-1], plain.background_colors[0])
            if segment.style and segment.style.color and segment.style.color.triplet
        }
        assert all(shade.red == shade.green == shade.blue for shade in shades)


def test_memory_settles() -> None:
    before = gc.get_threshold()
    try:
        app.settle_memory()
        assert gc.get_freeze_count() > 0 and gc.get_threshold()[0] == 2_000
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
