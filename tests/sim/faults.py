"""What goes wrong, and when: data that can be printed, shrunk and played again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

# Whether a fault needs a command that is running, a runner, or only masters.
ON_COMMAND = ("hang", "fail")
ON_RUNNER = ("kill", "torn", "power", "freeze", "abort")
ON_MASTER = (
    "off",
    "drop",
    "cut",
    "refuse",
    "late",
    "slow",
    "hand-start",
    "full",
    "crash",
    "unhold",
    "hand-stop",
    "election",
)
WORDS = {
    "hang": "the command hangs until its limit",
    "fail": "the command fails with exit 1",
    "kill": "SIGKILL of the runner",
    "torn": "SIGKILL of the runner in the middle of a journal line",
    "power": "the operator's machine loses its power",
    "freeze": "SIGSTOP of the runner; another takes the run over, the first wakes up after it",
    "abort": "a person asks to abort",
    "off": "power off, and a boot",
    "drop": "connection reset",
    "cut": "link black-holed",
    "refuse": "new connections refused",
    "late": "the next command is given up here, and arrives there later",
    "slow": "link slow, 2 s one way",
    "hand-start": "somebody starts etcd by hand",
    "full": "file system of /var/lib full",
    "crash": "etcd dies",
    "hand-stop": "somebody stops etcd by hand",
    "election": "no member leads for a while, all run",
    "unhold": "somebody takes the hold away and puts the env file back",
}
# What is drawn by seed; the rest is for schedules that name it.
WEIGHTS = {
    "off": 22,
    "kill": 14,
    "drop": 10,
    "hand-start": 9,
    "freeze": 8,
    "cut": 8,
    "late": 7,
    "torn": 5,
    "power": 5,
    "hang": 5,
    "fail": 4,
    "refuse": 4,
    "full": 4,
    "abort": 4,
    "crash": 4,
    "slow": 3,
}


@dataclass(frozen=True, order=True)
class Point:
    """A moment. ``kind`` command: after sub-step ``sub`` of the ``n``-th ``name`` on ``node``, both from 1; record: the n-th
    journal record; time: ``n`` tenths of a second after the run began; after: so long after the fault before this one."""

    kind: str
    n: int
    node: str = ""
    name: str = ""
    sub: int = 0

    def __str__(self) -> str:
        if self.kind == "command":
            again = f" (time {self.n})" if self.n > 1 else ""
            return f"{self.name} on {self.node}{again}, after sub-step {self.sub}"
        if self.kind == "record":
            return f"journal record {self.n}"
        since = "the run began" if self.kind == "time" else "the fault before"
        return f"{self.n / 10:g} s after {since}"


@dataclass(frozen=True)
class Fault:
    """``span_s``: how long it lasts, or until the runner is started again."""

    what: str
    at: Point
    nodes: tuple[str, ...] = ()
    span_s: float = 0.0

    def __str__(self) -> str:
        where = f" of {', '.join(self.nodes)}" if self.nodes and self.what not in ON_COMMAND else ""
        lasts = f", {self.span_s:g} s" if self.span_s else ""
        return f"{self.at}: {WORDS[self.what]}{where}{lasts}"


@dataclass(frozen=True)
class Schedule:
    """One schedule. ``choices`` are what the person does after each ending: resume or undo, in order, then again;
    ``undo-verified``: takes back a run that was verified; ``on-failure-undo``: has asked for that beforehand."""

    seed: int
    scenario: str
    faults: tuple[Fault, ...] = ()
    choices: tuple[str, ...] = ("resume",)

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, scenario {self.scenario}; after a failure: {', '.join(self.choices)}"]
        lines += [f"  {number}. {fault}" for number, fault in enumerate(self.faults, 1)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Catalogue:
    """The moments that a run without faults has, in order."""

    commands: tuple[Point, ...]
    records: int
    seconds: float
    nodes: tuple[str, ...]


SPANS = (0.5, 3.0, 8.0, 20.0, 45.0, 100.0)


def draw(seed: int, scenario: str, catalogue: Catalogue) -> Schedule:
    """The schedule of one seed."""
    random = Random(seed)
    count = random.choices((1, 2, 3, 4), (30, 35, 25, 10))[0]
    faults = [_fault(random, catalogue, first=number == 0) for number in range(count)]
    choices = tuple(random.choices(("resume", "undo"), (75, 25), k=3))
    if random.random() < 0.12:
        choices = (*choices, "undo-verified")
    if random.random() < 0.10:
        choices = (*choices, "on-failure-undo")
    return Schedule(seed, scenario, tuple(faults), choices)


def _fault(random: Random, catalogue: Catalogue, *, first: bool) -> Fault:
    what = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    at = _point(random, catalogue, what, first=first)
    node = at.node or random.choice(catalogue.nodes)
    nodes: tuple[str, ...] = ()
    if what in ON_MASTER:
        nodes = (node,)
        if what in ("off", "cut", "drop") and random.random() < 0.35:
            nodes = catalogue.nodes if random.random() < 0.5 else _some(random, catalogue.nodes, node)
    span = random.choice(SPANS)
    if what in ("drop", "hand-start", "crash", "abort", "hang", "fail"):
        span = 0.0
    return Fault(what, at, nodes, span)


def _some(random: Random, nodes: Sequence[str], node: str) -> tuple[str, ...]:
    other = random.choice([one for one in nodes if one != node])
    return tuple(one for one in nodes if one in (node, other))


def _point(random: Random, catalogue: Catalogue, what: str, *, first: bool) -> Point:
    kind = random.choices(("command", "record", "time", "after"), (55, 20, 10, 0 if first else 30))[0]
    if what in ON_COMMAND:
        kind = "command"
    if what in ("torn", "power") or (what == "kill" and kind == "command"):
        kind = "record"
    if kind == "command":
        found = random.choice(catalogue.commands)
        again = random.choices((1, 2), (85, 15))[0]
        return Point("command", again, found.node, found.name, found.sub)
    if kind == "record":
        return Point("record", random.randint(1, catalogue.records))
    if kind == "time":
        return Point("time", random.randint(0, int(catalogue.seconds * 10)))
    return Point("after", random.choice((1, 5, 20, 50, 60, 90, 150, 300)))
