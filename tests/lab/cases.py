"""``python -m tests.lab.cases DIR [trixie|bullseye] [NAME ..]``: breaks hosts, each in its way, and records what is seen as
a case of the diagnosis. What a case must say is written into it by hand; an expectation that it had is kept."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

from novatui import config
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import ClusterSnapshot, Link
from novatui.model.entries import Entry
from novatui.probes import agreement
from novatui.probes.collector import Collector
from novatui.probes.watch import now_ms
from novatui.remote.ssh import SshTransport
from tests.diagnosis import cases
from tests.lab import breaking_starts  # noqa: F401 - registers its ways
from tests.lab.breaking import BREAKS
from tests.lab.lab import Lab

LOOK_S = 8.0


def record(lab: Lab, name: str, directory: Path) -> None:
    broken = BREAKS[name]
    look_s = broken(lab) or LOOK_S
    with lab.inside():
        snapshot, entries, at_ms = asyncio.run(_look(lab, look_s))
    found = diagnose(snapshot, entries, at_ms)
    about = " ".join((broken.__doc__ or "").split())
    made = f"{lab.image}, etcd {_version(snapshot)}, {len(lab.nodes)} masters"
    cases.write(directory / f"{name}.case", f"{about} ({made})", snapshot, entries, at_ms)
    print(f"{name}: {found.verdict} {found.recommend} {found.recommend_node}: {found.recommend_why}")
    for finding in found.findings:
        print(f"    {finding.severity:5} {finding.id} {finding.node}: {finding.title}")


async def _look(lab: Lab, look_s: float) -> tuple[ClusterSnapshot, dict[str, list[Entry]], int]:
    """As the screen sees it: everything for so long, and until what changes slowly is known."""
    wanted = config.load(lab.config_path).pick(None)
    transport = SshTransport(wanted)
    collector = Collector(wanted, transport)
    entries: dict[str, list[Entry]] = {node.name: [] for node in wanted.nodes}
    agreement.FIRST_S = 6.0
    task = asyncio.create_task(
        collector.run(lambda snapshot: None, lambda node, new: entries[node].extend(new))
    )
    try:
        end = time.monotonic() + look_s
        while time.monotonic() < end or (  # noqa: ASYNC110 - it looks for a while, whatever comes
            time.monotonic() < end + 15 and not _whole(collector.snapshot())
        ):
            await asyncio.sleep(0.2)
        return collector.snapshot(), entries, now_ms()
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        await transport.close()


def _whole(snapshot: ClusterSnapshot) -> bool:
    return all(node.upkeep is not None or node.link is not Link.LIVE for node in snapshot.nodes)


def _version(snapshot: ClusterSnapshot) -> str:
    return next((node.endpoint.version for node in snapshot.nodes if node.endpoint.version), "unknown")


def main() -> int:
    directory, names = Path(sys.argv[1]), sys.argv[2:] or list(BREAKS)
    image = "trixie"
    if names[0] in ("trixie", "bullseye"):
        image, *names = names
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with Lab.up(3, image) as lab:
        for name in names:
            try:
                lab.fresh()
                record(lab, name, directory)
            except Exception as why:
                print(f"{name}: not made: {type(why).__name__}: {why}")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
