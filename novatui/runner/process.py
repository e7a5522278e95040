"""The runner process: one run, detached from whoever started it. ``python -m novatui.runner.process RUNDIR``.

It lives in a session of its own, ignores SIGHUP, and stops at the next safe point on SIGTERM. Its orders come as one
line on standard input, its word that it began (or why not) goes out on ``--began-fd``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from novatui import config, logs
from novatui.config import ClusterConfig
from novatui.errors import NovatuiError
from novatui.hardening import no_dumps
from novatui.model.plan import Plan
from novatui.model.records import Resumed
from novatui.remote.secrets import Keeper
from novatui.remote.transport import Transport
from novatui.remote.wallet import Wallet
from novatui.runbooks.step import Runbook
from novatui.runner import books, refusing, server
from novatui.runner.clock import Clock, SystemClock
from novatui.runner.engine import Ending, Engine
from novatui.runner.entering import Patient
from novatui.runner.hearts import Hearts
from novatui.runner.journal import Journal, JournalLost
from novatui.runner.lease import operator
from novatui.runner.needs import Needs
from novatui.runner.places import Launch, RunDir, write_private
from novatui.runner.spawn import Began, Orders
from novatui.runner.work import Checkpoint, Fenced, Pace, Work, no_checkpoint

_CLOSE_S = 5.0
_GIVEN_S = 10.0


def _ssh(cluster: ClusterConfig, keeper: Keeper) -> Transport:
    """Nobody is asked about host keys here: an unknown one is refused."""
    from novatui.remote.ssh import SshTransport

    transport = SshTransport(cluster, keeper, rooted=True)
    logs.links(transport, "novatui.links")
    return transport


@dataclass(frozen=True)
class Parts:
    """What a runner is made of; tests bring their own runbooks, masters and kill points."""

    find: books.FindRunbook = books.find
    transport: Callable[[ClusterConfig, Keeper], Transport] = _ssh
    checkpoint: Checkpoint = no_checkpoint
    pace: Pace = field(default_factory=Pace)


def main(words: Sequence[str] | None = None, parts: Parts = Parts()) -> int:
    """Exit codes: 0 verified or undone, 1 failed, 2 refused, 3 aborted, 4 held by another run, 70 our own bug."""
    parser = argparse.ArgumentParser(prog="novatui.runner.process")
    parser.add_argument("rundir", type=Path)
    parser.add_argument("--began-fd", type=int, required=True)
    parser.add_argument("--secrets-fd", type=int)
    parser.add_argument("--log-level", default="info")
    args = parser.parse_args(words)
    _harden()  # before the first secret is read; a fork keeps it
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    wallet = Wallet(needs := Needs(), _secrets(args.secrets_fd))
    if os.fork():
        os._exit(0)  # nobody's child: whoever started us neither waits for us nor takes us along
    _forget_stdin()
    logging.basicConfig(level=args.log_level.upper(), format=logs.FORMAT)
    logs.quiet()
    word = _Word(args.began_fd)
    try:
        try:
            return asyncio.run(_live(RunDir(args.rundir), orders, parts, word, wallet, needs))
        except OSError as error:  # of this machine: its disk is full, say
            where = error.filename if isinstance(error.filename, str) else args.rundir
            raise NovatuiError(
                "This machine does not let the runner work", f"{where}: {error.strerror or error}"
            ) from error
    except NovatuiError as error:
        logging.getLogger(__name__).error("%s", error)
        word.say(
            Began(
                ok=False, title=error.title, detail=error.detail, hint=error.hint, exit_code=error.exit_code
            )
        )
        return error.exit_code
    except Exception as bug:
        logging.getLogger(__name__).exception("our own bug")
        word.say(
            Began(
                ok=False,
                title="The runner failed: a bug of novatui",
                detail=f"{type(bug).__name__}: {bug}; the traceback is in {args.rundir / 'runner.log'}",
                exit_code=70,
            )
        )
        return 70


class _Word:
    """The one line back to our starter, who may be gone."""

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd

    def say(self, began: Began) -> bool:
        """False when nobody hears it."""
        if self._fd is None:
            return False
        fd, self._fd = self._fd, None
        try:
            os.write(fd, msgspec.json.encode(began) + b"\n")
        except OSError:
            return False
        finally:
            os.close(fd)
        return True


def _harden() -> None:
    """No core, no ptrace by others of our uid, nothing readable for others."""
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    no_dumps()


def _secrets(fd: int | None) -> dict[str, str]:
    """The one line on the inherited socket: what our starter was told already."""
    if fd is None:
        return {}
    with socket.socket(fileno=fd) as given:
        given.settimeout(_GIVEN_S)
        raw = b""
        while not raw.endswith(b"\n") and (piece := given.recv(65536)):
            raw += piece
    return msgspec.json.decode(raw, type=dict[str, str]) if raw else {}


def _forget_stdin() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


async def _live(
    place: RunDir, orders: Orders, parts: Parts, word: _Word, wallet: Wallet, needs: Needs
) -> int:
    plan, launch = place.plan(), place.launch()
    runbook = parts.find(plan.runbook)
    refusing.check(place, orders, plan, runbook)
    cluster = config.load(Path(launch.config)).pick(launch.cluster)
    clock = SystemClock()
    journal = _open(place, orders, runbook, clock)
    transport = Patient(parts.transport(cluster, wallet), wallet)
    try:
        life = _Life(place, orders, parts, plan, launch, cluster, runbook, clock, journal, transport, needs)
        return await life.live(word)
    finally:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await transport.close()
        except TimeoutError:
            pass
        journal.close()


@dataclass
class _Life:
    """The parts of one runner, put together."""

    place: RunDir
    orders: Orders
    parts: Parts
    plan: Plan
    launch: Launch
    cluster: ClusterConfig
    runbook: Runbook
    clock: Clock
    journal: Journal
    transport: Patient
    needs: Needs

    async def live(self, word: _Word) -> int:
        work = Work(
            cluster=self.cluster,
            runbook=self.runbook,
            plan=self.plan,
            transport=self.transport,
            journal=self.journal,
            clock=self.clock,
            operator=operator(),
            checkpoint=self.parts.checkpoint,
            pace=self.parts.pace,
        )
        self.transport.work = work
        hearts = Hearts(
            self.transport,
            self.cluster,
            self.plan.run,
            work.runner_id,
            lambda node, owner: work.halt(Fenced(node, owner)),
        )
        engine = Engine(
            work,
            answers=self.orders.answers,
            on_failure=self.launch.on_failure,
            leased=hearts.begin,
            keep=self._keep,
            enter=self.transport.enter,
        )
        ears = server.Server(
            self.plan.run,
            server.judge(
                lambda one, by: engine.answer(one.gate, one.nonce, one.words, by),
                self.needs.answer,
                engine.request,
            ),
        )
        for record in self.journal.records:
            ears.record(record)
        self.journal.listen(ears.record)
        work.tell = ears.live
        self.needs.tell = ears.live
        ears.standing = self.needs.standing
        await ears.start(self.place.listen)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, engine.request, "abort", "SIGTERM")
        try:
            if not word.say(Began(ok=True)):
                # It has given us up, and told its person that nothing began: so be it.
                raise NovatuiError("The starter of this runner is gone: nothing was begun")
            ending = await self._work(engine)
        finally:
            await hearts.close()
            await ears.close()
            self.place.listens_no_more()
        logging.getLogger(__name__).info("%s: %s", ending.result, ending.detail)
        return ending.exit_code

    def _keep(self, name: str, content: bytes) -> None:
        try:
            write_private(self.place.path / name, content)
        except OSError as error:  # an old text would tell the wrong commands
            raise JournalLost.on(self.place.path / name, error) from error

    async def _work(self, engine: Engine) -> Ending:
        if self.orders.do == "undo":
            return await engine.undo()
        if self.orders.do == "abandon":
            return await engine.abandon()
        if engine.work.state.run:
            return await engine.resume()
        return await engine.run()


def _open(place: RunDir, orders: Orders, runbook: Runbook, clock: Clock) -> Journal:
    """The journal, locked. Raises HeldByAnother while a runner of this run lives."""
    if orders.do != "run":
        with contextlib.suppress(FileNotFoundError):
            return Journal.resume(place.journal, clock, runbook_version=runbook.version, by=operator())
    journal = Journal.create(place.journal, clock)
    if orders.do != "run":
        # It never began, or its journal is gone: a run that is resumed asks the masters whether they know more.
        journal.write(Resumed(by=operator()))
    return journal


if __name__ == "__main__":
    sys.exit(main())
