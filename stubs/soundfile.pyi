from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

class SoundFileError(Exception): ...
class LibsndfileError(SoundFileError): ...

class SoundFile:
    samplerate: int
    channels: int
    frames: int
    def __init__(
        self,
        file: str,
        mode: str = ...,
        samplerate: int | None = ...,
        channels: int | None = ...,
        subtype: str | None = ...,
        endian: str | None = ...,
        format: str | None = ...,
    ) -> None: ...
    def write(self, data: NDArray[Any]) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

def read(file: str, dtype: str = ..., always_2d: bool = ...) -> tuple[NDArray[Any], int]: ...
