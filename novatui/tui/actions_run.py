"""The keys of the wizard, the run screen and the history: their part of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from novatui.present.i18n import _
from novatui.tui.action import N_, Action

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp


def _screen_says(name: str) -> Any:
    """The reason is the screen's own: ``why_not_<name>`` of whichever is in front; none when it has no say."""

    def why_not(app: NovatuiApp) -> str:
        for screen in reversed(app.screen_stack):
            asked = getattr(screen, f"why_not_{name}", None)
            if asked is not None:
                reason: str = asked()
                return reason
        return _("not here")

    return why_not


WIZARD = (
    Action(
        "wizard-next",
        "right,n",
        "→",
        N_("next"),
        N_("to the next page; changes nothing"),
        "wizard",
        1,
        _screen_says("next"),
    ),
    Action(
        "wizard-back",
        "left,escape",
        "Esc",
        N_("back"),
        N_("to the page before, or out of the wizard"),
        "wizard",
        2,
    ),
    Action(
        "wizard-prepare",
        "p",
        "p",
        N_("prepare"),
        N_("start the run: nothing stops yet, the gate comes after"),
        "wizard",
        3,
        _screen_says("prepare"),
    ),
    Action("wizard-up", "up,k", "k ↑", N_("up"), N_("the source above, or one row up"), "wizard"),
    Action("wizard-down", "down,j", "j ↓", N_("down"), N_("the source below, or one row down"), "wizard"),
    Action("wizard-page-up", "pageup,ctrl+b", "PgUp", N_("page up"), N_("one page up"), "wizard"),
    Action(
        "wizard-page-down", "pagedown,ctrl+f,space", "PgDn", N_("page down"), N_("one page down"), "wizard"
    ),
    Action("wizard-first", "g,home", "g", N_("first"), N_("to the top"), "wizard"),
    Action("wizard-last", "G,end", "G", N_("last"), N_("to the bottom"), "wizard"),
    Action(
        "wizard-node",
        "tab",
        "Tab",
        N_("master"),
        N_("the next master's column, on narrow screens"),
        "wizard",
        0,
        _screen_says("node"),
    ),
    Action("wizard-again", "r", "r", N_("look again"), N_("ask every master again"), "wizard", 4),
    Action(
        "wizard-overrule",
        "o",
        "o",
        N_("overrule"),
        N_("overrule a guard that may be overruled, by typing its name"),
        "wizard",
        6,
        _screen_says("overrule"),
    ),
    Action(
        "wizard-instead",
        "w",
        "w",
        N_("instead"),
        N_("where it refuses: the runbook that its reasons name"),
        "wizard",
        0,
        _screen_says("instead"),
    ),
    Action(
        "wizard-scripts",
        "c",
        "c",
        N_("scripts"),
        N_("the full text of every script the plan runs"),
        "wizard",
        5,
        _screen_says("plan"),
    ),
    Action("wizard-copy", "y", "y", N_("copy"), N_("copy this page as text"), "wizard", 7),
    Action("wizard-quit", "q", "q", N_("leave"), N_("leave the wizard; nothing has changed"), "wizard", 10),
)

RUN = (
    Action(
        "run-gate",
        "o",
        "o",
        N_("open gate"),
        N_("the gate: what is at stake, and the words to type"),
        "run",
        6,
        _screen_says("gate"),
    ),
    Action(
        "run-pause",
        "p",
        "p",
        N_("pause"),
        N_("wait after this step, or after the next one where etcd serves"),
        "run",
        7,
        _screen_says("pause"),
    ),
    Action(
        "run-continue",
        "c",
        "c",
        N_("continue"),
        N_("go on after a pause; give what the run waits for: a passphrase, a password"),
        "run",
        8,
        _screen_says("continue"),
    ),
    Action(
        "run-resume",
        "r",
        "r",
        N_("retry"),
        N_("try what failed again, go on where it stopped: the masters are looked at first"),
        "run",
        3,
        _screen_says("resume"),
    ),
    Action(
        "run-abort", "A", "A", N_("abort"), N_("stop at the next safe point"), "run", 1, _screen_says("abort")
    ),
    Action(
        "run-undo",
        "u",
        "u",
        N_("undo"),
        N_("put everything back as it was before the run; typed"),
        "run",
        2,
        _screen_says("undo"),
    ),
    Action(
        "run-abandon",
        "X",
        "X",
        N_("give up"),
        N_("remove what was staged and give the masters free"),
        "run",
        0,
        _screen_says("abandon"),
    ),
    Action(
        "run-output",
        "l",
        "l",
        N_("full output"),
        N_("every line of the chosen step on the chosen master"),
        "run",
        4,
    ),
    Action("run-plan", "P", "P", N_("plan"), N_("what was confirmed: every step and command"), "run", 0),
    Action(
        "run-byhand",
        "F",
        "F",
        N_("by hand"),
        N_("where the remaining commands lie, and how to use them"),
        "run",
        0,
    ),
    Action("run-copy", "y", "y", N_("copy"), N_("copy the chosen master's lines, or the result"), "run", 5),
    Action(
        "run-result",
        "v",
        "v",
        N_("result"),
        N_("the result, or the masters' columns"),
        "run",
        0,
        _screen_says("result"),
    ),
    Action(
        "run-node",
        "tab,right",
        "Tab",
        N_("next master"),
        N_("choose the next master; 1-7 choose by number"),
        "run",
        0,
    ),
    Action(
        "run-previous-node",
        "shift+tab,left",
        "S-Tab",
        N_("previous master"),
        N_("choose the previous master"),
        "run",
        0,
    ),
    Action(
        "run-up", "up,k", "k ↑", N_("up"), N_("choose the step above; the columns show it alone"), "run", 0
    ),
    Action("run-down", "down,j", "j ↓", N_("down"), N_("choose the step below"), "run", 0),
    Action("run-follow", "f,escape", "f", N_("follow"), N_("all steps again, at the newest line"), "run", 0),
    Action("run-page-up", "pageup,ctrl+b", "PgUp", N_("page up"), N_("one page up in the result"), "run", 0),
    Action(
        "run-page-down",
        "pagedown,ctrl+f,space",
        "PgDn",
        N_("page down"),
        N_("one page down in the result"),
        "run",
        0,
    ),
    Action("run-leave", "q", "q", N_("detach"), N_("leave this screen; a run that lives goes on"), "run", 10),
)

HISTORY = (
    Action(
        "history-open",
        "enter,l,right",
        "Enter",
        N_("open"),
        N_("look at the run; one that lives is followed"),
        "history",
        1,
        _screen_says("open"),
    ),
    Action("history-up", "up,k", "k ↑", N_("up"), N_("the run above"), "history"),
    Action("history-down", "down,j", "j ↓", N_("down"), N_("the run below"), "history"),
    Action("history-again", "r", "r", N_("look again"), N_("read the list again"), "history", 2),
    Action(
        "history-report",
        "t",
        "t",
        N_("report"),
        N_("what the run did, as text"),
        "history",
        3,
        _screen_says("open"),
    ),
    Action(
        "history-copy",
        "y",
        "y",
        N_("copy"),
        N_("copy the report of the chosen run"),
        "history",
        4,
        _screen_says("open"),
    ),
    Action("history-leave", "q,escape", "q", N_("back"), N_("to the dashboard"), "history", 10),
)
