"""`models train` for pictures: a recipe, pictures and a folder become a run and the weights files it ends in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from daw_bridge.errors import UsageError
from daw_models.art.course import Pace, Task, run
from daw_models.art.export import export_article, export_inpaint, export_looker, export_painter, export_vae
from daw_models.art.grids import encode
from daw_models.art.nets.articles import ArticleConfig
from daw_models.art.nets.autoencoder import Autoencoder, AutoencoderConfig
from daw_models.art.nets.layers import channels_last
from daw_models.art.nets.painting import Painting, PaintingConfig
from daw_models.art.pictures import Pictures, read_pictures
from daw_models.art.recipes import PictureRecipe
from daw_models.art.train_article import ArticleTask, ArticleTraining
from daw_models.art.train_finish import FinishTask, FinishTraining
from daw_models.art.train_gan import GanTask, GanTraining
from daw_models.art.train_inpaint import InpaintTask, InpaintTraining
from daw_models.art.train_looker import LookerTask, LookerTraining
from daw_models.art.train_vae import VaeTask, VaeTraining
from daw_models.train.checkpoint import load_checkpoint

_LEAST_PICTURES = 32


@dataclass(frozen=True)
class VaeSettings:
    """A training of the autoencoder and its net."""

    training: VaeTraining = field(default_factory=VaeTraining)
    net: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    pace: Pace = field(default_factory=lambda: Pace(2150))


@dataclass(frozen=True)
class GanSettings:
    """A training of the GAN among latents; each picture is encoded in `windows` random windows."""

    training: GanTraining = field(default_factory=GanTraining)
    windows: int = 4
    pace: Pace = field(default_factory=lambda: Pace(3200))


@dataclass(frozen=True)
class FinishSettings:
    """The painter's last training, at full size; `fine` are the channels of the last stage."""

    training: FinishTraining = field(default_factory=FinishTraining)
    fine: int = 32
    pace: Pace = field(default_factory=lambda: Pace(1500))


@dataclass(frozen=True)
class _Job:
    """What every stage is given."""

    recipe: PictureRecipe
    pictures: Pictures
    out: Path
    resume: bool
    minutes: float | None
    say: Callable[[str], None]

    def go(self, task: Task, pace: Pace, out: Path, share: float = 1.0) -> Path:
        """Run one task in a folder, for its share of the minutes."""
        minutes = None if self.minutes is None else self.minutes * share
        return run(task, pace, out, resume=self.resume, minutes=minutes, say=self.say)


def train_pictures(
    recipe: PictureRecipe,
    sources: Sequence[Path],
    out: Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    threads: int | None = None,
    say: Callable[[str], None],
) -> list[Path]:
    """Train what the recipe says; returns the weights files, the model itself first.

    Raises UsageError for an unknown family or key, too few pictures, or a folder that holds a run already.
    """
    makers: dict[str, tuple[Callable[[_Job], list[Path]], tuple[str, ...]]] = {
        "painter": (_painter, ("vae", "gan", "finish")),
        "vae": (_vae, ("vae",)),
        "looker": (_looker, ("looker", "pace")),
        "inpaint": (_inpaint, ("inpaint", "pace")),
        "mlp-gan": (_article, ("article", "pace")),
        "dcgan": (_article, ("article", "pace")),
    }
    if recipe.family not in makers:
        raise UsageError(f"unknown family {recipe.family}", where=recipe.where, cure=f"use {', '.join(makers)}")
    maker, tables = makers[recipe.family]
    recipe.check(tables)
    if threads is not None:
        torch.set_num_threads(threads)
    pictures = read_pictures(sources, cache=out, say=say)
    if len(pictures) < _LEAST_PICTURES:
        raise UsageError(f"{len(pictures)} pictures are too few", where=str(sources[0]), cure="give a few hundred")
    return maker(_Job(recipe, pictures, out, resume, minutes, say))


def _vae(job: _Job) -> list[Path]:
    settings = job.recipe.settings("vae", VaeSettings)
    checkpoint = job.go(VaeTask(settings.net, settings.training, job.pictures), settings.pace, job.out)
    return [export_vae(checkpoint, job.out / "vae.safetensors", len(job.pictures))]


def _looker(job: _Job) -> list[Path]:
    task = LookerTask(job.recipe.settings("looker", LookerTraining), job.pictures)
    checkpoint = job.go(task, job.recipe.settings("pace", Pace), job.out)
    return [export_looker(checkpoint, job.out / "looker.safetensors", len(job.pictures))]


def _inpaint(job: _Job) -> list[Path]:
    task = InpaintTask(job.recipe.settings("inpaint", InpaintTraining), job.pictures)
    checkpoint = job.go(task, job.recipe.settings("pace", Pace), job.out)
    return [export_inpaint(checkpoint, job.out / "inpaint.safetensors", len(job.pictures))]


def _article(job: _Job) -> list[Path]:
    training = job.recipe.settings("article", ArticleTraining)
    net: ArticleConfig = replace(training.net, family=job.recipe.family)
    checkpoint = job.go(
        ArticleTask(replace(training, net=net), job.pictures), job.recipe.settings("pace", Pace), job.out
    )
    return [export_article(checkpoint, job.out / f"{job.recipe.family}.safetensors", len(job.pictures))]


def _painter(job: _Job) -> list[Path]:
    """Three trainings, one after the other: the autoencoder, the GAN among its latents, and both together."""
    vae_settings = job.recipe.settings("vae", VaeSettings)
    settings = job.recipe.settings("gan", GanSettings)
    finish = job.recipe.settings("finish", FinishSettings)
    net = vae_settings.net
    generator = replace(settings.training.generator, outside=net.latent)
    if 4 << (len(generator.widths) - 1) != net.grid:
        raise UsageError(
            f"the autoencoder's grid has {net.grid} cells a side, the generator's {4 << (len(generator.widths) - 1)}",
            where=job.recipe.where,
            cure="give the generator as many widths as it takes from 4",
        )
    among = replace(
        settings.training,
        generator=generator,
        critic=replace(settings.training.critic, inside=net.latent, size=net.grid),
    )
    judging = replace(finish.training, critic=replace(finish.training.critic, inside=3, size=2 * net.size))
    train, _ = job.pictures.split()
    vae_run = job.go(
        VaeTask(vae_settings.net, vae_settings.training, job.pictures), vae_settings.pace, job.out / "vae", 0.25
    )
    vae = Autoencoder(vae_settings.net)
    vae.load_state_dict(load_checkpoint(vae_run).part("average.vae."))
    vae.eval().requires_grad_(False)
    channels_last(vae)
    grids = encode(vae, train, windows=settings.windows, code=generator.code, seed=among.seed)
    gan_run = job.go(GanTask(among, grids, vae), settings.pace, job.out / "gan", 0.4)
    painting = Painting(PaintingConfig(generator, net, finish.fine))
    painting.generator.load_state_dict(load_checkpoint(gan_run).part("average.generator."))
    painting.decoder.load_state_dict(vae.decoder.state_dict())
    painting.mean.copy_(torch.from_numpy(grids.mean))
    painting.spread.copy_(torch.from_numpy(grids.spread))
    task = FinishTask(judging, painting, vae.encoder, train)
    checkpoint = job.go(task, finish.pace, job.out / "finish", 0.35)
    return export_painter(checkpoint, job.out, len(job.pictures))
