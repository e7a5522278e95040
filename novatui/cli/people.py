"""Whom the command line asks for secrets and about unknown host keys: the person at the terminal, or nobody."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from novatui import logs
from novatui.cli import terminal
from novatui.present import asking
from novatui.present.i18n import _
from novatui.remote.secrets import SecretAsk
from novatui.remote.wallet import Wallet

if TYPE_CHECKING:
    import argparse

    from novatui.config import ClusterConfig
    from novatui.remote.fleet import Fleet


class AtTerminal:
    """A keeper: types are read without echo, empty or end of input declines. Without a terminal it says so, once for
    each secret, and declines."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    async def ask(self, ask: SecretAsk) -> str | None:
        title = asking.secret_title(ask.kind, ask.node, ask.what)
        wrong = asking.wrong_answer(ask.attempt)
        head = f"{wrong}\n" if wrong else ""
        purpose = asking.secret_purpose(ask.kind, ask.node)
        try:
            answer = await terminal.ask(
                f"{head}novatui: {title}\n  ({purpose}; {asking.kept_where()}; {_('Enter alone declines')}): ",
                echo=ask.echo,
            )
        except terminal.NoTerminal:
            if ask.secret_id not in self._said:
                self._said.add(ask.secret_id)
                _refuse(
                    _("nobody can be asked for the {title}: there is no terminal").format(title=title),
                    _("run it from a terminal, or put the key into an ssh-agent")
                    if ask.kind == "passphrase"
                    else _("run it from a terminal"),
                )
            return None
        return answer or None


class HostKeysAtTerminal:
    """Unknown host keys: one at a time, its fingerprint, and a typed ``yes``. ``accept_all``: --accept-new-host-keys."""

    def __init__(self, accept_all: bool = False) -> None:
        self._accept_all = accept_all
        self._one = asyncio.Lock()
        self.asking = 0

    async def accept(self, node: str, host: str, port: int, key_type: str, fingerprint_sha256: str) -> bool:
        facts = asking.host_key_facts(node, host, port, key_type, fingerprint_sha256)
        if self._accept_all:
            said = _("new host key of {node} accepted (--accept-new-host-keys): {fingerprint}")
            words = said.format(node=node, fingerprint=fingerprint_sha256)
            print(f"novatui: {words}", file=sys.stderr, flush=True)
            return True
        self.asking += 1
        try:
            async with self._one:
                return await self._ask(node, facts, asking.host_key_advice(key_type))
        finally:
            self.asking -= 1

    async def _ask(self, node: str, facts: list[tuple[str, str]], advice: str) -> bool:
        width = max(len(label) for label, _text in facts)
        rows = "\n".join(f"  {label:<{width}}  {text}" for label, text in facts)
        unknown = _("the host key of {node} is not known yet").format(node=node)
        question = f"novatui: {unknown}\n{rows}\n  {advice}\n  {_('type yes to trust it from now on')}: "
        try:
            answer = await terminal.ask(question, echo=True)
        except terminal.NoTerminal:
            shown = facts[-1][1]
            _refuse(
                _("the host key of {node} is not known ({shown}), and there is no terminal to ask at").format(
                    node=node, shown=shown
                ),
                _(
                    "compare the fingerprint, then run it from a terminal once, or with --accept-new-host-keys"
                ),
            )
            return False
        return answer is not None and answer.strip() == "yes"


class People:
    """What one command has to ask with: its wallet, and who decides about host keys."""

    def __init__(self, accept_new_host_keys: bool = False) -> None:
        self.wallet = Wallet(AtTerminal())
        self.host_keys = HostKeysAtTerminal(accept_new_host_keys)

    @classmethod
    def of(cls, args: argparse.Namespace) -> People:
        return cls(bool(getattr(args, "accept_new_host_keys", False)))

    @property
    def asking(self) -> bool:
        """Somebody is being asked now: time that passes is theirs."""
        return bool(self.wallet.asking or self.host_keys.asking)

    def transport(self, cluster: ClusterConfig) -> Fleet:
        """SSH to the masters of ``cluster``, asking these people."""
        from novatui.remote.ssh import SshTransport

        fleet = SshTransport(cluster, self.wallet, self.host_keys)
        logs.links(fleet, "novatui.links")
        return fleet


def _refuse(words: str, hint: str) -> None:
    print(f"novatui: {words}\n  {hint}", file=sys.stderr, flush=True)
