"""What the first page of a wizard asks: a source, a master, or nothing. The rest of the wizard is the same for all."""

from __future__ import annotations

from typing import Protocol

from msgspec.structs import replace

from novatui.model.plan import Request
from novatui.model.sources import Source, Sources
from novatui.present.guides import SOURCE, TARGET, guide
from novatui.present.i18n import _
from novatui.present.pointing import Spans
from novatui.present.rows import BLANK, Role, Row, row
from novatui.present.sources import detail_rows, looked_rows, preselected, silent_rows, source_rows
from novatui.present.targets import preselected as preselected_target
from novatui.present.targets import target_page
from novatui.tui.screens.run_client import RunClient
from novatui.tui.state import View


class First(Protocol):
    """A first page. ``asking``: what must be asked of the masters before it can be shown, in words; empty when nothing.
    ``forget`` drops what was asked. ``spans``: the rows of each choice, as last laid out. Nothing here raises but ``ask``."""

    asking: str
    chosen: int
    spans: Spans

    def forget(self) -> None: ...

    async def ask(self, client: RunClient) -> None: ...

    def rows(self, view: View, now_ms: int, width: int, height: int) -> list[Row]: ...

    def move(self, by: int) -> None: ...

    def put(self, number: int) -> None:
        """Choose by number, from 0."""
        ...

    def why_not(self) -> str:
        """Why one cannot go on from here; empty when one can."""
        ...

    def request(self, overruled: tuple[str, ...]) -> Request: ...

    @property
    def node(self) -> str:
        """The master this is about, where it is one: another runbook may be opened for it."""
        ...


class NoFirst:
    """A runbook about all masters as they are: nothing to choose."""

    def __init__(self, runbook: str) -> None:
        self.runbook = runbook
        self.asking = ""
        self.chosen = -1
        self.spans: Spans = []

    @property
    def node(self) -> str:
        return ""

    def forget(self) -> None:
        pass

    async def ask(self, client: RunClient) -> None:
        pass

    def rows(self, view: View, now_ms: int, width: int, height: int) -> list[Row]:
        return []

    def move(self, by: int) -> None:
        pass

    def put(self, number: int) -> None:
        pass

    def why_not(self) -> str:
        return ""

    def request(self, overruled: tuple[str, ...]) -> Request:
        return Request(runbook=self.runbook, overrule=overruled)


class TargetFirst(NoFirst):
    """Which master. What the dashboard sees of each is shown, and stays up to date."""

    def __init__(self, runbook: str, nodes: tuple[str, ...], chosen: int) -> None:
        super().__init__(runbook)
        self.nodes, self.chosen = nodes, chosen

    @property
    def node(self) -> str:
        return self.nodes[self.chosen]

    def rows(self, view: View, now_ms: int, width: int, height: int) -> list[Row]:
        rows, self.spans = target_page(
            view.snapshot, view.diagnosis, self.runbook, self.chosen, now_ms, width
        )
        return rows

    def move(self, by: int) -> None:
        self.put(max(0, min(len(self.nodes) - 1, self.chosen + by)))

    def put(self, number: int) -> None:
        if number < len(self.nodes):
            self.chosen = number

    def request(self, overruled: tuple[str, ...]) -> Request:
        return Request(runbook=self.runbook, node=self.node, overrule=overruled)


class SourceFirst(NoFirst):
    """What to restore from: the masters are asked for their archives and their own data."""

    def __init__(self, runbook: str, nodes: tuple[str, ...], prefer: str = "") -> None:
        super().__init__(runbook)
        self.nodes, self.prefer = nodes, prefer
        self.asking = _("asking every master, read-only: configuration, archives, its own data")
        self.found: Sources | None = None

    @property
    def source(self) -> Source | None:
        found = self.found
        return found.sources[self.chosen] if found and 0 <= self.chosen < len(found.sources) else None

    def forget(self) -> None:
        self.found, self.spans = None, []

    async def ask(self, client: RunClient) -> None:
        self.found = await client.look(Request(runbook=self.runbook))
        self.chosen = self._best(self.found)

    def _best(self, found: Sources) -> int:
        for number, source in enumerate(found.sources):
            if self.prefer and source.kind == "survivor" and self.prefer in source.nodes and source.usable:
                return number
        return preselected(found)

    def rows(self, view: View, now_ms: int, width: int, height: int) -> list[Row]:
        found, source = self.found, self.source
        if found is None:
            return []
        if not found.sources:
            return [BLANK, *looked_rows(found, width)]
        below = [BLANK, *detail_rows(source, found, now_ms, width)] if source else []
        below += silent_rows(found, width)
        groups = source_rows(found, self.chosen, now_ms, width)
        room = max(3, height - len(below) - 1)
        listed, spans = _window(groups, max(0, self.chosen), room)
        self.spans = [(begin + 1, end + 1) for begin, end in spans]  # below the blank row
        return [BLANK, *listed, *below]

    def move(self, by: int) -> None:
        if self.found and self.found.sources:
            self.chosen = max(0, min(len(self.found.sources) - 1, self.chosen + by))

    def why_not(self) -> str:
        if self.source is None:
            return _("nothing was found")
        return "" if self.source.usable else _("it cannot be used")

    def request(self, overruled: tuple[str, ...]) -> Request:
        request = super().request(overruled)
        source = self.source
        if source is None:
            return request
        if source.kind == "survivor":
            return replace(request, survivor=source.nodes[0])
        everywhere = set(source.nodes) == set(self.nodes)
        return replace(request, snapshot=source.path, from_node="" if everywhere else source.nodes[0])


def first_of(runbook: str, nodes: tuple[str, ...], node: str, view: View) -> First:
    """The first page of ``runbook``'s wizard; ``node`` is the recommended one, or the one whose pane is chosen."""
    asks = guide(runbook).asks
    if asks == SOURCE:
        return SourceFirst(runbook, nodes, node)
    if asks == TARGET:
        chosen = preselected_target(view.snapshot, view.diagnosis, runbook, node)
        return TargetFirst(runbook, nodes, chosen)
    return NoFirst(runbook)


def _window(groups: list[list[Row]], chosen: int, room: int) -> tuple[list[Row], Spans]:
    """As many whole groups as fit, the chosen one among them; what is left out is counted, and has no rows."""
    begin = end = chosen
    used = len(groups[chosen])
    while True:
        if end + 1 < len(groups) and used + len(groups[end + 1]) + 2 <= room:
            end += 1
            used += len(groups[end])
        elif begin > 0 and used + len(groups[begin - 1]) + 2 <= room:
            begin -= 1
            used += len(groups[begin])
        else:
            break
    rows = [line for group in groups[begin : end + 1] for line in group]
    above, below = begin, len(groups) - 1 - end
    if above:
        rows.insert(0, row((_("  +{n} above").format(n=above), Role.DIM)))
    if below:
        rows.append(row((_("  +{n} below").format(n=below), Role.DIM)))
    spans: Spans = [(0, 0)] * len(groups)
    at = 1 if above else 0
    for number in range(begin, end + 1):
        spans[number] = at, at + len(groups[number])
        at += len(groups[number])
    return rows, spans
