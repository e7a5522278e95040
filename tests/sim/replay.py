"""What a journal says, per master, without what is different at each run: the order of its looks, acts and outcomes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from novatui.model import records as rec

Said = tuple[str, ...]


def said(records: Iterable[rec.Record]) -> list[Said]:
    """(kind, step, node, what it says) of the records that concern the work, in their order."""
    found: list[Said] = []
    intents: dict[int, tuple[str, str]] = {}
    for record in records:
        match record:
            case rec.Probed():
                found.append(("probed", record.step, record.node, record.state))
            case rec.Intent():
                intents[record.seq] = (record.step, record.node)
                found.append(("intent", record.step, record.node, record.effect, record.argv_masked[0]))
            case rec.Done():
                found.append(("outcome", *intents[record.intent], record.status))
            case rec.Verified():
                found.append(("verified", record.step, record.node, str(record.ok)))
            case rec.Lease():
                found.append(("lease", "", record.node, record.state))
            case rec.Judged():
                found.append(("judged", record.step, "", str(record.ok)))
            case rec.GateOpened() | rec.GateAnswered():
                found.append((type(record).__name__, record.gate, ""))
            case rec.RunEnded():
                found.append(("ended", "", "", record.result))
            case _:
                pass
    return found


def per_master(lines: Sequence[Said]) -> dict[str, list[Said]]:
    """By master ("" for the run's own); looks that are repeated until they find something else are the last of them."""
    found: dict[str, list[Said]] = {}
    for line in lines:
        mine = found.setdefault(line[2], [])
        bare = (*line[:2], *line[3:])
        if mine and line[0] in ("probed", "verified") and mine[-1][:2] == bare[:2]:
            mine.pop()
        mine.append(bare)
    return found


def load(path: Path) -> list[Said]:
    return [tuple(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def store(lines: Sequence[Said], path: Path) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
