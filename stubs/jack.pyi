from types import TracebackType
from typing import Self

class Client:
    blocksize: int
    samplerate: int
    frame_time: int
    def __init__(self, name: str) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
