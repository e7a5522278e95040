"""What each runbook's wizard says of it: what it does, what its first page asks, what is so when nothing speaks against it."""

from __future__ import annotations

import msgspec

from novatui.present.i18n import _

N_ = str  # marks for the catalogue

TARGET = "target"
SOURCE = "source"


class Guide(msgspec.Struct, frozen=True, kw_only=True):
    """``asks``: what the first page asks, TARGET, SOURCE, or empty where there is nothing to choose. ``key`` opens it from
    the menu. ``fits`` may stand when every check passed; ``prepare`` is what ``p`` begins with, up to the gate.
    ``checks``: which rows of ``present.preflight.CHECKS`` its preflight makes, of every master or, with ``about``, of those
    it works on, ``others`` of the rest of its participants. ``no_undo``: why there is nothing to take back."""

    runbook: str
    key: str
    asks: str
    does: str
    fits: str
    prepare: str
    checks: tuple[str, ...]
    others: tuple[str, ...] = ()
    about: bool = False
    no_undo: str = ""


_OTHERS = ("reached", "free")
_SERVING = ("reached", "free", "unit", "tools", "env", "data", "privilege", "auth", "endpoint")
_WHOLE = ("reached", "free", "unit", "tools", "env", "data-dir", "privilege", "auth", "endpoint", "space")
_UNTOUCHED = N_("no data and no file is touched")

GUIDES: dict[str, Guide] = {
    guide.runbook: guide
    for guide in (
        Guide(
            runbook="restart-member",
            key="r",
            asks=TARGET,
            does=N_("restarts etcd on one master; its data stays as it is"),
            fits=N_("its data is not in doubt, and what is restarted does not serve now"),
            prepare=N_(
                "prepares it: nothing stops yet. What its journal, unit and process say now is kept; then the gate asks "
                "for your typed word."
            ),
            checks=_SERVING,
            others=_OTHERS,
            about=True,
            no_undo=_UNTOUCHED,
        ),
        Guide(
            runbook="start-cluster",
            key="s",
            asks="",
            does=N_("starts etcd on all stopped masters together; their data stays as it is"),
            fits=N_("several members are stopped, and nothing says that their data is damaged"),
            prepare=N_(
                "prepares it: nothing is started yet. Every master is looked at; then the gate asks for your typed word."
            ),
            checks=_SERVING,
            others=_OTHERS,
            about=True,
            no_undo=_UNTOUCHED,
        ),
        Guide(
            runbook="recover-member",
            key="m",
            asks=TARGET,
            does=N_("replaces one member: it fetches its data anew from the others"),
            fits=N_("the others have quorum without it, and it does not serve"),
            prepare=N_(
                "prepares it: nothing stops yet. The way is proved on that master, the others are compared; then "
                "the gate asks for your typed word."
            ),
            checks=_WHOLE,
            others=_OTHERS,
            about=True,
        ),
        Guide(
            runbook="restore-cluster",
            key="R",
            asks=SOURCE,
            does=N_("takes the whole cluster back to a snapshot; the last answer"),
            fits=N_("the masters agree on names, peer URLs, token and versions; a restore is the answer"),
            prepare=N_(
                "prepares it: nothing stops yet. Survivors are read, the archive is proved, data is staged beside the "
                "live data; then the gate asks for your typed word."
            ),
            checks=(*_WHOLE, "source"),
        ),
    )
}


def guide(runbook: str) -> Guide:
    """Of a runbook that has none yet, a plain one."""
    return GUIDES.get(runbook) or Guide(
        runbook=runbook,
        key="",
        asks="",
        does=runbook,
        fits=N_("every check passed"),
        prepare=N_("prepares it: the gate comes before the first change."),
        checks=_OTHERS,
    )


def page_names(runbook: str) -> tuple[str, ...]:
    """The pages of its wizard in order, and what comes after them in the run."""
    first = {TARGET: (_("master"),), SOURCE: (_("source"),)}.get(guide(runbook).asks, ())
    return (*first, _("preflight"), _("plan"), _("gate, in the run"))
