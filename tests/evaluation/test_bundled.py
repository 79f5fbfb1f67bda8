"""The model that is shipped does what its card says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isobath.evaluation import held
from isobath.evaluation.axes import moved
from isobath.evaluation.player import reconstruct
from isobath.models.coder import Model, load

from .test_measuring import string


@pytest.fixture(scope="module")
def guitar() -> Model:
    return load("guitar")


def sounding(model: Model, count: int) -> np.ndarray:
    points, db, _ = model.loudness
    return points[np.argsort(db)[-len(db) // 2 :]][:: len(db) // 2 // count][:count]


def test_a_held_guitar_is_a_tone_and_not_a_buzz(guitar: Model) -> None:
    assert held.buzz(guitar, sounding(guitar, 4))["hop_buzz"]["value"] < 0.1


def test_the_guitar_is_silent_when_nobody_plays(guitar: Model) -> None:
    assert held.silence(guitar, 0.6)["silence"]["value"] < -60


def test_every_axis_of_the_guitar_can_be_heard(guitar: Model) -> None:
    ones = np.ones(guitar.dims)
    assert min(change[2] for change in moved(guitar, sounding(guitar, 1), 0 * ones, ones)) > 2.0


def test_a_held_guitar_resembles_the_moment_it_was_taken_from(guitar: Model) -> None:
    tune = np.concatenate([string(m, 0.7) for m in (45, 57, 64)])[None]
    source, out, latent = reconstruct(guitar, guitar.prepare(tune, 16000))
    assert source.shape == out.shape
    assert 0.0 < np.mean(held.stillness(guitar, source, latent, 0.3)) < 20.0


def test_without_tones_and_noise_a_held_latent_is_nothing_but_buzz(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from isobath.training import export
    from isobath.training.settings import SHAPES

    bare = replace(SHAPES["instrument"], tones=0, noise=False, decoder_width=16, widths=(16, 16))
    export.random_model(tmp_path / "bare.safetensors", bare, 1)
    model = load(tmp_path / "bare.safetensors")
    assert held.buzz(model, sounding(model, 4))["hop_buzz"]["value"] == pytest.approx(1.0, abs=1e-3)
