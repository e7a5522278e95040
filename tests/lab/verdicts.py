"""From a fault to the right verdict on the screen: faults made one after the other on hosts, and when a real screen that was
open meanwhile had painted what the recorded case of the same name must say."""

from __future__ import annotations

import math
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from novatui.model.cluster import Link
from novatui.model.findings import Verdict
from novatui.present.headline import verdict_word
from tests.bench.pty_screen import PtyScreen
from tests.bench.telling import Painted, Told
from tests.diagnosis import cases
from tests.homes import home_in
from tests.lab.breaking import BREAKS
from tests.lab.lab import HostFailed, Lab

SIZE = (120, 40)
LIMIT_S = 60.0  # after the fault was made
STAYS_S = 10.0
STALE_S, LOST_S = 3.5, 10.0
DEATHS = 20
DEATH_P95_S = 0.5
USUAL = (
    *("member-stopped", "member-hung", "wiped-state-new", "wiped-state-existing", "database-damaged"),
    *("log-damaged", "removed-while-it-ran", "host-off", "cable-out", "two-hosts-off", "two-stopped"),
    *("databases-of-two-damaged", "power-cut", "certificate-of-one-expired", "foreign-ca", "disk-full"),
    *("no-space-alarm", "name-is-wrong", "env-file-gone", "data-not-mounted", "started-by-hand"),
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """Seconds since the fault began to be made: ``made_s`` when it was there, ``verdict_s`` when the verdict's word was
    painted, ``right_s`` when also the recommended action and the findings were. ``wavered``: how often verdict or action
    changed in the ten seconds after that. ``links_s``: when the connection of a master was first painted so."""

    name: str
    verdict: str
    recommend: str
    headline: str
    made_s: float
    verdict_s: float | None
    right_s: float | None
    wavered: int
    links_s: dict[str, float]

    @property
    def wrong(self) -> list[str]:
        late = [
            f"{word} {limit:g} s after the fault at the latest, came after {self.links_s[word]:.1f} s"
            for word, limit in ((Link.STALE, STALE_S), (Link.LOST, LOST_S))
            if self.links_s.get(word, 0.0) > limit
        ]
        return [*([] if self.right_s is not None else ["the right verdict did not come"]), *late]

    def text(self) -> str:
        links = "".join(f", {word} {at_s:.1f}" for word, at_s in self.links_s.items())
        return (
            f"{'FAILED' if self.wrong else 'ok    '} {self.name:27} made {self.made_s:5.1f}  word {_s(self.verdict_s)}  "
            f"right {_s(self.right_s)} s  wavered {self.wavered}  {self.verdict:9} {self.recommend or '-'}{links}"
            + "".join(f"\n         {line}" for line in (self.headline, *self.wrong))
        )


def _s(seconds: float | None) -> str:
    return "    -" if seconds is None else f"{seconds:5.1f}"


def verdicts(lab: Lab, names: Sequence[str]) -> Iterator[Seen | str]:
    """One after the other, each on a cluster as new; a str says why a fault could not be made."""
    for name in names:
        try:
            lab.fresh()
            with watched(lab) as told:
                yield seen(lab, told, name)
        except (AssertionError, HostFailed) as why:
            yield f"{name}: not made: {why}"


def seen(lab: Lab, told: Told, name: str) -> Seen:
    wanted = cases.read(cases.PLACE / f"{name}.case").expect
    assert wanted is not None, name
    began = time.monotonic()
    BREAKS[name](lab)
    made = time.monotonic()
    right = told.first(lambda one: _right(one, wanted), began, LIMIT_S)
    if right:
        time.sleep(max(0.0, right.at_s + STAYS_S - time.monotonic()))
    after = told.since(began)
    word = next((one for one in after if _says(one, wanted.verdict)), None)
    held = [(one.verdict, one.recommend) for one in after if right and one.at_s >= right.at_s]
    last = right or after[-1]
    return Seen(
        name=name,
        verdict=last.verdict,
        recommend=last.recommend,
        headline=last.shown[1].strip(),
        made_s=made - began,
        verdict_s=word.at_s - began if word else None,
        right_s=right.at_s - began if right else None,
        wavered=sum(one != two for one, two in pairwise(held)),
        links_s={
            word: next(one.at_s for one in after if word in one.links.values()) - began
            for word in (Link.STALE, Link.LOST)
            if any(word in one.links.values() for one in after)
        },
    )


def _says(one: Painted, verdict: str) -> bool:
    return one.verdict == verdict and verdict_word(Verdict(verdict)) in one.shown[0]


def _right(one: Painted, wanted: cases.Expected) -> bool:
    """Also on the screen: the word in its first line, the recovery in its second."""
    runbook = wanted.recommend.partition(" ")[0]
    return (
        _says(one, wanted.verdict)
        and one.recommend == wanted.recommend
        and runbook in one.shown[1]
        and set(wanted.findings) <= set(one.findings)
        and all(words in one.why for words in wanted.says)
    )


@contextmanager
def watched(lab: Lab) -> Iterator[Told]:
    """A screen on the lab, in a home of its own, that has looked at everything and calls it healthy."""
    place = Path(tempfile.mkdtemp(prefix="nvv-"))
    try:
        file = place / "told"
        file.touch(mode=0o600)
        argv = lab.beside(sys.executable, "-m", "tests.bench.telling", str(lab.config_path), str(file))
        with PtyScreen(argv, SIZE, {**home_in(place), "LANG": "C.UTF-8"}):
            told = Told(file)
            if not told.first(_calm, 0, LIMIT_S):
                raise AssertionError(f"the screen never showed a healthy cluster: {told.painted[-1:]}")
            yield told
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _calm(one: Painted) -> bool:
    return one.whole and _says(one, Verdict.HEALTHY)


def deaths(lab: Lab, times: int) -> list[float]:
    """Seconds from the SIGKILL of one etcd, another master's each time, to verdict, action and finding on the screen; one
    that never came is infinite."""
    took: list[float] = []
    lab.fresh()
    with watched(lab) as told:
        for number in range(times):
            node = lab.nodes[number % len(lab.nodes)]
            lab.run(
                node, ["systemctl", "reset-failed", "etcd"]
            )  # one that ends again so soon does not stay up
            (pid,) = lab.hosts[node].pids("etcd")
            wanted = cases.Expected(
                verdict=Verdict.DEGRADED, recommend="wait", findings=(f"unit-ended {node}",)
            )
            began = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            right = told.first(lambda one, wanted=wanted: _right(one, wanted), began, 9.0)  # type: ignore[misc]
            took.append(right.at_s - began if right else math.inf)
            print(f"{node}: {took[-1]:.2f} s", flush=True)
            if not told.first(_calm, began + 9.0, LIMIT_S):
                raise AssertionError("it did not come back")
    return took


def death_figures(took: Sequence[float]) -> tuple[str, bool]:
    """In words, and whether it is as quick as promised."""
    ranked = sorted(took)
    p95 = ranked[math.ceil(0.95 * len(ranked)) - 1]
    text = (
        f"process death, {len(ranked)} times: right verdict after p50 {statistics.median(ranked):.2f} s, "
        f"p95 {p95:.2f} s, worst {ranked[-1]:.2f} s (promised: p95 {DEATH_P95_S:g} s)"
    )
    return text, p95 <= DEATH_P95_S
