"""A restore as it is recorded: its plan, its journal, and a client that plays them to the screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Self

from novatui.model import records as rec
from novatui.model.plan import Plan, PlannedStep, Request
from novatui.model.run import RunState, apply, fold
from novatui.model.sources import Source, Sources, Trust
from novatui.runner.client import Met, Need, Output, Progress, Reply, RunSummary

T0 = 1_718_368_600_000  # 2024-06-14 12:36:40 UTC
NODES = ("nova-master-1", "nova-master-2", "nova-master-3")
RUN = "7f3a"
ARCHIVE = "/tmp/etcd_snapshot_nova-v5.1.2_k8s-v1.27.11_2024-06-14_081538.db.tar.gz"
LIVE = "/var/lib/etcd"
OPERATOR = "ops@desk"
MEMBER_IDS = ("4c357ea1a12149d0", "e42bdaa6ace5c691", "e7b44abd88b7fad0")


def _each(text: str) -> dict[str, tuple[str, ...]]:
    return {node: (text.format(n=n, node=node),) for n, node in enumerate(NODES, 1)}


STEPS = (
    PlannedStep(id="reach", title="reach all masters", scope="each", effect="observe", seed="1.3/1"),
    PlannedStep(
        id="survivors",
        title="read what each master still holds",
        scope="each",
        effect="stage",
        commands=_each(
            f"survivor.sh do {LIVE}.novatui-stage-7f3a 7f3a {LIVE} https://127.0.0.1:2379 /etc/ssl/etcd/ca.pem"
        ),
    ),
    PlannedStep(
        id="archive",
        title="prove the snapshot",
        scope="each",
        effect="stage",
        commands=_each(f"archive.sh prove {LIVE}.novatui-stage-7f3a {ARCHIVE} 9f2b /opt/etcd/etcdctl 7f3a"),
        barrier="every master holds the same proved snapshot",
        seed="1.3/6",
    ),
    PlannedStep(
        id="stage",
        title="restore beside the live data",
        scope="each",
        effect="stage",
        commands=_each(
            f"stage.sh do {LIVE}.novatui-new-7f3a --name etcd{{n}} --initial-advertise-peer-urls https://172.31.100.9{{n}}:2380"
        ),
        seed="1.3/7",
    ),
    PlannedStep(
        id="gate", title="stop etcd on 3 masters and swap in the snapshot", scope="gate", effect="gate"
    ),
    PlannedStep(
        id="hold",
        title="hold etcd down",
        scope="each",
        effect="change",
        commands=_each("hold.sh set etcd 7f3a"),
        seed="1.3/3",
    ),
    PlannedStep(
        id="stop",
        title="stop etcd, followers first",
        scope="followers-then-leader",
        effect="change",
        commands=_each("stop.sh do etcd {node}"),
        barrier="etcd is down on every master",
        seed="1.3/2",
    ),
    PlannedStep(
        id="swap",
        title="swap the data in",
        scope="each",
        effect="change",
        commands=_each(
            f"swap.sh do 7f3a etcd {LIVE} {LIVE}.novatui-new-7f3a {LIVE}.novatui-old-7f3a {LIVE}.novatui-undone-7f3a member/.novatui-run yes /var/lib/novatui/hold"
        ),
        barrier="every master has swapped",
        seed="1.3/5",
    ),
    PlannedStep(
        id="start",
        title="start together",
        scope="each",
        effect="change",
        commands=_each("start.sh do etcd 7f3a"),
        seed="1.3/8",
    ),
    PlannedStep(id="last-gate", title="the last gate", scope="each", effect="observe", seed="1.3/9"),
    PlannedStep(
        id="release",
        title="release",
        scope="each",
        effect="change",
        commands=_each("release.sh do etcd 7f3a"),
    ),
)
UNDO = (
    PlannedStep(
        id="undo-stop",
        title="stop etcd everywhere",
        scope="each",
        effect="change",
        commands=_each("stop.sh do etcd {node}"),
    ),
    PlannedStep(
        id="undo-swap",
        title="put the old data back",
        scope="each",
        effect="change",
        commands=_each(
            f"swap.sh undo 7f3a etcd {LIVE} {LIVE}.novatui-new-7f3a {LIVE}.novatui-old-7f3a {LIVE}.novatui-undone-7f3a member/.novatui-run yes /var/lib/novatui/hold"
        ),
    ),
    PlannedStep(
        id="undo-start",
        title="start etcd as before",
        scope="each",
        effect="change",
        commands=_each("start.sh undo etcd 7f3a"),
    ),
)


def plan() -> Plan:
    return Plan(
        run=RUN,
        runbook="restore-cluster",
        runbook_version=1,
        cluster="nova-prod",
        nodes=NODES,
        request=Request(runbook="restore-cluster", snapshot=ARCHIVE),
        params={},
        facts={node: {"boot_id": "b"} for node in NODES},
        steps=STEPS,
        undo=UNDO,
        at_ms=T0,
    )


class Journal:
    """Writes records as an engine would, a clock that goes a second a record."""

    def __init__(self) -> None:
        self.records: list[rec.Record] = []
        self.at = T0

    def write(self, kind: type[rec.Record], **fields: Any) -> rec.Record:
        self.at += 400
        record = kind(seq=len(self.records) + 1, at=self.at, mono_ns=self.at * 1_000_000, **fields)
        self.records.append(record)
        return record

    def begin(self) -> None:
        self.write(
            rec.RunStarted,
            run=RUN,
            runbook="restore-cluster",
            runbook_version=1,
            novatui="0.1",
            cluster="nova-prod",
            nodes=NODES,
            plan_sha256=plan().sha256(),
            operator=OPERATOR,
        )
        for node in NODES:
            self.write(rec.Lease, node=node, epoch=1, state="acquired")

    def act(
        self,
        step: str,
        node: str,
        *,
        status: str = "ok",
        said: str = "",
        exit: int = 0,
        effect: str = "change",
    ) -> None:
        words = next(s for s in (*STEPS, *UNDO) if s.id == step).commands.get(node, ("look",))
        self.write(rec.Probed, step=step, node=node, attempt=1, state="todo")
        intent = self.write(
            rec.Intent, step=step, node=node, attempt=1, argv_masked=tuple(words[0].split()), effect=effect
        )
        self.write(
            rec.Done,
            intent=intent.seq,
            status=status,
            exit=exit,
            ms=420.0,
            stdout=rec.Captured(text=said, length=len(said)),
        )

    def verify(self, step: str, node: str, *, ok: bool = True, detail: str = "", **evidence: Any) -> None:
        self.write(rec.Verified, step=step, node=node, ok=ok, evidence=evidence, detail=detail)

    def step(self, step: str, *, said: str = "", effect: str = "change", **evidence: Any) -> None:
        """All masters, well; and the judge is content."""
        for node in NODES:
            self.act(step, node, said=said, effect=effect)
            self.verify(step, node, **evidence)
        self.write(rec.Judged, step=step, ok=True)

    def prepare(self) -> None:
        self.begin()
        for node in NODES:
            self.verify("reach", node)
        self.write(rec.Judged, step="reach", ok=True)
        self.step(
            "survivors", effect="stage", said="this member answers: saving a snapshot", revision=376_222
        )
        self.step("archive", effect="stage", sha256="9f2b", revision=376_010)
        self.step("stage", effect="stage", said="restored snapshot\nadded member")

    def open_gate(self, *, older: bool = True, nonce: str = "n1") -> None:
        words = [
            {"word": "nova-prod", "why": "stops etcd on all its masters and takes its data back", "guard": ""}
        ]
        if older:
            words.insert(
                0,
                {
                    "word": "OLDER",
                    "why": "nova-master-1 still has revision 376222, the snapshot 376010",
                    "guard": "newer-survivor",
                },
            )
        self.write(
            rec.GateOpened,
            gate="gate",
            nonce=nonce,
            rows=(
                (
                    "What is lost",
                    "212 revisions, 3 h 22 min of writes (newest survivor: etcd1, revision 376222)",
                ),
                ("What is kept", f"{LIVE}.novatui-old-7f3a on each master, until you purge it"),
                ("Way back", "u, any time until then: about 20 s"),
            ),
            words=tuple(words),
        )

    def answer(self, by: str = OPERATOR) -> None:
        self.write(rec.Overruled, guard="newer-survivor", by=by)
        self.write(rec.GateAnswered, gate="gate", by=by)

    def act_out(self) -> None:
        """From the answer to the end, all well."""
        self.step("hold")
        self.step("stop", said="inactive (dead)\nports 2379 2380 closed")
        self.step("swap", old="254:10")
        self.step("start", said="active")
        for n, node in enumerate(NODES, 1):
            self.verify(
                "last-gate",
                node,
                cluster_id="dae05cd826ec589",
                member_id=MEMBER_IDS[n - 1],
                leader_id=MEMBER_IDS[0],
                revision=376_010,
                snapshot_revision=376_010,
                hash=3_141_592,
                index=[20 + n, 21 + n],
                write=True,
            )
        self.write(rec.Judged, step="last-gate", ok=True)
        self.step("release")
        self.write(rec.RunEnded, result="verified")


def happy() -> list[rec.Record]:
    journal = Journal()
    journal.prepare()
    journal.open_gate()
    journal.answer()
    journal.act_out()
    return journal.records


def failed() -> list[rec.Record]:
    """The swap fails on the second master; the first has swapped, the third was waiting."""
    journal = Journal()
    journal.prepare()
    journal.open_gate()
    journal.answer()
    journal.step("hold")
    journal.step("stop")
    journal.act("swap", NODES[0])
    journal.verify("swap", NODES[0], old="254:10")
    journal.act(
        "swap", NODES[1], status="failed", exit=4, said="the directories are not as this run left them"
    )
    journal.verify("swap", NODES[1], ok=False, detail="live data without this run's marker: somebody else's")
    journal.write(rec.RunEnded, result="failed", detail="swap failed on nova-master-2")
    return journal.records


HOSTILE = "\x1b]52;c;aGVsbG8=\x07 [/x] [bold]\x1b[31mred\xff " + "A" * 60_000


def sources() -> Sources:
    day = 86_400_000
    return Sources(
        nodes=NODES,
        looked_in={node: ("/tmp", "/opt/backup") for node in NODES},
        sources=(
            Source(
                kind="survivor",
                trust=Trust.LIVE,
                nodes=(NODES[0],),
                size=151_000_000,
                taken_ms=T0 + 60_000,
                dated_by="now",
                revision=376_222,
            ),
            Source(
                kind="archive",
                trust=Trust.VERIFIED,
                nodes=NODES,
                path=ARCHIVE,
                size=20_400_000,
                taken_ms=T0 - 12_120_000,
                dated_by="name",
                revision=376_010,
                keys=4_210,
                sha256="9f2b3c" + "0" * 58,
            ),
            Source(
                kind="archive",
                trust=Trust.BAD,
                nodes=(NODES[1],),
                path="/tmp/etcd_snapshot_2024-06-10.db.tar.gz",
                size=1_400_000,
                taken_ms=T0 - 4 * day,
                dated_by="name",
                why="cannot be unpacked, truncated or damaged",
            ),
        ),
    )


class FakeFollower:
    """Plays records; what is pushed later arrives as from a living runner."""

    def __init__(self, records: Iterable[rec.Record], *, live: bool) -> None:
        self.plan = plan()
        self.records = list(records)
        self.state: RunState = fold(self.records)
        self.live = live
        self.needs: dict[str, Need] = {}
        self.given: list[tuple[str, str]] = []
        self.answers: list[tuple[str, str, tuple[str, ...]]] = []
        self.requests: list[str] = []
        self.reply = Reply(id=1, code="taken")
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        return None

    def push(self, *events: rec.Record | Output | Progress) -> None:
        for event in events:
            if isinstance(event, rec.Record):
                self.records.append(event)
                self.state = apply(self.state, event)
            self._queue.put_nowait(event)

    def need(self, need: Need) -> None:
        """The runner waits for people."""
        self.needs[need.secret_id] = need
        self._queue.put_nowait(need)

    def gone(self) -> None:
        """The runner's process is not there any more."""
        self.live = False
        self._queue.put_nowait(None)

    async def events(self) -> AsyncIterator[Any]:
        if not self.live:
            return
        while (event := await self._queue.get()) is not None:
            yield event

    async def answer(self, gate: str, nonce: str, words: Sequence[str]) -> Reply:
        self.answers.append((gate, nonce, tuple(words)))
        return self.reply

    async def give(self, need: Need, answer: str) -> Reply:
        self.given.append((need.secret_id, answer))
        self.needs.pop(need.secret_id, None)
        self._queue.put_nowait(Met(secret_id=need.secret_id, by="you"))
        return self.reply

    async def request(self, what: str) -> Reply:
        self.requests.append(what)
        return self.reply


class FakeClient:
    """The seam the screens talk to; ``asked`` is all that was asked of it, in order."""

    def __init__(self, *followers: FakeFollower, found: Sources | None = None) -> None:
        self.followers = list(followers)
        self.found = found if found is not None else sources()
        self.refuse: Exception | None = None
        self.waits = ""  # what a plan waits for, until ``looking``
        self.asked: list[Any] = []
        self.listed: list[RunSummary] = []
        self.looking = asyncio.Event()
        self.looking.set()

    async def look(self, request: Request) -> Sources:
        self.asked.append(("look", request))
        await self.looking.wait()
        return self.found

    async def make_plan(self, request: Request, tell: Callable[[str], None] | None = None) -> Plan:
        self.asked.append(("plan", request))
        if self.waits and tell is not None:
            tell(self.waits)
            await self.looking.wait()
        if self.refuse is not None:
            raise self.refuse
        return plan()

    async def start(self, plan: Plan) -> str:
        self.asked.append(("start", plan.run))
        return plan.run

    async def resume(self, run: str) -> None:
        self.asked.append(("resume", run))

    async def undo(self, run: str) -> None:
        self.asked.append(("undo", run))

    async def abandon(self, run: str) -> None:
        self.asked.append(("abandon", run))

    def follow(self, run: str) -> FakeFollower:
        return self.followers.pop(0) if len(self.followers) > 1 else self.followers[0]

    async def runs(self) -> list[RunSummary]:
        return list(self.listed)

    async def close(self) -> None:
        return None
