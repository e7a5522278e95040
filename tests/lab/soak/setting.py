"""The scene of an iteration: keys of its own in the cluster, then what the story breaks; and the end of it."""

from __future__ import annotations

from pathlib import Path

from novatui.demo.gateway import Gateway
from tests.lab import cluster
from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.soak import checks, story
from tests.lab.soak.checks import Found, Was
from tests.lab.soak.stops import slowest_stop_s
from tests.lab.soak.story import Story
from tests.lab.soak.watching import Watch

# A member that serves fewer keys than this is blank; the archive holds some 330.
BLANK = 300
ANSWERS_LEAST = 10


def set_up(lab: Lab, told: Story, seed: int) -> Was:
    """A healthy cluster gets keys that nobody had before, and is broken; what was there before."""
    archive = checks.keys(lab, lab.nodes[0], lab.snapshot.revision)
    known = _written(lab, seed)
    members = frozenset(cluster.members(lab.hosts[lab.nodes[0]]))
    told.break_it(lab)
    story.settled(lab, told)
    return checks.was(lab, known, archive, members)


def look_back(lab: Lab, told: Story, was: Was, people: list[Person], watch: Watch, ended: str) -> Found:
    """What holds and what does not, once it is over."""
    found = checks.check(lab, told, was, runs_of(people), ended)
    found.leaderless_s, found.slowest_stop_s = watch.leaderless_s, slowest_stop_s(lab)
    found.refused = [why for person in people for why in person.refusals]
    if watch.answers < ANSWERS_LEAST:
        found.wrong.append(f"the watch had {watch.answers} answers: it hardly looked")
    if watch.fewest is not None and watch.fewest[0] < BLANK:
        found.blank = 1
        found.wrong.append(f"{watch.fewest[1]} served {watch.fewest[0]} keys")
    return found


def runs_of(people: list[Person]) -> list[Path]:
    """Directories of all their runs."""
    return [path for person in people for path in person.runs()]


def _written(lab: Lab, seed: int) -> dict[str, str]:
    """All that the cluster has then."""
    pairs = {f"/soak/{number}": f"{seed} {number}" for number in range(20)}
    pairs[checks.LAST] = f"last of iteration {seed}"
    with lab.inside():
        Gateway(lab.files[lab.nodes[0]]).put(pairs)
    cluster.wait_healthy(list(lab.hosts.values()))
    return checks.keys(lab, lab.nodes[0])
