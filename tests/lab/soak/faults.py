"""What happens to a run that stands at a point, or has just gone on from it. Each fault is undone by what it returns."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from novatui.model import records as rec
from novatui.runner import journal
from tests.lab.lab import Lab
from tests.lab.person import Driven, Person
from tests.lab.soak.story import Story

Mend = Callable[[], object]
# Exit code of a command that finds the masters held by another run or runner.
HELD = 4
TAKEN_OVER_S = 90.0


@dataclass
class Scene:
    """``run`` is the run in the hands of whoever has it now; ``nodes``: the masters that are hit, in an order of its own."""

    lab: Lab
    run: Driven
    story: Story
    nodes: tuple[str, ...]
    people: list[Person]

    def another(self) -> Person:
        """On a machine that knows nothing of the run."""
        self.people.append(Person(self.lab, self.story.user))
        return self.people[-1]

    def taken_over(self) -> Driven:
        """Another operator takes the run from a master, as soon as the heartbeat of its runner is not heard any more."""
        person, node = self.another(), self.nodes[0]
        words = ("resume", self.run.run, "--from", node, "--yes", self.story.answer)
        deadline = time.monotonic() + TAKEN_OVER_S
        while (done := person.novatui(*words)).returncode == HELD:
            assert time.monotonic() < deadline, done.stdout + done.stderr
            time.sleep(1)
        old, self.run = self.run, person.driven(self.run.run, self.story.answer)
        assert self.run.place.path.exists(), f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        return old


@dataclass(frozen=True)
class Fault:
    """``strike`` does it and returns how it is mended. ``weight``: how often; ``spares_etcd``: etcd itself goes on;
    ``needs_run``: it is about a run that lives, and happens while that stands still."""

    kind: str
    strike: Callable[[Scene], Mend]
    weight: int
    spares_etcd: bool = True
    needs_run: bool = False


def _nothing() -> None:
    return None


def _signal(run: Driven, number: signal.Signals) -> bool:
    pid = run.pid()
    if pid is not None:
        os.kill(pid, number)
    return pid is not None


def kill(scene: Scene) -> Mend:
    _signal(scene.run, signal.SIGKILL)
    return _nothing


def kill_and_tear(scene: Scene) -> Mend:
    """The journal's last line is half written."""
    _signal(scene.run, signal.SIGKILL)
    scene.run.until_gone(20)
    path = scene.run.place.journal
    written = path.read_bytes()
    last = written.rstrip(b"\n").rfind(b"\n") + 1
    if last:
        os.truncate(path, last + (len(written) - last) // 2)
    return _nothing


def freeze(scene: Scene) -> Mend:
    """SIGSTOP: longer than its heartbeat is believed, or shorter."""
    _signal(scene.run, signal.SIGSTOP)
    return lambda: _signal(scene.run, signal.SIGCONT)


def stop_and_adopt(scene: Scene) -> Mend:
    """It sleeps, another machine goes on with its run; when it wakes up it acts no more. Before the gate it only sleeps."""
    if not scene.run.state.committed:
        return freeze(scene)
    _signal(scene.run, signal.SIGSTOP)
    old = scene.taken_over()
    slept = old.state.last_seq
    _signal(old, signal.SIGCONT)
    old.let_go()
    found = old.until_gone()
    acted = [
        one
        for one in journal.read(old.place.journal)
        # An act that was under way when it fell asleep may have ended well: its answer is only read late.
        if isinstance(one, rec.Done) and one.intent > slept and one.status != "fenced"
    ]
    # One that had only to look finds the run verified.
    assert not acted and found.result in ("fenced", "verified"), f"{found.result}: {found.detail}; {acted}"
    return _nothing


def machine_lost(scene: Scene) -> Mend:
    """The operator's machine is gone with all it knew; another goes on from a master. Before the gate: its runner only."""
    kill(scene)
    scene.run.until_gone(20)
    if scene.run.state.committed:
        scene.taken_over()
    return _nothing


def abort(scene: Scene) -> Mend:
    """A person changes their mind. It is told at the next safe point: the run goes on until there."""
    _signal(scene.run, signal.SIGTERM)
    return _nothing


def power_of_one(scene: Scene) -> Mend:
    return _power(scene, 1)


def power_of_two(scene: Scene) -> Mend:
    return _power(scene, 2)


def power_of_all_and_runner(scene: Scene) -> Mend:
    kill(scene)
    return _power(scene, len(scene.nodes))


def _power(scene: Scene, masters: int) -> Mend:
    hit = scene.nodes[:masters]
    scene.lab.power_off(*hit)
    return lambda: scene.lab.power_on(*hit)


def cut_one(scene: Scene) -> Mend:
    scene.lab.cut(scene.nodes[0])
    return lambda: scene.lab.uncut(scene.nodes[0])


def cut_all(scene: Scene) -> Mend:
    scene.lab.cut(*scene.nodes)
    return lambda: scene.lab.uncut(*scene.nodes)


def reset_links(scene: Scene) -> Mend:
    """Every SSH connection of some masters breaks at once; what ran over them runs on."""
    for node in scene.nodes[:2]:
        scene.lab.break_sessions(node)
    return _nothing


def kill_etcd(scene: Scene) -> Mend:
    """systemd starts it again after RestartSec, if it may."""
    scene.lab.ask(scene.nodes[0], ["systemctl", "kill", "-s", "KILL", "etcd"])
    return _nothing


def hang_etcd(scene: Scene) -> Mend:
    node = scene.nodes[0]
    scene.lab.ask(node, ["pkill", "-STOP", "-x", "etcd"])
    return lambda: scene.lab.ask(node, ["pkill", "-CONT", "-x", "etcd"])


def fill_disk(scene: Scene) -> Mend:
    scene.lab.fill_disk(scene.nodes[0])
    return lambda: scene.lab.free_disk(scene.nodes[0])


def start_by_hand(scene: Scene) -> Mend:
    """Somebody at the masters does not know of the run."""
    for node in scene.nodes:
        scene.lab.ask(node, "systemctl start --no-block etcd; systemctl reset-failed etcd")
    return _nothing


def second_operator(scene: Scene) -> Mend:
    """Asks for the same recovery from another machine, while it is held: is told so, and changes nothing."""
    asked = scene.story.request
    words = ["run", asked.runbook, *(("--node", asked.node) if asked.node else ())]
    words += ["--snapshot", asked.snapshot] if asked.snapshot else []
    for guard in asked.overrule:
        words += ["--overrule", guard]
    done = scene.another().novatui(*words, "--yes", scene.story.answer)
    said = done.stdout + done.stderr
    assert done.returncode in (2, 4), f"a second operator: exit {done.returncode}\n{said}"
    assert done.returncode == 2 or scene.run.run in said, said
    return _nothing


FAULTS = (
    Fault("runner killed", kill, 4),
    Fault("runner killed, journal torn", kill_and_tear, 2),
    Fault("runner stopped for a while", freeze, 2),
    Fault("runner stopped, run adopted", stop_and_adopt, 2, needs_run=True),
    Fault("machine lost", machine_lost, 1, needs_run=True),
    Fault("abort", abort, 2),
    Fault("power of one", power_of_one, 3, spares_etcd=False),
    Fault("power of two", power_of_two, 2, spares_etcd=False),
    Fault("power of all, runner killed", power_of_all_and_runner, 2, spares_etcd=False),
    Fault("cable of one", cut_one, 3, spares_etcd=False),
    Fault("cables of all", cut_all, 2, spares_etcd=False),
    Fault("links reset", reset_links, 3),
    Fault("etcd killed", kill_etcd, 2, spares_etcd=False),
    Fault("etcd hung", hang_etcd, 1, spares_etcd=False),
    Fault("disk full", fill_disk, 3, spares_etcd=False),
    Fault("started by hand", start_by_hand, 2),
    Fault("second operator", second_operator, 2, needs_run=True),
)


def draw(rng: random.Random) -> Fault:
    return rng.choices(FAULTS, [one.weight for one in FAULTS])[0]
