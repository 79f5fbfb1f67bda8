"""A blob as it is sent: smaller, and the same when it arrives."""

import zlib

import numpy as np
import pytest

from isobath.errors import ModelDamaged
from isobath.models import sending
from isobath.models.description import read, write
from isobath.models.grid import exponent_of, on_grid, regrid
from isobath.models.pack import pack
from isobath.models.sending import received, sent
from tests.models.small_models import small_model


@pytest.mark.parametrize("encoder", [False, True])
def test_what_arrives_is_what_was_packed(encoder: bool) -> None:
    blob = pack(*small_model(), encoder=encoder)
    assert received(sent(blob)) == blob


def test_weights_on_a_grid_are_smaller_and_almost_the_same(tmp_path) -> None:
    rng = np.random.default_rng(1)
    weights = (0.03 * rng.standard_normal((64, 48, 3))).astype(np.float16)
    rounded = on_grid(weights)
    missed = np.sqrt(np.mean((rounded.astype(float) - weights) ** 2) / np.mean(weights.astype(float) ** 2))
    assert 20 * np.log10(missed) < -66.0
    exponent = exponent_of(rounded)
    assert exponent is not None
    assert exponent > (exponent_of(weights) or -25)
    few = np.array([0.1, 0.2], np.float16)
    np.testing.assert_array_equal(on_grid(few), few)
    assert exponent_of(np.array([np.inf, 1.0], np.float16)) is None
    description, tensors = small_model()
    path = tmp_path / "small.safetensors"
    write(path, description, tensors)
    regrid(path)
    described, after = read(path)
    assert described == description
    assert {name: each.dtype for name, each in after.items()} == {n: e.dtype for n, e in tensors.items()}
    blob = pack(described, after)
    assert received(sent(blob)) == blob
    assert len(sent(blob)) < len(sent(pack(description, tensors)))
    on_the_way = np.frombuffer(zlib.decompress(sent(blob)[8:], -15), np.uint8)
    assert sending._table(on_the_way)[:, 3].any(), "some go as steps"


def test_what_does_not_arrive_whole_is_told() -> None:
    there = sent(pack(*small_model()))
    for broken in (b"", there[:7], b"ISOB" + there[4:], there[:-20], there[:40] + bytes(60) + there[100:]):
        with pytest.raises(ModelDamaged):
            received(broken)
    short = bytearray(pack(*small_model()))
    short[4 * 10 : 4 * 11] = np.array([2**31], "<u4").tobytes()  # a table that lies elsewhere
    with pytest.raises(ModelDamaged):
        sent(bytes(short))
