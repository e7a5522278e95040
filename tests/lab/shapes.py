"""The shape a test asks a lab for, and the states it may begin in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.lab.lab import Lab


@dataclass(frozen=True)
class Shape:
    masters: int = 3
    image: str = "trixie"

    def __str__(self) -> str:
        return f"{self.image}-{self.masters}"


def quorum_lost(lab: Lab) -> None:
    """The databases of all but the first minority are damaged; the rest run on without quorum."""
    lab.corrupt(*lab.nodes[(len(lab.nodes) - 1) // 2 :])


def power_cut(lab: Lab) -> None:
    """All lost power and are back, but nobody enabled the unit: stopped, with data intact."""
    for node in lab.nodes:
        lab.run(node, ["systemctl", "disable", "etcd"])
    lab.power_off(*lab.nodes)
    lab.power_on(*lab.nodes)


BREAKS: dict[str, Callable[[Lab], object]] = {
    "quorum-lost": quorum_lost,
    "power-cut": power_cut,
    "corrupt-member": lambda lab: lab.corrupt(lab.nodes[-1]),
    "hung-member": lambda lab: lab.pause(lab.nodes[-1]),
    "member-down": lambda lab: lab.run(lab.nodes[-1], ["systemctl", "stop", "etcd"]),
    "host-off": lambda lab: lab.power_off(lab.nodes[-1]),
    "cable-out": lambda lab: lab.cut(lab.nodes[-1]),
}


def broken(lab: Lab, how: str) -> None:
    BREAKS[how](lab)
