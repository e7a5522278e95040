"""What the run, the plan, the gate and the sources say, row by row, without a terminal."""

from __future__ import annotations

import msgspec
import pytest

from novatui.model import records as rec
from novatui.model.findings import Finding, Severity
from novatui.model.plan import Plan, PlannedStep
from novatui.model.run import GateRun, fold
from novatui.model.sources import Source, Sources, Trust
from novatui.present.gate import all_match, gate_rows, match_mark, words_of
from novatui.present.history import Told, history_rows
from novatui.present.plan import plan_rows, plan_text, scripts
from novatui.present.preflight import check_rows, overrulable, refusal_rows
from novatui.present.rows import Row, text_of, width_of
from novatui.present.run import (
    Down,
    Link,
    Mark,
    Watch,
    current,
    down,
    elapsed,
    mark,
    no_return,
)
from novatui.present.run_log import Kind, Log, all_rows, tail_rows
from novatui.present.run_pages import kept_paths, result_rows, returning_paths
from novatui.present.run_rows import (
    header,
    node_word,
    phase_words,
    step_rows,
)
from novatui.present.sources import loss_words, preselected, source_rows
from tests.tui.run_cases import HOSTILE, LIVE, NODES, T0, Journal, failed, happy, plan, sources


def lines(rows: list[Row]) -> list[str]:
    return [text_of(row) for row in rows]


def watch(records: list[rec.Record], link: Link = Link.LIVE, after_ms: int = 0) -> Watch:
    state = fold(records)
    return Watch(plan=plan(), state=state, link=link, now_ms=state.last_ms + after_ms, environment="prod")


def marks(seen: Watch) -> dict[str, Mark]:
    steps = seen.plan.undo if seen.state.undoing else seen.plan.steps
    return {step.id: mark(seen, step) for step in steps}


def test_every_record_of_a_run_can_be_shown() -> None:
    """Whatever the moment a client attaches at: no page raises, no row is wider than asked."""
    for records in (happy(), failed()):
        for count in range(1, len(records) + 1):
            for link in (Link.LIVE, Link.GONE):
                seen = watch(records[:count], link)
                for width in (30, 80, 200):
                    rows = [*step_rows(seen, width), *result_rows(seen, width, {n: "/w/7f3a" for n in NODES})]
                    assert all(width_of(row) <= width for row in rows if width > 30)
                    assert width_of(header(seen, width)) == width


def test_marks_of_a_verified_run() -> None:
    assert set(marks(watch(happy(), Link.PAST)).values()) == {Mark.DONE}


def test_marks_of_a_failed_run() -> None:
    found = marks(watch(failed(), Link.PAST))
    assert found["stop"] is Mark.DONE and found["swap"] is Mark.FAILED and found["start"] is Mark.TODO


def test_a_killed_runner_leaves_its_step_stopped_not_running() -> None:
    journal = Journal()
    journal.prepare()
    journal.open_gate()
    journal.answer()
    journal.write(rec.Intent, step="hold", node=NODES[0], attempt=1, argv_masked=("hold",), effect="change")
    assert marks(watch(journal.records, Link.LIVE))["hold"] is Mark.RUNNING
    assert marks(watch(journal.records, Link.GONE))["hold"] is Mark.STOPPED


def test_nothing_is_running_on_a_master_whose_runner_is_gone() -> None:
    journal = Journal()
    journal.prepare()
    journal.open_gate()
    journal.answer()
    journal.step("hold")
    journal.write(rec.Probed, step="stop", node=NODES[0], attempt=1, state="todo")
    journal.write(rec.Intent, step="stop", node=NODES[0], attempt=1, argv_masked=("x",), effect="change")
    journal.write(rec.Probed, step="stop", node=NODES[1], attempt=1, state="todo")
    live, gone = watch(journal.records, after_ms=99_000), watch(journal.records, Link.GONE, after_ms=99_000)
    assert [text_of(node_word(live, node)).split()[0] for node in NODES[:2]] == ["▶", "▶"]
    assert [text_of(node_word(gone, node)) for node in NODES[:2]] == ["? outcome unknown", "waits"]


def test_time_down_runs_from_the_stop_to_the_start_and_stays() -> None:
    records = happy()
    seen = watch(records, Link.PAST, after_ms=3_600_000)
    span = down(seen)
    stop = seen.state.steps["stop"].started_ms
    start = seen.state.steps["start"].ended_ms
    assert stop and start and span == Down(start - stop)
    assert elapsed(seen) == records[-1].at - T0 - 400


@pytest.mark.parametrize("link", [Link.PAST, Link.GONE])
def test_that_etcd_was_left_down_is_said_as_of_the_runs_end(link: Link) -> None:
    """Days later nobody knows whether it still is: it may have been finished elsewhere."""
    records = failed() if link is Link.PAST else failed()[:-1]
    first, later = (watch(records, link, after_ms=ms) for ms in (0, 4 * 86_400_000))
    span = down(later)
    assert span == down(first) and span and not span.still and span.left_ms == records[-1].at
    said = "\n".join(lines(result_rows(later, 200, {})))
    assert "etcd was down 00:0" in said and ", and down when the run ended, 2024-06-14 " in said
    assert "not looked at since" in said and "so far" not in said
    assert "etcd left down" in text_of(header(later, 120))


def test_etcd_is_not_down_before_the_first_act_of_the_stop() -> None:
    journal = Journal()
    journal.records, journal.at = failed(), failed()[-1].at
    before = next(n for n, one in enumerate(journal.records) if getattr(one, "step", "") == "stop")
    assert down(watch(journal.records[: before + 1])) is None, "it was only looked at"
    seen = down(watch(journal.records[: before + 2], after_ms=3_000))
    assert seen == Down(3_400, still=True), "from where the stop began to look"


def test_nothing_is_down_before_the_gate() -> None:
    journal = Journal()
    journal.prepare()
    journal.open_gate()
    assert down(watch(journal.records)) is None


def test_the_current_step_at_an_open_gate_is_the_gate() -> None:
    journal = Journal()
    journal.prepare()
    journal.open_gate()
    seen = watch(journal.records)
    step = current(seen)
    assert step is not None and step.id == "gate" and mark(seen, step) is Mark.GATE_OPEN


def test_the_point_of_no_return_is_named_where_there_is_one() -> None:
    assert "none, every step can be taken back until you purge" in no_return(plan())
    removal = PlannedStep(id="remove", title="remove the member", scope="one", effect="no_return")
    assert (
        no_return(msgspec.structs.replace(plan(), steps=(removal,)))
        == "point of no return: remove the member"
    )


# the log


def test_output_seen_live_is_not_shown_twice() -> None:
    log, journal = Log(), Journal()
    intent = journal.write(
        rec.Intent, step="stop", node=NODES[0], attempt=1, argv_masked=("stop",), effect="change"
    )
    log.take(intent)
    log.output("stop", NODES[0], "inactive (dead)")
    said = rec.Captured(text="inactive (dead)\n", length=16)
    log.take(journal.write(rec.Done, intent=intent.seq, status="ok", exit=0, stdout=said))
    assert [line.text for line in log.of(NODES[0])] == ["stop", "inactive (dead)"]


def test_output_is_taken_from_the_journal_when_it_was_not_seen_live() -> None:
    log = Log()
    for record in happy():
        log.take(record)
    assert "ports 2379 2380 closed" in [line.text for line in log.of(NODES[2], "stop")]


def test_a_probes_word_is_replaced_by_what_comes_next() -> None:
    log, journal = Log(), Journal()
    for word in ("no leader yet", "no linearizable read yet"):
        log.take(
            journal.write(rec.Probed, step="members", node=NODES[0], attempt=1, state="todo", detail=word)
        )
    assert [line.text for line in log.of(NODES[0])] == ["no linearizable read yet"]
    log.take(journal.write(rec.Verified, step="members", node=NODES[0], ok=True))
    assert [line.kind for line in log.of(NODES[0])] == [Kind.GOOD]


@pytest.mark.parametrize("status", ["failed", "timeout", "unknown", "fenced"])
def test_an_act_that_did_not_end_well_says_how(status: str) -> None:
    journal, log = Journal(), Log()
    journal.act("stop", NODES[0], status=status, exit=1)
    for record in journal.records:
        log.take(record)
    assert log.of(NODES[0])[-1].kind is Kind.BAD


@pytest.mark.invariant("INV-7")
def test_hostile_output_is_one_safe_line() -> None:
    log = Log()
    log.output("stop", NODES[0], HOSTILE)
    journal = Journal()
    journal.act("stop", NODES[1], said=HOSTILE)
    for record in journal.records:
        log.take(record)
    for node in NODES[:2]:
        rows = [*all_rows(log.of(node), {}, 60), *tail_rows(log.of(node), {}, 60, 20)]
        said = "".join(lines(rows))
        assert said.isprintable() and "\\x1b]52" in said and "[/x]" in said


def test_the_scripts_facts_are_for_the_full_output_alone() -> None:
    log = Log()
    log.output("archive", NODES[0], "nv:sha256=9f2b")
    log.output("archive", NODES[0], "unpacked")
    assert "nv:" not in "".join(lines(tail_rows(log.of(NODES[0]), {}, 60, 20)))
    assert "nv:sha256=9f2b" in "".join(lines(all_rows(log.of(NODES[0]), {}, 60)))


# plan


@pytest.mark.invariant("INV-12")
@pytest.mark.parametrize("width", [60, 100, 116, 196])
@pytest.mark.parametrize("count", [1, 3])
def test_not_a_letter_of_any_command_is_cut(width: int, count: int) -> None:
    """What is confirmed on the page is what is run: each column holds each command whole."""
    shown: Plan = plan()
    nodes = shown.nodes[:count]
    rows = plan_rows(shown, nodes, width)
    assert all(width_of(row) <= width for row in rows)
    size = (width - 4 - 2 * (count - 1)) // count
    for number, node in enumerate(nodes):
        begin = 4 + number * (size + 2)
        column = "".join(text_of(row)[begin : begin + size] for row in rows).replace(" ", "")
        for step in (*shown.steps, *shown.undo):
            for command in step.commands.get(node, ()):
                assert command.replace(" ", "") in column.replace("$", "")


def test_the_plan_as_text_has_every_command_of_every_master() -> None:
    text = plan_text(plan())
    for step in (*plan().steps, *plan().undo):
        assert all(f"{n}: {c}" in text for n, commands in step.commands.items() for c in commands)
    assert plan().sha256() in text


def test_scripts_are_named_once_in_order_of_use() -> None:
    assert scripts(plan()) == ["survivor", "archive", "stage", "hold", "stop", "swap", "start", "release"]


# gate


def test_the_gate_wants_exactly_its_words() -> None:
    journal = Journal()
    journal.open_gate()
    gate: GateRun = fold(journal.records).gates["gate"]
    words = words_of(gate)
    assert [word.word for word in words] == ["OLDER", "nova-prod"]
    assert all_match(words, ["OLDER", " nova-prod "])
    for wrong in (["older", "nova-prod"], ["OLDER", ""], ["OLDER"], ["nova-prod", "OLDER"], []):
        assert not all_match(words, wrong)
    assert not all_match([], [])
    said = "\n".join(lines(gate_rows(plan(), gate, 90)))
    assert "212 revisions" in said and f"{LIVE}.novatui-old-7f3a" in said and "none, every step" in said


@pytest.mark.parametrize(
    ("typed", "said"), [("", ""), ("nova", "…"), ("nova-prod", "✔ right"), ("novb", "✖ differs")]
)
def test_beside_the_field_it_is_said_whether_the_word_is_right(typed: str, said: str) -> None:
    assert text_of(match_mark("nova-prod", typed)) == said


# sources and preflight


def test_preselection_takes_the_highest_revision_that_verifies() -> None:
    found = sources()
    assert found.sources[preselected(found)].revision == 376_222
    unverified = Source(kind="archive", trust=Trust.UNREAD, nodes=NODES, path="/tmp/newer.db", revision=None)
    foreign = Source(kind="archive", trust=Trust.FOREIGN, nodes=NODES, path="/tmp/other.db", revision=999_999)
    both = Sources(nodes=NODES, sources=(unverified, foreign, *found.sources[1:]))
    assert both.sources[preselected(both)].revision == 376_010
    assert preselected(Sources(nodes=NODES, sources=found.sources[2:])) == -1


def test_loss_is_told_against_the_newest_survivor_or_said_to_be_unknown() -> None:
    found = sources()
    words = loss_words(found.sources[1], found)[0]
    assert "212 revisions" in words and "3h 23m of writes" in words
    alone = Sources(nodes=NODES, sources=found.sources[1:])
    assert "not known" in loss_words(alone.sources[0], alone)[0]


def test_source_rows_keep_their_width() -> None:
    for width in (60, 76, 116):
        groups = source_rows(sources(), 0, T0 + 60_000, width)
        assert all(width_of(row) <= width for group in groups for row in group)


def finding(id: str, *, node: str = "", guard: str = "") -> Finding:
    return Finding(
        id=id, severity=Severity.BAD, title=f"title of {id}", hint="do this", node=node, guard=guard
    )


def test_no_check_is_green_that_was_not_made() -> None:
    rows = lines(check_rows([finding("unreachable", node=NODES[0])], (), NODES[0], 1, 40))
    assert rows[1].startswith("✖ reached") and not any(row.startswith("✔") for row in rows)
    half = lines(check_rows([finding("env-missing", node=NODES[1])], (), NODES[1], 2, 40))
    assert any(row.startswith("✔ systemd unit") for row in half)
    assert any(row.startswith("✖ env file") for row in half)
    assert any(row.startswith("· not checked: data directory") for row in half)


def test_an_overruled_guard_is_not_green_either() -> None:
    rows = lines(check_rows([], ("foreign-snapshot",), NODES[0], 1, 40))
    assert any(row.startswith("▲ the source: overruled") for row in rows)


def test_a_check_nobody_listed_is_shown_by_its_own_name() -> None:
    rows = lines(check_rows([finding("something-new", node=NODES[0])], (), NODES[0], 1, 40))
    assert any(row.startswith("✖ something-new") for row in rows)


def test_refusals_tell_what_to_do_and_what_overruling_means() -> None:
    found = [finding("env-token"), finding("newer", guard="newer-survivor")]
    said = "\n".join(lines(refusal_rows(found, (), 70)))
    assert "do this" in said and "o overrules it (newer-survivor): A master holds newer data" in said
    assert overrulable(found, ()) == ["newer-survivor"] and overrulable(found, ("newer-survivor",)) == []


# result and history


def test_what_was_kept_is_named_once_it_is_there() -> None:
    assert kept_paths(plan(), fold(happy())) == {node: f"{LIVE}.novatui-old-7f3a" for node in NODES}
    assert list(kept_paths(plan(), fold(failed()))) == [NODES[0]], "only the first master has swapped"


def test_after_an_undo_that_failed_each_directory_is_named_that_is_there() -> None:
    """The first master has its data back, the second still has what it was swapped for, the third was never swapped."""
    journal = Journal()
    journal.records, journal.at = failed(), failed()[-1].at
    journal.verify("swap", NODES[1], old="254:11")
    journal.write(rec.Resumed, by="o")
    journal.write(rec.Requested, what="undo", by="o")
    journal.verify("undo-swap", NODES[0], live="254:10", aside="254:12")
    journal.verify("undo-swap", NODES[1], ok=False)
    journal.verify("undo-swap", NODES[2], live="254:14")
    journal.write(rec.RunEnded, result="failed")
    state = fold(journal.records)
    old = {NODES[1]: f"{LIVE}.novatui-old-7f3a"}
    assert kept_paths(plan(), state) == {NODES[0]: f"{LIVE}.novatui-undone-7f3a", **old}
    assert returning_paths(plan(), state) == old
    said = "\n".join(lines(result_rows(watch(journal.records, Link.PAST), 100, {})))
    assert "Kept  the restored data where it was taken back, else the data from before" in said


def test_a_failed_run_says_what_stands_on_each_master() -> None:
    said = "\n".join(lines(result_rows(watch(failed(), Link.PAST), 100, {n: "/w/7f3a" for n in NODES})))
    assert "1 nova-master-1  after: swap the data in; held by this run" in said
    assert "3 nova-master-3  after: stop etcd, followers first; held by this run" in said
    assert "/w/7f3a/FINISH.txt" in said


def test_an_undo_that_is_refused_leaves_a_verified_run_verified_on_every_page() -> None:
    journal = Journal()
    journal.records, journal.at = happy(), happy()[-1].at
    journal.write(rec.Resumed, by="o")
    journal.write(rec.Requested, what="undo", by="o")
    journal.write(rec.RunEnded, result="refused", detail="The data from before is gone\nnothing was changed")
    seen = watch(journal.records, Link.PAST)
    assert text_of(phase_words(seen)) == " The data from before is gone; nothing was changed"
    first = [text_of(header(seen, 120)), *lines(result_rows(seen, 100, {}))]
    assert sum("● verified; undo refused" in line for line in first) == 2
    assert not [line for line in first if "▲" in line]


def test_history_of_nothing_and_of_a_run() -> None:
    assert "No run was started" in "\n".join(lines(history_rows([], 0, T0, 100)))
    one = Told(
        run="7f3a",
        runbook="restore-cluster",
        started_ms=T0,
        ended_ms=None,
        result="",
        verified=False,
        operator="o",
        alive=False,
    )
    assert "the runner is gone" in lines(history_rows([one], 0, T0, 100))[1]
