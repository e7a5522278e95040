"""A restore through a bastion, a key with a passphrase and a sudo with a password, each typed once; and where none of it
may be found afterwards. Real etcd, real SSH."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from novatui.config import load
from novatui.demo.layout import write_configuration
from novatui.model.findings import Verdict
from novatui.present.journal import plain
from novatui.present.rows import text_of
from novatui.runner import client, places
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.gate import GateModal
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.secret import SecretModal
from novatui.tui.screens.wizard import WizardScreen
from novatui.tui.screens.wizard_first import SourceFirst
from novatui.tui.screens.wizard_overrule import OverruleModal
from novatui.tui.screens.wizard_view import PLAN
from novatui.tui.widgets.rows_view import RowsView
from tests.cli.pty_child import OnTerminal
from tests.remote import openssh

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(600)]

PASSPHRASE = "pl4nted-passphrase-Q"
SUDO = "pl4nted-sudo-Z"
LOGIN = "pl4nted-login-X"
ENV_VALUE = "pl4nted-env-W"
PLANTED = (PASSPHRASE, SUDO, LOGIN, ENV_VALUE)
ASKED = {"passphrase of the key": PASSPHRASE, "sudo password of": SUDO}
ASKED_TOO = {"password of nvt": LOGIN}  # the user of the jump host


@pytest.fixture
def ground() -> Iterator[openssh.Ground | None]:
    """For a jump host of real OpenSSH, where that can be."""
    if openssh.why_not():
        yield None
        return
    made = openssh.Ground()
    try:
        made.prepare()
        yield made
    finally:
        made.close()


def real_jump(demo: Any, ground: openssh.Ground) -> openssh.Server:
    """An sshd with a user of its own and his password; the demo's configuration goes through it."""
    jump = ground.server("PasswordAuthentication yes", "PubkeyAuthentication no")
    user = ground.user(password=LOGIN)
    with (demo.dir / "ssh/known_hosts").open("a") as known:
        known.write(f"[127.0.0.1]:{jump.port} {jump.host_key}\n")
    content = tomllib.loads(demo.config_path.read_text())
    content["clusters"]["demo"]["ssh"]["jump"] = f"{user}@127.0.0.1:{jump.port}"
    write_configuration(demo.config_path, content)
    return jump


@pytest.fixture
def locked() -> Iterator[Any]:
    """A cluster that lost its quorum, behind a bastion, its key encrypted, its sudo asking, a secret in its env files."""
    from novatui.demo.client import Demo

    made = Demo.launch("quorum-lost")
    try:
        for node in made.nodes:
            env = made.root(node) / "etc/etcd.env"
            env.write_text(f"{env.read_text()}ETCD_ROOT_PASSWORD={ENV_VALUE}\n")
        made.tell("encrypt-key", passphrase=PASSPHRASE)
        made.tell("sudo-password", password=SUDO)
        made.tell("bastion")
        yield made
    finally:
        made.close()


class Watching:
    """Looks at the words and the environment of every process, again and again; ``found`` are secrets seen there."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self.looks = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            self.looks += 1
            for proc in Path("/proc").glob("[0-9]*"):
                try:
                    words, env = (proc / "cmdline").read_bytes(), (proc / "environ").read_bytes()
                except OSError:
                    continue
                if not words:  # in the middle of its exec: what it becomes is seen at the next look
                    continue
                # systemd itself hands the env file to etcd: that is where its values belong. The demo's stand-in for
                # systemd starts it by way of setpriv.
                argv = words.rstrip(b"\0").split(b"\0")
                own = argv[0].endswith(b"/etcd") or (argv[0] == b"setpriv" and argv[-1].endswith(b"/etcd"))
                for secret in PLANTED:
                    if secret.encode() in words or (not own and secret.encode() in env):
                        self.found.add(f"{secret} in {words[:200]!r}")


def archive(demo: Any) -> str:
    return str(next(demo.root(demo.nodes[0]).glob("tmp/*.tar.gz")))


def left_behind(home: Path, demo: Any) -> list[str]:
    """Files of this machine and of the masters' work directories that hold a secret, or the private key."""
    key = (demo.dir / "ssh/id_ed25519").read_text().splitlines()[2]
    found = []
    folders = [home, *(demo.root(node) / "var/lib/novatui" for node in demo.nodes)]
    for path in (path for folder in folders for path in folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            # The hold's copy of an env file is the env file: 0600, in the env file's own place.
            found += [f"{word} in {path}" for word in (*PLANTED, key) if word.encode() in data]
    return found


def on_terminal(demo: Any, folder: Path, *words: str) -> OnTerminal:
    folder.mkdir()
    own = ("--log-file", str(folder / "own.log"), "--log-level", "debug")
    argv = [sys.executable, "-m", "novatui", "-c", str(demo.config_path), *own, *words]
    return OnTerminal(argv, folder)


def type_all(child: OnTerminal, asked: dict[str, str]) -> None:
    for question, answer in asked.items():
        child.expect(question)
        child.type(answer)


def once_each(child: OnTerminal, asked: dict[str, str]) -> None:
    assert [child.shown.count(question) for question in asked] == [1] * len(asked), child.shown
    told = child.shown + child.said()
    assert not [secret for secret in PLANTED if secret in told]


def run_id(text: str) -> str:
    found = re.search(r"run ([0-9a-f]{8}):", text)
    assert found, text
    return found[1]


@pytest.mark.invariant("INV-1")
def test_headless_typed_once_each_and_found_nowhere(
    locked: Any, ground: openssh.Ground | None, home: Path, tmp_path: Path
) -> None:
    jump = real_jump(locked, ground) if ground is not None else None
    asked = ASKED_TOO | ASKED if jump else ASKED
    words = ["restore-cluster", "--snapshot", archive(locked), "--overrule", "newer-survivor"]
    with Watching() as watching:
        child = on_terminal(locked, tmp_path / "run", "run", *words, "--yes", "demo")
        type_all(child, asked)
        assert child.end(300) == 0, child.said()
        once_each(child, asked)
        run = run_id(child.said())
        logins = jump.log.count("Accepted password") if jump else locked.tell("state")["bastion"]["accepted"]
        assert logins == 2, "one for the plan, one for the runner"
        assert client.load(run)[1].result == "verified"

        back = on_terminal(locked, tmp_path / "undo", "undo", run, "--yes", "demo")
        type_all(back, asked)
        assert back.end(300) == 0, back.said()
        once_each(back, asked)
        assert "waiting for credentials: passphrase of the key" in back.said()
    assert watching.looks > 20 and watching.found == set()
    report = [sys.executable, "-m", "novatui", "-c", str(locked.config_path), "report", run]
    told = subprocess.run(report, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "verified" in told and not [secret for secret in PLANTED if secret in told]
    plan = (places.find(run).path / "plan.json").read_text()
    assert "nova-master-1" in plan and not [secret for secret in PLANTED if secret in plan]
    assert left_behind(home.parent, locked) == []
    assert left_behind(tmp_path, locked) == []


def test_without_a_terminal_nothing_is_asked_and_nothing_begins(locked: Any, home: Path) -> None:
    words = ["plan", "restore-cluster", "--snapshot", archive(locked)]
    done = subprocess.run(
        [sys.executable, "-m", "novatui", "-c", str(locked.config_path), *words],
        input=f"{PASSPHRASE}\n{SUDO}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 2, done.stderr
    assert "nobody can be asked for the passphrase of the key" in done.stderr
    assert "ssh-agent" in done.stderr and "Traceback" not in done.stderr


# by keys


async def until(pilot: Pilot[None], true: Callable[[], object], limit_s: float, why: str) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < limit_s, f"{why}; it shows:\n{drawn(pilot.app)}"
        await pilot.pause(0.05)


def drawn(app: Any) -> str:
    """Every cell of the terminal."""
    return "\n".join("".join(seg.text for seg in strip) for strip in app.screen._compositor.render_strips())


def text(app: Any) -> str:
    return "\n".join(
        text_of(line) for view in app.screen.query(RowsView) if view.display for line in view.shown
    )


@pytest.mark.invariant("INV-1")
async def test_by_keys_typed_once_each_and_never_on_the_screen(locked: Any, home: Path) -> None:
    app = NovatuiApp(load(locked.config_path).pick("demo"))
    seen: list[str] = []
    asked: list[SecretModal] = []

    async def secret(pilot: Pilot[None], kind: str, typed: str) -> None:
        await until(
            pilot,
            lambda: isinstance(app.screen, SecretModal) and app.screen.armed and app.screen not in asked,
            40,
            f"no question for the {kind}",
        )
        modal = app.screen
        assert isinstance(modal, SecretModal) and modal.asked.kind == kind
        asked.append(modal)
        await pilot.press(*typed)
        seen.append(drawn(app))
        await pilot.press("enter")

    with Watching() as watching:
        async with app.run_test(size=(120, 40)) as pilot:
            await secret(pilot, "passphrase", PASSPHRASE)
            await secret(pilot, "sudo", SUDO)
            await until(
                pilot, lambda: app.view.diagnosis.verdict is Verdict.NO_QUORUM, 60, "the cluster is seen"
            )
            seen.append(drawn(app))
            await pilot.press("R")
            await until(pilot, lambda: isinstance(app.screen, WizardScreen), 60, "the wizard")
            wizard = app.screen
            assert isinstance(wizard, WizardScreen)
            await until(pilot, lambda: not wizard.waiting, 60, "the sources")
            first = wizard.first
            assert isinstance(first, SourceFirst)
            while first.source is None or first.source.kind != "archive":
                await pilot.press("j")
            await pilot.press("n")
            await until(pilot, lambda: not wizard.waiting, 60, "the preflight")
            if wizard.plan is None:
                await pilot.press("o")
                await until(
                    pilot, lambda: isinstance(app.screen, OverruleModal) and app.screen.armed, 60, "overrule"
                )
                await pilot.press(*"newer-survivor", "enter", "y")
                await until(pilot, lambda: wizard.plan is not None, 60, "the plan")
            await until(pilot, lambda: app.screen is wizard, 60, "back at the wizard")
            await pilot.press("n")
            assert wizard.page == PLAN
            seen.append(drawn(app))
            await pilot.press("p")
            await until(
                pilot, lambda: isinstance(app.screen, GateModal) and app.screen.armed, 120, "the gate"
            )
            gate = app.screen
            assert isinstance(gate, GateModal)
            seen.append(drawn(app))
            for word in gate.words:
                await pilot.press(*word.word, "enter")
            await pilot.press("y")
            await until(
                pilot,
                lambda: isinstance(app.screen, RunScreen) and app.screen.state.ended,
                240,
                "the end of the run",
            )
            screen = app.screen
            assert isinstance(screen, RunScreen)
            await until(pilot, lambda: "Verified" in text(app), 60, "the result")
            assert screen.state.result == "verified", screen.state.detail
            seen.append(drawn(app))
            await pilot.press("escape", "q")
            await until(pilot, lambda: app.view.diagnosis.verdict is Verdict.HEALTHY, 240, "healthy again")
            lines = [plain(entry) for tail in app.journals.tails.values() for entry in tail.held]
            assert any("ETCD_ROOT_PASSWORD=***" in line for line in lines), "etcd itself writes it down"
            seen += [drawn(app), *lines]
            assert len(asked) == 2, "typed once each; the runner was told"
            run = screen.run_id
    assert watching.found == set()
    assert not [secret for secret in PLANTED for shown in seen if secret in shown]
    assert "•" * len(PASSPHRASE) in seen[0]
    assert places.find(run).journal.exists() and left_behind(home.parent, locked) == []
