"""The fold: one record at a time or all at once, whatever comes, what it holds is safe to show."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model import records as rec
from novatui.model.run import At, Phase, RunState, apply, fold, tail

_names = st.sampled_from(["a", "b"])
_text = st.text(max_size=20)
_records: Any = st.one_of(
    st.builds(rec.Lease, node=_names, epoch=st.integers(1, 5), state=st.sampled_from(["acquired", "adopted", "lost"])),
    st.builds(rec.Probed, step=_names, node=_names, attempt=st.integers(0, 3), state=st.sampled_from(["done", "todo", "unknown"]), detail=_text),
    st.builds(rec.Intent, step=_names, node=_names, attempt=st.integers(1, 3), effect=st.sampled_from(["stage", "change", "cleanup"]), argv_masked=st.tuples(_text)),
    st.builds(rec.Done, intent=st.integers(1, 30), status=st.sampled_from(["ok", "failed", "unknown", "timeout", "fenced"]), stdout=st.builds(rec.Captured, text=_text)),
    st.builds(rec.Verified, step=_names, node=_names, ok=st.booleans(), detail=_text),
    st.builds(rec.Judged, step=_names, ok=st.booleans()),
    st.builds(rec.GateOpened, gate=_names, nonce=_names),
    st.builds(rec.GateAnswered, gate=_names, by=_names),
    st.builds(rec.Overruled, guard=_names, by=_names),
    st.builds(rec.Requested, what=st.sampled_from(["abort", "undo", "resume"]), by=_names),
    st.builds(rec.Resumed),
    st.builds(rec.Brought, node=_names),
    st.builds(rec.RunEnded, result=st.sampled_from(["verified", "failed", "undone", "refused", "fenced"])),
)  # fmt: skip


def numbered(records: list[rec.Record]) -> list[rec.Record]:
    return [msgspec.structs.replace(one, seq=n, at=1000 * n) for n, one in enumerate(records, 1)]


@given(st.lists(_records, max_size=30), st.integers(0, 30))
def test_folding_in_two_parts_is_folding_at_once(records: list[rec.Record], cut: int) -> None:
    records = numbered(records)
    whole = fold(records)
    assert fold(records[cut:], fold(records[:cut])) == whole
    assert whole.last_seq == len(records)
    again = [msgspec.json.decode(msgspec.json.encode(one), type=rec.AnyRecord) for one in records]
    assert fold(again) == whole, "what was read back from a journal folds to the same"


@given(st.lists(_records, max_size=30))
def test_an_intent_is_open_until_its_outcome_or_a_resume(records: list[rec.Record]) -> None:
    records = numbered(records)
    open_now: set[int] = set()
    state = RunState()
    for one in records:
        state = apply(state, one)
        if isinstance(one, rec.Intent):
            open_now.add(one.seq)
        elif isinstance(one, rec.Done):
            open_now.discard(one.intent)
        elif isinstance(one, rec.Resumed):
            open_now.clear()
        assert set(state.open_intents) == open_now


def test_the_life_of_one_act() -> None:
    story = numbered(
        [
            rec.Probed(step="swap", node="m1", attempt=0, state="todo", detail="not yet"),
            rec.Intent(step="swap", node="m1", attempt=1, argv_masked=("swap.sh", "a b"), effect="change"),
            rec.Done(intent=2, status="unknown", error="link lost"),
            rec.Probed(step="swap", node="m1", attempt=1, state="partial"),
            rec.Intent(step="swap", node="m1", attempt=2, argv_masked=("swap.sh", "a b"), effect="change"),
            rec.Done(intent=5, status="ok", exit=0, stdout=rec.Captured(text="one\ntwo\x1b]52;c;aGk=\x07\n")),
            rec.Verified(step="swap", node="m1", ok=True, evidence={"x": 1}),
            rec.Judged(step="swap", ok=True),
        ]
    )
    states = [fold(story[:n]) for n in range(1, len(story) + 1)]
    seen = [one.at("swap", "m1").state for one in states]
    assert seen == [At.PROBING, At.ACTING, At.UNKNOWN, At.PROBING, At.ACTING, At.PROBING, At.DONE, At.DONE]
    last = states[-1]
    node = last.at("swap", "m1")
    assert (node.tries, node.started_ms, node.ended_ms) == (2, 1000, 7000)
    assert node.command == "swap.sh 'a b'"
    assert node.output[0] == "one" and "\x1b" not in node.output[1] and "\x07" not in node.output[1]
    assert last.facts == {"swap": {"m1": {"x": 1}}} and last.passed("swap") and last.committed


def test_undone_steps_are_shown_as_undone_and_the_undo_itself_as_done() -> None:
    story = numbered(
        [
            rec.Intent(step="swap", node="m1", attempt=1, effect="change"),
            rec.Done(intent=1, status="ok"),
            rec.Verified(step="swap", node="m1", ok=True),
            rec.RunEnded(result="verified"),
            rec.Resumed(),
            rec.Requested(what="undo", by="ops"),
            rec.Intent(step="undo-swap", node="m1", attempt=1, effect="change"),
            rec.Done(intent=7, status="ok"),
            rec.Verified(step="undo-swap", node="m1", ok=True),
        ]
    )
    before = fold(story)
    assert before.phase is Phase.UNDOING and not before.ended
    state = apply(before, rec.RunEnded(seq=10, at=9, result="undone"))
    assert state.at("swap", "m1").state is At.UNDONE
    assert state.at("undo-swap", "m1").state is At.DONE
    assert state.phase is Phase.ENDED


@pytest.mark.invariant("INV-2")
def test_a_verified_run_stays_so_until_an_act_takes_it_back() -> None:
    done: list[rec.Record] = [
        rec.Intent(step="swap", node="m1", attempt=1, effect="change"),
        rec.Done(intent=1, status="ok"),
        rec.RunEnded(result="verified"),
    ]
    wish: list[rec.Record] = [
        rec.Resumed(),
        rec.Requested(what="undo", by="ops"),
        rec.Judged(step="undo-look", ok=True),
    ]
    refused, act = (
        rec.RunEnded(result="refused"),
        rec.Intent(step="undo-swap", node="m1", attempt=1, effect="change"),
    )
    asked = fold(numbered([*done, *wish]))
    assert asked.verified and asked.undoing and asked.passed("undo-look")
    stays = apply(asked, refused)
    assert (stays.verified, stays.undoing, stays.result) == (True, False, "refused")
    assert list(stays.steps) == ["swap"], "the next undo looks anew"
    for more in (
        [act],
        [rec.Brought(node="m2")],
        [rec.RunEnded(result="fenced")],
        [rec.RunEnded(result="undone")],
    ):
        known = fold(more, asked)
        assert not known.verified, more
        assert not apply(known, refused).verified


def test_an_unknown_kind_of_record_is_skipped() -> None:
    class Future(rec.Record, frozen=True, kw_only=True, tag="of_the_future"):
        pass

    assert apply(RunState(), Future(seq=1, at=5)) == RunState(last_seq=1, last_ms=5)


def test_the_tail_takes_any_line_ends_and_is_bounded() -> None:
    assert tail("a\r\nb\rc\n\n") == ("a", "b", "c")
    assert len(tail("x\n" * 1000)) <= 40
