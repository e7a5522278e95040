"""The fleet: masters, their etcds seen together, and the ``Transport`` through which a runner reaches them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from random import Random

import msgspec

from novatui.config import ClusterConfig
from novatui.errors import Unreachable
from novatui.remote.command import Command, Fence, Outcome, Status, classify
from novatui.remote.transport import OnOutput
from tests.sim import etcd, roster, scripts
from tests.sim.check import Checks
from tests.sim.loop import Killed, Process, SimLoop
from tests.sim.master import Call, Master
from tests.sim.process import Running, Script

CONNECT_S = 8.0  # until a black hole is given up
KEEPALIVE_S = 9.0  # until a connection that went silent is given up
OVER_S = 15.0  # beyond a command's own limit

Models = Mapping[str, Callable[[Running], Script]]


class Fleet:
    """``models`` are the scripts by name; a mutant brings its own. ``at_point`` is called at each sub-step of a command."""

    def __init__(
        self, loop: SimLoop, cluster: ClusterConfig, seed: int, models: Models = scripts.MODELS
    ) -> None:
        self.loop = loop
        self.cluster = cluster
        self.random = Random(seed)
        self.models = models
        self.masters = {node.name: Master(self, node) for node in cluster.nodes}
        self.rosters: dict[str, roster.Roster] = {}  # of clusters whose member list was changed
        self.checks = Checks(self)
        self.at_point: Callable[[Running], None] = lambda running: None
        self.electing_until = 0.0  # till then no member leads, however many run

    def scripts(self, running: Running) -> Script:
        return scripts.behind_fence(running, self.models)

    def reached(self, running: Running) -> None:
        self.at_point(running)

    # etcd, as the members together make it

    def members_up(self, cluster_id: str) -> list[Master]:
        return [
            master
            for master in self.masters.values()
            if master.unit.daemon is not None
            and master.unit.daemon.up
            and not master.unit.daemon.hung
            and master.unit.daemon.data.cluster == cluster_id
            and (
                cluster_id not in self.rosters
                or master.unit.daemon.data.member in self.rosters[cluster_id].members
            )
        ]

    def has_quorum(self, master: Master) -> bool:
        daemon = master.unit.daemon
        return (
            daemon is not None
            and daemon.up
            and not daemon.hung
            and self.loop.time() >= self.electing_until
            and len(self.members_up(daemon.data.cluster)) >= daemon.quorum_of
        )

    def leader(self, cluster_id: str) -> str:
        """The member ID that leads, or empty."""
        up = self.members_up(cluster_id)
        daemon = up[0].unit.daemon if up else None
        return daemon.data.member if daemon is not None and self.has_quorum(up[0]) else ""

    def member_up(self, master: Master) -> None:
        """A member joined its peers: with quorum an election is held, and those that wait become ready."""
        daemon = master.unit.daemon
        assert daemon is not None
        roster.tell(self, daemon.data.cluster)
        if master.unit.daemon is not daemon:
            return  # it was removed
        up = self.members_up(daemon.data.cluster)
        self.checks.together(up, daemon.quorum_of)
        if len(up) < daemon.quorum_of:
            return
        self._catch_up(up)
        for one in up:
            waiting = one.unit.daemon
            if waiting is not None and not waiting.ready:
                one.later(self.random.uniform(0.05, 0.6), _ready(self, one))

    def _catch_up(self, up: list[Master]) -> None:
        """A member that was away gets what was written meanwhile."""
        for one in up:
            daemon = one.unit.daemon
            assert daemon is not None and daemon.db is not None
            same = [
                two.unit.daemon.data.revision
                for two in up
                if two.unit.daemon and two.unit.daemon.data.raft == daemon.data.raft
            ]
            if daemon.data.revision < max(same):
                daemon.data = msgspec.structs.replace(daemon.data, revision=max(same))
                daemon.db.content = etcd.encode(daemon.data)

    def bootstrapped(self, env: Mapping[str, str]) -> bool:
        """A peer that serves says that this member is not new."""
        return any(
            self.has_quorum(one) and one.unit.daemon is not None and one.unit.daemon.data.raft != "blank"
            for one in self.masters.values()
        )


def _ready(fleet: Fleet, master: Master) -> Callable[[], None]:
    def then() -> None:
        if master.unit.daemon is not None and fleet.has_quorum(master):
            master.unit.settled()

    return then


class SimTransport:
    """The way of one runner process. ``fresh`` counts its first answer of a node as a new connection."""

    def __init__(self, fleet: Fleet, process: Process, runner: Callable[[], str]) -> None:
        self._fleet = fleet
        self._process = process
        self._runner = runner
        self.before_act: Callable[[str, Command, Fence], None] = lambda node, command, fence: None

    async def run(
        self,
        node: str,
        command: Command,
        *,
        fence: Fence | None = None,
        on_output: OnOutput | None = None,
    ) -> Outcome:
        outcome, _ = await self._call(node, command, fence, command.stdin)
        if on_output is not None and outcome.stdout:
            on_output(outcome.stdout)
        return outcome

    async def relay(
        self,
        source: tuple[str, Command],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        sent, _ = await self._call(*source, None, b"")
        if not sent.ok:
            return sent
        if on_progress is not None:
            on_progress(len(sent.stdout))
        outcome, _ = await self._call(*target, fence, sent.stdout, whole=False)
        return outcome

    async def feed(
        self,
        pieces: Iterator[bytes],
        target: tuple[str, Command],
        *,
        fence: Fence,
        on_progress: Callable[[int], None] | None = None,
    ) -> Outcome:
        outcome, _ = await self._call(*target, fence, b"".join(pieces), whole=False)
        return outcome

    async def _call(
        self, node: str, command: Command, fence: Fence | None, stdin: bytes, *, whole: bool = True
    ) -> tuple[Outcome, Running | None]:
        fleet, process = self._fleet, self._process
        if process.dead:
            raise Killed
        master = fleet.masters[node]
        if command.changes:
            assert fence is not None, command.shown_line()
            self.before_act(node, command, fence)
        began = fleet.loop.time()
        if why := await self._connect(master):
            return Outcome(status=Status.UNKNOWN, error=why), None
        answer: asyncio.Future[Outcome] = fleet.loop.create_future()

        def settle(outcome: Outcome) -> None:
            if call in master.link.calls:
                master.link.calls.remove(call)
            if not answer.done():
                answer.set_result(outcome)

        def broken(why: str) -> None:
            settle(Outcome(status=Status.UNKNOWN, error=why))

        def ended(running: Running) -> None:
            exit_status = running.exit
            outcome = Outcome(
                status=classify(exit_status, None, changes=command.changes),
                exit=exit_status,
                ms=round((fleet.loop.time() - began) * 1000, 1),
                stdout=bytes(running.out),
                stderr=bytes(running.err),
            )
            fleet.loop.after(master.link.latency_s, lambda: come_back(outcome))

        def come_back(outcome: Outcome) -> None:
            if call in master.link.calls and not master.link.cut:
                settle(outcome)

        def arrive() -> None:
            if (late or (call in master.link.calls and not master.link.cut)) and master.reachable:
                call.running = Running(master, command, fence, runner, stdin, ended)
                call.running.stdin_whole = whole
                call.running.begin()

        call, runner = Call(broken=broken), self._runner()
        master.link.calls.append(call)
        late = 0.0
        if (
            command.script != "lease"
        ):  # known: an ``acquire`` that arrives after the run is over leaves a lease behind
            late, master.link.late_s = master.link.late_s, 0.0
        if late:
            fleet.loop.after(KEEPALIVE_S, lambda: broken("the connection was lost: no keepalive answer"))
        fleet.loop.after(late or master.link.latency_s, arrive)
        bound = command.timeout_s + (fence.wait_s if fence else 0) + OVER_S
        over = fleet.loop.after(bound, lambda: broken("no answer within the limit"))
        try:
            return await answer, call.running
        finally:
            over.cancel()

    async def _connect(self, master: Master) -> str:
        """Empty when there is a connection."""
        if not master.reachable or master.link.refused:
            await asyncio.sleep(0.05)
            return "connection refused" if master.on else await self._silence()
        if master.link.cut:
            return await self._silence()
        return ""

    async def _silence(self) -> str:
        await asyncio.sleep(CONNECT_S)
        return f"no connection within {CONNECT_S:g} s"

    async def stream(self, node: str, command: Command, *, keepalive_s: float = 0.0) -> AsyncIterator[bytes]:
        """Only heartbeat.sh is streamed by a runner."""
        fleet, process = self._fleet, self._process
        if process.dead:
            raise Killed
        master = fleet.masters[node]
        if why := await self._connect(master):
            raise Unreachable(f"{node}: {why}")
        beat = scripts.Heartbeat(master, command)
        process.ends.append(beat.end)
        try:
            while True:
                await asyncio.sleep(2 * master.link.latency_s)
                if not master.reachable or master.link.cut or master.link.refused:
                    raise Unreachable(f"{node}: the connection was lost")
                line = beat.beat()
                if line is None:
                    return
                yield line
                await asyncio.sleep(keepalive_s)
        finally:
            process.ends.remove(beat.end)
            if not (master.link.cut or process.dead):
                beat.end()

    async def close(self) -> None:
        return None
