"""Journal entries and snapshots as a recording may have them: it is given to others, also what the screen would show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from novatui.model.cluster import NodeSnapshot
from novatui.model.entries import Entry
from novatui.model.masking import mask, mask_field, mask_strings, struck
from novatui.model.named_secrets import MASK

# Known values, as they are now: what a person types to get in is typed while a recording goes on.
Secrets = Callable[[], Sequence[str]]

# A private key that is logged line by line.
_KEY_LINE = re.compile(r"[A-Za-z0-9+/=]*|(?:Proc-Type|DEK-Info): .*")


class EntryMask:
    """Of one master, in order. ``count``: how many entries lost something."""

    def __init__(self, secrets: Secrets = tuple) -> None:
        self.count = 0
        self._secrets = secrets
        self._known: Sequence[str] = ()
        self._in_key = False

    def masked(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        self._known = self._secrets()
        return tuple(map(self._one, entries))

    def _one(self, entry: Entry) -> Entry:
        self._in_key = self._in_key and _KEY_LINE.fullmatch(entry.text) is not None
        if self._in_key:
            self.count += 1
            return msgspec.structs.replace(entry, text=MASK, fields=())
        self._in_key = "PRIVATE KEY-----" in entry.text and "-----END" not in entry.text
        text, found = self._text(entry.text)
        fields = []
        for name, value in entry.fields:
            shown, masks = mask_field(name, value, self._known)
            found += masks
            fields.append((name, shown))
        if not found:
            return entry
        self.count += 1
        return msgspec.structs.replace(entry, text=text, fields=tuple(fields))

    def _text(self, text: str) -> tuple[str, int]:
        text, known = struck(text, self._known)
        text, found = mask(text)
        return text, known + found


def masked_node(node: NodeSnapshot, secrets: Sequence[str] = ()) -> tuple[NodeSnapshot, int]:
    """The same for what etcd, systemd and SSH said of themselves, and how often."""
    shown, found = mask_strings(msgspec.to_builtins(node), secrets)
    return (msgspec.convert(shown, NodeSnapshot), found) if found else (node, 0)
