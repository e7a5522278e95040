"""What the keys of a journal do, on whatever screen shows one. A screen says which tail they act on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from novatui.errors import NovatuiError
from novatui.model.entries import Entry
from novatui.present.filter import Filter
from novatui.present.i18n import _
from novatui.present.journal import message, plain
from novatui.present.numbers import clock, grouped
from novatui.tui import keep
from novatui.tui.screens.base import NovaScreen
from novatui.tui.screens.entry import EntryPage
from novatui.tui.screens.filter_prompt import FilterPrompt
from novatui.tui.tail import Tail


class JournalKeys(NovaScreen):
    """Filter, wrap, time and scroll are the same in every journal: the eye compares masters."""

    @property
    def _tail(self) -> Tail:
        raise NotImplementedError

    # why a key cannot act

    def why_not_entry(self) -> str:
        return "" if len(self._tail) else _("no line yet")

    def why_not_match(self) -> str:
        return "" if self._tail.filter is not None else _("no filter: / sets one")

    def why_not_unfold(self) -> str:
        return "" if len(self._tail.current()) > 1 else _("this line stands for itself")

    def why_not_scroll(self) -> str:
        return _("lines are wrapped: W") if self._tail.wrapped else ""

    # moving

    def act_follow(self) -> None:
        self._tail.follow()

    def act_up(self) -> None:
        self._tail.move(-1)

    def act_down(self) -> None:
        self._tail.move(1)

    def act_page_up(self) -> None:
        self._tail.page(-1)

    def act_page_down(self) -> None:
        self._tail.page(1)

    def act_first(self) -> None:
        self._tail.home()

    def act_last(self) -> None:
        self._tail.follow()

    def act_next_error(self) -> None:
        if not self._tail.error(1):
            self.say(_("no later error in this journal"))

    def act_previous_error(self) -> None:
        if not self._tail.error(-1):
            self.say(_("no earlier error in this journal"))

    def act_next_match(self) -> None:
        if not self._tail.match(1):
            self.say(_("no later line passes the filter"))

    def act_previous_match(self) -> None:
        if not self._tail.match(-1):
            self.say(_("no earlier line passes the filter"))

    async def point(self, line: int) -> None:
        """A click on a line: the cursor goes there; on the cursor's it is Enter."""
        if line == self._tail.cursor:
            await self.pick("entry")
        else:
            self._tail.point(line)

    # how lines are shown

    def _each(self, act: Callable[[Tail], None]) -> None:
        for tail in self.nova.journals.every:
            act(tail)
            tail.touch()

    def act_time(self) -> None:
        times = self._tail.times.next
        self._each(lambda tail: setattr(tail, "times", times))

    def act_wrap(self) -> None:
        wrapped = not self._tail.wrapped
        self._each(lambda tail: setattr(tail, "wrapped", wrapped))
        self.say(_("long lines are wrapped") if wrapped else _("long lines are cut; errors show three rows"))

    def act_text_left(self) -> None:
        self._scroll(-1)

    def act_text_right(self) -> None:
        self._scroll(1)

    def _scroll(self, steps: int) -> None:
        self._tail.scroll(steps)
        left = self._tail.left
        self._each(lambda tail: setattr(tail, "left", left))

    def act_unfold(self) -> None:
        self._tail.unfold()

    def act_select(self) -> None:
        self._tail.select()
        if self._tail.anchor is not None:
            self.say(_("selecting: j k and the like extend it, y copies, v ends it"))

    def leave_selection(self) -> bool:
        """Esc's first duty; False when nothing is selected."""
        if self._tail.anchor is None:
            return False
        self._tail.select()
        return True

    # the filter

    def act_filter(self) -> None:
        before = self._tail.filter
        self.app.push_screen(FilterPrompt(before.text if before else ""), self._typed)

    def _typed(self, answer: tuple[Filter | None] | None) -> None:
        if answer is not None:
            self.narrow(answer[0], in_context=False)

    def narrow(self, to: Filter | None, *, in_context: bool) -> None:
        """One journal after the other, so that a key in between is not kept waiting."""
        tails = sorted(self.nova.journals.every, key=lambda tail: tail is not self._tail)
        for tail in tails:
            self.call_later(tail.narrow, to, in_context)

    def act_context(self) -> None:
        self.narrow(self._tail.filter, in_context=not self._tail.in_context)

    # what is taken along

    def act_entry(self) -> None:
        self.app.push_screen(EntryPage(self._tail.current()))

    def act_copy(self) -> None:
        """Into the terminal's clipboard as far as it goes, and into a file in any case."""
        entries = self._tail.selected()
        text = "\n".join(plain(entry) for entry in entries)
        clip, whole = keep.for_clipboard(text)
        self.app.copy_to_clipboard(clip)
        self.leave_selection()
        first = entries[0]
        lines = f"{clock(first.at_ms)} {first.node} {message(first)}"[:40]
        if len(entries) > 1:
            lines = _("{n} lines").format(n=grouped(len(entries)))
        said = _("copied: {what}").format(what=lines)
        if not whole:
            said += " " + _("(the clipboard has the first {n})").format(n=grouped(clip.count("\n") + 1))
        try:
            self.say(f"{said}  {_('also in')} {keep.shown(keep.copied(text))}")
        except (OSError, NovatuiError) as error:
            self.say(f"{said}  {_('no file')}: {_why(error)}")

    def act_export(self) -> None:
        entries = self._tail.passing()
        try:
            path = keep.exported(
                f"{self.nova.cluster.name}-{self.exported_name}",
                self.nova.clock(),
                chain(self._about(entries), map(plain, entries)),
            )
        except (OSError, NovatuiError) as error:
            self.say(_("not exported: {why}").format(why=_why(error)))
            return
        self.say(_("{n} lines in {path}").format(n=grouped(len(entries)), path=keep.shown(path)))

    @property
    def exported_name(self) -> str:
        """Whose journal this is, in the name of an exported file."""
        raise NotImplementedError

    def _about(self, entries: Sequence[Entry]) -> list[str]:
        """The head of an exported file: whose lines, and which."""
        tail = self._tail
        which = f"filter {tail.filter.text}" if tail.filter else "every line held"
        return [
            f"# novatui: journal of etcd, cluster {self.nova.cluster.name}, {self.exported_name}",
            f"# {len(entries)} of {len(tail.held)} lines held ({which}); {tail.count} came in all",
        ]


def _why(error: OSError | NovatuiError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else error.title
