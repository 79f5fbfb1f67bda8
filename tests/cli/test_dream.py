"""`isobath prior`, `generate` and `evaluate`, as commands: one of each for every model."""

import json

import numpy as np
import pytest
import soundfile

from isobath.corpora import Wishes, prepare
from isobath.models.description import write
from tests.models.small_models import small_model

RATE = 22050


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """A prepared set of three short files, one of them for validation."""
    folder = tmp_path_factory.mktemp("dream")
    (folder / "in").mkdir()
    for i in range(3):
        t = np.arange(RATE) / RATE
        wave = 0.3 * np.sin(2 * np.pi * 220 * (i + 1) * t) * np.exp(-4 * (t % 0.25))
        soundfile.write(folder / "in" / f"{i}.wav", wave, RATE)
    prepare(folder / "in", folder / "set", Wishes(sample_rate=RATE, channels=1))
    return folder / "set"


@pytest.fixture
def model(tmp_path):
    write(tmp_path / "small.safetensors", *small_model(width=20, bands=32))
    return tmp_path / "small.safetensors"


def few(*arguments):
    return (*arguments, "--steps", 1, "--width", 8)


def test_a_model_learns_to_dream_and_dreams_the_same_twice(run, tmp_path, model, sounds):
    pytest.importorskip("torch")
    told = run(*few("prior", model, sounds))
    assert told.exit_code == 0, told.stderr
    assert "small dreams. It foretells" in told.stdout
    assert model.with_suffix(".prior").exists()
    assert not list(tmp_path.glob("*.checkpoint"))
    heard = []
    for i, more in enumerate(((), (), ("--seed", 2), ("--from", tmp_path / "0.wav"))):
        out = tmp_path / f"{i}.wav"
        told = run("generate", "-m", model, "-s", 0.5, "-o", out, "--json", *more)
        assert told.exit_code == 0, told.stderr
        assert json.loads(told.stdout)["seconds"] == 0.5
        heard.append(soundfile.read(out)[0])
    assert heard[0].shape == (RATE // 2,)
    assert np.abs(heard[0]).max() > 1e-3
    np.testing.assert_array_equal(heard[0], heard[1])
    assert all(not np.array_equal(heard[0], each) for each in heard[2:])


def test_a_model_without_a_prior_and_a_set_that_is_none_are_sentences(run, tmp_path, model, sounds):
    told = run("generate", "-m", model, "-s", 0.5, "-o", tmp_path / "out.wav")
    assert told.exit_code == 1
    assert "isobath prior" in told.stderr
    assert not (tmp_path / "out.wav").exists()
    pytest.importorskip("torch")
    told = run("prior", model, tmp_path)
    assert told.exit_code == 1
    assert "isobath prepare" in told.stderr
    told = run("prior", "nobody", sounds)
    assert told.exit_code == 1
    assert "nobody" in told.stderr


def test_another_programs_model_dreams_too(run, tmp_path, sounds):
    pytest.importorskip("torch")
    from tests.foreign import fixtures

    path = fixtures.save("discrete", tmp_path)
    assert run("import", path).exit_code == 0
    told = run(*few("prior", "discrete", sounds))
    assert told.exit_code == 0, told.stderr
    assert "a guess by frequency" in told.stdout  # its latents are codes
    for out in ("a.wav", "b.wav"):
        told = run("generate", "-m", "discrete", "-s", 0.2, "-o", tmp_path / out)
        assert told.exit_code == 0, told.stderr
    np.testing.assert_array_equal(*(soundfile.read(tmp_path / out)[0] for out in ("a.wav", "b.wav")))
    path = fixtures.save("msprior", tmp_path)
    assert "cannot dream" in run(*few("prior", path, sounds)).stderr


def test_a_model_is_measured_and_each_axis_told(run, model, sounds):
    told = run("evaluate", model, sounds, "--json")
    assert told.exit_code == 0, told.stderr
    found = json.loads(told.stdout)
    assert {"stft_distance", "log_mel_distance", "loudness_error", "onset_f", "frechet_distance"} <= set(
        found["figures"]
    )
    assert [axis["number"] for axis in found["axes"]] == [1, 2, 3]
    assert next(iter(found["sizes"])) == "1"
    assert len(found["recordings"]) == 1  # the validation side alone
