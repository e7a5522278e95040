"""One iteration, and as many as are wanted."""

from __future__ import annotations

import random
import time
import traceback

from tests.lab.lab import Lab
from tests.lab.person import Person
from tests.lab.renewing import renew
from tests.lab.soak import faults, story
from tests.lab.soak.faults import Fault, Scene
from tests.lab.soak.figures import Figures
from tests.lab.soak.hands import Hands
from tests.lab.soak.points import draw_point
from tests.lab.soak.setting import look_back, runs_of, set_up
from tests.lab.soak.watching import Watch

# How long a fault stays, where that can be said: some are mended before anybody noticed, some outlive a dead heartbeat.
LASTS_S = (0.2, 20.0)
LATEST_S = 0.5


class Iteration:
    """Everything that one seed decides, drawn before anything is done: what time does to it afterwards changes no draw."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self.lab, self.seed = lab, seed
        rng = random.Random(seed)
        self.story = story.draw(lab, rng)
        self.fault: Fault = faults.draw(rng)
        self._hit = tuple(rng.sample(lab.nodes, len(lab.nodes)))
        self._lasts_s = rng.uniform(*LASTS_S)
        # At the point itself, or while what comes next goes on.
        late_s = rng.choice([0.0, 0.0, rng.uniform(0, LATEST_S)])
        self._late_s = 0.0 if self.fault.needs_run else late_s
        self._points, self._afterwards = random.Random(rng.random()), random.Random(rng.random())
        self._twice = rng.random() < 0.3
        self._people: list[Person] = []
        self.told: list[str] = []

    def play(self, figures: Figures) -> list[str]:
        """What does not hold, in words."""
        try:
            wrong = self._play(figures)
        except Exception as failed:  # whatever it is, the others go on
            wrong = traceback.format_exception(failed)
        figures.iterations += 1
        figures.runs[self.story.runbook] += 1
        figures.survived[self.story.runbook] += not wrong
        if wrong:
            return [*wrong, *(f"its runs are kept: {path}" for path in runs_of(self._people))]
        self.close()
        return []

    def close(self) -> None:
        """The homes of its people are gone."""
        for person in self._people:
            person.close()

    def _play(self, figures: Figures) -> list[str]:
        lab = self.lab
        was = set_up(lab, self.story, self.seed)
        person = Person(lab, self.story.user)
        self._people.append(person)
        with Watch(lab) as watch:
            plan = person.plan(self.story.request)
            points = draw_point(plan.steps, plan.nodes, self._points)
            run = person.begin(plan, self.story.answer, points)
            scene = Scene(lab, run, self.story, self._hit, self._people)
            self._disturb(scene, figures)
            ended = Hands(scene, self._afterwards, self._twice, self.told, figures.faults).finish()
            figures.ends[ended] += 1
            found = look_back(lab, self.story, was, self._people, watch, ended)
        figures.add(found)
        self.told.append(found.aside())
        if self.story.runbook == "restart-member" and self.fault.spares_etcd:
            figures.leaderless_s = max(figures.leaderless_s, found.leaderless_s)
        return found.wrong

    def _disturb(self, scene: Scene, figures: Figures) -> None:
        """Returns when what was done to the hosts is over."""
        run = scene.run
        reached = run.until_stopped()
        if reached is None:
            self.told.append("it ended before its point")
            return
        late = f" + {self._late_s:.1f} s" if self._late_s else ""
        self.told.append(f"{self.fault.kind} at {reached.point}{late}")
        if self._late_s:
            run.let_go()
            time.sleep(self._late_s)
            if not run.place.alive():
                self.told.append("too late: it was at its end")
                return
        figures.faults[self.fault.kind] += 1
        mend = self.fault.strike(scene)
        run.let_go()
        over = time.monotonic() + self._lasts_s
        while time.monotonic() < over and scene.run.place.alive():
            time.sleep(0.1)
        mend()


def soak(lab: Lab, iterations: int, seed: int) -> Figures:
    """Iteration n is that of seed + n: each can be played alone. Tells each as it ends; Ctrl-C ends it with what there is."""
    figures = Figures()
    for number in range(iterations):
        began = time.monotonic()
        one = Iteration(lab, seed + number)
        try:
            if number:
                renew(lab)
            wrong = one.play(figures)
        except KeyboardInterrupt:
            one.close()
            break
        figures.took_s.append(time.monotonic() - began)
        word = "FAILED" if wrong else "ok    "
        took = f"{figures.took_s[-1]:.0f} s"
        print(f"{word} seed {one.seed}, {took}: {one.story}; {', '.join(one.told)}", flush=True)
        if wrong:
            figures.failed[one.seed] = wrong
            alone = f"python -m tests.lab soak --iterations 1 --seed {one.seed} --image {lab.image}"
            print(*(f"       {line}" for line in [*wrong, f"alone: {alone}"]), sep="\n", flush=True)
    return figures
