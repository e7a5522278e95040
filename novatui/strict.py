"""Reads untyped data against msgspec structs and finds *every* problem, each with its full dotted path.

msgspec itself stops at the first and prints ``$.clusters[...]``, which names nobody's key.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import inspect

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


def problems(raw: object, struct: type[msgspec.Struct], path: str = "") -> list[str]:
    """Every way in which ``raw`` (as tomllib gives it) is not a ``struct``; empty when it is one."""
    return list(_walk(raw, inspect.type_info(struct), path))


def dotted(path: str, key: str) -> str:
    """``path.key``, the key quoted as TOML would where it is not a bare one."""
    shown = key if _BARE_KEY.match(key) else json.dumps(key)
    return f"{path}.{shown}" if path else shown


def _walk(raw: object, kind: inspect.Type, path: str, want: str = "") -> Iterator[str]:
    match kind:
        case inspect.Metadata():
            yield from _walk(raw, kind.type, path, (kind.extra_json_schema or {}).get("description", want))
        case inspect.StructType():
            yield from _walk_struct(raw, kind, path)
        case inspect.DictType():
            if not isinstance(raw, dict):
                yield _mismatch(path, "a table", raw)
                return
            for key, value in raw.items():
                yield from _walk_key(key, kind.key_type, path)
                yield from _walk(value, kind.value_type, dotted(path, key), want)
        case inspect.VarTupleType():
            if not isinstance(raw, list):
                yield _mismatch(path, "an array", raw)
                return
            if not _within(len(raw), kind.min_length, kind.max_length):
                yield f"{path}: must have {want}, has {len(raw)}"
            for index, value in enumerate(raw):
                yield from _walk(value, kind.item_type, f"{path}[{index}]", want)
        case _:
            yield from _walk_scalar(raw, kind, path, want)


def _walk_struct(raw: object, kind: inspect.StructType, path: str) -> Iterator[str]:
    if not isinstance(raw, dict):
        yield _mismatch(path, "a table", raw)
        return
    fields = {field.encode_name: field for field in kind.fields}
    for key in raw:
        if key not in fields:
            yield f"{dotted(path, key)}: unknown key{_nearest(key, kind)}"
    for name, field in fields.items():
        if name in raw:
            yield from _walk(raw[name], field.type, dotted(path, name))
        elif field.required:
            yield f"{dotted(path, name)}: missing"


def _walk_key(key: str, kind: inspect.Type, path: str) -> Iterator[str]:
    for problem in _walk(key, kind, dotted(path, key)):
        yield problem.replace(": must be", ": its name must be", 1)


def _walk_scalar(raw: object, kind: inspect.Type, path: str, want: str) -> Iterator[str]:
    match kind:
        case inspect.StrType():
            if not isinstance(raw, str):
                yield _mismatch(path, "a string", raw)
            elif kind.pattern is not None and not re.search(kind.pattern, raw):
                yield f"{path}: must be {want}, is {_shown(raw)}"
        case inspect.LiteralType():
            if raw not in kind.values:
                words = ", ".join(_shown(value) for value in kind.values)
                close = get_close_matches(str(raw), [str(value) for value in kind.values], n=1)
                yield f"{path}: must be one of {words}, is {_shown(raw)}{_did_you_mean(close)}"
        case inspect.IntType():
            if not isinstance(raw, int) or isinstance(raw, bool):
                yield _mismatch(path, "a whole number", raw)
            elif not _within(raw, kind.ge, kind.le):
                yield f"{path}: must be {want}, is {raw}"
        case inspect.FloatType():
            if not isinstance(raw, int | float) or isinstance(raw, bool):
                yield _mismatch(path, "a number", raw)
            elif not math.isfinite(raw) or not _within(raw, kind.ge, kind.le):
                yield f"{path}: must be {want}, is {raw}"
        case _:
            raise TypeError(f"{path}: no reading for {kind}")


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _nearest(key: str, kind: inspect.StructType) -> str:
    """The nearest key of the same table, else of a table inside it (``user`` belongs to ``ssh.user``)."""
    names = [field.encode_name for field in kind.fields]
    close = get_close_matches(key, names, n=1)
    if close:
        return _did_you_mean(close)
    inner = {
        inside.encode_name: f"{field.encode_name}.{inside.encode_name}"
        for field in kind.fields
        if isinstance(field.type, inspect.StructType)
        for inside in field.type.fields
    }
    close = [inner[name] for name in get_close_matches(key, inner, n=1)]
    return _did_you_mean(close) or f"; known here: {', '.join(names)}"


def _did_you_mean(close: list[str]) -> str:
    return f", did you mean {close[0]}?" if close else ""


def _mismatch(path: str, want: str, raw: Any) -> str:
    return f"{path or 'the file'}: must be {want}, is {_kind(raw)}"


def _kind(raw: object) -> str:
    match raw:
        case bool():
            return "true" if raw else "false"
        case str():
            return f"the string {_shown(raw)}"
        case int() | float():
            return f"the number {raw}"
        case dict():
            return "a table"
        case list():
            return "an array"
        case _:
            return f"a {type(raw).__name__}"


def _shown(raw: object) -> str:
    """Quoted and escaped: nothing of the file reaches a terminal raw."""
    text = json.dumps(raw) if isinstance(raw, str) else str(raw)
    return text if len(text) <= 80 else f'{text[:76]}.."'
