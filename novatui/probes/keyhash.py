"""What ``hash.sh`` prints -> KeyHash."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from novatui.model.cluster import KeyHash
from novatui.probes.numbers import whole

_NAME = b"nv:hashkv64="
_LINE_MAX = 64 * 1024


def read(output: bytes, revision: int, now_ms: int) -> KeyHash | None:
    """Of the line that has the answer of ``etcdctl endpoint hashkv -w json``; None when there is none."""
    for line in output.split(b"\n"):
        if line.startswith(_NAME) and len(line) <= _LINE_MAX:
            answer = _answer(line.removeprefix(_NAME))
            hash, compacted = whole(answer.get("hash")), answer.get("compact_revision", 0)
            compacted = 0 if compacted == -1 else whole(compacted)  # -1: never yet
            if hash is not None and compacted is not None:
                return KeyHash(revision=revision, compacted=compacted, hash=hash, at_ms=now_ms)
    return None


def _answer(encoded: bytes) -> Mapping[str, Any]:
    try:
        rows = json.loads(base64.b64decode(encoded, validate=True))
    except (ValueError, RecursionError, binascii.Error):
        return {}
    row = rows[0] if isinstance(rows, list) and len(rows) == 1 else None
    found = row.get("HashKV") if isinstance(row, Mapping) else None
    return found if isinstance(found, Mapping) else {}
