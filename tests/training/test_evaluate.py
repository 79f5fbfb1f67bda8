"""The figures say what they claim to say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isobath.training import evaluate, export, reference
from isobath.training.evaluate import Note

from .small import SHAPE, plucks

BUNDLED = Path(reference.__file__).parents[1] / "models" / "bundled"
RATE = 44100


def string(midi: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """A plucked string: eight partials, the higher ones dying sooner."""
    t = np.arange(int(seconds * rate)) / rate
    hz = 440 * 2 ** ((midi - 69) / 12)
    rise = np.minimum(t / 0.002, 1.0)
    wave = sum(np.sin(2 * np.pi * hz * k * t) * np.exp(-2 * k * t) / k for k in range(1, 9))
    return (0.25 * rise * wave).astype(np.float32)


def melody() -> tuple[np.ndarray, list[Note]]:
    midis = [45, 52, 57, 60, 64, 67]
    audio = np.concatenate([string(m, 0.5) for m in midis])[None]
    return audio, [Note("melody", 0.5 * i, 0.5 * (i + 1), m) for i, m in enumerate(midis)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> reference.Reference:
    path = tmp_path_factory.mktemp("m") / "tiny.safetensors"
    export.random_model(path, SHAPE, 1)
    return reference.load(path)


def test_a_perfect_copy_recovers_every_note_and_a_semitone_off_none(tiny: reference.Reference) -> None:
    audio, notes = melody()
    model = replace(tiny, description={**tiny.description, "sample_rate": RATE})
    assert evaluate.recovered(model, {"melody": audio}, notes)["notes_recovered"]["value"] == 100.0
    off = [replace(n, midi=n.midi + 1) for n in notes]
    assert evaluate.recovered(model, {"melody": audio}, off)["notes_recovered"]["value"] == 0.0


def test_lag_is_found_to_the_step() -> None:
    audio, _ = melody()
    late = np.pad(audio, ((0, 0), (320, 0)))[:, : audio.shape[1]]
    assert evaluate.lag(audio, late) == 320
    assert evaluate.lag(late, audio) == -320


def test_a_buzz_is_all_comb_and_a_chord_is_none() -> None:
    t = np.arange(RATE)
    buzz = np.sign(np.sin(2 * np.pi * (t + 0.5) / 256))
    assert evaluate.comb_share(buzz, 256) == pytest.approx(1.0)
    chord = np.sin(2 * np.pi * 220 * t / RATE) + np.sin(2 * np.pi * 277.18 * t / RATE)
    assert evaluate.comb_share(chord, 256) < 0.02


def test_without_tones_and_noise_a_held_latent_is_nothing_but_buzz(tmp_path: Path) -> None:
    bare = replace(SHAPE, tones=0, noise=False)
    export.random_model(tmp_path / "bare.safetensors", bare, 1)
    share = evaluate.buzz(reference.load(tmp_path / "bare.safetensors"), bases=4)["hop_buzz"]["value"]
    assert share == pytest.approx(1.0, abs=1e-3)


def test_the_same_sound_is_at_no_distance(tiny: reference.Reference) -> None:
    x = plucks(2.0, SHAPE.sample_rate).numpy()
    figures = evaluate.spectra(tiny, [(x, x)])
    assert figures["stft_distance"]["value"] < 1e-3
    assert figures["log_mel_distance"]["value"] == figures["loudness_error"]["value"] == 0.0
    half = evaluate.spectra(tiny, [(x, 0.5 * x)])
    assert half["loudness_error"]["value"] == pytest.approx(6.02, abs=0.1)


@pytest.fixture(scope="module")
def guitar() -> reference.Reference:
    return reference.load(BUNDLED / "guitar.safetensors")


def test_the_guitar_answers_when_it_says_it_does(guitar: reference.Reference) -> None:
    audio, _ = melody()
    measured = evaluate.lag(audio, guitar.decode(guitar.encode(audio)))
    declared = guitar.description["delay"]
    # Gates open along a ramp of one hop, so the first rise may come up to a hop early.
    assert declared - guitar.description["hop"] <= measured <= declared + 64
    assert guitar.description["delay"] / RATE < 0.010


def test_the_guitar_is_silent_when_nobody_plays(guitar: reference.Reference) -> None:
    assert evaluate.silence(guitar, 0.6)["silence"]["value"] < -60


def test_every_axis_of_the_guitar_can_be_heard(guitar: reference.Reference) -> None:
    assert evaluate.movement(guitar, bases=1)["movement_least"]["value"] > 2.0


def test_a_held_guitar_is_a_tone_and_not_a_buzz(guitar: reference.Reference) -> None:
    assert evaluate.buzz(guitar, bases=4)["hop_buzz"]["value"] < 0.1


def test_a_held_guitar_resembles_the_moment_it_was_taken_from(guitar: reference.Reference) -> None:
    audio, _ = melody()
    figure = evaluate.stillness(guitar, {"melody": audio})["held_log_mel_distance"]
    assert 0.0 < figure["value"] < 20.0
