"""The wizards of restart-member, start-cluster and recover-member by keys: which master, refusals and what to open instead."""

from __future__ import annotations

import pytest

from novatui.model.findings import Way
from novatui.model.plan import Request
from novatui.present.preflight import instead
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.wizard import WizardScreen
from tests.tui import screen_cases as cases
from tests.tui.book_cases import BookClient, RefusedPlan, finding
from tests.tui.test_wizard import asked, text
from tests.tui.waiting import until

DOWN = cases.cluster(cases.node(1), cases.dead(2), cases.node(3))
SIZES = [(80, 24), (120, 40), (200, 60)]


class Stage:
    def __init__(self, client: BookClient) -> None:
        self.client, self.feed = client, cases.FakeFeed()
        self.app = NovatuiApp(
            cases.config(), feed=self.feed, clock=lambda: cases.NOW, client=client, judge=cases.diagnosis_of
        )

    @property
    def wizard(self) -> WizardScreen:
        assert isinstance(self.app.screen, WizardScreen)
        return self.app.screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_recommended_master_is_filled_in_and_another_can_be_chosen(size: tuple[int, int]) -> None:
    stage = Stage(BookClient())
    async with stage.app.run_test(size=size) as pilot:
        await stage.feed.started.wait()
        stage.feed.snapshot(DOWN)
        await pilot.pause()
        await pilot.press("w")
        await until(pilot, lambda: "Which master?" in text(stage.app))
        assert "› 2 nova-master-2" in text(stage.app) and "recommended" in text(stage.app)
        assert "without it 2 of 3 members have quorum, 2 are needed: quorum holds" in text(stage.app)
        await pilot.press("3")
        await until(pilot, lambda: "› 3 nova-master-3" in text(stage.app))
        assert "1 of 3 members have quorum, 2 are needed: quorum does not hold" in text(stage.app)
        await pilot.press("k", "n")
        await until(pilot, lambda: "Nothing speaks against it" in text(stage.app))
        assert asked(stage.client, "plan") == [Request(runbook="recover-member", node="nova-master-2")]
        await pilot.press("n")
        await until(pilot, lambda: "master    nova-master-2" in text(stage.app))
        await pilot.press("enter", "space", "g")
        assert not asked(stage.client, "start"), "Enter starts nothing"
        await pilot.press("p")
        await until(pilot, lambda: isinstance(stage.app.screen, RunScreen))


async def test_a_target_that_changes_is_of_now() -> None:
    stage = Stage(BookClient())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await stage.feed.started.wait()
        stage.feed.snapshot(DOWN)
        await pilot.pause()
        await pilot.press("w")
        await until(pilot, lambda: "restarting" in text(stage.app))
        stage.feed.snapshot(cases.cluster(cases.node(1), cases.lost(2), cases.node(3)))
        await until(pilot, lambda: "it cannot be asked now: 172.31.100.98:22" in text(stage.app))


async def test_starting_the_cluster_asks_for_no_target() -> None:
    stage = Stage(BookClient())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.open_wizard("start-cluster")
        await until(pilot, lambda: "Nothing speaks against it" in text(stage.app))
        assert "1 preflight  ›  2 plan" in text(stage.app)
        assert asked(stage.client, "plan") == [Request(runbook="start-cluster")]
        await pilot.press("n")
        await until(pilot, lambda: "systemctl start --no-block etcd" in text(stage.app))
        await pilot.press("escape")
        await until(pilot, lambda: "Nothing speaks against it" in text(stage.app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(stage.app.screen, WizardScreen))


async def test_a_refusal_names_the_runbook_to_open_instead_and_w_opens_it_for_the_same_master() -> None:
    stage = Stage(BookClient())
    stage.client.refuse = RefusedPlan(
        finding(
            "data-damaged",
            "its database is damaged: a restart does not mend that",
            node="nova-master-2",
            hint="replace it from the others: recover-member",
        )
    )
    async with stage.app.run_test(size=(80, 24)) as pilot:
        stage.app.open_wizard("restart-member", "nova-master-2")
        await until(pilot, lambda: "Which master?" in text(stage.app))
        await pilot.press("n")
        await until(pilot, lambda: "its database is damaged" in text(stage.app))
        assert "w opens recover-member instead: replaces one member" in text(stage.app)
        stage.client.refuse = None
        await pilot.press("w")
        await until(pilot, lambda: stage.wizard.runbook == "recover-member")
        assert stage.wizard.first.node == "nova-master-2"
        await pilot.press("w")
        await until(pilot, lambda: "instead: on the preflight page" in text(stage.app))


async def test_where_several_are_named_the_one_that_fits_now_comes_first() -> None:
    said = finding(
        "data-lost",
        "its data cannot be started on",
        node="nova-master-2",
        hint="recover-member needs a quorum of the others: start-cluster brings back those that are stopped",
    )
    fits = Way(runbook="start-cluster", why="two are stopped")
    not_now = Way(runbook="recover-member", why_not="no quorum is seen")
    assert instead([said], "restart-member", (fits, not_now)) == ["start-cluster", "recover-member"]
    assert instead([said], "start-cluster") == ["recover-member"]


async def test_a_refusal_shows_no_green_mark_of_masters_it_is_not_about() -> None:
    stage = Stage(BookClient())
    stage.client.refuse = RefusedPlan(
        finding("member-serves", "there is nothing to do", node="nova-master-2")
    )
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.open_wizard("restart-member", "nova-master-2")
        await until(pilot, lambda: "Which master?" in text(stage.app))
        await pilot.press("n")
        await until(pilot, lambda: "not what this is about" in text(stage.app))
        assert text(stage.app).count("✔ reached") == 1


async def test_a_restore_of_intact_data_says_start_cluster() -> None:
    stage = Stage(BookClient())
    stage.client.refuse = RefusedPlan(
        finding("data-intact", "nothing says that the data of 3 of 3 members is damaged", guard="data-intact")
    )
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.open_wizard("restore-cluster")
        await until(pilot, lambda: "survivor nova-master-1" in text(stage.app))
        await pilot.press("n")
        await until(pilot, lambda: "w opens start-cluster instead" in text(stage.app))
        await pilot.press("w")
        await until(pilot, lambda: stage.wizard.runbook == "start-cluster")


async def test_a_master_that_is_left_out_gets_no_green_mark() -> None:
    stage = Stage(BookClient())
    stage.client.nodes = ("nova-master-1", "nova-master-2")
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.open_wizard("recover-member", "nova-master-2")
        await until(pilot, lambda: "Which master?" in text(stage.app))
        await pilot.press("n")
        await until(pilot, lambda: "takes no part in this run" in text(stage.app))
        assert text(stage.app).count("✔ systemd unit") == 1, (
            "only the master it is about is looked at in full"
        )
        assert text(stage.app).count("✔ free of other runs") == 2


async def test_the_platforms_own_words_stand_beside_each_step() -> None:
    stage = Stage(BookClient())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.app.open_wizard("recover-member", "nova-master-2")
        await pilot.press("n")
        await until(pilot, lambda: stage.wizard.plan is not None)
        await pilot.press("n")
        await until(
            pilot, lambda: "follows   1.2 «Восстановление одного неисправного узла Etcd»" in text(stage.app)
        )
        await pilot.press("pagedown")
        await until(pilot, lambda: "1.2/5 «Удалите неисправный узел из кластера Etcd»" in text(stage.app))
        await pilot.press("G")
        await until(pilot, lambda: "To take it back" in text(stage.app))
