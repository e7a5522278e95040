"""What a followed runner needs of a person: asked at this terminal, answered on its socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from novatui.cli.people import People
from novatui.model.sanitize import clean
from novatui.present.asking import not_taken, secret_title
from novatui.present.i18n import _
from novatui.remote.secrets import SecretAsk, SecretKind
from novatui.runner.client import Follower, Met, Need


class Answering:
    """One prompt for each open need; one that somebody else answers is taken away. ``say`` prints a line."""

    def __init__(self, run: str, follower: Follower, people: People, say: Callable[[str], None]) -> None:
        self._run = run
        self._follower = follower
        self._people = people
        self._say = say
        self._asking: dict[str, asyncio.Task[None]] = {}

    def begin(self, need: Need) -> None:
        self._end(need.secret_id)
        self._asking[need.secret_id] = asyncio.create_task(self._answer(need))

    def met(self, met: Met) -> None:
        self._end(met.secret_id)
        if met.by:
            self._say("  " + _("credentials given by {who}").format(who=clean(met.by)))

    async def close(self) -> None:
        tasks = list(self._asking.values())
        for secret_id in tuple(self._asking):
            self._end(secret_id)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, secret_id: str) -> None:
        task = self._asking.pop(secret_id, None)
        if task is not None:
            task.cancel()

    async def _answer(self, need: Need) -> None:
        kind, node, what = SecretKind(need.secret), clean(need.node), clean(need.what)
        waits = _("waiting for credentials: {what}").format(what=secret_title(kind, node, what))
        self._say(f"  ▲ {waits}")
        ask = SecretAsk(kind=kind, node=node, what=what, echo=need.echo, attempt=need.attempt)
        answer = await self._people.wallet.ask(ask)
        if answer is None:
            self._say(
                _(
                    "    the run waits until somebody gives them, or until it is aborted\n"
                    "    give them, from a terminal:  novatui attach {run}\n"
                    "    end it:                      novatui abort {run}"
                ).format(run=self._run)
            )
            return
        reply = await self._follower.give(need, answer)
        if not reply.taken and reply.code != "already_answered":
            self._say("    " + not_taken(reply.code, reply.why))
