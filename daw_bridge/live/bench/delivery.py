"""What became of messages on their way from one program to another: arrived, lost, or come twice, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Passing:
    """A message passed here at `at_s`, on a clock that both ends share; `turn` owns it, 0 if nobody told."""

    at_s: float
    data: bytes
    turn: int = 0

    @property
    def strikes(self) -> bool:
        """Whether it is a note-on."""
        return self.data[0] & 0xF0 == 0x90 and self.data[2] > 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """`arrived` pairs what was sent with what was received; the others have no partner."""

    sent: int
    received: int
    arrived: tuple[tuple[Passing, Passing], ...]
    lost: tuple[Passing, ...]
    surplus: tuple[Passing, ...]

    @property
    def times_s(self) -> list[float]:
        """How long each message that arrived was under way."""
        return [there.at_s - here.at_s for here, there in self.arrived]


def delivered(sent: Sequence[Passing], received: Sequence[Passing]) -> Delivery:
    """Match both ends in order. A message without a partner at the other end was lost, or is one too many."""
    matcher = SequenceMatcher(None, [each.data for each in sent], [each.data for each in received], autojunk=False)
    arrived: list[tuple[Passing, Passing]] = []
    lost: list[Passing] = []
    surplus: list[Passing] = []
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "equal":
            arrived.extend(zip(sent[first:last], received[start:end], strict=True))
        else:
            lost.extend(sent[first:last])
            surplus.extend(received[start:end])
    return Delivery(len(sent), len(received), tuple(arrived), tuple(lost), tuple(surplus))


def of_hex(messages: Sequence[tuple[float, str]]) -> list[Passing]:
    """Messages as a player's process tells them: (moment, hexadecimal digits)."""
    return [Passing(at_s, bytes.fromhex(digits)) for at_s, digits in messages]
