"""How large a cover can be."""

from __future__ import annotations

from typing import Final

from daw_bridge.errors import UsageError

SIZE: Final = 3000
SMALLEST: Final = 64
LARGEST: Final = 6000


def check_size(size: int, option: str) -> None:
    """Raise UsageError, naming the option, for a side in pixels that cannot be made."""
    if not SMALLEST <= size <= LARGEST:
        raise UsageError(
            f"a cover of {size} pixels cannot be made",
            where=option,
            cure=f"choose {SMALLEST} to {LARGEST}; shops ask for {SIZE}",
        )
