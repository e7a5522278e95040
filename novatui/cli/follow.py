"""A run told in calm plain lines with times, live or from its journal; shared by run, attach, resume, undo, abort, report."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from collections.abc import Coroutine, Iterator
from datetime import datetime
from typing import Any

from novatui.cli.follow_needs import Answering
from novatui.cli.people import People
from novatui.errors import Refused, UsageError
from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.model.run import CLEANUP, RunState, apply
from novatui.model.sanitize import clean
from novatui.present import record_words
from novatui.present.i18n import _, translated
from novatui.present.run import confirm_word
from novatui.present.run_log import outcome_words
from novatui.runner import client, places
from novatui.runner.client import Follower, Met, Need


def chosen(run: str, cluster: str | None) -> str:
    """The named run, or the newest: the one under way before all others. With ``--cluster`` of that cluster alone. Raises Refused
    where none is named and one cannot be read: it may be the one that is meant."""
    if run:
        place = places.find(run)
        of = place.plan().cluster
        if cluster and of != cluster:
            raise UsageError(f"run {place.run} is of cluster {of}, not of {cluster}")
        return place.run
    unread = list[str]()
    runs = client.runs(lambda run, why: unread.append(f"{run}: {why}"))
    if unread:
        raise Refused(
            "Which run is meant is not known: not every run can be read",
            "\n".join(unread),
            "name the one that is meant; novatui runs lists them",
        )
    found = [one for one in runs if not cluster or one.cluster == cluster]
    if not found:
        raise UsageError(
            f"There are no runs of cluster {cluster} here" if cluster else "There are no runs here yet"
        )
    return next((one for one in found if one.alive), found[0]).run


def confirmed(run: str, yes: str) -> None:
    """``--yes`` must name what confirmed the run. Raises Refused."""
    from pathlib import Path

    from novatui import config
    from novatui.cli import asking

    place = places.find(run)
    launch = place.launch()
    asking.confirmed(config.load(Path(launch.config)).pick(launch.cluster), place.plan(), yes)


def seen(run: str) -> int:
    """The last record there is now: following may begin after it."""
    return client.load(run)[1].last_seq


def left(run: str) -> str:
    """What somebody who leaves should know."""
    return _(
        "The run goes on without you.\n  follow it:  novatui attach {run}\n  stop it:    novatui abort {run}"
    ).format(run=run)


def begun(run: str, beginning: Coroutine[Any, Any, str]) -> bool:
    """Wait for ``beginning`` (of ``runner.client``) to start a runner of ``run``. False: Ctrl-C, and it is said what became of the
    runner, which does not end by that."""
    try:
        asyncio.run(beginning)
    except KeyboardInterrupt:
        place = next((place for place in places.every() if place.run == run), None)
        if place is None:
            raise  # nothing was begun
        if not place.alive():
            words = _("Whether a runner of run {run} began is not known: novatui runs")
            print(f"\n{words.format(run=run)}", flush=True)
        else:
            print(f"\n{left(run)}", flush=True)
        return False
    return True


def follow(run: str, people: People, *, after: int = 0) -> int:
    """Tell a run until its runner ends; the exit code of the run. What it needs to get in is asked of ``people``.
    Ctrl-C leaves it running."""
    try:
        return asyncio.run(_follow(run, people, after))
    except KeyboardInterrupt:
        print(f"\n{left(run)}", flush=True)
        return 130


async def _follow(run: str, people: People, after: int) -> int:
    async with Follower.open(run) as one:
        telling = Telling(one.plan)
        for record in one.records:
            _print(telling.lines(record), record.seq > after)
        answering = Answering(run, one, people, _say_now)
        for need in tuple(one.needs.values()):
            answering.begin(need)
        try:
            async for event in one.events():
                match event:
                    case rec.Record():
                        _print(telling.lines(event), event.seq > after)
                    case Need():
                        answering.begin(event)
                    case Met():
                        answering.met(event)
        finally:
            await answering.close()
        state, plan = one.state, one.plan
    return _ending(plan, state)


def _say_now(words: str) -> None:
    print(f"{stamp(time.time_ns() // 1_000_000)}{words}", flush=True)


def _ending(plan: Plan, state: RunState) -> int:
    if not state.ended:
        print(
            "novatui: "
            + _(
                "the runner of {run} is gone and has not finished\n"
                "  go on:      novatui resume {run} --yes {word}\n  take back:  novatui undo {run} --yes {word}"
            ).format(run=plan.run, word=shlex.quote(confirm_word(plan))),
            file=sys.stderr,
        )
        return 1
    if state.result in ("failed", "aborted") and state.committed:
        place = places.find(plan.run)
        text = place.path / ("UNDO.txt" if state.undoing else "FINISH.txt")
        if text.exists():
            head = _("By hand, if no novatui can ({path}, and on each master):").format(path=text)
            print(f"\n{head}\n\n{text.read_text()}")
    return state.exit_code if state.exit_code is not None else 1


def _print(lines: Iterator[str], wanted: bool) -> None:
    for line in lines:  # always drawn: the telling keeps its own state
        if wanted:
            print(line, flush=True)


def stamp(ms: int, *, date: bool = False) -> str:
    """Local time."""
    return (
        datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")
    )


class Telling:
    """Records in, lines out. ``dated``: each with its date and how far the local time is from UTC."""

    def __init__(self, plan: Plan, *, dated: bool = False) -> None:
        self._dated = dated
        self._titles = {step.id: translated(step.title) for step in (*plan.steps, *plan.undo)}
        self._barriers = {step.id: translated(step.barrier) for step in (*plan.steps, *plan.undo)}
        self._state = RunState()
        self._said = ""
        self._width = max((len(node) for node in plan.nodes), default=0)

    def lines(self, record: rec.Record) -> Iterator[str]:
        before = self._state
        self._state = apply(before, record)
        at = stamp(record.at)
        if self._dated:
            at = datetime.fromtimestamp(record.at / 1000).astimezone().isoformat(" ", "seconds")
        match record:
            case rec.RunStarted():
                words = _("run {run}: {runbook} on {cluster}, by {who}").format(
                    run=record.run,
                    runbook=record.runbook,
                    cluster=record.cluster,
                    who=clean(record.operator),
                )
                yield f"{at}  {words}"
            case rec.Lease(state="adopted" | "lost"):
                words = _("lease: {state}, epoch {epoch}").format(
                    state=record_words.lease(record.state), epoch=record.epoch
                )
                yield f"{at}    {record.node:<{self._width}}  {words}"
            case rec.Intent():
                yield from self._step(record.step, at, back=record.effect == CLEANUP)
                command = self._state.at(record.step, record.node).command
                yield f"{at}    {record.node:<{self._width}}  $ {command}"
            case rec.Done(status="ok"):
                pass
            case rec.Done():
                yield from self._not_ok(record, before, at)
            case rec.Verified():
                yield from self._step(record.step, at)
                word = "✔" if record.ok else "✖"
                yield f"{at}    {record.node:<{self._width}}  {word} {clean(translated(record.detail))}".rstrip()
            case rec.Judged():
                yield from self._judged(record, at)
            case _:
                yield from self._of_people(record, at)

    def _step(self, step: str, at: str, *, back: bool = False) -> Iterator[str]:
        title = self._titles.get(step, step)
        words = _("take back: {step}").format(step=title) if back else title
        if words != self._said:
            self._said = words
            yield f"{at}  {words}"

    def _not_ok(self, record: rec.Done, before: RunState, at: str) -> Iterator[str]:
        step, node = before.open_intents.get(record.intent, ("", ""))
        words = " ".join(filter(None, (outcome_words(record), clean(translated(record.error)))))
        yield f"{at}    {node:<{self._width}}  ▲ {words}"
        for line in self._state.at(step, node).output[-5:]:
            yield f"{at}    {node:<{self._width}}    {line}"

    def _judged(self, record: rec.Judged, at: str) -> Iterator[str]:
        yield from self._step(record.step, at)
        for finding in record.findings:
            how = record_words.severity(str(finding.get("severity", "")))
            yield f"{at}    {how}: {clean(translated(str(finding.get('title', ''))))}"
        if record.ok and (barrier := self._barriers.get(record.step)):
            yield f"{at}    ═ {barrier}"

    def _of_people(self, record: rec.Record, at: str) -> Iterator[str]:
        match record:
            case rec.GateOpened():
                yield f"{at}  ◆ {_('gate')}"
                for label, text in record.rows:
                    yield f"{at}      {translated(clean(label))}: {translated(clean(text))}"
            case rec.GateAnswered():
                words = _("answered by {who}; nobody is asked from here on").format(who=clean(record.by))
                yield f"{at}  ◆ {words}"
            case rec.Overruled():
                words = _("guard {guard} overruled by {who}")
                yield f"{at}  ▲ {words.format(guard=clean(record.guard), who=clean(record.by))}"
            case rec.Requested():
                what = record_words.request(record.what)
                yield f"{at}  {_('{what}, asked by {who}').format(what=what, who=clean(record.by))}"
            case rec.Paused():
                step = self._titles.get(record.step, record.step)
                yield f"{at}  ‖ {_('paused after: {step}').format(step=step)}"
            case rec.Brought():
                words = _("from here on another machine: so far as {node} kept it").format(node=record.node)
                yield f"{at}  {words}"
            case rec.Resumed():
                yield f"{at}  {_('a new runner has the journal')}"
            case rec.RunEnded():
                yield f"{at}  {record_words.result(record.result)}"
                for line in translated(record.detail).splitlines():
                    yield f"{at}    {clean(line)}"
