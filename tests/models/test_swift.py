"""Products of whole numbers: fast, the same however they are cut, and inaudibly different."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from isobath.errors import KernelError
from isobath.models.coder import Model
from isobath.models.kernel import KernelModel, levels, library

from .small_models import small_model

LEVELS = [n for n in levels() if n <= int(library().ib_level())]
VARIANTS: list[dict[str, Any]] = [
    {},
    {"half": False, "channels": 2},
    {"width": 200, "noise": False, "tones": False},
]


def latents(model: Model, frames: int, batch: int = 1) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(5).standard_normal((batch, model.dims, frames)).astype(np.float32)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_difference_is_inaudible(variant: dict[str, Any], level: int) -> None:
    exact, swift = (Model(*small_model(**variant), level=level, swift=each) for each in (False, True))
    z = latents(exact, 60)[0]
    wanted = exact.decode(z).astype(np.float64)
    error = swift.decode(z) - wanted
    assert np.mean(error**2) <= 1e-6 * np.mean(wanted**2)  # 60 dB below


@pytest.mark.parametrize("level", LEVELS)
def test_swift_samples_do_not_depend_on_the_blocks(level: int) -> None:
    model = Model(*small_model(channels=2), level=level, swift=True)
    z = latents(model, 41)[0]
    whole = model.decode(z)
    for sizes in ((1,), (2, 1, 7), (16, 3)):
        decoder, parts, at = model.decoder(), [], 0
        while at < 41:
            now = sizes[len(parts) % len(sizes)]
            parts.append(decoder(z[:, at : at + now]))
            at += now
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("level", LEVELS)
def test_swift_voices_of_a_batch_sound_as_they_do_alone(level: int) -> None:
    model = Model(*small_model(), level=level, swift=True)
    z = latents(model, 9, 5)
    together = model.decoder(batch=5)(z)
    for voice in range(5):
        np.testing.assert_array_equal(model.decoder(seed=voice)(z[voice]), together[voice])


def test_silence_and_tiny_numbers_pass_through() -> None:
    description, tensors = small_model(noise=False, tones=False)
    for name, value in tensors.items():
        if name.endswith("bias"):
            tensors[name] = np.zeros_like(value)
    model = Model(description, tensors, swift=True)
    np.testing.assert_array_equal(model.decode(np.zeros((model.dims, 6), np.float32)), 0)
    assert np.all(np.isfinite(model.decode(np.full((model.dims, 6), 1e-35, np.float32))))


def test_an_unknown_arithmetic_is_refused() -> None:
    blob = Model(*small_model()).blob()
    with pytest.raises(KernelError, match="refuses"):
        KernelModel(blob[: 4 * 21] + struct.pack("<i", 2) + blob[4 * 22 :])
