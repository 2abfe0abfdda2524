"""How the upscaler learns: plates made small and soft as a young painter's pictures are, to be made large again."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from daw_bridge.errors import UsageError
from daw_models.art.course import go_back
from daw_models.art.pictures import picture_bytes
from daw_models.art.recipes import PictureRecipe
from daw_models.cover.upscaler import Upscaler, UpscalerConfig, write_upscaler

_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class UpscalerTraining:
    """One run: `steps` of `batch` patches of `patch` large pixels.

    Up to `critic_from` (a share of the steps) only the distance to the plate counts; from there on a critic also judges
    whether a patch looks painted, with the weight `judged`. `softest` is the largest blur, in small pixels, that the
    net has to undo. Learning rates fall on a cosine.
    """

    seed: int = 1
    steps: int = 4000
    batch: int = 8
    patch: int = 160
    learning_rate: float = 1e-3
    critic_from: float = 0.45
    judged: float = 0.02
    softest: float = 1.1
    held_back: int = 8
    threads: int = 1
    log_every: int = 50
    save_every: int = 200


@dataclass(frozen=True)
class UpscalerSettings:
    """The upscaler's part of a recipe."""

    net: UpscalerConfig = field(default_factory=UpscalerConfig)
    training: UpscalerTraining = field(default_factory=UpscalerTraining)


def train_by_recipe(
    recipe: PictureRecipe,
    sources: Sequence[Path],
    out: Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    say: Callable[[str], None],
) -> list[Path]:
    """Train on the pictures of folders and archives; returns the weights file in `out`. Raises UsageError."""
    recipe.check(("upscaler",))
    settings = recipe.settings("upscaler", UpscalerSettings)
    pictures = _read(sources, settings.training.seed, say)
    checkpoint = train_upscaler(settings.net, settings.training, pictures, out, resume=resume, minutes=minutes, say=say)
    state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    net = averaged(settings.net, state["average"])
    figures = validate(net, pictures[: settings.training.held_back], settings.training)
    path = write_upscaler(
        out / "upscaler.safetensors",
        net,
        trained_on={"pictures": len(pictures) - settings.training.held_back},
        recipe={"name": recipe.name, **asdict(settings), "step": int(state["step"])},
        figures={name: round(value, 3) for name, value in figures.items()},
    )
    return [path]


def _read(sources: Sequence[Path], seed: int, say: Callable[[str], None]) -> list[NDArray[np.uint8]]:
    """All pictures at their own size, shuffled by the seed; one that cannot be read costs a line."""
    found = []
    for source in sources:
        for name, content in picture_bytes(source):
            try:
                found.append(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))
            except (OSError, ValueError, SyntaxError) as error:
                say(f"{source}: {name} left out, it cannot be read ({error})")
    return [found[at] for at in np.random.default_rng(seed).permutation(len(found))]


class PatchCritic(nn.Module):
    """A score for each neighbourhood of a picture [N, 3, H, W]: how much it looks like a plate; and its features."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        sizes = (3, width, 2 * width, 2 * width)
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.spectral_norm(nn.Conv2d(sizes[at], sizes[at + 1], 4, stride=2, padding=1))
            for at in range(3)
        )
        self.verdict = nn.Conv2d(2 * width, 1, 3, padding=1)

    def forward(self, picture: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The scores [N, 1, H / 8, W / 8] and the features of each layer."""
        features = []
        inner = picture * 2.0 - 1.0
        for layer in self.layers:
            inner = functional.leaky_relu(layer(inner), 0.2)
            features.append(inner)
        return self.verdict(inner), features


@dataclass
class _Run:
    """What a run carries from step to step, and what a checkpoint holds of it."""

    net: Upscaler
    critic: PatchCritic
    net_steps: torch.optim.Adam
    critic_steps: torch.optim.Adam
    average: dict[str, Tensor]
    step: int = 0

    def save(self, path: Path) -> None:
        draft = path.with_suffix(".part")
        state = {
            "net": self.net.state_dict(),
            "critic": self.critic.state_dict(),
            "net_steps": self.net_steps.state_dict(),
            "critic_steps": self.critic_steps.state_dict(),
            "average": self.average,
            "step": self.step,
        }
        torch.save(state, draft)
        draft.replace(path)

    def load(self, path: Path) -> None:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.critic.load_state_dict(state["critic"])
        self.net_steps.load_state_dict(state["net_steps"])
        self.critic_steps.load_state_dict(state["critic_steps"])
        self.average = state["average"]
        self.step = int(state["step"])


def train_upscaler(
    config: UpscalerConfig,
    course: UpscalerTraining,
    pictures: Sequence[NDArray[np.uint8]],
    out: Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    say: Callable[[str], None],
) -> Path:
    """Train on pictures uint8 [H, W, 3] into the folder `out`; returns the checkpoint, `out/run.pt`.

    With `resume` the run in `out` goes on; the patches of a step depend on seed and step alone, so that a run that was
    interrupted draws the same ones. Raises UsageError when the pictures are too few or too small.
    """
    large = [picture for picture in pictures if min(picture.shape[:2]) >= course.patch]
    if len(large) <= course.held_back:
        raise UsageError(
            f"{len(large)} pictures of {course.patch} pixels or more are too few to train the upscaler on",
            cure="give the folder or archive of the large plates with --data",
        )
    torch.set_num_threads(course.threads)
    torch.manual_seed(course.seed)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "run.pt"
    run = _begin(config, course)
    if resume and checkpoint.exists():
        run.load(checkpoint)
    kept, judged = large[course.held_back :], large[: course.held_back]
    begun_s = time.perf_counter()
    while run.step < course.steps:
        losses = _learn(run, course, kept)
        run.step += 1
        late = minutes is not None and time.perf_counter() - begun_s > minutes * 60.0
        if run.step % course.log_every == 0:
            spoken = " ".join(f"{name} {value:.4f}" for name, value in losses.items())
            say(f"step {run.step} {spoken} {(time.perf_counter() - begun_s) / 60.0:.1f} min")
        if run.step % course.save_every == 0 or run.step == course.steps or late:
            run.save(checkpoint)
        if late:
            break
    figures = validate(averaged(config, run.average), judged, course)
    say("held-back pictures: " + " ".join(f"{name} {value:.2f}" for name, value in figures.items()))
    return checkpoint


def averaged(config: UpscalerConfig, average: dict[str, Tensor]) -> Upscaler:
    """The net with the running average of its weights, ready to be used."""
    net = Upscaler(config)
    net.load_state_dict(average)
    return net.eval()


def shrink(large: Tensor, scale: int, blur: float) -> Tensor:
    """Pictures [N, 3, H, W] made `scale` times smaller and soft: a Gaussian of `blur` small pixels."""
    small = functional.interpolate(large, scale_factor=1.0 / scale, mode="bilinear", antialias=True)
    if blur < 0.05:
        return small
    reach = int(np.ceil(3.0 * blur))
    at = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (at / blur) ** 2)
    kernel = (kernel / kernel.sum()).expand(3, 1, -1)
    padded = functional.pad(small, (reach, reach, reach, reach), mode="reflect")
    across = functional.conv2d(padded, kernel[:, :, None, :], groups=3)
    return functional.conv2d(across, kernel[:, :, :, None], groups=3)


def validate(net: Upscaler, pictures: Sequence[NDArray[np.uint8]], course: UpscalerTraining) -> dict[str, float]:
    """Peak signal-to-noise in decibels of net and of smooth enlarging, and the share of fine contrast each returns."""
    rows = []
    for picture in pictures:
        side = min(picture.shape[:2]) // net.config.scale * net.config.scale
        large = _tensor(picture[:side, :side])[None]
        small = shrink(large, net.config.scale, 0.5 * course.softest)
        with torch.inference_mode():
            made = net(small).clamp(0.0, 1.0)
        smooth = functional.interpolate(small, size=large.shape[-2:], mode="bicubic").clamp(0.0, 1.0)
        rows.append((_psnr(made, large), _psnr(smooth, large), _fine(made, large), _fine(smooth, large)))
    names = ("psnr", "psnr_smooth", "fine", "fine_smooth")
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))


def _begin(config: UpscalerConfig, course: UpscalerTraining) -> _Run:
    net, critic = Upscaler(config), PatchCritic()
    return _Run(
        net,
        critic,
        torch.optim.Adam(net.parameters(), lr=course.learning_rate, betas=(0.9, 0.99)),
        torch.optim.Adam(critic.parameters(), lr=4e-4, betas=(0.5, 0.99)),
        {name: value.detach().clone() for name, value in net.state_dict().items()},
    )


def _learn(run: _Run, course: UpscalerTraining, pictures: Sequence[NDArray[np.uint8]]) -> dict[str, float]:
    """One step; the losses by name."""
    rng = np.random.Generator(np.random.Philox(key=[course.seed, run.step]))
    large = _patches(pictures, course, rng)
    small = shrink(large, run.net.config.scale, float(rng.uniform(0.0, course.softest)))
    small = small + torch.from_numpy(rng.normal(0.0, rng.uniform(0.0, 0.012), small.shape)).float()
    rate = course.learning_rate * (0.02 + 0.49 * (1.0 + math.cos(math.pi * run.step / course.steps)))
    for group in run.net_steps.param_groups:
        group["lr"] = rate
    made = run.net(small)
    loss = functional.l1_loss(made, large) + 0.5 * functional.l1_loss(_steps(made), _steps(large))
    losses = {"distance": float(loss.detach())}
    begun = run.step - course.critic_from * course.steps
    if begun >= 0:
        losses["critic"] = _learn_critic(run, made.detach(), large)
        score, features = run.critic(made)
        with torch.no_grad():
            _, wanted = run.critic(large)
        alike = sum(functional.l1_loss(one, other) for one, other in zip(features, wanted, strict=True))
        weight = course.judged * min(1.0, begun / (0.1 * course.steps))
        loss = loss - weight * score.mean() + 10.0 * weight * alike
        losses["judged"] = float(score.detach().mean())
    run.net_steps.zero_grad(set_to_none=True)
    go_back(loss)
    run.net_steps.step()
    keep = min(0.998, (1.0 + run.step) / (10.0 + run.step))
    for name, value in run.net.state_dict().items():
        run.average[name].lerp_(value, 1.0 - keep)
    return losses


def _learn_critic(run: _Run, made: Tensor, large: Tensor) -> float:
    """One hinge step of the critic."""
    loss = functional.relu(1.0 - run.critic(large)[0]).mean() + functional.relu(1.0 + run.critic(made)[0]).mean()
    run.critic_steps.zero_grad(set_to_none=True)
    go_back(loss)
    run.critic_steps.step()
    return float(loss.detach())


def _patches(pictures: Sequence[NDArray[np.uint8]], course: UpscalerTraining, rng: np.random.Generator) -> Tensor:
    """A batch of random patches [batch, 3, patch, patch], mirrored by chance."""
    cut = []
    for _ in range(course.batch):
        picture = pictures[int(rng.integers(len(pictures)))]
        top = int(rng.integers(picture.shape[0] - course.patch + 1))
        left = int(rng.integers(picture.shape[1] - course.patch + 1))
        patch = picture[top : top + course.patch, left : left + course.patch]
        cut.append(_tensor(patch[:, ::-1] if rng.random() < 0.5 else patch))
    return torch.stack(cut)


def _tensor(picture: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255.0


def _steps(picture: Tensor) -> Tensor:
    """Differences between neighbours, across and down, in one tensor."""
    across = picture[:, :, :-1, 1:] - picture[:, :, :-1, :-1]
    down = picture[:, :, 1:, :-1] - picture[:, :, :-1, :-1]
    return torch.cat([across, down], dim=1)


def _psnr(made: Tensor, large: Tensor) -> float:
    return float(-10.0 * torch.log10(functional.mse_loss(made, large)))


def _fine(made: Tensor, large: Tensor) -> float:
    """The share of the plate's contrast between neighbours that the picture has."""
    return float(_steps(made).abs().mean() / _steps(large).abs().mean())
