"""Planning restart-member and start-cluster, pure: what is refused, in which words, by which guard; and what a plan then holds."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from novatui.errors import HeldByAnother, Refused, UsageError
from novatui.model.plan import Plan, Request
from novatui.present.plan import plan_text
from novatui.runbooks import restart_member, start_cluster
from novatui.runbooks.parts.refusal import RefusedPlan
from novatui.runbooks.step import Runbook
from novatui.runner.plan import words
from novatui.runner.survey import differences
from tests.runbooks.survey_text import (
    DAMAGED,
    MEMBERS,
    NODES,
    REMOVED,
    Master,
    answers,
    b64,
    cluster,
    masters,
    status_json,
)

RUN = "7f3a00aa"
BOOKS: dict[str, Runbook] = {"restart": restart_member.RUNBOOK, "start": start_cluster.RUNBOOK}
Bend = Callable[[dict[str, Master]], object]


def serving(*nodes: str) -> Bend:
    def bend(found: dict[str, Master]) -> None:
        for node in nodes:
            found[node].journal = []
            found[node].host |= {
                "unit.ActiveState": "active",
                "unit.SubState": "running",
                "status64": b64(status_json(NODES.index(node) + 1, 400)),
                "quorum": "yes",
            }

    return bend


def unit(active: str, sub: str, *nodes: str) -> Bend:
    """Its unit is so, it does not answer, and nothing speaks against its data."""

    def bend(found: dict[str, Master]) -> None:
        for node in nodes:
            master = found[node]
            master.journal = []
            master.host.pop("status64", None)
            master.host |= {"unit.ActiveState": active, "unit.SubState": sub, "quorum": "no"}

    return bend


def stopped(*nodes: str) -> Bend:
    return unit("inactive", "dead", *nodes)


def hung(*nodes: str) -> Bend:
    return unit("active", "running", *nodes)


def without_quorum(*nodes: str) -> Bend:
    def bend(found: dict[str, Master]) -> None:
        serving(*nodes)(found)
        for node in nodes:
            found[node].host["quorum"] = "no"

    return bend


def damaged(*nodes: str) -> Bend:
    def bend(found: dict[str, Master]) -> None:
        unit("activating", "auto-restart", *nodes)(found)
        for node in nodes:
            found[node].journal = [*DAMAGED, *DAMAGED]

    return bend


def blank(*nodes: str) -> Bend:
    def bend(found: dict[str, Master]) -> None:
        stopped(*nodes)(found)
        for node in nodes:
            found[node].host |= {"data_wal": "0", "data_db": "0"}

    return bend


def silent(*nodes: str) -> Bend:
    def bend(found: dict[str, Master]) -> None:
        for node in nodes:
            found[node].silent = True

    return bend


def host(node: str, **pairs: str) -> Bend:
    return lambda found: found[node].host.update(
        {key.replace("__", "."): value for key, value in pairs.items()}
    )


def env(node: str, key: str, value: str) -> Bend:
    return lambda found: found[node].env.update({key: value})


def more(node: str, line: str) -> Bend:
    return lambda found: found[node].more.append(line)


def bent(*bends: Bend) -> dict[str, Master]:
    found = masters()
    for bend in bends:
        bend(found)
    return found


def draft(book: str, found: dict[str, Master], **more: object) -> Plan:
    runbook = BOOKS[book]
    asked = {"runbook": runbook.name, **({"node": "m2"} if book == "restart" else {}), **more}
    return runbook.draft(cluster(), msgspec.convert(asked, Request, strict=False), RUN, answers(found))


def reasons(book: str, found: dict[str, Master], **more: object) -> dict[str, str]:
    with pytest.raises(RefusedPlan) as refused:
        draft(book, found, **more)
    assert refused.value.exit_code == 2
    return {one.id: f"{one.node}: {one.title} / {one.hint} [{one.guard}]" for one in refused.value.findings}


GOOD = serving("m1", "m3")
REFUSED: list[tuple[str, str, tuple[Bend, ...], str, tuple[str, ...]]] = [
    ("healthy", "restart", (serving(*NODES),), "member-serves", ("m2", "nothing to do", "[member-serves]")),
    ("healthy, rests on it", "restart", (serving("m1", "m2"), stopped("m3")), "quorum-without", ("only m1", "2 are needed", "[quorum-without]")),
    ("hung, rests on it", "restart", (serving("m1"), hung("m2"), stopped("m3")), "quorum-without", ("only m1",)),
    ("hung, another unseen", "restart", (serving("m1"), hung("m2"), silent("m3")), "quorum-without", ("m3: cannot be asked",)),
    ("hung, nobody else seen", "restart", (hung("m2"), silent("m1", "m3")), "quorum-without", ("no other master",)),
    ("starting may vote", "restart", (serving("m1"), unit("activating", "start", "m2"), stopped("m3")), "quorum-without", ("only m1",)),
    ("answers, no quorum anywhere", "restart", (without_quorum("m1", "m2"), stopped("m3")), "member-serves", ("what it lacks is quorum", "m3: inactive")),
    ("damaged", "restart", (GOOD, damaged("m2")), "data-lost", ("invalid database", "recover-member --node m2")),
    ("damaged, others stopped", "restart", (damaged("m2"), stopped("m1", "m3")), "data-lost", ("start-cluster", "recover-member --node m2")),
    ("damaged, too few left", "restart", (damaged("m2", "m3"), stopped("m1")), "data-lost", ("only 1 of 2", "restore-cluster")),
    ("damaged, others unseen", "restart", (damaged("m2"), silent("m1", "m3")), "data-lost", ("m1, m3 cannot be asked",)),
    ("blank", "restart", (GOOD, blank("m2")), "data-lost", ("no log and no database in /var/lib/etcd", "recover-member")),
    ("blank, log only", "restart", (GOOD, stopped("m2"), host("m2", data_db="0")), "data-lost", ("no database in",)),
    ("alone", "restart", (stopped(*NODES),), "alone", ("m1 is inactive", "start-cluster")),
    ("alone, others lost", "restart", (stopped("m2"), blank("m1", "m3")), "alone", ("restore-cluster",)),
    ("unreachable", "restart", (GOOD, silent("m2")), "unreachable", ("m2", "no route to host")),
    ("masked", "restart", (GOOD, stopped("m2"), host("m2", unit__LoadState="masked")), "unit-masked", ("m2", "systemctl unmask etcd")),
    ("forced new", "restart", (GOOD, stopped("m2"), env("m2", "ETCD_FORCE_NEW_CLUSTER", "true")), "env-forbidden", ("m2", "FORCE_NEW_CLUSTER")),
    ("other data dir now", "restart", (GOOD, hung("m2"), more("m2", "nv:process_env64=" + b64("ETCD_DATA_DIR=/old\n"))), "env-not-effective", ("m2", "/old")),
    ("auth", "restart", (GOOD, stopped("m2"), more("m2", "nv:local_read64=" + b64("etcdserver: user name is empty"))), "auth", ("m2",)),
    ("no privilege", "restart", (GOOD, stopped("m2"), host("m2", work_writable="no")), "no-privilege", ("the work directory",)),
    ("all run", "start", (serving(*NODES),), "nothing-to-do", ("no member is stopped", "3 of 3 members serve")),
    ("hung", "start", (GOOD, hung("m2")), "nothing-stopped", ("m2 runs and does not answer", "restart-member --node m2")),
    ("damaged alone", "start", (GOOD, damaged("m2")), "data-lost", ("m2", "recover-member --node m2")),
    ("blank alone", "start", (GOOD, blank("m2")), "data-lost", ("empty member, or a cluster of its own", "recover-member --node m2")),
    ("too few good", "start", (stopped("m1"), damaged("m2"), blank("m3")), "no-quorum-to-start", ("only 1 of 3 members would run (m1)", "2 are needed")),
    ("too few good, reasons", "start", (stopped("m1"), damaged("m2", "m3")), "data-lost", ("m3", "restore-cluster")),
    ("too few seen", "start", (stopped("m1"), silent("m2", "m3")), "unreachable", ("m3", "reach it first")),
    ("nobody seen", "start", (silent(*NODES),), "unreachable", ("m3",)),
    ("masked, too few", "start", (stopped(*NODES), host("m2", unit__LoadState="masked"), host("m3", unit__LoadState="masked")), "unit-masked", ("m3", "unmask")),
]  # fmt: skip


@pytest.mark.invariant("INV-17")
@pytest.mark.parametrize(
    ("book", "bends", "id", "words"), [case[1:] for case in REFUSED], ids=[f"{c[1]}: {c[0]}" for c in REFUSED]
)
def test_refused(book: str, bends: tuple[Bend, ...], id: str, words: tuple[str, ...]) -> None:
    said = reasons(book, bent(*bends))
    assert id in said, said
    for word in words:
        assert word in said[id]


@pytest.mark.parametrize("node", ["", "m9"])
def test_a_restart_names_its_master(node: str) -> None:
    with pytest.raises(UsageError) as told:
        draft("restart", bent(GOOD, stopped("m2")), node=node)
    assert "m1, m2, m3" in str(told.value)


PLANNED: list[tuple[str, tuple[Bend, ...], tuple[str, ...]]] = [
    ("stopped", (GOOD, stopped("m2")), NODES),
    ("hung", (GOOD, hung("m2")), NODES),
    ("failed by its start limit", (GOOD, unit("failed", "failed", "m2")), NODES),
    ("restarting, no damage", (GOOD, unit("activating", "auto-restart", "m2")), NODES),
    ("cut off from its peers", (GOOD, without_quorum("m2")), NODES),
    ("another unseen", (serving("m1"), stopped("m2"), silent("m3")), ("m1", "m2")),
    ("another stopped", (without_quorum("m1"), stopped("m2", "m3")), ("m1", "m2")),
    ("hung, nobody has quorum", (without_quorum("m1"), hung("m2"), stopped("m3")), ("m1", "m2")),
    ("nobody else seen", (stopped("m2"), silent("m1", "m3")), ("m2",)),
]


@pytest.mark.parametrize(
    ("bends", "nodes"), [case[1:] for case in PLANNED], ids=[case[0] for case in PLANNED]
)
def test_a_restart_is_planned(bends: tuple[Bend, ...], nodes: tuple[str, ...]) -> None:
    """Who answers takes part; who does not is named in the plan with why."""
    found = bent(*bends)
    plan = draft("restart", found)
    assert plan.nodes == nodes
    params = msgspec.convert(plan.params, restart_member.RestartParams)
    assert params.nodes["m2"].member == MEMBERS["m2"]
    for left in set(NODES) - set(nodes):
        assert any(note.startswith(f"{left} takes no part") for note in params.notes)
    assert restart_member.confirm(cluster(), plan) == "m2"
    acted = [step for step in restart_member.steps(cluster(), plan) if getattr(step, "apply", None)]
    assert all(getattr(step, "node", "") == "m2" for step in acted), "nothing is done on the others"


@pytest.mark.parametrize(
    ("bends", "guards"),
    [
        ((serving(*NODES),), ["member-serves"]),
        ((serving("m1", "m2"), stopped("m3")), ["member-serves", "quorum-without"]),
        ((serving("m1"), hung("m2"), silent("m3")), ["quorum-without"]),
    ],
)
def test_guards_are_named_and_overruled(bends: tuple[Bend, ...], guards: list[str]) -> None:
    found = bent(*bends)
    with pytest.raises(Refused) as refused:
        draft("restart", found)
    assert refused.value.guard.split(",") == guards
    params = msgspec.convert(draft("restart", found, overrule=guards).params, restart_member.RestartParams)
    assert list(params.overruled) == guards


@pytest.mark.invariant("INV-17")
def test_lost_data_cannot_be_overruled() -> None:
    found = bent(GOOD, blank("m2"))
    assert "data-lost" in reasons(
        "restart", found, overrule=["member-serves", "quorum-without", "data-intact"]
    )
    assert "data-lost" in reasons("start", found, overrule=["data-intact"])


STARTED: list[tuple[str, tuple[Bend, ...], tuple[str, ...], tuple[str, ...]]] = [
    ("a power cut", (stopped(*NODES),), NODES, NODES),
    ("one is left", (GOOD, stopped("m2")), ("m2",), NODES),
    ("one damaged", (stopped("m1", "m3"), damaged("m2")), ("m1", "m3"), ("m1", "m3")),
    ("one blank", (stopped("m1", "m3"), blank("m2")), ("m1", "m3"), ("m1", "m3")),
    ("one unseen", (stopped("m1", "m2"), silent("m3")), ("m1", "m2"), ("m1", "m2")),
    ("one masked", (stopped(*NODES), host("m3", unit__LoadState="masked")), ("m1", "m2"), ("m1", "m2")),
    ("one answers without quorum", (without_quorum("m1"), stopped("m2", "m3")), ("m2", "m3"), NODES),
    ("one hangs", (hung("m1"), stopped("m2", "m3")), ("m2", "m3"), ("m2", "m3")),
    ("by their start limit", (unit("failed", "failed", *NODES),), NODES, NODES),
]


@pytest.mark.invariant("INV-11", "INV-17")
@pytest.mark.parametrize(
    ("bends", "starts", "nodes"), [case[1:] for case in STARTED], ids=[case[0] for case in STARTED]
)
def test_what_is_started(bends: tuple[Bend, ...], starts: tuple[str, ...], nodes: tuple[str, ...]) -> None:
    """What is down with good data, and nothing else; on the others of the plan nothing is run."""
    plan = draft("start", bent(*bends))
    params = msgspec.convert(plan.params, start_cluster.StartParams)
    assert (params.starts, plan.nodes) == (starts, nodes)
    for left in set(NODES) - set(nodes):
        assert any(note.startswith(f"{left} takes no part") for note in params.notes)
    assert start_cluster.confirm(cluster(), plan) == "prod"


def test_a_disabled_unit_is_told() -> None:
    found = bent(stopped(*NODES), host("m2", unit__UnitFileState="disabled"))
    params = msgspec.convert(draft("start", found).params, start_cluster.StartParams)
    assert [note for note in params.notes if "systemctl enable etcd" in note and note.startswith("m2")]


@pytest.mark.invariant("INV-5", "INV-17")
@pytest.mark.parametrize("book", BOOKS)
@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("line", ["nv:hold64=" + b64("aabbccdd\n"), "nv:lease64=" + b64("aabbccdd:3\n")])
def test_another_runs_hold_is_named_and_stays(book: str, node: str, line: str) -> None:
    """Also on a master that would take no part: what is half done there must not be mixed with etcds that are started."""
    found = bent(serving("m1"), stopped("m2", "m3"), more(node, line))
    with pytest.raises(HeldByAnother) as held:
        draft(book, found)
    assert held.value.exit_code == 4
    assert "aabbccdd" in str(held.value)
    assert "novatui resume aabbccdd" in str(held.value)


def test_a_drop_in_without_its_hold_keeps_nothing_down() -> None:
    found = bent(stopped(*NODES), more("m2", "nv:hold_dropin=yes"))
    assert msgspec.convert(draft("start", found).params, start_cluster.StartParams).starts == NODES


@pytest.mark.invariant("INV-12")
@pytest.mark.parametrize(
    ("book", "change", "said"),
    [
        ("restart", serving("m2"), "m2: serves"),
        ("restart", hung("m1"), "m1: serves"),
        ("restart", host("m2", env_sha256="other"), "m2: env_sha256"),
        ("restart", host("m2", data_inode="1:77"), "m2: data_inode"),
        ("restart", blank("m2"), "m2: usable"),
        ("restart", silent("m3"), "m3: could not be read"),
        ("start", serving("m1"), "m1: serves"),
        ("start", blank("m3"), "m3: usable"),
        ("start", silent("m3"), "m3: could not be read"),
    ],
)
def test_what_changed_since_is_told(book: str, change: Bend, said: str) -> None:
    before = bent(GOOD, stopped("m2")) if book == "restart" else bent(stopped(*NODES))
    plan = draft(book, before)
    change(before)
    now = BOOKS[book].facts(cluster(), plan.request, answers(before))
    changed = differences(plan, now)
    assert any(one.startswith(said) for one in changed), changed


def test_a_crash_loop_alone_changes_no_fact() -> None:
    """Between two looks a broken etcd was started again, and failed again."""
    found = bent(GOOD, unit("activating", "auto-restart", "m2"))
    plan = draft("restart", found)
    unit("activating", "start", "m2")(found)
    found["m2"].journal = [
        {"level": "fatal", "msg": "listen failed", "error": "bind: address already in use"}
    ]
    assert differences(plan, BOOKS["restart"].facts(cluster(), plan.request, answers(found))) == []


def test_a_plan_says_who_takes_no_part_and_that_nothing_is_to_be_taken_back() -> None:
    found = bent(serving("m1"), stopped("m2"), silent("m3"))
    plan = words(cluster(), restart_member.RUNBOOK, draft("restart", found))
    text = plan_text(plan)
    assert "note: m3 takes no part: it cannot be asked (no route to host)" in text
    assert text.rstrip().endswith("none is needed: no data and no file is touched")
    assert not plan.undo


@pytest.mark.parametrize("book", BOOKS)
def test_a_log_that_lies_apart_refuses_by_its_key_and_is_not_taken_for_lost(book: str) -> None:
    """Nothing is in the data directory's own log: that says nothing, and must not lead to a restore."""
    found = bent(GOOD, stopped("m2"), env("m2", "ETCD_WAL_DIR", "/wal"), host("m2", data_wal="0"))
    said = reasons(book, found)
    assert "ETCD_WAL_DIR" in said["env-forbidden"] and said["env-forbidden"].startswith("m2:")
    assert "data-lost" not in said


def test_members_that_say_they_were_removed_are_not_waited_for() -> None:
    """The one that is left is the cluster: it is started, and nobody is sent to restore it."""
    found = masters()
    for bend in (stopped("m1"), stopped("m2", "m3")):
        bend(found)
    for node in ("m2", "m3"):
        found[node].journal = REMOVED
    plan = start_cluster.draft(cluster(), Request(runbook="start-cluster"), RUN, answers(found))
    params = msgspec.convert(plan.params, start_cluster.StartParams)
    assert params.starts == ("m1",)
    assert (
        "0 of 1 members serve, 1 are needed" in params.quorum and "without m2, m3, removed" in params.quorum
    )
