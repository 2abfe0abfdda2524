"""Every picture recipe trains, resumes as if nothing had happened, and ends in weights that work."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from daw_bridge.errors import UsageError
from daw_models.art.compare import compare_painters, picture_file
from daw_models.art.evaluate import evaluate_painter
from daw_models.art.export import export_vae
from daw_models.art.looker import LAYERS, Looker
from daw_models.art.painter import Painter, latent_of
from daw_models.art.recipes import picture_recipe, picture_recipes
from daw_models.art.redraw import Inpainter, Redrawer
from daw_models.art.train import train_pictures
from daw_models.art.weights import read_picture_weights
from daw_models.art.wish import SETS, Wish
from daw_models.cli import main
from daw_models.train.checkpoint import CHECKPOINT, load_checkpoint
from daw_models.weights_file import find_model
from tests.art.art_builders import PAINTER, picture, write_archive

SMALL = {
    "looker": "[looker]\nbatch = 4\nsize = 32\n",
    "inpaint": "[inpaint]\nbatch = 2\n[inpaint.net]\nsize = 32\nwidths = [8, 8]\n",
    "mlp-gan": "[article]\nbatch = 4\n[article.net]\nsize = 32\nwidth = 8\n",
    "dcgan": "[article]\nbatch = 4\n[article.net]\nsize = 32\nwidth = 4\n",
}
FIRST_LATENT = [-0.543116, 0.469544, -1.488236, -0.792388]
MARKS = {"vae": '"kl"', "gan": '"gauge"', "finish": '"critic"'}
PACE = "[pace]\nsteps = 4\nlog_every = 2\nsave_every = 2\nsheet_every = 4\n"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("art") / "some.tar", 40)


@pytest.fixture(scope="module")
def painter_run(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Path:
    folder = tmp_path_factory.mktemp("painter")
    train(folder, PAINTER, archive)
    return folder / "run"


def train(folder: Path, text: str, archive: Path, *, resume: bool = False, stop_in: str = "") -> Sequence[Path]:
    """Train in `folder`/run; `stop_in` names the stage that is broken off at its third step, past its checkpoint."""

    def say(line: str) -> None:
        if stop_in and MARKS[stop_in] in line and json.loads(line)["step"] == 3:
            raise KeyboardInterrupt

    (folder / "recipe.toml").write_text(text)
    recipe = picture_recipe(str(folder / "recipe.toml"))
    assert recipe is not None
    return train_pictures(recipe, [archive], folder / "run", resume=resume, say=say)


def weights_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in load_checkpoint(checkpoint).tensors.items() if name != "random"}


def test_the_painter_paints_the_same_picture_every_time(painter_run: Path) -> None:
    painter = Painter.load(painter_run / "painter.safetensors")
    wish = Wish("botanical", (0.5,) * 8)
    first = painter.paint(painter.latent(7), wish)
    assert first.shape == (painter.size, painter.size, 3) == (128, 128, 3)
    assert np.array_equal(first, Painter.load(painter_run / "painter.safetensors").paint(painter.latent(7), wish))
    assert not np.array_equal(first, painter.paint(painter.latent(8), wish))


def test_latents_are_fixed_by_their_seed_whatever_the_libraries() -> None:
    assert latent_of(1)[:4] == pytest.approx(FIRST_LATENT, abs=1e-6)
    assert not np.array_equal(latent_of(1), latent_of(2))


def test_set_and_attributes_reach_the_picture(painter_run: Path) -> None:
    painter = Painter.load(painter_run / "painter.safetensors")
    latent = painter.latent(1)
    sets = {painter.paint(latent, Wish(name)).tobytes() for name in SETS}
    shades = {painter.paint(latent, Wish("landscape", (share,) + (0.5,) * 7)).tobytes() for share in (0.0, 0.5, 1.0)}
    assert len(sets) == len(SETS)
    assert len(shades) == 3


def test_a_painter_stopped_in_every_stage_ends_as_one_that_never_was(
    painter_run: Path, archive: Path, tmp_path: Path
) -> None:
    for stage in ("vae", "gan", "finish"):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, PAINTER, archive, resume=True, stop_in=stage)
    train(tmp_path, PAINTER, archive, resume=True)
    whole = weights_of(painter_run / "finish" / CHECKPOINT)
    parts = weights_of(tmp_path / "run" / "finish" / CHECKPOINT)
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_folder_with_a_run_is_not_overwritten(painter_run: Path, archive: Path) -> None:
    with pytest.raises(UsageError, match="holds a run already"):
        train(painter_run.parent, PAINTER, archive)


@pytest.mark.parametrize("family", sorted(SMALL))
def test_each_family_trains_to_weights(family: str, archive: Path, tmp_path: Path) -> None:
    text = f'kind = "picture"\nfamily = "{family}"\n{SMALL[family]}{PACE}'
    (path,) = train(tmp_path, text, archive)
    _, architecture, tensors = read_picture_weights(path, family)
    assert architecture["family"] == family
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())
    assert (tmp_path / "run" / "sheet.png").exists()


def test_the_report_and_the_table_hold_their_figures(painter_run: Path, archive: Path, tmp_path: Path) -> None:
    (looker,) = train(tmp_path, f'kind = "picture"\nfamily = "looker"\n{SMALL["looker"]}{PACE}', archive)
    eyes = Looker.load(looker)
    assert tuple(eyes.features(torch.zeros(1, 3, 64, 64))) == LAYERS
    weights = painter_run / "painter.safetensors"
    report = evaluate_painter(weights, [archive], looker=eyes, samples=24, sheet=tmp_path / "pairs.png", say=print)
    assert report["size"] == 128
    assert (tmp_path / "pairs.png").exists()
    rows = compare_painters([weights], [archive], looker=eyes, samples=16, say=print)
    assert rows[0]["family"] == "painter"
    assert picture_file(str(painter_run)) == weights


def test_damaged_weights_are_refused(painter_run: Path, tmp_path: Path) -> None:
    content = bytearray((painter_run / "painter.safetensors").read_bytes())
    content[-20] ^= 255
    (tmp_path / "painter.safetensors").write_bytes(content)
    with pytest.raises(UsageError, match="damaged"):
        Painter.load(tmp_path / "painter.safetensors")
    (tmp_path / "painter.safetensors").write_bytes(content[:-9])
    with pytest.raises(UsageError, match="cut short"):
        Painter.load(tmp_path / "painter.safetensors")
    with pytest.raises(UsageError, match="is a painter-critic model, not a painter"):
        Painter.load(painter_run / "painter_critic.safetensors")


def test_a_painter_does_not_play(painter_run: Path) -> None:
    with pytest.raises(UsageError, match="paints and cannot play"):
        find_model(painter_run / "painter.safetensors")


def test_an_impossible_wish_is_refused() -> None:
    with pytest.raises(UsageError, match="no such set"):
        Wish("portrait")
    with pytest.raises(UsageError, match="percentiles from 0 to 1"):
        Wish("landscape", (2.0,) * 8)


def test_shipped_recipes_fit_their_trainings(archive: Path, tmp_path: Path) -> None:
    assert {"painter", "vae", "looker", "inpaint", "mlp-gan", "dcgan"} <= set(picture_recipes())
    text = picture_recipes()["vae"].read_text().replace("batch = 16", "bunch = 16")
    with pytest.raises(UsageError, match="unknown key bunch"):
        train(tmp_path, text, archive)


def test_the_command_trains_from_a_recipe(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(f'kind = "picture"\nfamily = "dcgan"\n{SMALL["dcgan"]}{PACE}')
    out = tmp_path / "run"
    assert main(["train", "--recipe", str(recipe), "--data", str(archive), "--out", str(out)]) == 0
    assert str(out / "dcgan.safetensors") in capsys.readouterr().out


def test_only_what_is_missing_is_filled(archive: Path, tmp_path: Path) -> None:
    (path,) = train(tmp_path, f'kind = "picture"\nfamily = "inpaint"\n{SMALL["inpaint"]}{PACE}', archive)
    inpainter = Inpainter.load(path)
    rgb = picture(0, 1, 96)
    missing = np.zeros((96, 96), bool)
    missing[30:60, 20:50] = True
    filled = inpainter.fill(rgb, missing)
    assert np.array_equal(filled[~missing], rgb[~missing])
    assert not np.array_equal(filled[missing], rgb[missing])
    with pytest.raises(UsageError, match="the mask is 48 x 96, the picture 96 x 96"):
        inpainter.fill(rgb, missing[:, :48])
    with pytest.raises(UsageError, match="whole picture"):
        inpainter.fill(rgb, np.ones((96, 96), bool))


def test_a_picture_is_redrawn_and_blended(painter_run: Path) -> None:
    vae = export_vae(painter_run / "vae" / CHECKPOINT, painter_run / "vae" / "vae.safetensors", 160)
    redrawer = Redrawer.load(vae)
    one, other = picture(0, 1, 96), picture(2, 3, 64)
    assert redrawer.decode(redrawer.encode(one)).shape == (64, 64, 3)
    assert np.array_equal(redrawer.blend(one, other, 0.0), redrawer.decode(redrawer.encode(one)))
    assert not np.array_equal(redrawer.blend(one, other, 0.5), redrawer.blend(one, other, 1.0))
