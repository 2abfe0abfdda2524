"""The computer keyboard as a piano, laid out as in Ableton Live. Plain state; a terminal tells no key releases."""

from __future__ import annotations

from typing import Final

KEYS: Final = "awsedftgyhujkolp;'"
"""From C upwards."""
DURATION_S: Final = 0.4
REPEAT_S: Final = 0.09
"""A key that comes again so soon is held down, not struck."""


class ComputerKeyboard:
    """Octave, velocity, and which keys were struck of late."""

    def __init__(self) -> None:
        self.octave = 4
        self.velocity = 92
        self._struck_s: dict[str, float] = {}

    def struck(self, character: str, now_s: float) -> int | None:
        """The pitch of a key that was struck; None for other keys and for those held down."""
        place = KEYS.find(character) if len(character) == 1 else -1
        if place < 0:
            return None
        before_s = self._struck_s.get(character)
        self._struck_s[character] = now_s
        if before_s is not None and now_s - before_s < REPEAT_S:
            return None
        return min(127, (self.octave + 1) * 12 + place)

    def shifted(self, character: str) -> bool:
        """Octave and velocity keys: whether it was one."""
        match character:
            case "z":
                self.octave = max(0, self.octave - 1)
            case "x":
                self.octave = min(8, self.octave + 1)
            case "c":
                self.velocity = max(20, self.velocity - 12)
            case "v":
                self.velocity = min(127, self.velocity + 12)
            case _:
                return False
        return True
