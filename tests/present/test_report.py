"""The report of a run, from real journals and from hostile ones: every time and command is in every format, and only text."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from novatui.cli.main import parser_of
from novatui.cli.report import render
from novatui.model import records as rec
from novatui.model.plan import Plan, Request, Upload
from novatui.model.run import fold
from novatui.model.sanitize import clean
from novatui.present.numbers import grouped
from novatui.present.plan import plan_rows
from novatui.present.report import build
from novatui.present.rows import text_of
from novatui.present.status_json import instant
from tests.present.report_cases import WHOLE, expected, from_html, from_json, from_markdown, recorded, told
from tests.tui.run_cases import HOSTILE, NODES, Journal, failed, happy, plan

RUNS = ["member-down", "corrupt-member", "quorum-lost"]
TAGS = set(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "h3",
        "p",
        "table",
        "tr",
        "th",
        "td",
        "div",
        "time",
        "b",
        "span",
        "pre",
    ]
)
ATTRIBUTES = {"charset", "name", "content", "http-equiv", "class", "lang"}


def seen(plan: Plan, records: Sequence[rec.Record]) -> dict[str, list[tuple[int, str, str, str]]]:
    reader = from_html(render("html", plan, records))
    assert reader.tags <= TAGS and {name for name, _value in reader.attributes} <= ATTRIBUTES
    return {
        "md": told(from_markdown(render("md", plan, records))),
        "html": told(reader.seen),
        "json": told(from_json(render("json", plan, records))),
    }


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("wanted", ["md", "html", "json"])
def test_every_time_and_command_of_a_real_run_can_be_read_back(run: str, wanted: str) -> None:
    plan, records = recorded(run)
    assert seen(plan, records)[wanted] == expected(records)
    assert sum(bool(command) for _seq, _at, _kind, command in expected(records)) >= 2


@pytest.mark.parametrize("run", RUNS)
def test_the_text_has_every_command_too(run: str) -> None:
    plan, records = recorded(run)
    text = render("text", plan, records)
    for _seq, _at, _kind, command in expected(records):
        assert command in text


@pytest.mark.parametrize("run", RUNS)
def test_a_run_cut_off_anywhere_is_told_up_to_there(run: str) -> None:
    """As its journal stood when a runner was killed."""
    plan, records = recorded(run)
    for count in (*range(0, len(records), 9), len(records) - 1):
        for found in seen(plan, records[:count]).values():
            assert found == expected(records[:count])
        if 0 < count < len(records) - 1 and not fold(records[:count]).ended:
            assert "it has not ended" in render("md", plan, records[:count])


def test_outputs_stand_under_their_command() -> None:
    plan, records = recorded("quorum-lost")
    for found in (
        from_markdown(render("md", plan, records)),
        from_html(render("html", plan, records)).seen,
    ):
        by_seq = {one.seq: one for one in found}
        done = [one for one in records if isinstance(one, rec.Done) and one.stdout.text.strip()]
        assert done
        for record in done:
            shown = "\n".join(by_seq[record.seq].blocks)
            for line in record.stdout.text.splitlines()[:5]:
                assert clean(line, cap=WHOLE) in shown


def test_who_decided_what_and_what_was_overruled() -> None:
    plan, records = recorded("quorum-lost")
    built = build(plan, records)
    said = [(one.who, one.what) for one in built.decisions]
    gates = [one for one in records if isinstance(one, rec.GateAnswered)]
    assert (gates[0].by, "typed the words of the gate: it goes on") in said
    assert any("overruled the guard newer-survivor" in what for _who, what in said)
    assert any(what == "asked: undo" for _who, what in said)
    opened = next(one for one in built.decisions if "opened" in one.what)
    assert any(label == "What is lost" for label, _text in opened.facts)
    assert ("Overruled", "newer-survivor, survivor-unread") in built.facts or (
        "Overruled",
        "newer-survivor",
    ) in built.facts


def test_what_was_kept_where_and_the_way_back() -> None:
    undone = build(*recorded("quorum-lost"))
    assert undone.way_back == ("It was taken back.",)
    assert [node for node, _path in undone.kept] == list(NODES)
    assert all(".novatui-undone-" in path for _node, path in undone.kept)
    restored = build(plan(), happy())
    assert restored.way_back[0] == "Take it back: novatui undo 7f3a --yes nova-prod"
    assert all(".novatui-old-7f3a" in path for _node, path in restored.kept)
    broken = build(plan(), failed())
    assert broken.way_back[1] == "Go on with it: novatui resume 7f3a --yes nova-prod"
    restarted = build(*recorded("member-down"))
    assert "no data and no file is touched" in restarted.way_back[0]
    assert any("evidence" in words for words in restarted.kept_words)


ASKED: dict[str, Any] = {
    "runbook": "restore-cluster",
    "node": "m1",
    "snapshot": "/tmp/a b.db",
    "from_node": "m2",
    "survivor": "m3",
    "upload": Upload(path="/home/ops/s.db", sha256="ab" * 32, size=1, taken_ms=1, dated_by="name"),
    "without": ("m4", "m5"),
    "token": "fresh",
    "no_fence": True,
    "bump_revision": True,
    "overrule": ("newer-survivor", "left-out-quorum"),
}


def test_what_was_asked_for_is_the_whole_command_line() -> None:
    """Read back by the command line's own parser, every field of the request is as it was."""
    assert set(ASKED) == set(Request.__struct_fields__)
    said = dict(build(replace(plan(), request=Request(**ASKED)), happy()).facts)["Asked for"]
    begun, command, *words = shlex.split(said)
    args = parser_of(command).parse_args([*words, "--yes", "nova-prod"])
    read = {field: getattr(args, field) for field in ASKED}
    meant = {
        **ASKED,
        "upload": "/home/ops/s.db",
        "without": ["m4", "m5"],
        "overrule": list(ASKED["overrule"]),
    }
    assert (begun, read) == ("novatui", meant)
    nothing = dict(build(replace(plan(), request=Request(runbook="start-cluster")), happy()).facts)
    assert nothing["Asked for"] == f"novatui run {plan().runbook}"


def test_the_source_of_a_restore_is_told_whatever_it_is() -> None:
    asked = Request(runbook="restore-cluster", upload=ASKED["upload"])
    sent = replace(plan(), request=asked, params={"source": {"revision": 376_222}})
    rows = [text_of(row) for row in plan_rows(sent, NODES, 160)]
    said = f"/home/ops/s.db of this machine, sent to every master, revision {grouped(376_222)}"
    assert f"source    {said}" in rows


def test_the_evidence_of_the_checks_is_there() -> None:
    built = build(*recorded("member-down"))
    checks = {check for _node, check, _value in built.evidence}
    assert {"members: cluster_id", "last-gate: hash", "last-gate: write"} <= checks
    assert {node for node, _check, _value in built.evidence} == set(NODES)


def test_steps_carry_the_platforms_words() -> None:
    plan, records = recorded("quorum-lost")
    words = "1.3/5 «Удалите директорию с данными Etcd на каждом мастер-узле»"
    assert words in render("md", plan, records) and words in render("html", plan, records)
    assert any(words in step["vendor"] for step in json.loads(render("json", plan, records))["steps"])


def test_json_is_ascii_and_dated() -> None:
    records = happy()
    text = render("json", plan(), records)
    body = json.loads(text)
    assert text.isascii()
    assert body["run"]["began"] == instant(records[0].at) and body["run"]["result"] == "verified"
    assert body["records"][0]["at_ms"] == records[0].at


def nasty(text: str) -> list[rec.Record]:
    """A run in which everything that a master or a person may say is ``text``."""
    journal = Journal()
    journal.prepare()
    journal.write(rec.Overruled, guard=text, by=text)
    journal.write(
        rec.GateOpened, gate="gate", nonce="n", rows=((text, text),), words=({"word": text, "why": text},)
    )
    journal.write(rec.GateAnswered, gate="gate", by=text)
    intent = journal.write(
        rec.Intent, step="hold", node=NODES[0], attempt=1, argv_masked=(text, "x"), effect="change"
    )
    captured = rec.Captured(text=text, length=len(text.encode()) + 5, sha256="00")
    journal.write(
        rec.Done,
        intent=intent.seq,
        status="failed",
        exit=1,
        ms=1.0,
        stdout=captured,
        stderr=captured,
        error=text,
    )
    journal.write(
        rec.Probed, step="hold", node=text, attempt=1, state="foreign", facts={text: [text]}, detail=text
    )
    journal.write(rec.Verified, step="hold", node=NODES[0], ok=False, evidence={text: text}, detail=text)
    journal.write(rec.Judged, step="hold", ok=False, findings=({"node": text, "title": text},))
    journal.write(rec.Bound, ref=text, value=text)
    journal.write(rec.RunEnded, result="failed", detail=text)
    return journal.records


ATTACKS = [
    "</pre><script>alert(1)</script><pre>",
    '"><img src=x onerror=alert(1)>',
    "````\n# not a heading\n```sh\nrm -rf /\n```",
    "`2024-06-14T12:36:41.000Z` **x** runs (#1, intent)",
    "2024-06-14T12:36:41.000Z runs (#1, intent)",
    "| a | b |\n|---|---|\n[x](javascript:alert(1)) ![x](http://x/y.png) <b>",
    "\x1b[2J\x1b]52;c;aGk=\x07 \x9b31m \u202eevil\u2028line",
    "&lt;script&gt; &amp; \\` \\\\ ~~~",
    "",
    "\r\n\r\n",
    HOSTILE,
]


@pytest.mark.invariant("INV-7")
@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_hostile_text_is_only_text(attack: str) -> None:
    records = nasty(attack)
    for found in seen(plan(), records).values():
        assert found == expected(records)
    for wanted in ("md", "html", "json", "text"):
        text = render(wanted, plan(), records)
        assert not any(bad in text for bad in ("\x1b", "\x07", "\x9b", "\u202e", "\u2028", "\r"))
        assert "<script" not in text or wanted in ("json", "md", "text")
    outside = "\n".join(_outside_fences(render("md", plan(), records)))
    assert "<script" not in outside and "<b>" not in outside
    assert not re.search(r"(?<!\\)\](?:\(|:)", outside), "a link that a reader would follow"


def _outside_fences(text: str) -> list[str]:
    lines, fence = [], ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.rstrip("abcdefghijklmnopqrstuvwxyz")
        else:
            lines.append(line)
    return lines


@pytest.mark.invariant("INV-7")
@settings(max_examples=60)
@given(st.text(max_size=80))
def test_any_text_is_only_text(text: str) -> None:
    records = nasty(text)
    for found in seen(plan(), records).values():
        assert found == expected(records)


def test_html_fetches_nothing_and_is_for_paper_too() -> None:
    text = render("html", *recorded("quorum-lost"))
    assert "default-src 'none'" in text and "@media print" in text
    assert "http://" not in text.replace("http://127", "") and "url(" not in text and "@import" not in text
