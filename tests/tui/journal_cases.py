"""Minutes of three journals."""

from __future__ import annotations

from novatui.model.entries import Entry, Level
from tests.tui import screen_cases as cases


def story(node: str, number: int) -> list[Entry]:
    """Minutes of a member that is lost and comes back, as its peers and itself tell it; the same every time."""
    said: list[tuple[Level, str, dict[str, str]]] = [
        (Level.INFO, "compacted Raft logs", {"compact-index": "371002"}),
        (
            Level.INFO,
            "saved snapshot",
            {"path": "/var/lib/etcd/member/snap/0000000000000005-000000000005a8ca.snap"},
        ),
        (
            Level.WARN,
            "lost TCP streaming connection with remote peer",
            {"stream-reader-type": "stream MsgApp v2"},
        ),
        (
            Level.WARN,
            "prober detected unhealthy status",
            {
                "remote-peer-id": "e42bdaa6ace5c691",
                "rtt": "0s",
                "error": "dial tcp 172.31.100.98:2380: i/o timeout",
            },
        ),
        (Level.INFO, "raft.node: 56be76cb75b1242d elected leader", {"term": "6"}),
        (
            Level.ERROR,
            "failed to open database",
            {"path": "/var/lib/etcd/member/snap/db", "error": "invalid database"},
        ),
    ]
    made = []
    for n in range(40):
        level, text, fields = said[(n + number) % (6 if number == 2 else 5)]
        at = cases.NOW - (40 - n) * 1_300 - number * 170
        made.append(
            Entry(
                node=node, at_ms=at, level=level, text=text, fields=tuple(fields.items()), cursor=f"{node}{n}"
            )
        )
    again = [
        Entry(
            node=node, at_ms=cases.NOW, text="recognized and used environment variable", cursor=f"{node}a{n}"
        )
        for n in range(12)
    ]
    return [*made, *again]
