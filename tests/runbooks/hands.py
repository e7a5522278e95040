"""What a person does with a demo: novatui's commands, etcdctl on a master, one member broken in one way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CANARY = "/registry/configmaps/default/novatui-canary"
LIVE = "written after the snapshot"


def novatui(demo: Any, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "novatui", "-c", str(demo.config_path), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def ctl(demo: Any, node: str, *words: str, check: bool = True) -> str:
    """etcdctl as an operator on that master would run it."""
    root = demo.root(node)
    lines = (root / "etc/etcd.env").read_text().splitlines()
    env = dict(line.split("=", 1) for line in lines if line.startswith("ETCDCTL_"))
    done = subprocess.run(
        [str(root / "opt/etcd/etcdctl"), *words],
        env={**env, "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "20s", "PATH": os.environ["PATH"]},
        capture_output=True,
        timeout=30,
        check=check,
    )
    return done.stdout.decode()


def systemctl(demo: Any, node: str, *words: str) -> None:
    """The master's own, which is the demo's stand-in."""
    root = demo.root(node)
    path = f"{root}/bin:{os.environ['PATH']}"
    subprocess.run([f"{root}/bin/systemctl", *words], env={"PATH": path}, timeout=60, check=False)


def by_hand(demo: Any, text: str) -> list[str]:
    """A person who follows FINISH.txt or UNDO.txt to the letter, each line on the master it names; what was typed where."""
    assert text.rstrip().endswith("# That is all."), text
    done, node = [], ""
    for line in text.splitlines():
        words = line.lstrip("#").strip()
        if line.startswith("#") and words.startswith("on "):
            node = words.removeprefix("on ").partition(":")[0]
            assert node in demo.nodes, line
        elif line and not line.startswith("#"):
            root = demo.root(node)
            env = {"PATH": f"{root}/bin:{os.environ['PATH']}", "HOME": str(root / "home")}
            typed = subprocess.run(["sh", "-c", line], env=env, capture_output=True, timeout=120, check=False)
            done.append(f"{node} $ {line} -> {typed.returncode}")
            assert typed.returncode == 0, "\n".join([*done, typed.stdout.decode(), typed.stderr.decode()])
    assert done
    return done


def listed(demo: Any, node: str) -> dict[str, dict[str, Any]]:
    """The member list as ``node`` tells it: by peer URL."""
    answer = json.loads(ctl(demo, node, "member", "list", "-w", "json"))
    return {
        one["peerURLs"][0]: {"id": f"{one['ID']:x}", "name": one.get("name", "")} for one in answer["members"]
    }


def own(demo: Any, node: str, through: str) -> dict[str, Any]:
    """The entry of ``node``, as another master tells it; empty when it has none."""
    host = demo.info["nodes"][node]["host"]
    return next((one for url, one in listed(demo, through).items() if f"//{host}:" in url), {})


def env(demo: Any, node: str) -> dict[str, str]:
    lines = (demo.root(node) / "etc/etcd.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def data(demo: Any, node: str) -> Path:
    path: Path = demo.root(node) / "var/lib/etcd"
    return path


def until(holds: Callable[[], object], what: str, wait_s: float = 60.0) -> None:
    deadline = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not after {wait_s:g} s"
        time.sleep(0.1)


def state(demo: Any, node: str) -> dict[str, Any]:
    """The unit, as the demo's supervisor has it."""
    found: dict[str, Any] = demo.tell("state")["nodes"][node]
    return found


def corrupted(demo: Any, node: str) -> None:
    """Its database is garbage, and systemd has met it."""
    demo.tell("corrupt", node)
    until(
        lambda: state(demo, node).get("sub") == "auto-restart" and state(demo, node).get("restarts", 0),
        "it fails",
    )


def differing(demo: Any, node: str) -> None:
    """It serves, and one value of its own is not what the others have: bytes changed on the disk under a stopped etcd."""
    systemctl(demo, node, "stop", "etcd")
    db = data(demo, node) / "member/snap/db"
    content = db.read_bytes()
    assert LIVE.encode() in content
    db.write_bytes(content.replace(LIVE.encode(), LIVE.upper().encode()))
    systemctl(demo, node, "start", "etcd")
    until(lambda: "true" in ctl(demo, node, "endpoint", "health", "-w", "json", check=False), "it serves")
