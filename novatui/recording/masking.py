"""Journal entries and snapshots as a recording may have them: it is given to others, also what the screen would show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from novatui.model.cluster import NodeSnapshot
from novatui.model.entries import Entry
from novatui.model.masking import MASK, mask, mask_strings, struck

# A key that was logged line by line; a journal that never shows its end is not masked for ever.
_KEY_LINES = 200


class EntryMask:
    """Of one master, in order. ``count``: how many entries lost something; ``secrets``: known values."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self.count = 0
        self._secrets = secrets
        self._key_lines = 0  # still to be masked, while a private key is being logged

    def masked(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        return tuple(map(self._one, entries))

    def _one(self, entry: Entry) -> Entry:
        if self._key_lines and not entry.unit_line:
            self._key_lines = 0 if "-----END" in entry.text else self._key_lines - 1
            self.count += 1
            return msgspec.structs.replace(entry, text=MASK, fields=())
        if "PRIVATE KEY-----" in entry.text and "-----END" not in entry.text:
            self._key_lines = _KEY_LINES
        text, found = self._text(entry.text)
        fields = []
        for name, value in entry.fields:
            # Its name may be what says that a value is a secret.
            shown, masks = self._text(f"{name}={value}") if value else ("", 0)
            found += masks
            fields.append((name, shown[len(name) + 1 :] if masks else value))
        if not found:
            return entry
        self.count += 1
        return msgspec.structs.replace(entry, text=text, fields=tuple(fields))

    def _text(self, text: str) -> tuple[str, int]:
        text, known = struck(text, self._secrets)
        text, found = mask(text)
        return text, known + found


def masked_node(node: NodeSnapshot, secrets: Sequence[str] = ()) -> tuple[NodeSnapshot, int]:
    """The same for what etcd, systemd and SSH said of themselves, and how often."""
    shown, found = mask_strings(msgspec.to_builtins(node), secrets)
    return (msgspec.convert(shown, NodeSnapshot), found) if found else (node, 0)
