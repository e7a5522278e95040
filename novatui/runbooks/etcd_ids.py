"""Member and cluster IDs as etcd computes them for a bootstrap (server/etcdserver/api/membership: computeMemberId, genID)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def member_id(peer_urls: Iterable[str], token: str) -> int:
    """SHA-1 of the sorted peer URLs, run together, then the token; its first eight bytes."""
    return _first_eight("".join(sorted(peer_urls)).encode() + token.encode())


def cluster_id(member_ids: Iterable[int]) -> int:
    """SHA-1 of the sorted member IDs, eight bytes each, big endian; its first eight bytes."""
    return _first_eight(b"".join(one.to_bytes(8, "big") for one in sorted(member_ids)))


def shown(number: int) -> str:
    """As etcdctl prints an ID: lower-case hex, no leading zeros."""
    return f"{number:x}"


def _first_eight(content: bytes) -> int:
    return int.from_bytes(hashlib.sha1(content, usedforsecurity=False).digest()[:8], "big")
