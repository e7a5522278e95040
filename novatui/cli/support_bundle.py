"""``novatui support-bundle``: what the vendor needs of all masters, in one archive: listed, confirmed, then written."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from novatui.cli.amounts import duration_s
from novatui.cli.parser import teach
from novatui.errors import Refused
from novatui.model.words import N_, Words
from novatui.present.i18n import _, translated

if TYPE_CHECKING:
    from novatui.bundle.gathering import Gathered, Item, Missing
    from novatui.cli.people import People
    from novatui.config import ClusterConfig
    from novatui.model.cluster import ClusterSnapshot
    from novatui.model.entries import Entry

TIMEOUT_S = 10.0
REPORTS_MAX = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    teach(
        parser,
        _(
            "Gathers what a vendor's support asks for into one archive. Everything is listed and must be confirmed before the "
            "file is written. The masters are only read."
        ),
        _(
            "In it, of every master that can be asked: the journals of etcd, kubelet and kube-apiserver of the last time, etcd's "
            "unit and env files, versions, distribution, disk, clock, etcd's own status and member list, names and sizes of its "
            "files, subjects and dates of certificates. From here: the state of the cluster as `status --json` tells it and as a "
            "recording for `novatui --replay`, and the reports of runs."
        ),
        _(
            "Never in it: private keys, the content of the database, values of variables that etcd does not know. Passwords, "
            "tokens and what else looks like a secret are masked, and the list says how often."
        ),
        exits={
            "0": _("written; masters and pieces that are missing are named, in it too"),
            "1": _("not written, or no master could be asked"),
            "2": _("not confirmed, nothing was written"),
        },
        examples=[
            ("novatui support-bundle", ""),
            ("novatui support-bundle --since 1d -o ticket-4711.tar.gz", ""),
            ("novatui --cluster prod support-bundle --yes", ""),
        ],
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE.tar.gz",
        type=Path,
        help=_("a new file; else named by cluster and time"),
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        type=duration_s,
        default="2h",
        help=_("how far the journals go back: 90s, 30m, 2h, 1d; default %(default)s"),
    )
    parser.add_argument(
        "--yes", action="store_true", help=_("write it without asking; the list is printed all the same")
    )


def main(args: argparse.Namespace) -> int:
    from novatui.bundle import archive
    from novatui.cli.main import open_cluster
    from novatui.cli.people import People
    from novatui.present.numbers import grouped

    cluster, people = open_cluster(args), People.of(args)
    at_s = int(time.time())
    since_s = int(at_s - args.since)
    path = args.output or Path(
        f"novatui-support-{cluster.name}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(at_s))}.tar.gz"
    )
    _new(path)
    gathered = asyncio.run(_gather(cluster, people, since_s))
    listing = archive.contents(cluster.name, at_s, since_s, gathered)
    print(listing, end="", flush=True)
    if not args.yes:
        _confirm(path)
    root = path.name.removesuffix(".tar.gz").removesuffix(".tgz")
    size = archive.write(path, root, listing, gathered.items, at_s)
    said = _("{path}: {size} bytes, readable by you alone (0600). Look into it before you send it.")
    print("\n" + said.format(path=path, size=grouped(size)))
    if not any(item.node for item in gathered.items):
        said = _("no master could be asked: only what is known here is in it")
        print(f"novatui: {said}", file=sys.stderr)
        return 1
    return 0


def _new(path: Path) -> None:
    """Before anybody is asked for anything. Raises Refused."""
    if path.exists() or path.is_symlink():
        raise Refused(f"{path} is there already", "nothing was asked or written", "name a new file with -o")
    if not path.absolute().parent.is_dir():
        raise Refused(
            f"{path.parent} is no directory", "nothing was asked or written", "name a file in one with -o"
        )


def _confirm(path: Path) -> None:
    """A typed yes at the terminal. Raises Refused."""
    from novatui.cli import terminal

    try:
        question = _("Write this to {path}? type yes: ").format(path=path)
        answer = asyncio.run(terminal.ask(f"\n{question}", echo=True))
    except terminal.NoTerminal:
        raise Refused(
            "The contents must be confirmed, and there is no terminal to ask at",
            "nothing was written",
            "read the list, then run it with --yes",
        ) from None
    if (answer or "").strip() != "yes":
        raise Refused("Not confirmed", "nothing was written")


async def _gather(cluster: ClusterConfig, people: People, since_s: int) -> Gathered:
    from novatui.bundle.gathering import Gathered, gather
    from novatui.cli.status import gather as look
    from novatui.probes.collector import Collector
    from novatui.remote.arrival import arrived

    said = _("asking the masters of {cluster}; they are only read").format(cluster=cluster.name)
    print(said, file=sys.stderr, flush=True)
    transport = people.transport(cluster)
    telling = _Telling([node.name for node in cluster.nodes])
    try:
        nodes = [node.name for node in cluster.nodes]
        left = await arrived(transport, nodes, lambda: people.asking, TIMEOUT_S)
        snapshot, entries = await look(Collector(cluster, transport), cluster, max(1.0, left))
        # What was typed to get in is in no file; should a master have logged it, it is struck out there too.
        secrets = tuple(people.wallet.known().values())
        found = await gather(cluster, transport, snapshot, since_s, secrets, telling.progress)
    finally:
        telling.end()
        await transport.close()
    reports, untold = _reports(cluster, secrets)
    return Gathered((*_seen(snapshot, entries, secrets), *reports, *found.items), (*untold, *found.missing))


def _seen(
    snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]], secrets: Sequence[str]
) -> list[Item]:
    """The state as programs read it, and as the screen replays it."""
    import msgspec

    from novatui.bundle.gathering import Item
    from novatui.diagnosis.verdict import diagnose
    from novatui.model.masking import mask_strings
    from novatui.present.status_json import status
    from novatui.recording.masking import EntryMask, masked_node
    from novatui.recording.recording import Moment, case_text

    now_ms = time.time_ns() // 1_000_000
    state = status(snapshot, diagnose(snapshot, entries, now_ms))
    shape, count = mask_strings(msgspec.to_builtins(state), secrets)
    text = msgspec.json.format(msgspec.json.encode(shape), indent=2).decode() + "\n"
    nodes = [masked_node(node, secrets) for node in snapshot.nodes]
    masks = {node: EntryMask(lambda: secrets) for node in entries}
    moment = Moment(
        at_ms=now_ms,
        snapshot=msgspec.structs.replace(snapshot, nodes=tuple(node for node, _count in nodes)),
        entries={node: masks[node].masked(found) for node, found in entries.items()},
    )
    hidden = sum(found for _node, found in nodes) + sum(one.count for one in masks.values())
    replay = case_text(moment).decode()
    return [
        Item("", "status.json", N_("the state, as status --json tells it"), text, count),
        Item("", "moment.nvr", N_("the same for novatui --replay"), replay, hidden),
    ]


def _reports(cluster: ClusterConfig, secrets: Sequence[str]) -> tuple[list[Item], list[Missing]]:
    """Of this cluster's runs on this machine, the newest; and which of them there is none of. Of which cluster one is that cannot
    be read is not known."""
    from novatui.bundle.gathering import Item, Missing
    from novatui.cli.report import render
    from novatui.errors import NovatuiError
    from novatui.model.masking import mask, struck
    from novatui.runner import client, journal, places

    items, missing = list[Item](), list[Missing]()

    def unread(run: str, why: str) -> None:
        missing.append(Missing(_("(here)"), f"reports/{run}.md", why))

    runs = [one for one in client.runs(unread) if one.cluster == cluster.name]
    said = _("only those of the newest {n} runs are in it").format(n=REPORTS_MAX)
    missing += [Missing(_("(here)"), f"reports/{run.run}.md", said) for run in runs[REPORTS_MAX:]]
    for run in runs[:REPORTS_MAX]:
        try:
            place = places.find(run.run)
            told, count = struck(render("md", place.plan(), journal.read(place.journal)), secrets)
            text, more = mask(told)
        except NovatuiError as error:
            said = _("The report could not be made: {why}").format(why=translated(str(error)))
            text, count, more = said + "\n", 0, 0
        items.append(
            Item(
                "",
                f"reports/{run.run}.md",
                Words(N_("report of {runbook}"), runbook=run.runbook),
                text,
                count + more,
            )
        )
    return items, missing


class _Telling:
    """Where each master is: one line that is kept up to date on a terminal, else one line a master at its end."""

    def __init__(self, nodes: Sequence[str]) -> None:
        self._state = dict.fromkeys(nodes, "…")
        self._live = sys.stderr.isatty()
        self._width = 0

    def progress(self, node: str, done: int, of: int, what: str) -> None:
        self._state[node] = f"{done}/{of}"
        if self._live:
            line = "  ".join(f"{name} {state}" for name, state in self._state.items())
            line = f"  {line}  {translated(what)}"[:200]
            print(f"\r{line.ljust(self._width)}", end="", file=sys.stderr, flush=True)
            self._width = len(line)
        elif done == of:
            said = _("{node}: {done} of {all} pieces asked").format(node=node, done=done, all=of)
            print(f"  {said}", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._live and self._width:
            print(f"\r{' ' * self._width}\r", end="", file=sys.stderr, flush=True)
