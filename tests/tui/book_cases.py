"""Plans of the runbooks about members, as their wizards show them: recorded shapes, not the runbooks themselves."""

from __future__ import annotations

from collections.abc import Callable

from novatui.errors import Refused
from novatui.model.findings import Finding, Severity
from novatui.model.plan import Plan, PlannedStep, Request
from tests.tui.run_cases import LIVE, NODES, RUN, T0, FakeClient, FakeFollower

TARGET = NODES[1]
OLD_ID, PEER = "e42bdaa6ace5c691", "https://172.31.100.105:2380"


class RefusedPlan(Refused):
    def __init__(self, *findings: Finding) -> None:
        super().__init__("Refused", "\n".join(finding.title for finding in findings))
        self.findings = findings


def finding(id: str, title: str, *, node: str = "", guard: str = "", hint: str = "") -> Finding:
    return Finding(id=id, severity=Severity.BAD, title=title, node=node, guard=guard, hint=hint, refuses=True)


def _step(
    id: str, title: str, effect: str, seed: str = "", *, on: str = TARGET, command: str = ""
) -> PlannedStep:
    commands: dict[str, tuple[str, ...]] = {on: (command,)} if command else {}
    return PlannedStep(
        id=id, title=title, scope="one" if command else "each", effect=effect, seed=seed, commands=commands
    )


RECOVER = (
    _step("reach", "reach the masters", "observe", "1.2/1"),
    _step("proofs", "prove the way on the faulty master", "stage", "1.2/8-9", command="proofs.sh do etcd"),
    _step(
        "snapshot",
        "keep a snapshot of the cluster",
        "stage",
        on=NODES[0],
        command=f"snapshot.sh save /var/lib/novatui/{RUN}/safety.db",
    ),
    PlannedStep(id="confirm", title="Replace etcd2 on nova-master-2", scope="gate", effect="gate"),
    _step("stop", "hold and stop etcd", "change", "1.2/10", command="stop.sh do etcd nova-master-2"),
    _step(
        "remove",
        "remove the member",
        "no_return",
        "1.2/5",
        on=NODES[0],
        command=f"/opt/etcd/etcdctl member remove {OLD_ID}",
    ),
    _step(
        "add",
        "add it again",
        "change",
        "1.2/6",
        on=NODES[0],
        command=f"/opt/etcd/etcdctl member add etcd2 --peer-urls={PEER}",
    ),
    _step(
        "archive",
        "put its data aside",
        "change",
        "1.2/11",
        command=f"swap.sh aside {LIVE} {LIVE}.novatui-old-{RUN}",
    ),
    _step("env", "set the state to existing", "change", "1.2/12", command="env.sh existing /etc/etcd.env"),
    _step("start", "start it", "change", "1.2/13", command="start.sh do etcd"),
    _step("last-gate", "the last gate", "observe", "1.2/14-16"),
)
RESTART = (
    _step("keep", "keep what it says now", "stage", command="keep.sh do etcd"),
    PlannedStep(id="confirm", title="Restart etcd on nova-master-2", scope="gate", effect="gate"),
    _step("restart", "restart etcd", "change", "1.1/1", command="restart.sh do etcd"),
    _step("last-gate", "caught up, same hash", "observe"),
)
START = (
    _step("look", "look at every master", "observe"),
    PlannedStep(id="confirm", title="Start etcd on 3 masters together", scope="gate", effect="gate"),
    PlannedStep(
        id="start",
        title="start together",
        scope="each",
        effect="change",
        commands={node: ("systemctl start --no-block etcd",) for node in NODES},
        barrier="a leader is there",
    ),
    _step("last-gate", "the last gate", "observe"),
)
# What takes a recovery back, before its point of no return; the others need nothing.
_UNDO = {
    "recover-member": (_step("undo-release", "start it as it was", "change", command="release.sh do etcd"),)
}
_STEPS = {"recover-member": RECOVER, "restart-member": RESTART, "start-cluster": START}


def plan_of(request: Request, nodes: tuple[str, ...] = NODES) -> Plan:
    return Plan(
        run=RUN,
        runbook=request.runbook,
        runbook_version=1,
        cluster="nova-prod",
        nodes=nodes,
        request=request,
        params={"notes": ["etcd2 was started 7 times in the last 10 minutes"]} if request.node else {},
        facts={},
        steps=_STEPS[request.runbook],
        undo=_UNDO.get(request.runbook, ()),
        at_ms=T0,
    )


class BookClient(FakeClient):
    """Plans what it is asked for."""

    def __init__(self) -> None:
        super().__init__(FakeFollower([], live=False))
        self.nodes: tuple[str, ...] = NODES

    async def make_plan(self, request: Request, tell: Callable[[str], None] | None = None) -> Plan:
        await super().make_plan(request, tell)
        return plan_of(request, self.nodes)
