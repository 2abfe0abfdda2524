"""What a picture should be."""

from __future__ import annotations

from dataclasses import dataclass

from daw_bridge.errors import UsageError
from daw_models.art.attributes import ATTRIBUTES

SETS = ("landscape", "townscape", "botanical", "radiolaria")


@dataclass(frozen=True)
class Wish:
    """What a picture should be: a set, and how strong each of the eight `ATTRIBUTES` is.

    Each attribute is a percentile from 0 to 1 of that attribute within the training pictures of the set.
    Raises UsageError for a set that is not known and for percentiles that are none.
    """

    set_name: str
    attributes: tuple[float, ...] = (0.5,) * len(ATTRIBUTES)

    def __post_init__(self) -> None:
        if self.set_name not in SETS:
            raise UsageError("no such set of pictures", where=self.set_name, cure=f"use one of: {', '.join(SETS)}")
        if len(self.attributes) != len(ATTRIBUTES) or not all(0 <= share <= 1 for share in self.attributes):
            raise UsageError(
                f"a wish has {len(ATTRIBUTES)} percentiles from 0 to 1", cure=f"in this order: {', '.join(ATTRIBUTES)}"
            )

    @property
    def label(self) -> int:
        """The index of the set."""
        return SETS.index(self.set_name)
