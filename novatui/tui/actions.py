"""Everything a key can do, once: bindings, footer, help and palette are all made from this table.

An action that cannot act now is shown with its reason, never hidden. ``App.action_perform`` looks the reason up, then
calls ``act_<id>`` of the screen, else of the app.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.binding import Binding

from novatui.model.findings import Verdict
from novatui.present.i18n import _
from novatui.tui.action import N_, Action
from novatui.tui.actions_journal import JOURNAL, MERGED
from novatui.tui.actions_replay import REPLAY
from novatui.tui.actions_run import HISTORY, RUN, WIZARD

__all__ = ["ACTIONS", "N_", "Action", "bindings", "find", "no_masters", "of_scope"]

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp


def no_masters(app: NovatuiApp) -> str:
    return _("a recording: no master is behind it") if app.replaying else ""


def _nothing_to_recover(app: NovatuiApp) -> str:
    if app.replaying:
        return no_masters(app)
    diagnosis = app.view.diagnosis
    if diagnosis.ways and diagnosis.verdict is not Verdict.HEALTHY:
        return ""
    match diagnosis.recommend:
        case "":
            return _("nothing to recover") if diagnosis.verdict is Verdict.HEALTHY else _("nothing known yet")
        case "wait":
            return _("wait: it is settling by itself")
    return ""


def _no_other_cluster(app: NovatuiApp) -> str:
    return app.why_not_clusters()


APP = (
    Action("help", "question_mark,f1", "?", N_("help"), N_("every key of this screen"), "app", 9),
    Action("palette", "colon", ":", N_("palette"), N_("find an action by name"), "app", 8),
    Action(
        "theme", "T", "T", N_("theme"), N_("dark, light, high contrast, the terminal's own colours"), "app"
    ),
    Action(
        "clusters",
        "C",
        "C",
        N_("clusters"),
        N_("another cluster of the configuration"),
        "app",
        why_not=_no_other_cluster,
    ),
    Action("quit", "q", "q", N_("quit"), N_("leave novatui; nothing on the masters changes"), "app", 10),
)

DASHBOARD = (
    Action(
        "recover",
        "w",
        "w",
        N_("recover"),
        N_("the recommended runbook, or a menu of those that are possible"),
        "dashboard",
        1,
        _nothing_to_recover,
    ),
    Action("why", "d", "d", N_("why"), N_("findings and their evidence"), "dashboard", 2),
    Action(
        "locks",
        "L",
        "L",
        N_("locks"),
        N_("runs that have masters, and what can be done"),
        "dashboard",
        why_not=no_masters,
    ),
    Action("history", "H", "H", N_("history"), N_("past and living runs"), "dashboard", why_not=no_masters),
    Action(
        "restore",
        "R",
        "R",
        N_("restore"),
        N_("restore the cluster from a snapshot: the wizard"),
        "dashboard",
        why_not=no_masters,
    ),
    Action("refresh", "r", "r", N_("refresh"), N_("ask every master now"), "dashboard", why_not=no_masters),
    Action(
        "record",
        "ctrl+r",
        "^R",
        N_("record"),
        N_("begin or end a recording of what is seen, for novatui --replay"),
        "dashboard",
        why_not=no_masters,
    ),
    Action("zoom", "z", "z", N_("zoom"), N_("one pane over the whole screen, and back"), "dashboard", 4),
    Action("table", "m", "m", N_("members"), N_("show or hide the member table"), "dashboard", 3),
    Action("back", "escape", "Esc", N_("back"), N_("leave zoom or table, follow again"), "dashboard"),
    Action("next-node", "tab", "Tab", N_("next node"), N_("choose the next master"), "dashboard"),
    Action(
        "previous-node",
        "shift+tab",
        "S-Tab",
        N_("previous node"),
        N_("choose the previous master"),
        "dashboard",
    ),
    Action(
        "go-right",
        "right,l",
        "l →",
        N_("right"),
        N_("the next master; when zoomed the text scrolls"),
        "dashboard",
    ),
    Action(
        "go-left",
        "left,h",
        "h ←",
        N_("left"),
        N_("the previous master; when zoomed the text scrolls"),
        "dashboard",
    ),
    *(
        Action(f"node-{n}", str(n), str(n), N_("node"), N_("choose this master"), "dashboard")
        for n in range(1, 8)
    ),
)

# Screens built later add their own scope here: see ``actions_run``.
ACTIONS: tuple[Action, ...] = (*DASHBOARD, *JOURNAL, *MERGED, *WIZARD, *RUN, *HISTORY, *REPLAY, *APP)
# A screen that is another one with some keys of its own: those go before.
_BASE = {"replay": "dashboard"}


def find(action_id: str) -> Action:
    return next(action for action in ACTIONS if action.id == action_id)


def of_scope(scope: str) -> list[Action]:
    """The actions of a screen, and after them the app's own, but for those whose key the screen took."""
    own = _own(scope)
    if scope == "app":
        return own
    taken = {key for action in own for key in action.keys.split(",")}
    return own + [action for action in APP if not taken & set(action.keys.split(","))]


def _own(scope: str) -> list[Action]:
    own = [action for action in ACTIONS if action.scope == scope]
    if scope not in _BASE:
        return own
    taken = {key for action in own for key in action.keys.split(",")}
    for action in _own(_BASE[scope]):
        left = [key for key in action.keys.split(",") if key not in taken]
        if left:
            own.append(replace(action, keys=",".join(left)))
    return own


def bindings(scope: str) -> list[Binding]:
    """For a screen's or the app's ``BINDINGS``."""
    return [
        Binding(key, f"app.perform('{action.id}')", action.name, show=False, id=f"{action.id}:{key}")
        for action in _own(scope)
        for key in action.keys.split(",")
    ]
