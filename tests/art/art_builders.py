"""Small pictures of the four sets, and recipes that are trained in a second or two."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from daw_models.art.pictures import Pictures, read_pictures
from daw_models.art.wish import SETS

PAINTER = """
kind = "picture"
family = "painter"

[vae.training]
batch = 4

[vae.net]
size = 64
latent = 4
widths = [8, 8, 8]

[vae.pace]
steps = 4
log_every = 1
save_every = 2
sheet_every = 4

[gan]
windows = 2

[gan.training]
batch = 4

[gan.training.generator]
latent = 12
code = 4
style = 8
widths = [12, 8]

[gan.training.critic]
widths = [8, 12]

[gan.pace]
steps = 4
log_every = 1
save_every = 2
sheet_every = 4

[finish]
fine = 6

[finish.training]
batch = 4

[finish.training.critic]
fold = 8
widths = [8, 12]

[finish.pace]
steps = 4
log_every = 1
save_every = 2
sheet_every = 4
"""


def picture(label: int, seed: int, side: int = 256) -> NDArray[np.uint8]:
    """A soft blot on a ground, both in colours that hang on the set and the seed."""
    random = np.random.default_rng(100 * label + seed)
    rows, columns = np.mgrid[:side, :side] / side
    top, left, width = random.uniform(0.3, 0.7), random.uniform(0.3, 0.7), random.uniform(0.05, 0.3)
    blot = np.exp(-((rows - top) ** 2 + (columns - left) ** 2) / width**2)[..., None]
    ground = random.uniform(0.3, 1.0, 3) * (1 - 0.5 * random.random() * rows[..., None])
    drawn = ground * (1 - blot) + random.uniform(0, 0.7, 3) * blot
    return np.asarray((255 * drawn).clip(0, 255), np.uint8)


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=92)
    return file.getvalue()


def write_archive(path: Path, count: int = 12, side: int = 64) -> Path:
    """An archive of `count` pictures of each set, from three books."""
    with tarfile.open(path, "w") as archive:
        for label, kind in enumerate(SETS):
            for index in range(count):
                content = jpeg(picture(label, index, side))
                member = tarfile.TarInfo(f"{kind}_{index % 3}_{index:04d}.jpg")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def some_pictures(tmp_path: Path, count: int = 12) -> Pictures:
    """The pictures of such an archive."""
    return read_pictures([write_archive(tmp_path / "some.tar", count)], say=print)
