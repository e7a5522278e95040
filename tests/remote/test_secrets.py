"""What remembers secrets: one question each, nothing shown, one-time answers never twice; and sudo's gate, byte by byte."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from novatui.remote.command import sudo_passed, sudo_prompt
from novatui.remote.secrets import Remembered, SecretAsk, SecretKind
from novatui.remote.sudo import Gate, Privilege


class Slow:
    """Answers when told to."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.asked: list[SecretAsk] = []
        self.go = asyncio.Event()

    async def ask(self, ask: SecretAsk) -> str | None:
        self.asked.append(ask)
        await self.go.wait()
        return self.answers.pop(0)


def passphrase(attempt: int = 1, node: str = "m1") -> SecretAsk:
    return SecretAsk(SecretKind.PASSPHRASE, node, "/k", attempt=attempt)


async def test_those_who_ask_together_share_one_question_and_one_answer() -> None:
    slow = Slow("hush")
    keeper = Remembered(slow)
    together = [asyncio.create_task(keeper.ask(passphrase(node=f"m{i}"))) for i in range(5)]
    await asyncio.sleep(0)
    together[0].cancel()  # a master that goes away takes the question from nobody
    slow.go.set()
    assert await asyncio.gather(*together[1:]) == ["hush"] * 4
    assert await keeper.ask(passphrase()) == "hush" and len(slow.asked) == 1
    assert "hush" not in repr(keeper)


async def test_a_wrong_answer_is_asked_for_again_by_its_attempt() -> None:
    slow = Slow("wrong", "right", "later")
    slow.go.set()
    keeper = Remembered(slow)
    assert await keeper.ask(passphrase(1)) == "wrong"
    assert await keeper.ask(passphrase(2)) == "right"
    assert await keeper.ask(passphrase(2, "m2")) == "right"  # another master that had the wrong one
    assert await keeper.ask(passphrase(1)) == "right"  # a later login begins with it
    assert await keeper.ask(passphrase(2)) == "later"  # and says that it is wrong by now
    assert [ask.attempt for ask in slow.asked] == [1, 2, 2]


async def test_no_answer_is_not_remembered_and_a_one_time_code_is_not_given_twice() -> None:
    slow = Slow(None, "hush", "111111", "222222")
    slow.go.set()
    keeper = Remembered(slow)
    assert await keeper.ask(passphrase()) is None
    assert await keeper.ask(passphrase()) == "hush"
    code = SecretAsk(SecretKind.KEYBOARD_INTERACTIVE, "m1", "Verification code:")
    assert [await keeper.ask(code), await keeper.ask(code)] == ["111111", "222222"]


async def test_ids_are_shared_where_the_secret_is() -> None:
    ids = {
        SecretAsk(kind, node, what).secret_id
        for kind in SecretKind
        for node in ("m1", "m2")
        for what in ("x", "y")
    }
    # Passphrase and password: one for each what; sudo and the server's own words: one for each node as well.
    assert len(ids) == 2 + 2 + 4 + 4


def pieces(text: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % (len(text) + 1) for cut in cuts} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(at)]


@given(st.lists(st.integers(0, 400), max_size=12), st.booleans(), st.sampled_from([b"", b"err\n", b"[nv-x]"]))
def test_the_gate_opens_however_the_bytes_come(cuts: list[int], asks: bool, own: bytes) -> None:
    sent: list[bytes] = []
    gate = Gate("nv-1", "hush", sent.append)
    text = b"We trust you have received the usual lecture.\n\n" if asks else b""
    text += sudo_prompt("nv-1").encode() if asks else b""
    text += sudo_passed("nv-1").encode() + b"\n" + own + sudo_prompt("nv-1").encode()
    passed = b"".join(gate.feed(piece) for piece in pieces(text, cuts))
    assert gate.open and not gate.wrong and gate.settled.is_set()
    assert sent == ([b"hush\n"] if asks else [])
    # What the command itself says afterwards is its own, even if it looks like a prompt.
    assert passed == own + sudo_prompt("nv-1").encode()


@given(st.lists(st.integers(0, 400), max_size=12))
def test_a_second_prompt_is_a_wrong_password_and_nothing_more_is_sent(cuts: list[int]) -> None:
    sent: list[bytes] = []
    gate = Gate("nv-1", "hush", sent.append)
    text = f"{sudo_prompt('nv-1')}Sorry, try again.\n{sudo_prompt('nv-1')}".encode()
    for piece in pieces(text * 2, cuts):
        assert gate.feed(piece) == b""
    assert gate.wrong and not gate.open and sent == [b"hush\n"]
    assert "hush" not in repr(gate) and "hush" not in repr(Privilege(sudo=True, password="hush"))
