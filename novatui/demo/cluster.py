"""The supervisor's work: bring three masters up, fill them, break them if asked, and stay until nobody needs them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from novatui.demo import addresses, alive, binaries, data, layout
from novatui.demo.certs import Authority
from novatui.demo.children import Children
from novatui.demo.layout import MasterFiles
from novatui.demo.master import Master
from novatui.demo.starter import tell
from novatui.errors import NovatuiError

UP_WAIT_S = 30.0
ALIVE_EVERY_S = 1.0
CONFIG = "config.toml"
INFO = "demo.json"
CONTROL = "control"


async def live(place: Path, fault: str, *, starter: int, keeper: int) -> None:
    """From an empty directory to the end of the demo."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    starter_gone, keeper_gone = _ended(starter), _ended(keeper)
    children = Children()
    children.open()
    masters: list[Master] = []
    up = asyncio.ensure_future(_bring_up(place, fault, children, masters, stopped))
    try:
        first = await _first(up, starter_gone.wait(), keeper_gone.wait(), stopped.wait())
        if first == 0:
            up.result()
            tell({"ready": str(place)})
            await _stay(place, stopped, starter_gone, keeper_gone)
    finally:
        up.cancel()
        await asyncio.gather(up, return_exceptions=True)
        for master in masters:
            master.cut_power()
            master.close()


async def _stay(
    place: Path, stopped: asyncio.Event, starter_gone: asyncio.Event, keeper_gone: asyncio.Event
) -> None:
    await _first(stopped.wait(), starter_gone.wait(), keeper_gone.wait())
    while not stopped.is_set() and not keeper_gone.is_set() and alive.in_use(place):
        await _first(stopped.wait(), keeper_gone.wait(), asyncio.sleep(ALIVE_EVERY_S))


async def _bring_up(
    place: Path, fault: str, children: Children, masters: list[Master], stopped: asyncio.Event
) -> None:
    from novatui.demo.faults import FAULTS

    if fault and fault not in FAULTS:
        raise NovatuiError(f"there is no fault {fault!r}", f"known are {', '.join(FAULTS)}")
    _need_tools()
    etcd = binaries.find()
    tell({"progress": "certificates and files"})
    files = layout.masters(place, addresses.choose())
    authority = Authority()
    for one in files:
        layout.write(one, files, etcd)
        layout.write_certificates(authority, one)
    (place / "keep").mkdir()
    masters += [Master(one, children) for one in files]
    tell({"progress": "three etcd members start"})
    for master in masters:
        master.boot()
    await asyncio.sleep(0)
    _open_ssh(place, masters)
    await _until_up(masters)
    tell({"progress": "keys and a snapshot"})
    facts = await _fill(place, files, children)
    if fault:
        tell({"progress": f"fault: {fault}"})
        await FAULTS[fault](masters)
    await _publish(place, masters, {**facts, "fault": fault}, stopped)


def _open_ssh(place: Path, masters: list[Master]) -> None:
    import asyncssh

    home = place / "ssh"
    home.mkdir(mode=0o700)
    client = asyncssh.generate_private_key("ssh-ed25519", comment="novatui demo")
    (home / "id_ed25519").touch(mode=0o600)
    client.write_private_key(str(home / "id_ed25519"))
    client.write_public_key(str(home / "id_ed25519.pub"))
    allowed = asyncssh.import_authorized_keys(client.export_public_key().decode())
    lines = []
    for master in masters:
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        master.open_ssh(host_key, allowed)
        assert master.wire is not None
        public = host_key.export_public_key().decode().strip()
        lines.append(f"[{master.wire.host}]:{master.wire.port} {public}\n")
    (home / "known_hosts").write_text("".join(lines))
    (home / "known_hosts").chmod(0o600)


async def _until_up(masters: list[Master]) -> None:
    """READY=1 of each: it has joined, published itself and serves."""
    deadline = time.monotonic() + UP_WAIT_S
    while not all(master.etcd.active == "active" for master in masters):
        if time.monotonic() > deadline:
            states = ", ".join(f"{one.files.member} {one.etcd.active} ({one.etcd.sub})" for one in masters)
            last = "\n".join(entry.text("MESSAGE") for entry in list(masters[0].journal.entries)[-5:])
            raise NovatuiError("the demo's etcd did not come up", f"after {UP_WAIT_S:g} s: {states}\n{last}")
        await asyncio.sleep(0.02)


async def _fill(place: Path, files: tuple[MasterFiles, ...], children: Children) -> dict[str, Any]:
    from novatui.demo.gateway import Gateway

    gateway = Gateway(files[0])
    at_snapshot = await asyncio.to_thread(data.write_before, gateway, files)
    db = place / "snapshot.db"
    await _snapshot(files[0], db, children)
    taken = data.snapshot_time()
    archive = asyncio.to_thread(data.pack, db, files, taken)
    live_revision, snapshot = await asyncio.gather(asyncio.to_thread(data.write_after, gateway), archive)
    # etcd 3.5.0 - 3.5.2, killed right after a write, may keep its index and lose the write: the fault would be another one.
    for one in files:
        await asyncio.to_thread(Gateway(one).commit, live_revision)
    return {
        "snapshot": {**snapshot, "revision": at_snapshot},
        "revision": live_revision,
        "canary": {"key": data.CANARY, "snapshot": data.CANARY_BEFORE, "live": data.CANARY_AFTER},
    }


async def _snapshot(files: MasterFiles, db: Path, children: Children) -> None:
    """By etcdctl itself: only it appends the hash that restore checks."""
    env = layout.ordinary_environment(files)
    lines = files.env_file.read_text().splitlines()
    env |= dict(line.split("=", 1) for line in lines if line.startswith("ETCDCTL_"))
    with (db.parent / "snapshot.log").open("wb") as log:
        argv = [str(files.etcd_home / "etcdctl"), "snapshot", "save", str(db)]
        child = children.start(argv, owner=str(files.root), env=env, cwd=db.parent, stdout=log, stderr=log)
        code = await child.ended
    if code != 0:
        raise NovatuiError("the demo's snapshot failed", Path(log.name).read_text("utf-8", "replace")[-2000:])


async def _publish(place: Path, masters: list[Master], facts: dict[str, Any], stopped: asyncio.Event) -> None:
    from novatui.demo.control import Control

    ports = {master.files.node: master.wire.port for master in masters if master.wire}
    content = layout.configuration(place, tuple(master.files for master in masters), ports)
    layout.write_configuration(place / CONFIG, content)
    info = {
        "dir": str(place),
        "config": str(place / CONFIG),
        "pid": os.getpid(),
        "keeper": os.getppid(),
        **facts,
        "nodes": {
            master.files.node: {
                "member": master.files.member,
                "host": master.files.host,
                "port": ports[master.files.node],
                "root": str(master.files.root),
                "client_url": master.files.client_url,
            }
            for master in masters
        },
    }
    (place / INFO).write_text(json.dumps(info, indent=2) + "\n")
    await Control(masters, stopped).open(place / CONTROL)


def _need_tools() -> None:
    missing = [tool for tool in ("setpriv", "bash") if shutil.which(tool) is None]
    if missing:
        raise NovatuiError(
            f"the demo needs {' and '.join(missing)}",
            "setpriv comes with util-linux",
            "install util-linux and bash with the system's package manager",
        )


def _ended(descriptor: int) -> asyncio.Event:
    """Set when the other end of the pipe is closed by the death of all who hold it."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()

    def readable() -> None:
        if not os.read(descriptor, 1):
            loop.remove_reader(descriptor)
            event.set()

    os.set_blocking(descriptor, False)
    loop.add_reader(descriptor, readable)
    return event


async def _first(*work: Awaitable[Any]) -> int:
    """Wait for the first to end, cancel the other coroutines, return its index; futures given are left alone."""
    given = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.wait(given, return_when=asyncio.FIRST_COMPLETED)
        return next(number for number, task in enumerate(given) if task.done())
    finally:
        for task, original in zip(given, work, strict=True):
            if task is not original:
                task.cancel()
