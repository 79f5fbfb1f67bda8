"""`isobath transfer`: sound files through models."""

import json

import numpy as np
import pytest
import soundfile

from isobath.models.coder import bundled, load


@pytest.fixture
def model():
    return load(next(iter(bundled())))


@pytest.fixture
def tone(tmp_path):
    """Half a second at an odd rate, on two channels."""
    rate = 32000
    wave = 0.3 * np.sin(2 * np.pi * 220 * np.arange(rate // 2) / rate)
    path = tmp_path / "in.wav"
    soundfile.write(path, np.stack([wave, wave], axis=1), rate)
    return path


def test_a_sound_goes_through_a_model_at_its_own_rate_and_length(run, tmp_path, model, tone):
    out = tmp_path / "out.flac"
    told = json.loads(run("transfer", tone, "-m", model.name, "-o", out, "--json").stdout)
    heard, rate = soundfile.read(out)
    assert (rate, len(heard)) == (32000, 16000)
    assert told["seconds"] == 0.5
    assert told["matched_db"][model.name] == pytest.approx(model.match_lufs - told["loudness"], abs=0.01)
    assert np.abs(heard).max() > 0.001
    assert "one channel" in told["notes"][0]


def test_the_same_seed_gives_the_same_file_and_every_option_is_heard(run, tmp_path, model, tone):
    def sound(*options):
        out = tmp_path / "out.wav"
        assert run("transfer", tone, "-m", model.name, "-o", out, *options).exit_code == 0
        return soundfile.read(out)[0]

    plain = sound()
    np.testing.assert_array_equal(sound(), plain)
    options = [
        ("--seed", 3), ("--input-gain", -12, "--no-match"), ("--scale", "1=0.5", "--bias", "1=1.5"),
        ("--set", "2=2", "-m", model.name + "=-6"),
    ]  # fmt: skip
    for each in options:
        assert np.abs(sound(*each) - plain).max() > 1e-4, each
    assert sound("--wet", 0, "--rate", 48000).shape == (24000, 2)


def test_a_dimension_may_be_named_by_what_it_carries(run, tmp_path, model, tone):
    labels = model.description.latent.labels
    word = next(label.split()[0] for label in labels if label)
    out = tmp_path / "out.wav"
    assert run("transfer", tone, "-m", model.name, "-o", out, "--bias", f"{word}=1").exit_code == 0
    result = run("transfer", tone, "-m", model.name, "-o", out, "--bias", "taste=1")
    assert "No dimension" in result.stderr
    assert word in result.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--bias", "0"), "DIM=NUMBER"),
        (("--bias", "0=x"), "DIM=NUMBER"),
        (("--set", "99=1"), "there is no 99"),
        (("--set", "0=1"), "there is no 0"),
        (("-m", "guitar=loud"), "no level in dB"),
    ],
)
def test_what_is_not_understood_is_told_and_nothing_written(run, tmp_path, model, tone, options, says):
    out = tmp_path / "out.wav"
    result = run("transfer", tone, "-m", model.name, "-o", out, *options)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not out.exists()


def test_bad_sounds_are_told_and_nothing_is_written(run, tmp_path, model):
    out = tmp_path / "out.wav"
    (tmp_path / "in.wav").write_bytes(b"no sound")
    result = run("transfer", tmp_path / "in.wav", "-m", model.name, "-o", out)
    assert "in.wav" in result.stderr
    assert not out.exists()
    soundfile.write(tmp_path / "five.wav", np.zeros((100, 5)), 44100)
    assert run("transfer", tmp_path / "five.wav", "-m", model.name, "-o", out).exit_code == 0


def test_numbers_that_are_none_and_clipping_come_through(run, tmp_path, model):
    wave = np.clip(1.4 * np.sin(2 * np.pi * 110 * np.arange(22050) / 44100), -1, 1).astype(np.float32)
    wave[5000:5010] = np.nan
    soundfile.write(tmp_path / "in.wav", wave, 44100, subtype="FLOAT")
    result = run("transfer", tmp_path / "in.wav", "-m", model.name, "-o", tmp_path / "out.wav")
    assert result.exit_code == 0
    assert "clipped" in result.stderr
    assert np.isfinite(soundfile.read(tmp_path / "out.wav")[0]).all()


def test_a_break_leaves_no_half_file(run, tmp_path, model, tone, monkeypatch):
    from isobath.engine import transfer

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer._Limited, "push", interrupted)
    run("transfer", tone, "-m", model.name, "-o", tmp_path / "out.wav")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.wav"]
