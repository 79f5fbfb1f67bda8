"""`isobath encode` and `decode`: between sounds and latents."""

import json

import numpy as np
import pytest
import soundfile

from isobath.models.coder import bundled, load


@pytest.fixture
def model():
    return load(next(iter(bundled())))


def test_a_sound_goes_to_latents_and_back(run, tmp_path, model):
    rate = model.sample_rate
    sound = 0.3 * np.sin(2 * np.pi * 220 * np.arange(rate // 2) / rate)
    soundfile.write(tmp_path / "in.wav", sound, rate, subtype="FLOAT")
    told = json.loads(
        run("encode", tmp_path / "in.wav", "-m", model.name, "-o", tmp_path / "z.npy", "--json").stdout
    )
    latent = np.load(tmp_path / "z.npy")
    assert latent.shape == (told["dims"], told["frames"])
    np.testing.assert_array_equal(latent, model.encode(sound.astype(np.float32)))
    assert run("decode", tmp_path / "z.npy", "-m", model.name, "-o", tmp_path / "out.wav").exit_code == 0
    back, _ = soundfile.read(tmp_path / "out.wav")
    np.testing.assert_allclose(back, np.clip(model.decode(latent)[0], -1, 1), atol=2**-22)


@pytest.mark.parametrize(
    ("latent", "says"),
    [
        (np.full((2, 9), np.nan), "not numbers"),
        (np.full((2, 9), 1e39), "not numbers"),
        (np.zeros((2, 9), complex), "not one array of numbers"),
        (np.array([["a"]]), "not one array of numbers"),
        (np.array([{"a": 1}]), "Python objects"),
        (np.zeros(9), "its shape is (9,)"),
        (np.zeros((2, 0)), "its shape is (2, 0)"),
    ],
)
def test_a_file_that_holds_no_latents_is_told(run, tmp_path, model, latent, says):
    np.save(tmp_path / "z.npy", latent, allow_pickle=True)
    result = run("decode", tmp_path / "z.npy", "-m", model.name, "-o", tmp_path / "out.wav")
    assert result.exit_code == 1
    assert "z.npy cannot be read as latents" in result.stderr
    assert says in result.stderr
    assert not (tmp_path / "out.wav").exists()


def test_a_header_that_claims_a_huge_array_is_not_believed(run, tmp_path, model):
    np.save(tmp_path / "z.npy", np.zeros((2, 9), np.float32))
    data = (tmp_path / "z.npy").read_bytes()
    (tmp_path / "z.npy").write_bytes(data.replace(b"(2, 9), ", b"(2, 99999999999), ", 1))
    result = run("decode", tmp_path / "z.npy", "-m", model.name, "-o", tmp_path / "out.wav")
    assert result.exit_code == 1
    assert "cannot be read as latents" in result.stderr


def test_latents_of_another_model_are_told(run, tmp_path, model):
    np.save(tmp_path / "z.npy", np.zeros((model.dims + 1, 4), np.float32))
    result = run("decode", tmp_path / "z.npy", "-m", model.name, "-o", tmp_path / "out.wav")
    assert result.exit_code == 1
    assert f"{model.dims} latent dimensions" in result.stderr


@pytest.mark.parametrize("command", ["encode", "decode"])
def test_what_cannot_be_written_is_told_with_the_reason(run, tmp_path, model, command):
    np.save(tmp_path / "z.npy", np.zeros((model.dims, 3), np.float32))
    soundfile.write(tmp_path / "in.wav", np.zeros(4000), model.sample_rate)
    given, out = ("in.wav", "out.npy") if command == "encode" else ("z.npy", "out.wav")
    result = run(command, tmp_path / given, "-m", model.name, "-o", tmp_path / "nowhere" / out)
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr
