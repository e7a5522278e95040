"""The dashboard in its states, and what lies over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from textual.app import App

from novatui.last_seen import LastSeen, remember
from novatui.model.cluster import Held
from novatui.model.findings import Verdict
from novatui.tui.app import NovatuiApp
from novatui.tui.palette import Palette
from novatui.tui.screens.clusters import ClusterPicker
from novatui.tui.screens.evidence import EvidenceScreen
from novatui.tui.screens.locks import LocksPage
from novatui.tui.screens.page import ByHandScreen, HelpScreen
from novatui.tui.screens.recover_menu import RecoverMenu
from tests.tui import screen_cases as cases
from tests.tui.gallery.walks import Steps, Visit, app_of, see, walk

DOWN = cases.cluster(cases.node(1), cases.dead(2), cases.node(3))
Made = tuple[App[Any], Steps]


async def journals(visit: Visit) -> None:
    app = visit.app
    assert isinstance(app, NovatuiApp) and isinstance(app.feed, cases.FakeFeed)
    for number in (1, 3):
        name = f"nova-master-{number}"
        lines = [
            cases.entry(f"compacted revision {371_000 + n}", ago_ms=90_000 - n * 1_000, node=name)
            for n in range(80)
        ]
        app.feed.entries(name, lines)
    app.feed.entries("nova-master-2", cases.panic_lines())
    await visit.until(lambda: all(len(tail) for tail in app.journals.tails.values()), "no lines")


@walk("member-down", "why", "keys", "palette", "recover-menu", "by-hand")
def over_the_dashboard() -> Made:
    app = app_of()

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await see(visit, DOWN)
        await journals(visit)
        yield "member-down"
        await visit.press("d", to=EvidenceScreen)
        yield "why"
        await visit.back()
        await visit.press("question_mark", to=HelpScreen)
        yield "keys"
        await visit.back()
        await visit.press("colon", to=Palette)
        yield "palette"
        await visit.back()
        await visit.press("w", to=RecoverMenu)
        yield "recover-menu"
        await visit.back()
        app.open_wizard("disarm-alarm")
        await visit.at(ByHandScreen)
        yield "by-hand"

    return app, steps


@walk("locks")
def locked() -> Made:
    app = app_of()
    silent = Held(
        run="7f3a", epoch=2, operator="ops@desk", host="desk", since_ms=cases.NOW - 754_000, alive=False
    )
    nodes = [cases.node(1), cases.node(2), cases.node(3)]
    of_one = [msgspec.structs.replace(nodes[0], held=silent), msgspec.structs.replace(nodes[1], held=silent)]

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await see(visit, cases.cluster(*of_one, nodes[2]))
        await visit.press("L", to=LocksPage)
        yield "locks"

    return app, steps


CLUSTERS = [
    msgspec.structs.replace(cases.config(environment=environment), name=f"nova-{environment}")
    for environment in ("prod", "stage", "test")
]


def seen_before() -> None:
    for cluster, verdict, healthy, ago_s in zip(
        CLUSTERS[:2], (Verdict.DEGRADED, Verdict.HEALTHY), (2, 3), (40, 90_000), strict=True
    ):
        remember(cluster, LastSeen(at_ms=cases.NOW - ago_s * 1000, verdict=verdict, healthy=healthy, total=3))


@walk("clusters")
def change_over() -> Made:
    seen_before()
    app = app_of(config=CLUSTERS[0], clusters=CLUSTERS)

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await see(visit, msgspec.structs.replace(DOWN, cluster="nova-prod"))
        await visit.press("C", to=ClusterPicker)
        yield "clusters"

    return app, steps
