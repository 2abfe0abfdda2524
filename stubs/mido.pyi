from collections.abc import Iterator
from typing import IO, Any

class Message:
    type: str
    time: float
    note: int
    velocity: int
    channel: int
    def __init__(self, type: str, **fields: Any) -> None: ...
    def copy(self, **overrides: Any) -> Message: ...

class MetaMessage(Message): ...

class MidiTrack(list[Message]):
    name: str

class MidiFile:
    type: int
    ticks_per_beat: int
    tracks: list[MidiTrack]
    length: float
    def __init__(
        self, filename: str | None = ..., file: IO[bytes] | None = ..., type: int = ..., ticks_per_beat: int = ...
    ) -> None: ...
    def __iter__(self) -> Iterator[Message]: ...
    def save(self, filename: str | None = ..., file: IO[bytes] | None = ...) -> None: ...
