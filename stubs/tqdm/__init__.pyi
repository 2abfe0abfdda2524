from collections.abc import Iterable, Iterator
from typing import Generic, TextIO, TypeVar

T = TypeVar("T")

class tqdm(Generic[T]):
    def __init__(
        self,
        iterable: Iterable[T] | None = ...,
        desc: str | None = ...,
        total: float | None = ...,
        leave: bool | None = ...,
        file: TextIO | None = ...,
        disable: bool | None = ...,
        unit: str = ...,
    ) -> None: ...
    def __iter__(self) -> Iterator[T]: ...
    def update(self, n: float | None = ...) -> bool | None: ...
    def set_postfix_str(self, s: str = ..., refresh: bool = ...) -> None: ...
    def close(self) -> None: ...
