"""What is recorded of real runs names nothing of the machine that etcd was built on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.cli.record_runs import DATA, without_stacks

LINE = '{"level":"warn","msg":"x \\"y\\"","stack":"go.etcd.io/a\\n\\t/tmp/build/\\"q\\".go:7"}'


def test_stacks_are_taken_out_and_length_and_hash_made_anew() -> None:
    record = {"kind": "outcome", "seq": 7, "stdout": {"text": "", "length": 0, "sha256": ""}}
    record |= {"stderr": {"text": f"{LINE}\nrest", "length": 999, "sha256": "old"}}
    found = json.loads(without_stacks(json.dumps(record)))
    text = '{"level":"warn","msg":"x \\"y\\""}\nrest'
    assert found["stderr"] == {
        "text": text,
        "length": len(text),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    assert (found["stdout"], found["seq"]) == (record["stdout"], 7)
    plain = '{"kind":"verified","seq":8,"detail":"ü \\"stack\\""}'
    assert without_stacks(plain) == plain


def test_what_is_recorded_has_none() -> None:
    journals = sorted(Path(DATA).glob("*/journal.jsonl"))
    assert len(journals) >= 3
    assert not [path for path in journals if '\\"stack\\":' in path.read_text("utf-8")]
