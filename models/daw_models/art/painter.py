"""The painter: a latent and a wish become a picture."""

from __future__ import annotations

from dataclasses import dataclass

from daw_models.art.attributes import ATTRIBUTES

SETS = ("landscape", "townscape", "botanical", "radiolaria")


@dataclass(frozen=True)
class Wish:
    """What a picture should be: a set, and how strong each of the eight `ATTRIBUTES` is.

    Each attribute is a percentile from 0 to 1 of that attribute within the training pictures of the set.
    """

    set_name: str
    attributes: tuple[float, ...] = (0.5,) * len(ATTRIBUTES)
