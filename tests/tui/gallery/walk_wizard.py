"""Every wizard from page to page, what it refuses, and what is overruled. Plans and reasons are those of real runs."""

from __future__ import annotations

from collections.abc import AsyncIterator

from msgspec.structs import replace

from novatui.model.findings import Finding, Severity
from novatui.model.plan import Plan, Request
from novatui.tui.screens.run_pages import ScriptsPage
from novatui.tui.screens.wizard import RecoverWizard, RestartWizard, RestoreWizard, StartWizard
from novatui.tui.screens.wizard_overrule import OverruleModal
from tests.present.report_cases import recorded
from tests.tui import screen_cases as cases
from tests.tui.book_cases import RefusedPlan, plan_of
from tests.tui.gallery.walk_dashboard import DOWN, Made
from tests.tui.gallery.walks import Visit, app_of, see, walk
from tests.tui.run_cases import FakeClient, FakeFollower

RUNS = {"restart-member": "member-down", "recover-member": "corrupt-member", "restore-cluster": "quorum-lost"}
STOPPED = cases.cluster(cases.dead(1), cases.dead(2), cases.dead(3))


class RealPlans(FakeClient):
    """Plans as they were made on the demo; ``refusals`` are raised first, one a plan."""

    def __init__(self, *refusals: Exception) -> None:
        super().__init__(FakeFollower([], live=False))
        self.refusals = list(refusals)

    async def make_plan(self, request: Request, tell: object = None) -> Plan:
        if self.refusals:
            raise self.refusals.pop(0)
        if request.runbook in RUNS:
            plan, _records = recorded(RUNS[request.runbook])
            return replace(plan, request=replace(request, snapshot=plan.request.snapshot))
        titles = {
            "look": "Look whether anything else holds ports or data",
            "confirm": "Start etcd on all that are stopped",
            "start": "Start etcd on all that are stopped, together",
            "last-gate": "Every member that was started serves",
        }
        plan = plan_of(request)
        steps = tuple(replace(step, title=titles[step.id], barrier="") for step in plan.steps)
        return replace(plan, steps=steps, params={"starts": list(plan.nodes)})


def reason(title: str, hint: str, guard: str) -> Finding:
    return Finding(id=guard, severity=Severity.BAD, title=title, hint=hint, guard=guard, refuses=True)


STANDS = reason(
    "the cluster has quorum: nova-master-1, nova-master-3 answered a linearizable read",
    "a restore takes all members back in time and is the last resort. A single broken member is recovered from the others: "
    "recover-member. To go back to the snapshot all the same, overrule it",
    "quorum-stands",
)


@walk("restart-target", "restart-preflight", "restart-plan")
def restart() -> Made:
    app = app_of(RealPlans())

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await see(visit, cases.cluster(cases.node(1), cases.hung(2), cases.node(3)))
        app.open_wizard("restart-member", "nova-master-2")
        await visit.at(RestartWizard)
        yield "restart-target"
        await visit.press("n", to=RestartWizard)
        yield "restart-preflight"
        await visit.press("n", to=RestartWizard)
        yield "restart-plan"

    return app, steps


@walk("start-preflight", "start-plan")
def start() -> Made:
    app = app_of(RealPlans())

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await see(visit, STOPPED)
        app.open_wizard("start-cluster")
        await visit.at(StartWizard)
        yield "start-preflight"
        await visit.press("n", to=StartWizard)
        yield "start-plan"

    return app, steps


@walk("recover-target", "recover-preflight", "recover-plan", "recover-scripts")
def recover() -> Made:
    app = app_of(RealPlans())

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await see(visit, DOWN)
        app.open_wizard("recover-member", "nova-master-2")
        await visit.at(RecoverWizard)
        yield "recover-target"
        await visit.press("n", to=RecoverWizard)
        yield "recover-preflight"
        await visit.press("n", to=RecoverWizard)
        yield "recover-plan"
        await visit.press("c", to=ScriptsPage)
        yield "recover-scripts"

    return app, steps


@walk("restore-source", "restore-refused", "overrule", "restore-plan")
def restore() -> Made:
    app = app_of(RealPlans(RefusedPlan(STANDS)))

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await see(visit, DOWN)
        await visit.press("R", to=RestoreWizard)
        yield "restore-source"
        await visit.press("n", to=RestoreWizard)
        yield "restore-refused"
        await visit.press("o", to=OverruleModal)
        yield "overrule"
        await visit.press(*"quorum-stands", "enter", "y", to=RestoreWizard)
        await visit.press("n", to=RestoreWizard)
        yield "restore-plan"

    return app, steps
