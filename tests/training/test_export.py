"""A trained model and the file it becomes sound alike."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from isobath.errors import ModelDamaged
from isobath.training import export, reference, statistics
from isobath.training.loop import train
from isobath.training.settings import Shape
from isobath.training.trainer import Trainer

from .small import BANDS, COURSE, LONG_HOP, SHAPE, STEREO, plucks, recording

WORDS = export.Words("plucks", "Plucks", "Made for a test.", "CC0-1.0", "nobody")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trainer, Path]:
    folder = tmp_path_factory.mktemp("run")
    sounds = [recording(SHAPE, 6.0)]
    trainer = train(SHAPE, COURSE, sounds, folder)
    path = folder / "plucks.safetensors"
    export.finish(folder / "checkpoint.pt", sounds, ["kept_back"], WORDS, path, COURSE)
    return trainer, path


def test_the_file_decodes_what_it_encodes_as_the_trained_model_does(
    finished: tuple[Trainer, Path],
) -> None:
    trainer, path = finished
    model = reference.load(path)
    x = plucks(1.0, SHAPE.sample_rate, seed=5)
    audio = x[:, : x.shape[1] // SHAPE.hop * SHAPE.hop]
    out = model.decode(model.encode(audio.numpy()), seed=2)
    average = trainer.average
    with torch.no_grad():
        mean = average.encoder({"audio": audio[None]})["mean"]
        expected = average.decoder({"latent": mean}, seed=2)["audio"][0].numpy()
    skip = trainer.model.warm * SHAPE.hop  # before it, memory is zero in both, but zero of another latent
    error = np.abs(out - expected)[:, skip:].max() / np.abs(expected).max()
    assert error < 0.02  # float16 weights


def test_latents_of_the_training_set_are_white(finished: tuple[Trainer, Path]) -> None:
    model = reference.load(finished[1])
    latent = model.description["latent"]
    assert latent["mean"] == pytest.approx([0.0] * 4, abs=0.02)
    assert latent["std"] == pytest.approx([1.0] * 4, abs=0.02)
    np.testing.assert_allclose(latent["covariance"], np.eye(4), atol=0.05)
    assert np.shape(latent["percentiles"]["values"]) == (4, 9)
    assert sum(latent["explained"]) == pytest.approx(1.0, abs=1e-3)
    assert latent["explained"] == sorted(latent["explained"], reverse=True)


def test_the_file_says_how_loud_its_training_sounds_are(finished: tuple[Trainer, Path]) -> None:
    told = reference.load(finished[1]).description["training_loudness"]
    assert -60 < told["integrated"] < 0
    assert told["momentary"] == sorted(told["momentary"])


def test_the_file_says_where_it_comes_from(finished: tuple[Trainer, Path]) -> None:
    d = reference.load(finished[1]).description
    assert d["licence"] == "CC0-1.0"
    assert d["training"]["steps"] == 8
    assert d["training"]["files"] == ["plucks_0"]
    assert d["training"]["held_out"] == ["kept_back"]
    assert d["delay"] == SHAPE.delay


def test_loudness_points_tell_how_loud_the_held_latent_is(finished: tuple[Trainer, Path]) -> None:
    model = reference.load(finished[1])
    points, db = model.tensors["loudness_points"], model.tensors["loudness_db"]
    assert len(points) == len(db) == len(model.tensors["loudness_brightness"])
    again, _ = statistics.held_loudness(model.decoder, points[:3].astype(float), SHAPE.hop, SHAPE.sample_rate)
    np.testing.assert_allclose(again, db[:3], atol=0.5)


@pytest.mark.parametrize("shape", [SHAPE, STEREO, BANDS, LONG_HOP], ids=["mono", "stereo", "bands", "2048"])
def test_a_random_model_is_heard_at_a_sensible_level(shape: Shape, tmp_path: Path) -> None:
    export.random_model(tmp_path / "r.safetensors", shape, seed=4)
    model = reference.load(tmp_path / "r.safetensors")
    z = np.random.default_rng(0).standard_normal((shape.dims, 20)).astype(np.float32)
    out = model.decode(z)
    assert out.shape == (shape.channels, 20 * shape.hop)
    assert -60 < 20 * math.log10(float(out.std())) < -6


def test_folding_a_rotation_changes_the_latent_and_not_the_sound() -> None:
    trainer = Trainer(SHAPE, COURSE)
    encoder, decoder = trainer.model.encoder, trainer.model.decoder
    x = recording(SHAPE)
    skip = trainer.model.warm
    with torch.no_grad():
        z = encoder({"audio": x.audio[None]})["mean"]
        y = decoder({"latent": z}, seed=0)["audio"]
        mean, whitening, _ = statistics.principal(z[0].T.double().numpy())
        statistics.fold(encoder, decoder, mean, whitening)
        turned = encoder({"audio": x.audio[None]})["mean"]
        again = decoder({"latent": turned}, seed=0)["audio"]
    np.testing.assert_allclose(np.cov(turned[0].numpy()), np.eye(4), atol=1e-3)
    heard = slice(skip * SHAPE.hop, None)
    torch.testing.assert_close(again[..., heard], y[..., heard], rtol=1e-3, atol=1e-4)


def test_axes_that_carry_nothing_can_be_left_out(tmp_path: Path) -> None:
    shape = replace(SHAPE, dims=6)
    sounds = [recording(shape)]
    Trainer(shape, COURSE).save(tmp_path / "checkpoint.pt")
    path = tmp_path / "few.safetensors"
    export.finish(tmp_path / "checkpoint.pt", sounds, [], WORDS, path, COURSE, axes=4)
    model = reference.load(path)
    assert model.description["dims"] == len(model.description["latent"]["labels"]) == 4
    z = model.encode(sounds[0].audio.numpy())
    assert z.shape[0] == 4
    assert np.isfinite(model.decode(z)).all()


def test_axes_point_up_to_louder() -> None:
    rng = np.random.default_rng(0)
    level = rng.uniform(-60, -10, 500)
    z = np.stack((-level / 15 + 0.1 * rng.standard_normal(500), rng.standard_normal(500)), axis=1)
    light, midi = 1000 * np.exp(-0.5 * z[:, 1]), np.full(500, np.nan)
    signs, labels = statistics.name_axes(z, level, light, midi)
    assert signs.tolist() == [-1.0, -1.0]
    assert labels[0] == "loudness +1.00"
    assert labels[1].startswith("brightness +1.0")


def test_a_file_that_is_not_a_model_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"not a model at all")
    with pytest.raises(ModelDamaged, match="not a whole model"):
        reference.load(path)
