"""Colours with meanings: the call is blue, the response amber, whatever widget shows them."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

CALL: Final = "#4fc3f7"
RESPONSE: Final = "#ffbe4a"
THINKING: Final = "#c77dff"
IDLE: Final = "#7d8899"
GOOD: Final = "#7ee787"
BAD: Final = "#ff6b6b"

GROUND: Final = "#0d1117"
RAISED: Final = "#161b24"
LINE: Final = "#2b3444"
DIM: Final = "#7d8899"
TEXT: Final = "#dbe2ea"
BRIGHT: Final = "#ffffff"

CALL_SHADES: Final = (0.6, 0.72, 0.86, 1.0)
RESPONSE_SHADES: Final = (0.55, 0.7, 0.9, 1.0)
"""Soft to hard, as shares of the colour over the ground; on 16 colours they stay cyan and yellow."""

STATE_COLOURS: Final = {"idle": IDLE, "listening": CALL, "thinking": THINKING, "answering": RESPONSE}

THEME: Final = Theme(
    name="stage",
    primary=CALL,
    secondary=RESPONSE,
    accent=THINKING,
    success=GOOD,
    warning=RESPONSE,
    error=BAD,
    foreground=TEXT,
    background=GROUND,
    surface=RAISED,
    panel="#1c2330",
    dark=True,
    variables={
        "line": LINE,
        "dim": DIM,
        "call": CALL,
        "response": RESPONSE,
        "block-cursor-background": CALL,
        "block-cursor-foreground": GROUND,
        "footer-key-foreground": CALL,
        "input-selection-background": f"{CALL} 40%",
    },
)


def mixed(colour: str, ground: str, share: float) -> str:
    """`share` of a colour over a ground, both `#rrggbb`."""
    parts = (
        round(int(ground[at : at + 2], 16) * (1 - share) + int(colour[at : at + 2], 16) * share) for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)
