"""What is broken in an iteration, and which recovery answers it: drawn from its random numbers alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from novatui.model.plan import Request
from tests.lab import cluster
from tests.lab.lab import NAME, SUDO_FREE, Lab

LIVE, ARCHIVE = "live", "archive"


@dataclass(frozen=True)
class Story:
    """``answer`` confirms it; ``content``: what all members hold once it is verified: the keys from before it, or the
    archive's; ``held``: nodes that have quorum while it is broken, empty where none has."""

    runbook: str
    broken: str
    victims: tuple[str, ...]
    request: Request
    answer: str
    content: str
    user: str
    held: tuple[str, ...]
    break_it: Callable[[Lab], None]

    def __str__(self) -> str:
        return f"{self.runbook}, {self.broken} ({', '.join(one[-1] for one in self.victims)}), as {self.user}"


def draw(lab: Lab, rng: random.Random, runbook: str = "") -> Story:
    """Of that runbook, or of any."""
    user = rng.choice(["root", SUDO_FREE])
    shuffled = rng.sample(lab.nodes, len(lab.nodes))
    make, weights = zip(*_STORIES.values(), strict=True)
    told = _STORIES[runbook][0] if runbook else rng.choices(make, weights)[0]
    return told(lab, rng, shuffled, user)


def _restore(lab: Lab, rng: random.Random, nodes: list[str], user: str) -> Story:
    """Two of three are damaged; or the cluster is well and a person insists."""
    insists = rng.random() < 0.25
    victims = () if insists else tuple(nodes[: len(nodes) // 2 + 1])
    guards = ("quorum-stands", "data-intact", "newer-survivor") if insists else ("newer-survivor",)
    request = Request(runbook="restore-cluster", snapshot=lab.snapshot.path, overrule=guards)
    return Story(
        "restore-cluster", "nothing" if insists else "quorum-lost", victims, request, NAME, ARCHIVE, user,
        tuple(nodes) if insists else (), lambda lab: lab.corrupt(*victims),
    )  # fmt: skip


def _recover(lab: Lab, rng: random.Random, nodes: list[str], user: str) -> Story:
    victim, *others = nodes
    broken, break_it = rng.choice([("corrupt-member", lab.corrupt), ("wiped-member", lab.wipe)])
    request = Request(runbook="recover-member", node=victim)
    return Story(
        "recover-member", broken, (victim,), request, victim, LIVE, user, tuple(others),
        lambda lab: break_it(victim),
    )  # fmt: skip


def _restart(lab: Lab, rng: random.Random, nodes: list[str], user: str) -> Story:
    """One that hangs, one that is down, or one that serves and is restarted all the same."""
    victim, *others = nodes
    broken = rng.choice(["hung-member", "member-down", "nothing"])
    breaks: dict[str, Callable[[Lab], None]] = {
        "hung-member": lambda lab: lab.pause(victim),
        "member-down": lambda lab: _stop(lab, victim),
        "nothing": lambda lab: None,
    }
    guards = ("member-serves",) if broken == "nothing" else ()
    request = Request(runbook="restart-member", node=victim, overrule=guards)
    return Story(
        "restart-member", broken, (victim,), request, victim, LIVE, user, tuple(others), breaks[broken]
    )


def _start(lab: Lab, rng: random.Random, nodes: list[str], user: str) -> Story:
    """All, or all but one, were killed and nobody started them again."""
    victims = tuple(nodes[: rng.choice([2, 3])])
    request = Request(runbook="start-cluster")
    return Story(
        "start-cluster", "killed", victims, request, NAME, LIVE, user, (), lambda lab: _stop(lab, *victims)
    )


def _stop(lab: Lab, *nodes: str) -> None:
    for node in nodes:
        lab.run(node, "systemctl kill -s KILL etcd; systemctl stop etcd")


def settled(lab: Lab, story: Story) -> None:
    """Who is to have quorum while it is broken has elected."""
    cluster.wait_healthy([lab.hosts[node] for node in story.held])


# By runbook, with how often it is told.
_STORIES: dict[str, tuple[Callable[[Lab, random.Random, list[str], str], Story], int]] = {
    "restore-cluster": (_restore, 4),
    "recover-member": (_recover, 3),
    "restart-member": (_restart, 2),
    "start-cluster": (_start, 2),
}
