"""The lab's network: one bridge in the keeper's namespace, which has no way out. A host's cable is its end at the bridge."""

from __future__ import annotations

import time

from tests.lab.keeper import Keeper

SUBNET = "172.31.100.0/24"
OPERATOR = "172.31.100.1/24"
BRIDGE = "nova"
# Those of the vendor's example, then two more.
ADDRESSES = tuple(f"172.31.100.{last}" for last in (97, 105, 106, 107, 108))


def lay(keeper: Keeper) -> None:
    keeper.run("ip", "link", "add", BRIDGE, "type", "bridge")
    keeper.run("ip", "address", "add", OPERATOR, "dev", BRIDGE)
    keeper.run("ip", "link", "set", BRIDGE, "up")
    keeper.run("ip", "route", "add", "blackhole", SUBNET, "metric", "9999")


def set_cable(keeper: Keeper, machine: str, state: str) -> None:
    """``state``: up or down. systemd-nspawn calls the bridge's end so."""
    keeper.run("ip", "link", "set", f"vb-{machine}", state)


def wait_unplugged(keeper: Keeper, machine: str, wait_s: float = 10.0) -> None:
    """A dead host's cable goes a moment after its last process; before that the name is taken."""
    deadline = time.monotonic() + wait_s
    while f"vb-{machine}@" in keeper.run("ip", "-o", "link"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"vb-{machine} is still there after {wait_s:g} s")
        time.sleep(0.05)
