"""What a model sounds like, whoever plays it and however it is cut."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from isobath.errors import ModelMismatch, ModelUnknown, UsageError
from isobath.models.coder import Model, bundled, load
from isobath.models.kernel import levels

from .oracle import play
from .small_models import small_model

LEVELS = levels()
VARIANTS: list[dict[str, Any]] = [
    {},
    {"channels": 2, "front": "spectrum"},
    {"half": False, "noise": False, "tones": False},
    {"bands": 16, "dims": 8, "width": 131, "front": "spectrum"},
]


def latents(model: Model, frames: int, seed: int = 0, batch: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((batch, model.dims, frames)).astype(np.float32)


def sound(model: Model, frames: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((model.channels, frames * model.hop)) * 0.1).astype(np.float32)


def close(found: np.ndarray, wanted: np.ndarray, tolerance: float = 1e-5) -> None:
    assert np.max(np.abs(wanted)) > 1e-3
    assert np.max(np.abs(found - wanted)) <= tolerance * np.max(np.abs(wanted))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_build_decodes_what_the_format_says(variant: dict[str, Any], level: int) -> None:
    description, tensors = small_model(**variant)
    model = Model(description, tensors, level)
    z = latents(model, 11)[0]
    close(model.decode(z, seed=5), play(description, tensors, description.decoder, z, "latent", 5)["audio"])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_build_encodes_what_the_format_says(variant: dict[str, Any], level: int) -> None:
    description, tensors = small_model(**variant)
    model = Model(description, tensors, level)
    x = sound(model, 11)
    close(model.encode(x), play(description, tensors, description.encoder or [], x, "audio")["mean"])


cuts = st.lists(st.integers(1, 7), min_size=1, max_size=12)
MONO = Model(*small_model())
STEREO = Model(*small_model(channels=2, front="spectrum"))


@given(cuts, st.sampled_from([MONO, STEREO]))
@settings(max_examples=40, deadline=None)
def test_any_block_size_sounds_the_same(parts: list[int], model: Model) -> None:
    z = latents(model, sum(parts))[0]
    decoder, edges = model.decoder(seed=9), np.cumsum([0, *parts])
    blocks = [decoder(z[:, a:b]) for a, b in pairwise(edges)]
    assert_array_equal(np.concatenate(blocks, axis=1), model.decode(z, seed=9))


@given(cuts, st.sampled_from([MONO, STEREO]))
@settings(max_examples=40, deadline=None)
def test_any_block_size_is_heard_the_same(parts: list[int], model: Model) -> None:
    x = sound(model, sum(parts))
    encoder, edges = model.encoder(), np.cumsum([0, *parts]) * model.hop
    blocks = [encoder(x[:, a:b]) for a, b in pairwise(edges)]
    assert_array_equal(np.concatenate(blocks, axis=1), model.encode(x))


@given(st.integers(1, 9), st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_voices_in_a_batch_are_the_voices_alone(batch: int, frames: int) -> None:
    z = latents(MONO, frames, batch=batch)
    together = MONO.decoder(batch=batch, seed=3)(z)
    for voice in range(batch):
        assert_array_equal(together[voice], MONO.decode(z[voice], seed=3 + voice))


def test_a_copied_state_plays_on_as_the_original() -> None:
    z = latents(STEREO, 20)[0]
    decoder = STEREO.decoder(seed=1)
    decoder(z[:, :7])
    other = decoder.copy()
    wanted = decoder(z[:, 7:])
    other.copy()(z[:, :3])
    assert_array_equal(other(z[:, 7:]), wanted)


def test_resetting_one_voice_leaves_the_others_playing() -> None:
    z = latents(MONO, 12, batch=3)
    decoder = MONO.decoder(batch=3, seed=0)
    decoder(z[:, :, :5])
    decoder.reset(voice=1, seed=1)
    after = decoder(z[:, :, 5:])
    assert_array_equal(after[1], MONO.decode(z[1, :, 5:], seed=1))
    assert_array_equal(after[2], MONO.decode(z[2], seed=2)[:, 5 * MONO.hop :])


def test_different_seeds_give_different_noise() -> None:
    z = np.zeros((MONO.dims, 4), np.float32)
    assert np.any(MONO.decode(z, seed=1) != MONO.decode(z, seed=2))


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"channels": 2},
        {"front": "bands", "strides": (4, 4), "encoder_width": 64},
        {"hop": 2048, "strides": (8,), "ratios": (8, 4, 4), "widths": (128, 96, 64), "tones_stage": 1},
        {"noise": False, "tones": 0},
    ],
    ids=str,
)
def test_the_kernel_and_torch_agree(shape: dict[str, Any], tmp_path: Path) -> None:
    export = pytest.importorskip("isobath.training.export")
    from isobath.training import reference
    from isobath.training.settings import Shape

    path = tmp_path / "random.safetensors"
    export.random_model(path, Shape(**shape), 4)
    model, torch_model = load(path), reference.load(path)
    z, x = latents(model, 24)[0], sound(model, 40)
    close(model.decode(z, seed=7), torch_model.decode(z, seed=7), 1e-4)
    close(model.encode(x), torch_model.encode(x), 1e-4)


@pytest.mark.parametrize("name", sorted(bundled()))
def test_a_trained_model_plays_as_in_torch(name: str) -> None:
    reference = pytest.importorskip("isobath.training.reference")
    model, torch_model = load(name), reference.load(bundled()[name])
    z, x = latents(model, 40)[0], sound(model, 40)
    close(model.decode(z, seed=7), torch_model.decode(z, seed=7), 1e-4)
    close(model.encode(x), torch_model.encode(x), 1e-4)


def test_half_precision_weights_cost_half_the_memory() -> None:
    half = Model(*small_model(width=256, half=True), max(LEVELS)).kernel.bytes
    assert half < 0.65 * Model(*small_model(width=256, half=False), max(LEVELS)).kernel.bytes


def test_other_rates_and_channels_are_brought_to_the_models() -> None:
    t = np.arange(44100) / 44100
    tone = np.stack([np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 440 * t)]) * 0.5
    prepared = MONO.prepare(tone, 44100)
    assert prepared.shape[0] == 1
    assert prepared.shape[1] % MONO.hop == 0
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(prepared.shape[1]) / 22050)
    assert np.max(np.abs(prepared[0, 1000:20000] - wanted[1000:20000])) < 1e-2
    assert STEREO.prepare(tone[0], 22050).shape[0] == 2


def test_a_partial_last_hop_is_filled_with_silence() -> None:
    x = sound(MONO, 3)
    assert MONO.encode(x[:, : 2 * MONO.hop + 1]).shape == (MONO.dims, 3)
    assert MONO.encode(np.zeros((1, 0), np.float32)).shape == (MONO.dims, 0)


def test_latents_of_another_model_are_refused_with_both_numbers() -> None:
    with pytest.raises(ModelMismatch, match=r"3 latent dimensions.*have 5"):
        MONO.decode(np.zeros((5, 2), np.float32))


def test_latents_and_sound_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="not numbers"):
        MONO.decode(np.full((3, 2), np.nan, np.float32))
    with pytest.raises(UsageError, match="not numbers"):
        MONO.encode(np.full((1, 64), np.inf, np.float32))


def test_a_model_without_encoder_says_so() -> None:
    import msgspec

    description, tensors = small_model()
    deaf = Model(msgspec.structs.replace(description, encoder=None), tensors)
    z = latents(MONO, 4)[0]
    assert_array_equal(deaf.decode(z), MONO.decode(z))
    with pytest.raises(ModelMismatch, match="no encoder"):
        deaf.encode(np.zeros((1, 64), np.float32))


def test_an_unknown_model_names_the_bundled_ones() -> None:
    with pytest.raises(ModelUnknown, match="Bundled are"):
        load("theremin")
