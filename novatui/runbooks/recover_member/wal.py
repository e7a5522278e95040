"""Whose data it is: the first records of a member's log, as etcd writes them (server/storage/wal: encoder, walpb.Record)."""

from __future__ import annotations

_CRC_TYPE = 4
_METADATA_TYPE = 1


def owner(head: bytes) -> tuple[str, str]:
    """The IDs of the member whose log begins with ``head`` and of its cluster, lower-case hex; empty where one cannot be
    read. Total.

    Every file of a log begins with a record of its checksum, then one of its metadata: member and cluster.
    """
    first = _record(head)
    if first is None or first[0].get(1) != _CRC_TYPE:
        return "", ""
    second = _record(head[first[1] :])
    content = second[0].get(3) if second is not None and second[0].get(1) == _METADATA_TYPE else None
    metadata = _fields(content) if isinstance(content, bytes) else None
    member, cluster = ((metadata or {}).get(field) for field in (1, 2))
    return _hex(member), _hex(cluster)


def _hex(id: int | bytes | None) -> str:
    return f"{id:x}" if isinstance(id, int) and id else ""


def _record(frame: bytes) -> tuple[dict[int, int | bytes], int] | None:
    """The fields of one record, and where the next begins. Its length is the low 56 bits of the first eight bytes; when the
    highest bit is set, the three lowest of the last byte count the bytes of padding."""
    if len(frame) < 8:
        return None
    size = int.from_bytes(frame[:7], "little")
    padding = frame[7] & 7 if frame[7] & 0x80 else 0
    if size == 0 or len(frame) < 8 + size:
        return None
    fields = _fields(frame[8 : 8 + size])
    return None if fields is None else (fields, 8 + size + padding)


def _fields(message: bytes) -> dict[int, int | bytes] | None:
    """Field number -> value, of a message that has varints and byte strings only; None for any other."""
    found: dict[int, int | bytes] = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if at < 0 or key & 7 not in (0, 2):
            return None
        if key & 7 == 0:
            found[key >> 3] = value
            continue
        if at + value > len(message):
            return None
        found[key >> 3] = message[at : at + value]
        at += value
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number at ``at`` and where the next thing begins; -1 when it does not end."""
    value = 0
    for count in range(10):
        if not 0 <= at + count < len(message):
            break
        byte = message[at + count]
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, at + count + 1
    return 0, -1
