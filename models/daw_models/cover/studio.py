"""From a piece as heard to its cover: wish, picture, enlarging, finish, type, and the file that says all this."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daw_bridge.errors import UsageError
from daw_models.art.attributes import ATTRIBUTES
from daw_models.art.painter import SETS, Painter
from daw_models.cover.composition import LAYOUTS, READABLE, Typeset, choose_layout, compose, picture_side
from daw_models.cover.finishes import FINISHES, graded
from daw_models.cover.hearing import Heard
from daw_models.cover.live import glowing
from daw_models.cover.motion import Floats, Frame, slerp
from daw_models.cover.png import LARGEST_BYTES, Encoded, encode
from daw_models.cover.retouch import Retouch, retouched
from daw_models.cover.size import SIZE, check_size
from daw_models.cover.upscaler import SHIPPED as UPSCALER_FILE
from daw_models.cover.upscaler import enlarge, load_upscaler
from daw_models.cover.wishes import Chosen, blended, choose, described, moved
from daw_models.weights_file import WEIGHTS

Pixels = NDArray[np.uint8]

SOFTWARE: Final = "aiart-bridge cover"
_PLACES: Final = 1000
"""Variations from this number on are places that a moving cover goes to."""
_WAY: Final = 0.85
"""How far they are from the cover, as a share of the way to an unrelated picture."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a cover, beside the piece.

    None leaves the choice to the music. `offsets` move attributes by percentiles (-1..1); `mix` is another piece and
    its share (0..1); `variation` numbers pictures of the same wish; `retouch` is done to the painter's picture.
    """

    title: str = ""
    artist: str = ""
    size: int = SIZE
    layout: str | None = None
    finish: str | None = None
    set_name: str | None = None
    seed: int | None = None
    variation: int = 0
    offsets: Mapping[str, float] = field(default_factory=dict)
    mix: tuple[Heard, float] | None = None
    retouch: Retouch | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """A finished cover: pixels [size, size, 3], its type, the PNG's texts, and figures for people and scripts."""

    pixels: Pixels
    type: Typeset
    texts: Mapping[str, str]
    facts: Mapping[str, Any]
    chosen: Chosen

    def encoded(self) -> Encoded:
        """The PNG, below the size that shops take."""
        return encode(self.pixels, self.texts)


class Studio:
    """The nets, opened once, and what they make."""

    def __init__(self, painter: Painter | None = None, enlarger: Any = None) -> None:
        self.painter = painter or Painter.load()
        self._enlarger = enlarger or load_upscaler()
        self._models = {
            "painter": _digest(WEIGHTS / "painter.safetensors") if painter is None else "own",
            "upscaler": _digest(UPSCALER_FILE) if enlarger is None else "own",
        }

    def cover(self, heard: Heard, order: Order) -> Cover:
        """The cover of a piece. Raises UsageError for a size, layout, finish, set or share that cannot be."""
        chosen, latent = self.wished(heard, order)
        small = self.painter.paint(latent, chosen.wish)
        if order.retouch is not None:
            small = retouched(small, order.retouch, chosen.seed)
        large = graded(enlarge(self._enlarger, small))
        finish = order.finish or ("duotone" if chosen.wish.set_name == "radiolaria" else "paint")
        words = bool(order.title.strip() or order.artist.strip())
        layout = order.layout or choose_layout(large, chosen.seed, chosen.wish.set_name)
        side = picture_side(layout, order.size, text=words)
        picture = FINISHES[finish](large, side, chosen.seed)
        pixels, type_set = compose(picture, layout, order.size, order.title, order.artist)
        facts = {
            "set": chosen.wish.set_name,
            "wish": {name: round(value, 3) for name, value in zip(ATTRIBUTES, chosen.wish.attributes, strict=True)},
            "seed": chosen.seed,
            "variation": order.variation,
            "layout": layout if words else "picture alone",
            "finish": finish,
            "painted_px": small.shape[0],
            "enlarged_px": large.shape[0],
            "finished_px": side,
            "cover_px": order.size,
            "text_contrast": round(type_set.contrast, 2),
            "retouched": list(order.retouch.words) if order.retouch is not None else [],
            "models": self._models,
        }
        return Cover(pixels, type_set, _texts(order, chosen, facts), facts, chosen)

    def places(self, heard: Heard, order: Order, count: int) -> list[Floats]:
        """Latents for a moving cover: the cover's own, and others that lie around it, `count` in all."""
        chosen, home = self.wished(heard, order)
        far = (self.painter.latent(_varied(chosen.seed, _PLACES + number)) for number in range(1, count))
        return [home, *(slerp(home, other, _WAY) for other in far)]

    def moving(self, heard: Heard, order: Order, frames: Iterable[Frame], side: int) -> Iterator[Pixels]:
        """The pictures of a moving cover, [side, side, 3]: every other one painted, those between blended."""
        wish = self.wished(heard, order)[0].wish
        last: Pixels | None = None
        between = False
        for number, frame in enumerate(frames):
            if number % 2 == 1:
                between = True
                continue
            small = self.painter.paint(frame.latent, glowing(wish, frame.excitement), glaze=False)
            painted = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))
            if between and last is not None:
                yield ((last.astype(np.uint16) + painted) // 2).astype(np.uint8)
            yield painted
            last, between = painted, False
        if between and last is not None:
            yield last

    def wished(self, heard: Heard, order: Order) -> tuple[Chosen, NDArray[np.float32]]:
        """The wish with all that was asked for, and the latent. Raises UsageError like `cover`."""
        check(order)
        chosen = choose(heard, set_name=order.set_name)
        seed = heard.seed if order.seed is None else order.seed
        wish, latent = chosen.wish, self.painter.latent(_varied(seed, order.variation))
        if order.mix:
            other, share = order.mix
            there = choose(other, set_name=order.set_name).wish
            wish = blended(wish, there, share)
            latent = slerp(latent, self.painter.latent(_varied(other.seed, order.variation)), share)
            seed = _mixed(seed, other.seed, share)
        wish = moved(wish, order.offsets)
        varied = _varied(seed, order.variation)
        return Chosen(wish, varied, chosen.heard, chosen.reasons, chosen.percentiles), latent


def check(order: Order) -> None:
    """Raise UsageError for what cannot be made."""
    check_size(order.size, "--size")
    for option, value, known in (
        ("--layout", order.layout, LAYOUTS),
        ("--finish", order.finish, tuple(FINISHES)),
        ("--set", order.set_name, SETS),
    ):
        if value is not None and value not in known:
            raise UsageError(f"{value!r} is not known", where=option, cure=f"choose {', '.join(known)}")
    for name, offset in order.offsets.items():
        if name not in ATTRIBUTES:
            raise UsageError(f"{name!r} is no attribute", cure=f"choose {', '.join(ATTRIBUTES)}")
        if not -1.0 <= offset <= 1.0:
            raise UsageError(f"{offset:g} is outside -1 to 1", where=name, cure="0.3 is a clear step")
    if order.mix and not 0.0 <= order.mix[1] <= 1.0:
        raise UsageError(
            f"a share of {order.mix[1]:g} is outside 0 to 1", where="--mix", cure="0.4 keeps most of the piece"
        )


def explained(cover: Cover) -> list[str]:
    """The way from the music to the picture, in lines for people."""
    facts = cover.facts
    lines = ["what is heard"]
    lines += [f"  {line}" for line in cover.chosen.heard]
    lines.append("what is painted")
    lines += [f"  {line}" for line in cover.chosen.reasons]
    asked = cover.chosen.wish
    lines.append(f"  wished for, after what you asked: {described(asked)}")
    lines.append("how it is made")
    lines.append(f"  painted at {facts['painted_px']} pixels by our own net (seed {facts['seed']})")
    lines += [f"  {words}" for words in facts["retouched"]]
    lines.append(f"  enlarged to {facts['enlarged_px']} pixels by our own net")
    lines.append(f"  finish {facts['finish']}: drawn at {facts['finished_px']} pixels; layout {facts['layout']}")
    return lines


def preflight(cover: Cover, data: bytes) -> list[tuple[str, bool, str]]:
    """What a distributor asks of a cover: the point, whether it holds, and the figure."""
    height, width = cover.pixels.shape[:2]
    lines = cover.type.lines
    words = ", ".join(line.text for line in lines) or "no text"
    return [
        ("square", height == width, f"{width} x {height}"),
        (f"{SIZE} pixels", width == SIZE, str(width)),
        ("sRGB", b"sRGB" in data[:64], "8 bits a channel, sRGB chunk"),
        ("under 10 MB", len(data) < LARGEST_BYTES, f"{len(data) / 1e6:.2f} MB"),
        ("title and artist only", True, words),
        ("text readable", cover.type.contrast >= READABLE, f"contrast {cover.type.contrast:.1f} of {READABLE} or more"),
        ("text whole", not cover.type.shortened, "shortened" if cover.type.shortened else "nothing cut"),
    ]


def _varied(seed: int, variation: int) -> int:
    """The seed itself, or one of its own for each variation."""
    if variation == 0:
        return seed
    digest = hashlib.sha256(f"{seed}/{variation}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _mixed(seed: int, other: int, share: float) -> int:
    digest = hashlib.sha256(f"{seed}/{other}/{share:.4f}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _texts(order: Order, chosen: Chosen, facts: Mapping[str, Any]) -> dict[str, str]:
    texts = {
        "Title": order.title,
        "Author": order.artist,
        "Software": SOFTWARE,
        "Description": "; ".join((*chosen.heard[:1], *chosen.reasons)),
        "aiart-bridge": json.dumps(facts, sort_keys=True),
    }
    return {name: text for name, text in texts.items() if text}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
