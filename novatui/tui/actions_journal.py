"""What keys do in a journal, on the dashboard and where all masters' journals are one: rows of the action registry."""

from __future__ import annotations

from dataclasses import replace

from novatui.tui.action import N_, Action, screen_says

_FILTER = N_("only lines with a text, level:warn and worse, or re:expression")
_EXPORT = N_("write everything held that passes the filter into a file")

JOURNAL = (
    Action("follow", "f", "f", N_("follow"), N_("to the newest line, and stay there"), "dashboard", 5),
    Action("up", "up,k", "k ↑", N_("up"), N_("one line up; stops following"), "dashboard"),
    Action("down", "down,j", "j ↓", N_("down"), N_("one line down"), "dashboard"),
    Action("page-up", "pageup,ctrl+b", "PgUp", N_("page up"), N_("one page up"), "dashboard"),
    Action("page-down", "pagedown,ctrl+f,space", "PgDn", N_("page down"), N_("one page down"), "dashboard"),
    Action(
        "first",
        "g,home",
        "g",
        N_("first"),
        N_("to the oldest line held; k there fetches older ones"),
        "dashboard",
    ),
    Action("last", "G,end", "G", N_("last"), N_("to the newest line, and follow"), "dashboard"),
    Action("filter", "slash", "/", N_("filter"), _FILTER, "dashboard", 6),
    Action("next-error", "e", "e", N_("next error"), N_("cursor to the next error"), "dashboard", 6),
    Action("previous-error", "E", "E", N_("previous error"), N_("cursor to the previous error"), "dashboard"),
    Action(
        "next-match",
        "n",
        "n",
        N_("next match"),
        N_("cursor to the next line that passes the filter"),
        "dashboard",
        why_not=screen_says("match"),
    ),
    Action(
        "previous-match",
        "N",
        "N",
        N_("previous match"),
        N_("cursor to the previous line that passes"),
        "dashboard",
        why_not=screen_says("match"),
    ),
    Action(
        "context",
        "c",
        "c",
        N_("context"),
        N_("all lines with what passes marked, or only what passes"),
        "dashboard",
        why_not=screen_says("match"),
    ),
    Action(
        "entry",
        "enter",
        "Enter",
        N_("entry"),
        N_("the whole entry with all its fields"),
        "dashboard",
        0,
        screen_says("entry"),
    ),
    Action(
        "unfold",
        "o",
        "o",
        N_("unfold"),
        N_("each of the lines that are shown as one, or one again"),
        "dashboard",
        why_not=screen_says("unfold"),
    ),
    Action(
        "text-left",
        "less_than_sign,shift+left",
        "<",
        N_("left"),
        N_("the text scrolled back to the left"),
        "dashboard",
        why_not=screen_says("scroll"),
    ),
    Action(
        "text-right",
        "greater_than_sign,shift+right",
        ">",
        N_("right"),
        N_("the text scrolled to the right; when zoomed also h l and arrows"),
        "dashboard",
        why_not=screen_says("scroll"),
    ),
    Action("time", "t", "t", N_("time"), N_("clock, with milliseconds, none"), "dashboard"),
    Action("wrap", "W", "W", N_("wrap"), N_("wrap long lines and spread repeated ones, or cut"), "dashboard"),
    Action(
        "select",
        "v",
        "v",
        N_("select"),
        N_("begin or end a selection of lines"),
        "dashboard",
        why_not=screen_says("entry"),
    ),
    Action(
        "copy",
        "y",
        "y",
        N_("copy"),
        N_("copy the selection, or the line under the cursor; also into a file"),
        "dashboard",
        0,
        screen_says("entry"),
    ),
    Action("export", "Y", "Y", N_("export"), _EXPORT, "dashboard", why_not=screen_says("entry")),
    Action(
        "merged", "M", "M", N_("all masters"), N_("the journals of all masters on one time line"), "dashboard"
    ),
)

_MORE_KEYS = {
    "text-left": "less_than_sign,shift+left,left,h",
    "text-right": "greater_than_sign,shift+right,right,l",
}
_MORE_ROOM = {"entry": 7, "copy": 8, "export": 8}  # on the last line
_MORE_LABELS = {"text-left": "h ←", "text-right": "l →"}

MERGED = (
    *(
        replace(
            action,
            id=f"merged-{action.id}",
            does=action.id,
            scope="merged",
            keys=_MORE_KEYS.get(action.id, action.keys),
            footer=_MORE_ROOM.get(action.id, action.footer),
            label=_MORE_LABELS.get(action.id, action.label),
        )
        for action in JOURNAL
        if action.id != "merged"
    ),
    Action("merged-leave", "escape,q,M", "q", N_("back"), N_("to the dashboard"), "merged", 10),
)
