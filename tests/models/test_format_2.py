"""The operations of format 2: as written down, in every build, in any blocks, and in torch."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from isobath.errors import ModelDamaged
from isobath.models.coder import Model, load
from isobath.models.description import Operation, read, write
from isobath.models.kernel import levels

from .oracle import play
from .small_models import newer_model, small_model
from .test_coder import close, latents, sound

VARIANTS: list[dict[str, Any]] = [{}, {"channels": 2, "coded": "sphere"}, {"coded": "quantize"}]


def path_of(model: Model, frames: int, coded: str) -> np.ndarray:
    """Latents as this model has them: code numbers, some past the last; angles, some past the end."""
    z = latents(model, frames)[0]
    return z * 30 if coded == "quantize" else z


@pytest.mark.parametrize("level", levels())
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_build_plays_what_the_format_says(variant: dict[str, Any], level: int) -> None:
    description, tensors = newer_model(**variant)
    model = Model(description, tensors, level)
    z = path_of(model, 11, variant.get("coded", ""))
    wanted = play(description, tensors, description.decoder, z, "latent", 5)
    close(model.decode(z, seed=5), wanted["audio"])
    x = sound(model, 11)
    close(model.encode(x), play(description, tensors, description.encoder or [], x, "audio")["mean"])


MODELS = [Model(*newer_model(**variant)) for variant in VARIANTS]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=10), st.sampled_from(MODELS))
@settings(max_examples=30, deadline=None)
def test_any_block_size_is_the_same(parts: list[int], model: Model) -> None:
    z, x, edges = latents(model, sum(parts))[0], sound(model, sum(parts)), np.cumsum([0, *parts])
    decoder, encoder, hop = model.decoder(seed=9), model.encoder(), model.hop
    blocks = [decoder(z[:, a:b]) for a, b in pairwise(edges)]
    assert_array_equal(np.concatenate(blocks, axis=1), model.decode(z, seed=9))
    heard = [encoder(x[:, a * hop : b * hop]) for a, b in pairwise(edges)]
    assert_array_equal(np.concatenate(heard, axis=1), model.encode(x))


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_torch_plays_the_same(variant: dict[str, Any], tmp_path: Path) -> None:
    reference = pytest.importorskip("isobath.training.reference")
    path = tmp_path / "newer.safetensors"
    write(path, *newer_model(**variant))
    model, torch_model = load(path), reference.load(path)
    z, x = path_of(model, 9, variant.get("coded", "")), sound(model, 9)
    close(model.decode(z, seed=7), torch_model.decode(z, seed=7), 1e-4)
    close(model.encode(x), torch_model.encode(x), 1e-4)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_torch_streams_the_same(variant: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    from isobath.training.streaming import Streaming

    description, tensors = newer_model(**variant)
    silent = [o for o in description.decoder if o.kind in ("noise", "normal")]
    for o in silent:  # what is random in torch is nothing here
        user = next(u for u in description.decoder if o.out in (u.source, u.add))
        tensors[(o.filters if o.kind == "noise" else user.weight) or ""][:] = 0
    model = Model(description, tensors)
    z, x = path_of(model, 12, variant.get("coded", "")), sound(model, 12)
    for encoder, given_in, wanted in ((False, z, model.decode(z)), (True, x, model.encode(x))):
        step = 4 * model.hop if encoder else 4
        streaming = Streaming(model, encoder=encoder).eval()
        blocks = np.split(given_in, range(step, given_in.shape[1], step), axis=1)
        with torch.no_grad():
            found = [streaming(torch.from_numpy(b[None].copy()))[0].numpy() for b in blocks]
        close(np.concatenate(found, axis=1), wanted, 1e-4)


def test_normal_noise_is_normal() -> None:
    description, _ = newer_model()
    eye = np.eye(4, dtype=np.float32)[:, :, None]
    operations = [
        Operation(kind="normal", source="latent", out="n", outputs=4),
        Operation(kind="conv", source="n", out="audio", weight="eye"),
    ]
    plain = msgspec.structs.replace(description, encoder=None, decoder=operations, hop=1, channels=4)
    n = Model(plain, {"eye": eye}).decode(np.zeros((5, 50_000), np.float32), seed=3)
    assert np.abs(n.mean(axis=1)).max() < 0.02
    assert np.abs(np.cov(n) - np.eye(4)).max() < 0.03
    assert 3.0 < np.abs(n).max() < 6.5
    assert abs((np.abs(n) < 1).mean() - 0.6827) < 0.01


def test_a_file_is_written_in_the_lowest_format_that_fits(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for made, wanted in ((small_model(width=8), 1), (newer_model(), 2)):
        write(path, *made)
        assert read(path)[0].format == wanted


@pytest.mark.parametrize(
    ("out", "change", "sentence"),
    [
        ("rows", {"by": "nothing"}, "which nothing writes"),
        ("rows", {"by": "up"}, "does not fit together"),
        ("rows", {"by": None}, "does not fit together"),
        ("rows", {"by_late": -1}, "does not fit together"),
        ("wave", {"late": -1}, "does not fit together"),
        ("soft", {"add_late": 1 << 25}, "does not fit together"),
        ("soft", {"act": "sine"}, "unknown activation 'sine'"),
        ("soft", {"act": None}, "unknown activation None"),
        ("soft", {"act": "snake"}, "does not fit together"),
        ("chance", {"outputs": 0}, "does not fit together"),
        ("hiss", {"filters": None}, "filters tensor None is missing"),
        ("vector", {"codes": "gone"}, "'gone' is missing"),
        ("in", {"add": None}, "does not fit together"),
    ],
    ids=str,
)
def test_each_fault_is_named(out: str, change: dict[str, Any], sentence: str) -> None:
    description, tensors = newer_model(coded="quantize")
    decoder = [msgspec.structs.replace(o, **change) if o.out == out else o for o in description.decoder]
    with pytest.raises(ModelDamaged, match=sentence):
        Model(msgspec.structs.replace(description, decoder=decoder), tensors)


def test_values_that_are_not_numbers_break_nothing() -> None:
    for model in MODELS:
        decoder, encoder = model.decoder(), model.encoder()
        for wild in (np.nan, np.inf, -np.inf, 3e38, -3e38):
            decoder.state.decode(np.full((1, 3, model.dims), wild, np.float32))
            encoder.state.encode(np.full((1, model.channels, 3 * model.hop), wild, np.float32))
