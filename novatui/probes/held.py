"""Which run has a master: the ``held`` piece of ``poll.sh``, three lines that each end in a dot: owner, hold, holder."""

from __future__ import annotations

from typing import Any

import msgspec

from novatui.model.cluster import Held
from novatui.model.sanitize import clean
from novatui.probes.frames import Piece

_WORD = 64  # characters of a name that are shown


def held(piece: Piece) -> Held | None:
    """None where it cannot be seen. Total: what is not as our own scripts write it is shown as it is, or left out."""
    state = piece.args[0] if piece.args else ""
    if state == "free":
        return Held()
    if state not in ("yes", "no"):
        return None
    lines = [line.removesuffix(b".") for line in piece.body.split(b"\n") if line]
    owner, hold, holder = (*lines, b"", b"", b"")[:3]
    run, _colon, epoch = clean(owner, cap=_WORD).partition(":")
    told = _holder(holder)
    since = told.get("since")
    return Held(
        run=run,
        epoch=int(epoch) if epoch.isascii() and epoch.isdigit() else None,
        operator=_word(told.get("operator")),
        host=_word(told.get("host")),
        since_ms=since if isinstance(since, int) and 0 < since < 1 << 47 else None,
        alive=state == "yes" if run else None,
        hold=clean(hold, cap=_WORD),
    )


def _holder(raw: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _word(value: Any) -> str:
    return clean(value, cap=_WORD) if isinstance(value, str) else ""
