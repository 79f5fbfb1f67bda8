"""The figures say what they claim to say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from isobath.errors import UsageError
from isobath.evaluation import Note, Recording, frechet, held, measure, onsets
from isobath.evaluation.axes import carries, rank_correlation
from isobath.evaluation.distances import decibels, log_mel, spectral_distance
from isobath.evaluation.notes import alone, error_cents
from isobath.evaluation.recordings import found
from isobath.sound.files import write_audio

RATE = 16000


def string(midi: float, seconds: float) -> np.ndarray:
    """A plucked string: eight partials, the higher ones dying sooner."""
    t = np.arange(int(seconds * RATE)) / RATE
    hz = 440 * 2 ** ((midi - 69) / 12)
    wave = sum(np.sin(2 * np.pi * hz * k * t) * np.exp(-2 * k * t) / k for k in range(1, 9))
    return (0.25 * np.minimum(t / 0.002, 1.0) * wave).astype(np.float32)


def melody() -> Recording:
    midis = [45, 52, 57, 60, 64, 67]
    audio = np.concatenate([string(m, 0.5) for m in midis])[None]
    notes = tuple(Note(0.5 * i, 0.5 * (i + 1), m) for i, m in enumerate(midis))
    return Recording("melody", audio, RATE, notes, tuple(0.5 * i for i in range(len(midis))))


class Through:
    """A model whose latents are the levels of two halves of each hop: it plays back what it was given."""

    name, dims, hop, sample_rate, channels, delay = "through", 2, 64, RATE, 1, 0

    def __init__(self, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self.change, self.kept = change, np.zeros((1, 0), np.float32)

    def prepare(self, audio: np.ndarray, sample_rate: int | None = None) -> np.ndarray:
        assert sample_rate == RATE
        return np.pad(audio, ((0, 0), (0, -audio.shape[1] % self.hop)))

    def encode(self, audio: np.ndarray, sample_rate: int | None = None) -> np.ndarray:  # noqa: ARG002
        self.kept = audio
        halves = audio[0].reshape(-1, 2, self.hop // 2)
        return np.sqrt((halves**2).mean(axis=2)).T.astype(np.float32)

    def decode(self, latent: np.ndarray, seed: int = 0) -> np.ndarray:
        if latent.shape[1] * self.hop == self.kept.shape[1] and np.ptp(latent) > 0:
            return self.change(self.kept)
        random = np.random.default_rng(seed).standard_normal((1, latent.shape[1] * self.hop))
        return (random * np.repeat(np.abs(latent[:1]), self.hop, axis=1)).astype(np.float32)


def test_a_model_that_changes_nothing_is_perfect() -> None:
    found = measure(Through(lambda x: x), [melody()]).figures
    for name in ("log_mel_distance", "loudness_error", "frechet_distance"):
        assert found[name]["value"] == pytest.approx(0.0, abs=1e-3)
    assert found["notes_recovered"]["value"] == 100.0
    assert found["onset_f"]["value"] == found["onset_f_in_source"]["value"] > 0.9
    assert found["measured_delay"]["value"] == pytest.approx(0.0, abs=0.5)


def test_a_model_that_is_late_quiet_or_dull_is_found_out() -> None:
    late = measure(Through(lambda x: np.pad(x, ((0, 0), (320, 0)))[:, : x.shape[1]]), [melody()]).figures
    assert late["measured_delay"]["value"] == pytest.approx(20.0, abs=2.0)
    quiet = measure(Through(lambda x: x / 2), [melody()]).figures
    assert quiet["loudness_error"]["value"] == pytest.approx(6.02, abs=0.1)
    noise = np.random.default_rng(1).standard_normal((1, 3 * RATE)).astype(np.float32) / 30
    noisy = measure(Through(lambda x: x + noise[:, : x.shape[1]]), [melody()]).figures
    assert noisy["frechet_distance"]["value"] > 10 * quiet["frechet_distance"]["value"] > 0


def test_a_note_a_semitone_off_is_a_hundred_cents_off() -> None:
    tune = melody()
    assert tune.notes is not None
    for note in tune.notes:
        assert error_cents(tune.audio, RATE, note) == pytest.approx(0.0, abs=10.0)
        off = Note(note.start, note.end, note.midi + 1)
        assert error_cents(tune.audio, RATE, off) == pytest.approx(100.0, abs=10.0)


def test_only_notes_that_sound_alone_are_judged() -> None:
    notes = (Note(0.0, 1.0, 60), Note(0.5, 1.5, 64), Note(2.0, 3.0, 67), Note(4.0, 4.05, 72))
    assert alone(notes) == [notes[2]]


def test_onsets_are_found_where_they_are_and_counted_once() -> None:
    found = onsets.onsets(melody().audio, RATE)
    assert np.allclose(found[1:] if found[0] < 0.25 else found, [0.5, 1.0, 1.5, 2.0, 2.5], atol=0.05)
    truth = np.array([0.0, 1.0, 2.0])
    assert onsets.matches(truth, np.array([0.01, 0.02, 2.2])) == 1
    assert onsets.f_measure(0, 0, 0) == 1.0
    assert list(onsets.merged([0.0, 0.01, 0.5])) == [0.0, 0.5]


def test_a_buzz_is_all_comb_and_a_chord_is_none() -> None:
    t = np.arange(RATE)
    assert held.comb_share(np.sign(np.sin(2 * np.pi * (t + 0.5) / 256)), 256) == pytest.approx(1.0)
    chord = np.sin(2 * np.pi * 220 * t / RATE) + np.sin(2 * np.pi * 277.18 * t / RATE)
    assert held.comb_share(chord, 256) < 0.02


def test_the_frechet_distance_is_that_of_gaussians() -> None:
    random = np.random.default_rng(2)
    one = random.standard_normal((20000, 3))
    assert frechet.distance(one, one) == pytest.approx(0.0, abs=1e-6)
    assert frechet.distance(one, one + np.array([3.0, 0.0, 0.0])) == pytest.approx(9.0, abs=0.2)
    assert frechet.distance(one, 2 * one) == pytest.approx(3.0, abs=0.1)


def test_distances_agree_with_what_training_minimises() -> None:
    torch = pytest.importorskip("torch")
    from isobath.training import losses

    random = np.random.default_rng(3)
    a, b = (random.standard_normal((2, 5000)).astype(np.float32) / 10 for _ in range(2))
    both = [torch.from_numpy(x) for x in (a, b)]
    wanted = float(losses.spectral_distance(both[0][None], both[1][None], (1024, 256)))
    assert spectral_distance(a, b, (1024, 256)) == pytest.approx(wanted, rel=1e-4)
    assert np.allclose(log_mel(a, RATE), losses.log_mel(both[0], RATE).numpy(), atol=1e-4)
    assert decibels(log_mel(2 * a, RATE) - log_mel(a, RATE)) == pytest.approx(6.02, abs=0.01)


def test_ranks_are_compared_not_values() -> None:
    x = np.linspace(0, 1, 50)
    assert rank_correlation(x, np.exp(5 * x)) == pytest.approx(1.0)
    assert rank_correlation(x, -x) == pytest.approx(-1.0)
    assert np.isnan(rank_correlation(x[:10], x[:10]))
    assert np.isnan(rank_correlation(x, np.zeros(50)))


def test_the_axis_that_carries_loudness_is_named() -> None:
    axes = measure(Through(lambda x: x), [melody()]).axes
    assert carries(axes)["loudness"][1] > 0.5
    assert axes[0].moves_db > 3.0
    assert abs(axes[1].moves_db) < 1.0


def test_a_folder_is_heard_and_one_without_sound_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(UsageError, match="no sound"):
        found(tmp_path)
    write_audio(tmp_path / "a.wav", melody().audio, RATE)
    assert [each.name for each in found(tmp_path)] == ["a.wav"]
    with pytest.raises(UsageError, match="no validation side"):
        measure(Through(lambda x: x), [])
