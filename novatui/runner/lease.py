"""The fenced lease of one run on every participant: taken, renewed after an unknown outcome, given back.

On a master it is ``<work_dir>/active/``; ``owner`` in it names run and epoch. Every changing command passes ``fence.sh``,
which lets it through only while the owner is this run at this epoch. Raising the epoch waits for an orphaned act to
end and shuts out whatever was sent before it and arrives late.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable

import msgspec

from novatui.model.records import Lease
from novatui.model.sanitize import clean
from novatui.remote.command import FENCED_EXIT, Command, Fence, Outcome, Status
from novatui.runner.work import Fenced, Stop, Work

OTHER_EXIT = 76  # lease.sh: another run has the master; its holder is on stdout
ALIVE_EXIT = 77  # lease.sh: the same run, and its heartbeat is not silent
BUSY_EXIT = 78  # lease.sh: an act is still running
TAKEN_EXIT = 80  # lease.sh: another runner took this run over, while we waited for an act to end
_LEASE_S = 10.0  # of one lease command, beside its waiting
_ELSEWHERE = "it was ended from another machine, or by hand: look at the cluster before anything else"


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """``active/holder``: who took this master, for a person to read."""

    run: str
    operator: str
    host: str
    since: int  # UTC ms


def operator() -> str:
    """Who acts, for the journal, the leases and who breaks one: user@host."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


class Leases:
    """The leases of one run. ``taken`` is told each node and epoch we come to hold (the heartbeat starts there).

    ``mine``: masters that this very process took. What the journal says is held may be another process's by now.
    """

    def __init__(self, work: Work, taken: Callable[[str, int], None] = lambda node, epoch: None) -> None:
        self._work = work
        self._taken = taken
        self.mine: list[str] = []
        self._unsure: set[str] = set()  # asked for the lease, the answer was lost

    def fence(self, node: str) -> Fence:
        """What a changing command on ``node`` must pass."""
        if node not in self.mine:
            raise ValueError(f"no lease on {node}")
        return Fence(
            work_dir=self._work.cluster.node(node).etcd.work_dir,
            run=self._work.plan.run,
            epoch=self._work.state.epochs[node],
            wait_s=self._work.pace.fence_s,
        )

    async def take_all(self) -> None:
        """Acquire every participant, or adopt it when it is this run's already. In the plan's order, so that of two
        operators one wins. When one cannot be had, Stop is raised; giving the others back is the engine's, after it has
        taken back what was staged there."""
        for node in self._work.plan.nodes:
            await self._take(node)

    async def renew(self, node: str, orphan_s: float) -> str:
        """After an unknown outcome: wait for the act to end, then raise the epoch so that nothing sent before can act.

        Empty when done, else in words why not. ``orphan_s``: how long the act may still be running.
        """
        work = self._work
        owner = f"{work.plan.run}:{work.state.epochs[node]}"
        busy_until = work.now_s() + orphan_s + work.pace.orphan_s
        silent_until = work.now_s() + work.reach_s()
        while True:
            words = (owner, work.runner_id, str(work.pace.orphan_s))
            outcome = await self._run(node, "renew", *words, wait_s=work.pace.orphan_s)
            if outcome.ok:
                self._hold(node, outcome, "adopted")
                return ""
            if outcome.exit == FENCED_EXIT:
                raise Fenced(node, said(outcome))
            if outcome.exit == BUSY_EXIT:
                if work.now_s() >= busy_until:
                    return "the command before it is still running"
                silent_until = work.now_s() + work.reach_s()
            elif outcome.status is Status.FAILED:
                return f"the lease could not be renewed: {said(outcome)}"
            elif work.now_s() >= silent_until:
                return f"not reachable: {said(outcome)}"
            await work.wait(work.pace.poll_most_s)

    async def release_all(self) -> list[str]:
        """Give all back; in words, what could not be."""
        left = [await self.release(node) for node in list(self.mine)]
        return [words for words in left if words]

    async def release(self, node: str) -> str:
        """Empty when the master is free of us."""
        work = self._work
        epoch = work.state.epochs[node]
        # Written first: a runner killed between the act and its record would else insist on a lease that is gone.
        work.write(Lease(node=node, epoch=epoch, state="releasing"))
        self.mine.remove(node)
        outcome = await self._run(
            node, "release", f"{work.plan.run}:{epoch}", str(work.pace.orphan_s), wait_s=work.pace.orphan_s
        )
        if outcome.ok:
            work.write(Lease(node=node, epoch=epoch, state="released"))
            return ""
        if outcome.exit == FENCED_EXIT:
            work.write(Lease(node=node, epoch=epoch, state="lost"))
        return f"{node}: the lease could not be given back: {said(outcome)}"

    async def _take(self, node: str) -> None:
        work = self._work
        least = work.state.epochs.get(node, 0) + 1
        if node in work.state.held:
            await self._ask(node, "adopt", least)
            return
        # Written first: an answer that is lost, or an act that arrives late, would leave a lease nobody knows of.
        work.write(Lease(node=node, epoch=least, state="asked"))
        try:
            await self._ask(node, "acquire", least)
        except Stop:
            if node not in self._unsure:
                work.write(Lease(node=node, epoch=least, state="lost"))
            raise

    async def _ask(self, node: str, verb: str, least: int) -> None:
        work = self._work
        deadline = work.now_s() + max(work.reach_s(), work.pace.alive_s)
        wait = work.pace.orphan_s
        holder = Holder(
            run=work.plan.run, operator=work.operator, host=socket.gethostname(), since=work.clock.now_ms()
        )
        text = msgspec.json.encode(holder).decode()
        while True:
            words = (work.plan.run, work.runner_id, str(least), str(wait), text)
            outcome = await self._run(node, verb, *words, wait_s=wait)
            if outcome.ok:
                self._hold(node, outcome, "adopted" if field(outcome, "taken") == "adopted" else "acquired")
                return
            if outcome.status is not Status.FAILED:
                self._unsure.add(node)
            if outcome.exit == OTHER_EXIT:
                self._unsure.discard(node)
                raise _held(node, outcome)
            if outcome.exit == FENCED_EXIT:
                raise Stop("failed", f"{node} does not know this run any more", said(outcome), _ELSEWHERE)
            over = work.now_s() >= deadline
            taken = outcome.exit == TAKEN_EXIT
            if taken or (outcome.exit == ALIVE_EXIT and over):
                why = "it took the run over a moment ago" if taken else "its heartbeat is not silent"
                raise Stop(
                    "refused",
                    "A runner of this run is alive somewhere else",
                    f"{node}: {why}",
                    "attach to it where it runs"
                    if not taken
                    else "attach to it where it runs, or resume again in a minute",
                    exit_code=4,
                )
            if (outcome.status is Status.FAILED and outcome.exit not in (ALIVE_EXIT, BUSY_EXIT)) or over:
                raise Stop("failed", f"{node} could not be taken for this run", said(outcome))
            await work.wait(work.pace.poll_most_s)

    def _hold(self, node: str, outcome: Outcome, state: str) -> None:
        epoch = int(field(outcome, "epoch"))
        self._work.boots[node] = clean(field(outcome, "boot"))
        if node not in self.mine:
            self.mine.append(node)
        self._work.write(Lease(node=node, epoch=epoch, state=state))
        self._taken(node, epoch)

    async def _run(self, node: str, verb: str, *words: str, wait_s: float = 0.0) -> Outcome:
        work_dir = self._work.cluster.node(node).etcd.work_dir
        command = Command(script="lease", argv=(verb, work_dir, *words), timeout_s=_LEASE_S + wait_s)
        return await self._work.transport.run(node, command)


def field(outcome: Outcome, name: str) -> str:
    """A line ``name value`` of lease.sh."""
    for line in outcome.text().splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return value
    return ""


def said(outcome: Outcome) -> str:
    """In words, why a lease command did not succeed."""
    words = outcome.error or outcome.stderr.decode("utf-8", "replace").strip() or outcome.text().strip()
    return clean(words or f"exit {outcome.exit}")


def _held(node: str, outcome: Outcome) -> Stop:
    raw = field(outcome, "holder")
    try:
        holder = msgspec.json.decode(raw, type=Holder)
        who = f"run {clean(holder.run)} of {clean(holder.operator)} on {clean(holder.host)}"
    except msgspec.MsgspecError:
        who = f"another run ({clean(field(outcome, 'owner'))})"
    lives = "its runner is alive" if field(outcome, "alive") == "yes" else "its runner is silent"
    return Stop(
        "refused",
        f"{node} is held by {who}",
        f"since {clean(field(outcome, 'since')) or 'an unknown time'}; {lives}",
        "it ends by being verified, undone or abandoned by its own operator; novatui locks says what can be done from here",
        exit_code=4,
    )
