"""Eight figures that say how a picture looks: light, colour and detail."""

from __future__ import annotations

ATTRIBUTES = (
    "brightness",
    "contrast",
    "saturation",
    "colourfulness",
    "warmth",
    "hue",
    "edge_density",
    "top_minus_bottom",
)
