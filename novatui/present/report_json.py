"""A report for programs: schema 1. Within a schema keys are only added. ASCII alone: what a master said cannot reach a terminal raw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from novatui.model.plan import Plan
from novatui.model.records import Record
from novatui.model.run import fold
from novatui.present.report import Report, homes
from novatui.present.status_json import instant

SCHEMA = 1


def document(plan: Plan, records: Sequence[Record], report: Report) -> str:
    """``{"schema": 1, "run", "plan", "decisions", "steps", "evidence", "kept", "way_back", "records"}``: times as in
    ``status --json``, ``records`` is the journal itself, each with its ``at_ms`` and the same moment as ``at``."""
    state = fold(records)
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "run": {
            "id": plan.run,
            "runbook": plan.runbook,
            "runbook_version": plan.runbook_version,
            "cluster": plan.cluster,
            "nodes": plan.nodes,
            "operator": state.operator,
            "began": instant(state.started_ms) if state.started_ms else None,
            "ended": instant(state.ended_ms) if state.ended_ms is not None else None,
            "result": state.result or None,
            "detail": state.detail,
            "exit_code": state.exit_code,
            "overruled": state.overruled,
            "novatui": state.novatui,
            "plan_sha256": state.plan_sha256 or plan.sha256(),
        },
        "plan": plan,
        "decisions": [
            {"at": instant(one.at_ms), "who": one.who or None, "what": one.what, "facts": dict(one.facts)}
            for one in report.decisions
        ],
        "steps": [
            {
                "number": step.number,
                "title": step.title,
                "vendor": step.vendor,
                "effect": step.effect,
                "began": instant(step.began_ms) if step.began_ms is not None else None,
                "ended": instant(step.ended_ms) if step.ended_ms is not None else None,
                "result": step.result,
            }
            for step in report.steps
        ],
        "evidence": [
            {"node": node, "check": check, "value": value} for node, check, value in report.evidence
        ],
        "kept": [{"node": node, "path": path} for node, path in report.kept],
        "kept_words": report.kept_words,
        "by_hand": homes(plan),
        "way_back": report.way_back,
        "records": [_record(record) for record in records],
    }
    return json.dumps(msgspec.to_builtins(body), ensure_ascii=True, indent=1) + "\n"


def _record(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(record)
    at = fields.pop("at")
    return {"at": instant(at), "at_ms": at, **fields}
