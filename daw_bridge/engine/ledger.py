"""Which notes are sounding, who struck them, and who owes them a note-off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Voice:
    """A note-on that was sent. `number` is its identity: an off ends only its own on. `owner` is a turn, 0 is thru."""

    number: int
    owner: int
    channel: int
    pitch: int
    velocity: int
    since_s: float
    port: str = "out"


class Ledger:
    """At most one voice for each key of each channel of each port; a voice enters once and leaves once."""

    def __init__(self) -> None:
        self._by_number: dict[int, Voice] = {}
        self._by_key: dict[tuple[str, int, int], int] = {}
        self._last_number = 0

    def __len__(self) -> int:
        return len(self._by_number)

    def enter(self, owner: int, channel: int, pitch: int, velocity: int, now_s: float, port: str = "out") -> Voice:
        """A note-on goes out now. The key must be free: see `at`."""
        if (port, channel, pitch) in self._by_key:
            raise ValueError(f"key {pitch} of channel {channel} sounds already")
        self._last_number += 1
        voice = Voice(self._last_number, owner, channel, pitch, velocity, now_s, port)
        self._by_number[voice.number] = voice
        self._by_key[port, channel, pitch] = voice.number
        return voice

    def leave(self, number: int) -> Voice | None:
        """The voice's note-off goes out now; None when it has left before."""
        voice = self._by_number.pop(number, None)
        if voice is not None:
            del self._by_key[voice.port, voice.channel, voice.pitch]
        return voice

    def at(self, channel: int, pitch: int, port: str = "out") -> Voice | None:
        """The voice that sounds on a key."""
        number = self._by_key.get((port, channel, pitch))
        return None if number is None else self._by_number[number]

    def sounding(self, owner: int | None = None) -> tuple[Voice, ...]:
        """All voices, or those of one owner, oldest first."""
        return tuple(voice for voice in self._by_number.values() if owner is None or voice.owner == owner)

    def owns(self, owner: int) -> bool:
        """Whether any voice of `owner` sounds."""
        return any(voice.owner == owner for voice in self._by_number.values())
