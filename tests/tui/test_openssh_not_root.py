"""A user without root, on real OpenSSH with real sudo: what may be seen is shown, and each recovery says what it lacks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli_w
from textual.pilot import Pilot

from novatui.config import load
from novatui.present.rows import text_of
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.recover_menu import RecoverMenu
from novatui.tui.screens.secret import SecretModal
from novatui.tui.screens.wizard import WizardScreen
from novatui.tui.widgets.rows_view import RowsView
from tests.remote import openssh
from tests.tui.waiting import until

WORD = "S3cret-of-sudo"
MASTERS = ("nova-master-1", "nova-master-2", "nova-master-3")
# the menu's key -> the runbook, and what it wants on a command line
RECOVERIES = {
    "r": ("restart-member", "--node", "nova-master-2"),
    "s": ("start-cluster",),
    "m": ("recover-member", "--node", "nova-master-2"),
    "R": ("restore-cluster", "--survivor", "nova-master-1"),
}


@dataclass(frozen=True)
class Lack:
    """``answer``: what is typed when sudo's password is asked for; None: Esc. ``why`` and ``do`` must be on the screen."""

    why: str
    do: str
    sudoers: str = ""
    become: str = "auto"
    answer: str | None = None
    headless: str = ""  # why, where nobody can be asked


LACKS = {
    "become none": Lack("ssh.become = none", "visudo: {user} ALL=(root) ALL", become="none"),
    "declined": Lack("sudo wants the password of {user}", "NOPASSWD", sudoers="ALL=(ALL) ALL"),
    "not in sudoers": Lack(
        "{user} may not become root",
        "visudo: {user} ALL=(root) ALL",
        answer=WORD,
        headless="sudo wants the password of {user}",
    ),
    "sudo refuses": Lack(
        "{user} may not become root",
        "visudo: {user} ALL=(root) ALL",
        sudoers="ALL=(root) /usr/bin/uptime",
        answer=WORD,
        headless="sudo wants the password of {user}",
    ),
}


@pytest.fixture(scope="module")
def ground() -> Iterator[openssh.Ground]:
    if reason := openssh.why_not():
        pytest.skip(reason)
    made = openssh.Ground()
    try:
        made.prepare()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def servers(ground: openssh.Ground) -> list[openssh.Server]:
    return [ground.server() for _ in MASTERS]


@pytest.fixture
def lacking(
    request: pytest.FixtureRequest, ground: openssh.Ground, servers: list[openssh.Server], home: Path
) -> tuple[Lack, str, Path]:
    """What is lacking, the user, and a configuration whose env file is root's alone."""
    lack = LACKS[request.param]
    user = ground.user(password=WORD, sudo=lack.sudoers)
    env_file = ground.base / f"{user}.env"
    env_file.touch(mode=0o600)
    env_file.write_text("ETCD_NAME=etcd1\nETCD_DATA_DIR=/var/lib/etcd\n")
    ssh = {
        "user": user,
        "become": lack.become,
        "identity_files": [str(ground.key(user))],
        "known_hosts": str(openssh.know(home, *servers)),
    }
    nodes = [
        {"name": name, "host": one.address, "port": one.port}
        for name, one in zip(MASTERS, servers, strict=True)
    ]
    cluster = {"ssh": ssh, "etcd": {"env_file": str(env_file)}, "nodes": nodes}
    config = home / "config.toml"
    config.touch(mode=0o600)
    config.write_text(tomli_w.dumps({"default_cluster": "nova", "clusters": {"nova": cluster}}))
    return lack, user, config


every_lack = pytest.mark.parametrize("lacking", LACKS, indirect=True)


def text(app: NovatuiApp) -> str:
    """All that is shown, as one line: where it is wrapped does not matter."""
    rows = [text_of(line).strip("│ ▌") for view in app.screen.query(RowsView) for line in view.shown]
    return " ".join(" ".join(rows).split())


async def dashboard(pilot: Pilot[None], app: NovatuiApp, lack: Lack) -> None:
    """Answers sudo as the case has it, until every master was looked at."""

    def seen() -> bool:
        return all(node.lacks_root and node.listening is not None for node in app.view.snapshot.nodes)

    began = time.monotonic()
    while not seen():
        assert time.monotonic() - began < 60, text(app)
        if isinstance(app.screen, SecretModal) and app.screen.armed:
            await pilot.press(*([*lack.answer, "enter"] if lack.answer else ["escape"]))
        await pilot.pause(0.05)
    await until(pilot, lambda: not isinstance(app.screen, SecretModal), "the modal goes")


@every_lack
async def test_each_wizard_says_what_it_lacks_before_anything_else(lacking: tuple[Lack, str, Path]) -> None:
    lack, user, config = lacking
    why, do = lack.why.format(user=user), lack.do.format(user=user)
    app = NovatuiApp(load(config).pick("nova"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard(pilot, app, lack)
        await until(pilot, lambda: why in text(app), "the dashboard says why")
        shown = text(app)
        assert shown.count("▲ not root") >= 3 and "etcd not asked: that needs root" in shown
        assert "2379" in shown and "cannot be read" not in shown
        assert all(way.why_not for way in app.view.diagnosis.ways) and not app.view.diagnosis.recommend
        for key, (runbook, *_words) in RECOVERIES.items():
            await pilot.press("w")
            await until(pilot, lambda: isinstance(app.screen, RecoverMenu), "the menu")
            assert "it needs root on nova-master-1, nova-master-2, nova-master-3" in text(app)
            await pilot.pause(0.4)
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, WizardScreen), runbook)
            await until(pilot, lambda: why in text(app) and do in text(app), f"{runbook} says it first")
            if "Which master?" in (first := text(app)):
                assert first.index(why) < first.index("Which master?")
                await pilot.press("n")
            refused = f"✖ {', '.join(MASTERS)}: not root there: "
            await until(pilot, lambda said=refused: said in text(app), f"{runbook} refuses")  # type: ignore[misc]
            after = text(app)
            assert after.index("Refused, nothing was changed") < after.index(refused)
            assert why in after and do in after
            # No check is green, or red, that was not made: of a master only that it was reached.
            assert after.count("✔ reached") == after.count("✔ ") - after.count("✔ master")
            assert "data" not in after.replace("nothing was changed", "")
            wizard = app.screen
            assert isinstance(wizard, WizardScreen) and wizard.plan is None
            await pilot.press("q")
            await until(pilot, lambda: not isinstance(app.screen, WizardScreen), "back")
    assert not list((config.parent / ".local").rglob("journal.jsonl"))


@every_lack
async def test_a_headless_plan_says_it_and_ends_with_2(lacking: tuple[Lack, str, Path]) -> None:
    lack, user, config = lacking

    async def plan(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "novatui", "-c", str(config), "plan", *words]
        return await asyncio.to_thread(
            lambda: subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                start_new_session=True,
            )
        )

    for words in RECOVERIES.values():
        done = await plan(*words)
        said = " ".join(done.stderr.split())
        assert done.returncode == 2 and not done.stdout, done
        assert f"{words[0]} cannot be run: not root on {', '.join(MASTERS)}" in said
        assert (lack.headless or lack.why).format(user=user) in said
        assert said.endswith("nothing was changed")
