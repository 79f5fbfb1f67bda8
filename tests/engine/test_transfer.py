"""Timbre transfer as a stream: aligned, matched, altered, at any rate and however it is cut."""

import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.engine.transfer import Part, Transfer, matching_db, measured, transfer
from isobath.errors import ModelMismatch, UsageError
from isobath.models.coder import Model
from isobath.models.description import TrainingLoudness
from isobath.types import Audio

from .loudspeaker import RATE, listener, loudspeaker, quiet_noise, repeater, sine

NOISE = quiet_noise(-26.0, 1.0).astype(np.float32)[:, :20001]
PLAIN = Transfer(match=False)


def transferred(
    sound: np.ndarray,
    model: Model | list[Part],
    settings: Transfer = PLAIN,
    rate: int = RATE,
    blocks: int = 4096,
) -> Audio:
    cut = [sound[:, i : i + blocks].astype(np.float32) for i in range(0, sound.shape[1], blocks)]
    parts = model if isinstance(model, list) else [Part(model)]
    work = transfer(iter(cut), sound.shape[1], rate, sound.shape[0], parts, settings)
    heard = np.concatenate(list(work.blocks), axis=1)
    assert heard.shape == (work.channels, work.samples)
    return heard


@pytest.mark.parametrize("hop", [32, 48, 100])
def test_a_repeater_gives_the_very_sound(hop: int) -> None:
    np.testing.assert_allclose(transferred(NOISE, repeater(hop=hop)), NOISE, atol=1e-6)


def test_what_comes_out_is_what_encode_and_decode_give_without_the_delay() -> None:
    model = listener()
    heard = transferred(NOISE, model, Transfer(match=False, seed=5))
    padded = np.pad(NOISE, ((0, 0), (0, 200)))
    wanted = model.decode(model.encode(padded), seed=5)
    np.testing.assert_allclose(heard, wanted[:, model.delay : model.delay + heard.shape[1]], atol=1e-6)


WHOLE = transferred(NOISE, listener(), Transfer(loudness=-20.0, sample_rate=44100, wet=0.8))


@given(st.integers(50, 9000))
@settings(max_examples=4, deadline=None)
def test_however_it_is_cut_the_same_comes_out(blocks: int) -> None:
    settings = Transfer(loudness=-20.0, sample_rate=44100, wet=0.8)
    np.testing.assert_allclose(transferred(NOISE, listener(), settings, blocks=blocks), WHOLE, atol=1e-6)


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("to", [None, 48000])
def test_any_rate_lies_under_the_original(rate: int, to: int | None) -> None:
    tone = sine(440, 0.5, 0.3, rate)
    heard = transferred(tone, repeater(), Transfer(match=False, sample_rate=to), rate)
    out = to or rate
    assert heard.shape[1] == round(0.5 * out)
    wanted = sine(440, 0.5, 0.3, out)
    middle = slice(out // 20, -out // 20)
    np.testing.assert_allclose(heard[0, middle], wanted[0, middle], atol=2e-3)


def test_wet_and_dry_meet() -> None:
    for wet in (0.0, 0.25):
        heard = transferred(NOISE, repeater(delay=0), Transfer(match=False, wet=wet))
        np.testing.assert_allclose(heard, NOISE, atol=1e-6)


def test_the_declared_delay_is_taken_out() -> None:
    """A repeater that claims to be late is heard early by so much."""
    heard = transferred(NOISE, repeater(delay=50))
    np.testing.assert_allclose(heard[:, :-50], NOISE[:, 50:], atol=1e-6)


def test_dimensions_are_scaled_moved_and_held() -> None:
    """The repeater's dimension d is sample d of each hop of 32."""
    settings = Transfer(match=False, scale={0: 0.5}, bias={0: 0.1, 1: -0.05}, replace={2: 0.2})
    heard = transferred(NOISE[:, :3200], repeater(), settings).reshape(-1, 32)
    told = NOISE[:, :3200].reshape(-1, 32)
    np.testing.assert_allclose(heard[:, 0], told[:, 0] * 0.5 + 0.1, atol=1e-6)
    np.testing.assert_allclose(heard[:, 1], told[:, 1] - 0.05, atol=1e-6)
    np.testing.assert_allclose(heard[:, 2], 0.2, atol=1e-6)
    np.testing.assert_allclose(heard[:, 3:], told[:, 3:], atol=1e-6)


def test_several_models_are_mixed() -> None:
    parts = [Part(repeater(), -6.0), Part(repeater(channels=2, hop=48), -12.0)]
    heard = transferred(NOISE, parts)
    np.testing.assert_allclose(heard, np.repeat(NOISE, 2, axis=0) * (10**-0.3 + 10**-0.6), atol=1e-6)


def test_models_of_different_rates_are_mixed() -> None:
    tone = sine(300, 0.5, 0.2)
    heard = transferred(tone, [Part(repeater(), -6.02), Part(repeater(rate=44100), -6.02)])
    np.testing.assert_allclose(heard[0, 2000:-2000], tone[0, 2000:-2000], atol=2e-3)


def test_what_a_model_hears_is_brought_to_what_it_learned_from() -> None:
    model = repeater()
    told = msgspec.structs.replace(model.description, training_loudness=TrainingLoudness(-16.0))
    loud = Model(told, model.tensors)
    found = measured([NOISE], RATE, None)
    assert found.loudness is not None
    settings = Transfer(loudness=found.loudness, input_gain_db=3.0)
    assert matching_db(loud, settings) == pytest.approx(-16.0 - found.loudness - 3.0)
    heard = transferred(NOISE, loud, settings)
    assert measured([heard], RATE, None).loudness == pytest.approx(-16.0, abs=0.1)


def test_silence_is_not_brought_up() -> None:
    assert measured([np.zeros((1, 48000), np.float32)], RATE, None).loudness is None
    assert matching_db(repeater(), Transfer(loudness=None)) == 0.0
    assert matching_db(repeater(), Transfer(loudness=-90.0)) == 24.0


def test_clipped_places_are_counted() -> None:
    tone = sine(100, 0.1, 1.5)
    assert measured([np.clip(tone, -1, 1).astype(np.float32)], RATE, None).clipped == 20
    assert measured([(tone / 2).astype(np.float32)], RATE, None).clipped == 0


def test_nothing_passes_the_ceiling() -> None:
    heard = transferred(NOISE * 40, repeater())
    assert 0.7 < np.abs(heard).max() <= 10 ** (-1 / 20) + 1e-6


def test_a_mono_model_hears_the_mean() -> None:
    sides = np.concatenate([NOISE, -0.5 * NOISE])
    np.testing.assert_allclose(transferred(sides, repeater()), 0.25 * NOISE, atol=1e-6)
    kept = transferred(sides, repeater(), Transfer(match=False, wet=0.0))
    np.testing.assert_allclose(kept, sides, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "settings", "channels", "says"),
    [
        (loudspeaker(), PLAIN, 1, "no encoder"),
        (repeater(channels=2), PLAIN, 4, "Mix it down"),
        (repeater(), Transfer(bias={32: 1.0}), 1, "0 to 31"),
        (repeater(), Transfer(scale={0: float("nan")}), 1, "numbers"),
        (repeater(), Transfer(wet=1.5), 1, "not 1.5"),
        (repeater(), Transfer(sample_rate=1), 1, "--rate"),
    ],
)
def test_what_does_not_fit_is_a_sentence(model: Model, settings: Transfer, channels: int, says: str) -> None:
    with pytest.raises((ModelMismatch, UsageError), match=says):
        transfer(iter(()), 100, RATE, channels, [Part(model)], settings)


def test_nothing_at_all_is_nothing() -> None:
    assert list(transfer(iter(()), 0, RATE, 1, [Part(repeater())]).blocks) == []
    assert transferred(np.ones((1, 1)) * 0.1, repeater()).shape == (1, 1)


def test_the_memory_does_not_grow_with_the_sound() -> None:
    peaks = []
    for seconds in (2, 8):
        blocks = (NOISE[:, :16000] for _ in range(seconds * 3))
        work = transfer(blocks, seconds * RATE, RATE, 1, [Part(listener())])
        tracemalloc.start()
        for _ in work.blocks:
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
